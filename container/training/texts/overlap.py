"""Whether texts share eight words in a row, so that nothing of a test part is trained on. Knows no file."""

from __future__ import annotations

import re
from collections.abc import Iterable

RUN = 8  # words
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Lower-case words of a text, however the tokenizer of the day reads it.

    Args:
        text: any.
    """
    return _WORD.findall(text.lower())


def runs(text: str) -> set[tuple[str, ...]]:
    """All runs of eight words of a text; of a shorter one, the whole.

    Args:
        text: any.
    """
    found = words(text)
    return {tuple(found[begin : begin + RUN]) for begin in range(max(1, len(found) - RUN + 1))}


class HeldOut:
    """Texts that nothing may learn from."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Remember them.

        Args:
            texts: of test parts.
        """
        self._runs = {run for text in texts for run in runs(text)} - {()}

    def shares(self, text: str) -> bool:
        """Whether a text shares eight words in a row with one of them, or is the same short text.

        Args:
            text: any.
        """
        return not self._runs.isdisjoint(runs(text))
