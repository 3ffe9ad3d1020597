"""Soft labels of a large encoder for the RNN: `python -m training.teacher --data isear.csv --out folder`.

A teacher learns EmpatheticDialogues and smaller sets, each label alike, and typed sentences of our own, and then the
training part of one split of ISEAR. It does so in folds: the soft label of a text that has a label comes from a teacher
that never saw the text. Then the RNN's word vectors and GRUs learn to predict the tuned teacher's states word by word,
and the RNN goes through the first, long phase of its training. What is written are numbers and the vocabulary; no text.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from sentiment.text import MARKS, SPECIAL, Tokenizer
from training import LABELS
from training.evaluation import metrics
from training.network import distillation, vectors
from training.network.rnn import Network, quantise
from training.teacher import tuning
from training.teacher.encoder import Teacher
from training.teacher.tuning import Epoch, Floats, Pieces
from training.texts import corpus, data, emoji, examples
from training.texts.overlap import words

# --- settings -----------------------------------------------------------------------------------------------------
FOLDS = 4
SMOOTHING = 0.1
EACH, NEUTRAL = 2_000, 1_600  # texts of each label, and of none, that the first stage sees
FIRST_RATE, SECOND_RATE = 5e-5, 4e-5
EPOCHS = 2  # of ISEAR
AGAIN, NEUTRAL_AGAIN = 170, 400  # texts of each label, and of none, that are shown again in each of them
TYPED_AGAIN = 1_000  # sentences of ``typed.tsv``, all of which the first stage sees, that are shown again too
NEUTRAL_WEIGHT, DOUBTFUL_WEIGHT = 0.5, 0.6  # of texts without emotion, and of the smaller sets
ASKED = 2  # teachers that label a text without a label
FORUM_WEIGHT = 0.15  # of a forum comment's label, for being drawn
# ------------------------------------------------------------------------------------------------------------------
Bytes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class SoftLabels:
    """What the teacher gives the RNN of one split.

    Attributes:
        digest: checksum of the texts that it speaks of, in the order of ``corpus.Texts.to_learn``.
        vocabulary: words of the RNN, one a line, in UTF-8, uint8 [bytes].
        probabilities: soft labels in 255ths, uint8 [texts, labels].
        vectors: first word vectors in whole numbers, int8 [words, dimensions]; times
        scales: of each word, float16 [words, 1].
        weights: all other first weights, float16, in one row in the order of ``distillation.parameters``.
    """

    digest: str
    vocabulary: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.uint8]
    vectors: Bytes
    scales: npt.NDArray[np.float16]
    weights: npt.NDArray[np.float16]

    def tokenizer(self) -> Tokenizer:
        """Of the vocabulary."""
        return Tokenizer(self.vocabulary.tobytes().decode().split("\n"))

    def save(self, path: Path) -> None:
        """Write it.

        Args:
            path: ``.npz`` file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **vars(self))

    @classmethod
    def load(cls, path: Path, texts: Sequence[str]) -> SoftLabels:
        """Read it, and see that it speaks of the texts at hand.

        Args:
            path: what ``save`` wrote.
            texts: to learn from.

        Raises:
            DataError: there is no such file, or it is of other texts.
        """
        if not path.is_file():
            raise data.DataError(f"there is no {path}: `make teacher DATA=... TEXTS=...` writes it")
        with np.load(path) as stored:
            fields = {name: stored[name] for name in cls.__dataclass_fields__}
        fields["digest"] = str(fields["digest"])
        if fields["digest"] != digest(texts):
            raise data.DataError(
                f"{path} was made for other texts than those at hand: another seed, other data sets, or "
                "changed ways of telling texts differently; `make teacher` makes it anew"
            )
        return cls(**fields)


def digest(texts: Sequence[str]) -> str:
    """Checksum of texts and their order.

    Args:
        texts: any.
    """
    return hashlib.sha256("\x00".join(texts).encode()).hexdigest()


def vocabulary(texts: Sequence[str], size: int) -> list[str]:
    """The RNN's vocabulary: the special tokens and marks, words, the commonest first, and all emoji.

    Args:
        texts: that are nobody's test part.
        size: how many without the emoji.
    """
    words_of_texts = vectors.choose_vocabulary(texts, vectors.glove()[0], size)
    return [*SPECIAL, *MARKS, *words_of_texts[len(SPECIAL) : size - len(MARKS)], *emoji.known()]


