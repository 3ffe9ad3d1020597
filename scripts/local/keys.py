"""The secret key of one run of the laptop cloud, and secrets derived from it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

# Header that proves to the emulator that a request comes from the front.
FRONT_HEADER = "x-laptop-front"


@dataclass(frozen=True)
class Keys:
    """An access key that may do everything on one laptop cloud, like an account's root user.

    Attributes:
        access_key_id: names the key; not secret.
        secret_access_key: signs requests.
    """

    access_key_id: str
    secret_access_key: str

    @classmethod
    def make(cls) -> Keys:
        """A new key: 64 random bits in its name, 256 in its secret."""
        return cls("LAPTOP" + secrets.token_hex(8).upper(), secrets.token_urlsafe(32))

    @property
    def front(self) -> str:
        """The front's secret, the value of ``FRONT_HEADER``."""
        return self.derive("front")

    @property
    def console(self) -> str:
        """The token that opens the console."""
        return self.derive("console")

    def derive(self, purpose: str) -> str:
        """A secret for one purpose (HMAC-SHA256), from which the key's own cannot be computed.

        Args:
            purpose: what the secret is for.

        Returns:
            64 hexadecimal digits.
        """
        return hmac.new(self.secret_access_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()
