"""Sentences of our own, each with the emotion it tells of or none: how they are read and parted. Trains nothing.

``examples.tsv`` holds some 1,230: short and long, first and third person, past and present, careless typing, feelings
denied, few that name a feeling; and 251 from which none can be told (facts, other languages, noise). The survey has
none of these manners. Every eighth sentence is held out, to see what they taught. ``typed.tsv`` holds 14,690 more, as
people type them into a box, written by others; its held-out eighth is what settings are chosen by. No sentence is
of ISEAR, nor shares five words in a row with ``out_of_domain.tsv`` or ``regression.tsv``, which nothing learns from (a
test says so).
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

from training import LABELS

FILE = Path(__file__).with_name("examples.tsv")
TYPED = Path(__file__).with_name("typed.tsv")
NONE = "none"  # stands for a label where nothing can be told
HELD_OUT = 8  # one sentence in so many
STREWN = (
    "love",
    "day",
    "man",
    "war",
    "friend",
    "school",
    "death",
    "happy",
    "table",
    "run",
    "sad",
    "he",
)  # in noise examples


@cache
def read(file: Path = FILE) -> tuple[tuple[str, str], ...]:
    """Label and text of each sentence, in the order of the file.

    Args:
        file: ``FILE`` or ``TYPED``.

    Raises:
        ValueError: a line has no text, or another label than the seven and ``none``.
    """
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        label, _, text = line.partition("\t")
        if label not in (*LABELS, NONE) or not text.strip():
            raise ValueError(f"{file}, line {number}: expected a label or {NONE}, a tab and a text")
        found.append((label, text))
    return tuple(found)


def is_held_out(text: str) -> bool:
    """Whether nothing may learn from a sentence.

    Args:
        text: of one of the files.
    """
    return zlib.crc32(text.encode()) % HELD_OUT == 0


def to_learn() -> list[tuple[str, str]]:
    """The sentences that are learned from, with their labels; those of ``typed.tsv``, which weigh more, twice."""
    return [(label, text) for file in (FILE, TYPED, TYPED) for label, text in read(file) if not is_held_out(text)]


def typed() -> list[tuple[str, str]]:
    """The sentences of ``typed.tsv`` that are learned from, with their labels."""
    return [(label, text) for label, text in read(TYPED) if not is_held_out(text)]


def to_choose_by() -> list[tuple[str, str]]:
    """The held-out sentences of ``typed.tsv`` that tell of an emotion, with their labels."""
    return [(label, text) for label, text in read(TYPED) if label != NONE and is_held_out(text)]


def without_emotion() -> list[tuple[str, str]]:
    """The held-out sentences of ``typed.tsv`` that tell of none, with their label."""
    return [(label, text) for label, text in read(TYPED) if label == NONE and is_held_out(text)]


def target(label: str, smoothing: float) -> list[float]:
    """What the network should say: nearly all for the label, or all labels alike.

    Args:
        label: one of the seven or ``none``.
        smoothing: share that is spread over all labels.
    """
    sure = 0.0 if label == NONE else 1 - smoothing
    return [sure * (label == other) + (1 - sure) / len(LABELS) for other in LABELS]