class Pool:
    """Labelled texts that are not ISEAR's, to draw from with each label alike."""

    def __init__(self, others: Sequence[corpus.Example], pieces: Pieces) -> None:
        """Sort them.

        Args:
            others: all of them, labelled or not.
            pieces: word pieces of each.
        """
        self.pieces = pieces
        self.folds = np.array([fold_of(one.text) for one in others])
        self.targets = [corpus.target(one, SMOOTHING) for one in others]
        weights = corpus.WEIGHTS | {"goemotions": FORUM_WEIGHT}
        self.weights = np.array([weights.get(one.source, 0.0) for one in others])
        self.labels = np.array([one.label for one in others])
        self.labelled = (self.weights > 0) & np.array([target is not None for target in self.targets])

    def draw(self, fold: int, each: int, neutral: int, seed: int) -> Epoch:
        """Texts outside a fold.

        Args:
            fold: that is left out.
            each: how many of each label, as far as there are so many.
            neutral: how many without an emotion.
            seed: source of chance.
        """
        chance = np.random.default_rng(seed)
        taken: list[int] = []
        for label, wanted in [*((label, each) for label in LABELS), (corpus.NONE, neutral)]:
            there = np.flatnonzero(self.labelled & (self.folds != fold) & (self.labels == label))
            odds = self.weights[there] / self.weights[there].sum()
            taken += chance.choice(there, min(wanted, len(there)), replace=False, p=odds).tolist()
        targets = [self.targets[place] for place in taken]
        trust = np.where(self.weights[taken] >= 1, 1.0, DOUBTFUL_WEIGHT)
        trust = np.where(self.labels[taken] == corpus.NONE, NEUTRAL_WEIGHT, trust)
        shown = [self.pieces[place] for place in taken]
        return Epoch(shown, np.array(targets, np.float32), trust.astype(np.float32))


def fold_of(text: str) -> int:
    """Which fold a text of others belongs to.

    Args:
        text: any.
    """
    return zlib.crc32(" ".join(words(text)).encode()) % FOLDS


class Folds:
    """The teachers of one run: one for each fold, kept in a folder from which an interrupted run goes on."""

    def __init__(self, make: Callable[[], Teacher], texts: corpus.Texts, folder: Path) -> None:
        """Read all texts in word pieces.

        Args:
            make: an untuned teacher.
            texts: all that are labelled.
            folder: keeps the teachers.
        """
        self.make, self.texts, self.folder = make, texts, folder
        first = make()
        told = [emoji.spoken(text) for ways in texts.told for text in ways]
        self.ways = len(texts.told[0])
        self.told = first.pieces(told)
        self.others = first.pieces([emoji.spoken(one.text) for one in texts.others])
        self.pool = Pool(texts.others, self.others)
        own = examples.typed()
        self.typed = Epoch(
            first.pieces([emoji.spoken(text) for _, text in own]),
            np.array([examples.target(label, SMOOTHING) for label, _ in own], np.float32),
            np.array([NEUTRAL_WEIGHT if label == corpus.NONE else 1 for label, _ in own], np.float32),
        )

    def first_stage(self, fold: int) -> Teacher:
        """A teacher that has learned other people's texts outside a fold.

        Args:
            fold: that it does not see.
        """
        teacher, file = self.make().to(tuning.device()), self.folder / f"teacher-fold-{fold}.pt"
        if file.is_file():
            teacher.load_state_dict(torch.load(file, map_location=tuning.device()))
            return teacher
        shown = self.pool.draw(fold, EACH, NEUTRAL, 100 + fold).beside(self.typed)
        tuning.tune(teacher, [shown], FIRST_RATE, 100 + fold, lambda line: say(f"fold {fold}, other texts: {line}"))
        torch.save(teacher.state_dict(), file)
        return teacher

    def second_stage(self, fold: int, train: npt.NDArray[np.int64], truth: metrics.Places, seed: int) -> Teacher:
        """The same, having learned a split's training rows outside the fold too.

        Args:
            fold: that it does not see.
            train: places of the training rows.
            truth: their labels.
            seed: of the split.
        """
        teacher = self.first_stage(fold)
        inside = np.arange(len(train)) % FOLDS != fold
        own = [self.told[self.ways * place] for place in train[inside]]
        targets = tuning.smoothed(np.eye(len(LABELS))[truth[inside]], SMOOTHING)
        epochs = []
        for number in range(EPOCHS):
            chance = 1000 * seed + 10 * fold + number
            again = self.pool.draw(fold, AGAIN, NEUTRAL_AGAIN, chance).beside(self.typed.some(TYPED_AGAIN, chance))
            epochs.append(Epoch(own, targets, np.ones(len(own), np.float32)).beside(again))
        tuning.tune(
            teacher, epochs, SECOND_RATE, 10 * seed + fold, lambda line: say(f"seed {seed}, fold {fold}: {line}")
        )
        return teacher

    def label(self, split: data.Split, place: dict[str, int], seed: int) -> tuple[Floats, Floats, Teacher]:
        """Soft labels of all texts of a split's training.

        Args:
            split: of the seed.
            place: of each key, the place of its row.
            seed: source of chance.

        Returns:
            Probabilities in the order of ``corpus.Texts.to_learn``, [texts, labels]; those of validation rows, to judge
            the teachers by; and one of the teachers.
        """
        train, validation = (
            np.array([place[row.key] for row in part], np.int64) for part in (split.train, split.validation)
        )
        own = np.zeros((len(train), self.ways, len(LABELS)), np.float32)
        others = np.zeros((len(self.others), len(LABELS)), np.float32)
        judged = np.zeros((len(validation), len(LABELS)), np.float32)
        for fold in reversed(range(FOLDS)):  # the last one is handed on
            teacher = self.second_stage(fold, train, metrics.truth(split.train), seed)
            outside = np.flatnonzero(np.arange(len(train)) % FOLDS == fold)
            asked = [self.told[self.ways * row + way] for row in train[outside] for way in range(self.ways)]
            own[outside] = tuning.label(teacher, asked).reshape(len(outside), self.ways, -1)
            mine = np.flatnonzero(self.pool.labelled & (self.pool.folds == fold))
            others[mine] = tuning.label(teacher, [self.others[row] for row in mine])
            if fold < ASKED:
                free = np.flatnonzero(~self.pool.labelled)
                others[free] += tuning.label(teacher, [self.others[row] for row in free]) / min(ASKED, FOLDS)
            judged += tuning.label(teacher, [self.told[self.ways * row] for row in validation]) / FOLDS
        return np.concatenate([own.reshape(-1, len(LABELS)), others]), judged, teacher


