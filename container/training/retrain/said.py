"""What was said of one text: as much of it as its majority takes, however often the text was judged."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

MINUTE = len("2026-01-01T00:00")  # of a time, what is no more exact than a minute

Answer = tuple[str, str]  # label, or none of these; second label or ""


@dataclass(slots=True)
class Said:
    """A text and what was said of it.

    Attributes:
        time: when it was first judged.
        text: as it was first typed.
        answers: by request id: time and answer.
        marks: of the judgements that came.
    """

    time: str
    text: str
    answers: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    marks: set[bytes] = field(default_factory=set)

    def thin(self, most: int, salt: bytes) -> int:
        """Keep a sample of the answers, in which as many minutes as possible have one: a minute has one vote.

        Whoever sends very many within a minute crowds nobody out. Which ones stay cannot be told without the salt.

        Args:
            most: how many are kept.
            salt: source of chance.

        Returns:
            How many were left out.
        """
        seen = Counter[str]()
        ranked = []
        for request_id in sorted(self.answers, key=lambda each: digest(each, salt)):
            minute = self.answers[request_id][0][:MINUTE] or request_id
            ranked.append((seen[minute], digest(minute, salt), request_id))
            seen[minute] += 1
        gone = [request_id for *_, request_id in sorted(ranked)[most:]]
        for request_id in gone:
            del self.answers[request_id]
        self.marks.clear()  # what comes twice from here on has an answer already, or counts in the same minute
        return len(gone)


def digest(text: str, salt: bytes = b"") -> bytes:
    """A hash of a text, 16 bytes.

    Args:
        text: any.
        salt: source of chance: without it nobody can tell the hash.
    """
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16, key=salt).digest()
