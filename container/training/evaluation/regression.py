"""The regression set: sentences of our own that no model ever learns from, and the means to keep it so. Trains nothing.

``regression.tsv`` holds 30 sentences a label, written for it: first and third person, past and present, long and short.
A model that is retrained must not get worse on them. They are no part of ISEAR, and nobody may train on them: whatever
is trained on is asked for a shared text or a shared run of words first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from sentiment.text import tokenize

FILE = Path(__file__).with_name("regression.tsv")
Words = tuple[str, ...]  # of a text, without signs
RUN = 7  # words in a row that two sentences of different origin do not share by chance (checked against ISEAR)


@cache
def sentences() -> tuple[tuple[str, str], ...]:
    """Label and text of each sentence, in the order of the file."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return tuple((label, text) for label, _, text in (line.partition("\t") for line in lines))


def words(text: str) -> Words:
    """The words of a text as the model sees them, without signs: two texts of the same words are one text.

    Args:
        text: any text.
    """
    return tuple(token for token in tokenize(text) if token[-1].isalnum())


def runs(text: str) -> Iterator[Words]:
    """Every ``RUN`` words in a row; a text of fewer words is one run.

    Args:
        text: any text.
    """
    found = words(text)
    yield from (found[begin : begin + RUN] for begin in range(max(1, len(found) - RUN + 1)))


@cache
def _protected() -> frozenset[Words]:
    return frozenset(run for _, text in sentences() for run in runs(text))


def shared(texts: Iterable[str]) -> list[str]:
    """Those of the texts that hold a sentence of the set, or seven words in a row of one.

    Args:
        texts: what somebody wants to train on.
    """
    return [text for text in texts if not _protected().isdisjoint(runs(text))]