def say(line: str) -> None:
    """Tell the person who waits.

    Args:
        line: one line.
    """
    print(line, file=sys.stderr, flush=True)


def pack(digest: str, network: Network, known: Sequence[str], probabilities: Floats) -> SoftLabels:
    """What is put down.

    Args:
        digest: of the texts.
        network: with its first weights.
        known: its vocabulary.
        probabilities: soft labels, [texts, labels].
    """
    whole, scales = quantise(network.embedding.weight.detach().cpu())
    return SoftLabels(
        digest=digest,
        vocabulary=np.frombuffer("\n".join(known).encode(), np.uint8),
        probabilities=(probabilities * 255).round().astype(np.uint8),
        vectors=whole.numpy(),
        scales=scales.numpy().astype(np.float16),
        weights=distillation.pack(network),
    )


First = Callable[[data.Split, int, SoftLabels, list[str]], Network]  # goes through the first phase of training


def write(
    rows: Sequence[data.Row],
    texts: corpus.Texts,
    seeds: Sequence[int],
    folder: Path,
    make: Callable[[], Teacher],
    first: First,
) -> None:
    """Write ``soft-labels-<seed>.npz`` for each seed.

    Args:
        rows: all clean rows.
        texts: told differently, and of others.
        seeds: which splits.
        folder: where to; teachers are kept in it too.
        make: an untuned teacher.
        first: trains a network on soft labels, from the weights beside them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folds = Folds(make, texts, folder)
    place = {row.key: number for number, row in enumerate(rows)}
    known = vocabulary([one.text for one in texts.others], distillation.WORDS)
    for seed in seeds:
        split = data.split(rows, seed)
        probabilities, judged, teacher = folds.label(split, place, seed)
        right = metrics.accuracy(judged, metrics.truth(split.validation))
        say(f"seed {seed}: the teachers' accuracy on validation {right:.3f}")
        seen = [row.text for row in split.train] + [one.text for one in texts.others if one.source != corpus.EMOJI]
        seen += [text for _, text in examples.typed()]
        network = distillation.distil(Tokenizer(known), seen, teacher, seed, say)
        learned = texts.to_learn([place[row.key] for row in split.train])
        begun = pack(digest(learned), network, known, probabilities)
        network = first(split, seed, begun, learned)
        pack(begun.digest, network, known, probabilities).save(folder / f"soft-labels-{seed}.npz")


def _first(texts: corpus.Texts) -> First:
    from training import train  # which imports this module

    def phase(split: data.Split, seed: int, begun: SoftLabels, learned: list[str]) -> Network:
        probabilities = torch.from_numpy(begun.probabilities.astype(np.float32) / 255)
        distilled = train.Distilled(learned, len(texts.told[0]) - 1, probabilities, texts.others)
        return train.train(split, seed, train.Help(begun, distilled), None, tuning.device(), train.FIRST)[0]

    return phase


def main() -> int:
    """Tune teachers, then write the soft labels of each seed."""
    parser = argparse.ArgumentParser(prog="training.teacher", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"isear.csv. {data.WHERE}")
    parser.add_argument(
        "--texts", type=Path, help="folder with goemotions/, emobank/, more/; otherwise beside isear.csv"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, required=True, help="folder outside the project for what is learned")
    options = parser.parse_args()
    try:
        rows = data.read(options.data)
        texts = corpus.Texts.read(rows, options.texts or options.data.parent)
        write(rows, texts, options.seeds, options.out, lambda: Teacher(options.out), _first(texts))
    except data.DataError as problem:
        say(f"error: {problem}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
