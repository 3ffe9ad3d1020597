"""Other people's texts beside ISEAR: EmpatheticDialogues, smaller labelled sets, and the transfer set. Trains nothing.

All are tab-separated files with the columns label, text and source label in one folder; README.md tells where they come
from. A label is one of the seven, ``other`` (an emotion outside them) or ``none``. None is in this repository.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from training import LABELS
from training.evaluation import everyday, regression, robustness
from training.texts import emoji, transfer
from training.texts.data import DataError, Row
from training.texts.overlap import HeldOut, words

FOLDER = "more"
SITUATIONS, UTTERANCES, TRANSFER = "empathetic_situations", "ed_first_utterances", "transfer_unlabelled"
# How much a label of each set is trusted; SITUATIONS and UTTERANCES were right for 91 and 93 of 100 that were read.
WEIGHTS = {
    SITUATIONS: 1.0,
    UTTERANCES: 1.0,
    "covidet_summaries": 0.4,
    "emotion_stimulus": 0.3,
    "socialiqa": 0.4,
    "emotionbench": 0.4,
    "esconv": 0.4,
    "edos": 0.3,
    "event2mind": 0.3,
    "psyset_rewritten": 0.3,
    "lemotif": 0.3,
    "wassa_essays": 0.3,
}
FORUM_WEIGHT = 0.15  # of GoEmotions' labels, whose emotions only come near to ours
# What people who chose a finer word had felt in truth, by those that were read: "ashamed" is guilt half of the time,
# "disappointed" often anger, "anxious" now and then eager.
MIXED = {
    "ashamed": {"shame": 0.55, "guilt": 0.45},
    "disappointed": {"sadness": 0.7, "anger": 0.3},
    "anxious": {"fear": 0.85, "joy": 0.15},
}
OTHER, NONE, UNLABELLED = "other", "none", ""
PARTS = 10  # of EmpatheticDialogues' situations: one tenth is held out to test, one to choose by
TEST, VALIDATION = 0, 1
EMOJI = "emoji"  # source of texts that were given emoji
ADORNED = 4  # one in so many of the shorter texts
SHORT = range(3, 21)  # words
LONGEST = 600  # letters; longer texts are essays


@dataclass(frozen=True)
class Example:
    """A text of somebody else's.

    Attributes:
        text: as it was written.
        label: one of the seven, ``other``, ``none``, or empty where there is none.
        source: name of the set.
        detail: the set's own label, which is finer.
    """

    text: str
    label: str
    source: str
    detail: str = ""


def target(example: Example, smoothing: float) -> list[float] | None:
    """What a network should say of a text.

    Args:
        example: any.
        smoothing: share that is spread over all labels.

    Returns:
        A probability for each label; all alike for ``none``; None where the label says nothing about the seven.
    """
    if example.label == NONE:
        return [1 / len(LABELS)] * len(LABELS)
    if example.label not in LABELS:
        return None
    mixed = MIXED.get(example.detail, {example.label: 1.0})
    return [(1 - smoothing) * mixed.get(label, 0.0) + smoothing / len(LABELS) for label in LABELS]


@dataclass(frozen=True)
class Corpus:
    """All of them, parted.

    Attributes:
        train: to learn from, labelled or not, in a fixed order.
        validation: EmpatheticDialogues' situations to choose by.
        test: the same, to be read once; only those with one of the seven labels.
    """

    train: list[Example]
    validation: list[Example]
    test: list[Example]


def part(text: str) -> int:
    """Which tenth a situation belongs to: a checksum of its words, so that it is the same for everybody.

    Args:
        text: a situation.
    """
    return zlib.crc32(" ".join(words(text)).encode()) % PARTS


def read(folder: Path, rows: Sequence[Row]) -> Corpus:
    """Read all sets and leave out what shares eight words in a row with a test part.

    Args:
        folder: with ``more/``, ``goemotions/`` and ``emobank/``.
        rows: all clean rows of ISEAR, of which every one is in some split's test part.

    Raises:
        DataError: a file is missing or of another form.
    """
    situations = [one for one in _set(folder, SITUATIONS) if one.label]
    parts = {one: part(one.text) for one in situations}
    labelled = [one for one in situations if one.label in LABELS]
    test = [one for one in labelled if parts[one] == TEST]
    validation = [one for one in labelled if parts[one] == VALIDATION]
    kept = HeldOut([*unseen(rows), *(one.text for one in situations if parts[one] in (TEST, VALIDATION))])
    train, seen = [], set()
    for one in _all(folder):
        key = " ".join(words(one.text))
        if key and key not in seen and not kept.shares(one.text):
            seen.add(key)
            train.append(one)
    return Corpus(train, validation, test)


def unseen(rows: Sequence[Row]) -> Iterator[str]:
    """Texts that are no part of any training here: ISEAR's are, but only those of a split's own training part.

    Args:
        rows: all clean rows of ISEAR.
    """
    yield from (row.text for row in rows)
    yield from (one.text for one in everyday.sentences())
    yield from (text for _, text in regression.sentences())
    yield from (text for _, text in robustness.out_of_domain())
    yield from (text for _, text in robustness.held_out())


def _all(folder: Path) -> Iterator[Example]:
    for name in WEIGHTS:
        for one in _set(folder, name):
            if one.source == SITUATIONS and part(one.text) in (TEST, VALIDATION):
                continue
            if len(one.text) <= LONGEST and not (name == "esconv" and one.label == "disgust"):
                yield one
    yield from _set(folder, TRANSFER)
    yield from (Example(text, label, "goemotions") for label, text in transfer.labelled(folder, "train"))
    kept_back = {text for one in transfer.HELD_OUT for _, text in transfer.labelled(folder, one)}
    yield from (Example(text, UNLABELLED, "strangers") for text in transfer.strangers(folder) if text not in kept_back)


def _set(folder: Path, name: str) -> Iterator[Example]:
    file = folder / FOLDER / f"{name}.tsv"
    if not file.is_file():
        raise DataError(f"there is no {file}; container/training/README.md tells where it comes from")
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        label, text, detail, *_ = [*line.split("\t"), "", ""]
        if number == 1 and label == "label":
            continue
        if not text or label not in (*LABELS, OTHER, NONE, "-", UNLABELLED):
            raise DataError(f"{file}, line {number}: expected a label, a tab and a text")
        yield Example(text, label if label != "-" else UNLABELLED, name, detail)


@dataclass(frozen=True)
class Texts:
    """All texts that a teacher labels.

    Attributes:
        told: of every row of ISEAR the response, and the same told in three other ways.
        others: other people's texts, then some of them with emoji.
        validation: EmpatheticDialogues' situations to choose by.
        test: the same, to be read once.
    """

    told: list[list[str]]
    others: list[Example]
    validation: list[Example]
    test: list[Example]

    @classmethod
    def read(cls, rows: Sequence[Row], folder: Path) -> Texts:
        """Read them, and tell every response differently, always alike.

        Args:
            rows: all clean rows of ISEAR.
            folder: with ``more/``, ``goemotions/`` and ``emobank/``.

        Raises:
            DataError: a file is missing.
        """
        random = Random(0)
        told = [[row.text, *transfer.variants(row.text, random)] for row in rows]
        found = read(folder, rows)
        return cls(told, [*found.train, *_adorned(found.train)], found.validation, found.test)

    def to_learn(self, places: Sequence[int]) -> list[str]:
        """What one split's training sees: responses each followed by its variants, then the others.

        Args:
            places: of its rows.
        """
        return [text for place in places for text in self.told[place]] + [one.text for one in self.others]


def _adorned(examples: Sequence[Example]) -> Iterator[Example]:
    for one in examples:
        chosen = zlib.crc32(one.text.encode()) % ADORNED == 0
        if chosen and len(one.text.split()) in SHORT and emoji.plain(one.text):
            yield Example(emoji.adorned(one.text, one.label, Random(one.text)), UNLABELLED, EMOJI)
