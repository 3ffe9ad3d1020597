"""The secret of one run: the key that stands for whoever typed ``make local``, and what is derived from it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

# A header of the front's requests to the emulator, which proves that they are the front's.
FRONT_HEADER = "x-laptop-front"


@dataclass(frozen=True)
class Keys:
    """An access key whose holder may do everything on one laptop cloud, as an account's root may.

    Attributes:
        access_key_id: names the key; no secret.
        secret_access_key: signs requests, and is known to this run alone.
    """

    access_key_id: str
    secret_access_key: str

    @classmethod
    def make(cls) -> Keys:
        """A key that nobody has had before: 64 random bits of name, 256 of secret."""
        return cls("LAPTOP" + secrets.token_hex(8).upper(), secrets.token_urlsafe(32))

    @property
    def front(self) -> str:
        """What the front shows the emulator."""
        return self.derive("front")

    def derive(self, purpose: str) -> str:
        """Another secret of the same run, from which nobody finds this one (HMAC-SHA256).

        Args:
            purpose: what it is for; each has a secret of its own.

        Returns:
            64 hexadecimal digits.
        """
        return hmac.new(self.secret_access_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()
