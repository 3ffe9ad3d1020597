"""Everyday sentences, as people type them: 962 with an emotion, 286 without. Nothing learns from them.

They were written before the model that is judged by them, by an author who did not train it: half name the emotion
(``named``), half only describe what happened (``event``). Choose a threshold on the part ``validation``; read the
others once, for the report. ``later`` is by another author than ``validation`` and ``test``, ``fresh`` and
``accounts`` by a third: accounts of events, most of one sentence, without a word for the emotion (``account``). No
author of ``texts/typed.tsv`` saw these three; of the last two, what shares five words in a row with it was left out.
The files are tab-separated without quoting: label, kind, part, text.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

FILES = tuple(
    Path(__file__).with_name(name)
    for name in ("everyday.tsv", "everyday_neutral.tsv", "everyday_later.tsv", "everyday_fresh.tsv")
)
NONE = "none"  # label of the sentences without an emotion


class Sentence(NamedTuple):
    """One sentence of the test set.

    Attributes:
        label: the one right label, or ``none``.
        kind: ``named``, ``event`` or ``account``; of a sentence without an emotion, what it is (``fact``, ``question``
            and so on).
        part: ``validation``, ``test``, ``later``, ``fresh`` or ``accounts``.
        text: as typed.
    """

    label: str
    kind: str
    part: str
    text: str


@cache
def sentences() -> tuple[Sentence, ...]:
    """Every sentence, in the order of the files."""
    rows = (line.split("\t") for file in FILES for line in file.read_text(encoding="utf-8").splitlines()[1:])
    return tuple(Sentence(*row) for row in rows)
