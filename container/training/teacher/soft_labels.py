"""What a large encoder knows, put down for the RNN to learn: `python -m training.teacher --data ... --texts ...`.

The encoder stays as it comes. On what its lower layers make of texts, small readers learn the labels of one split's
training rows, in folds, so that no row's soft label comes from a reader that saw the row. Then the RNN's word vectors
and GRU learn to say of each word what the encoder says of it. What is put down are numbers alone, and no text.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from sentiment.text import Tokenizer
from training import LABELS
from training.evaluation import metrics
from training.network import distillation, vectors
from training.network.rnn import quantise
from training.network.vectors import Floats
from training.teacher import encoder, probe
from training.teacher.encoder import States
from training.texts import data, examples, transfer

# --- settings -----------------------------------------------------------------------------------------------------
FOLDS = 3
SMOOTHING = 0.1
THREADS = 1  # of readers and imitation: more make such small matrices slower where others use the machine too.
# The encoder takes what torch finds (OMP_NUM_THREADS), for its matrices are large enough to share out.
# ------------------------------------------------------------------------------------------------------------------
Bytes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class SoftLabels:
    """What the teacher puts down for one split.

    Attributes:
        digest: checksum of the texts that it speaks of, in the order of ``transfer.Texts.to_learn``.
        probabilities: soft labels in 255ths, uint8 [texts, labels].
        vectors: first word vectors in whole numbers, int8 [words, dimensions]; times
        scales: of each word, float16 [words, 1].
        gru: first weights of the GRU, float16, all in one row in the order of ``distillation.parameters``.
    """

    digest: str
    probabilities: npt.NDArray[np.uint8]
    vectors: Bytes
    scales: npt.NDArray[np.float16]
    gru: npt.NDArray[np.float16]

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
                f"{path} speaks of other texts than those at hand: another seed, other versions of GoEmotions or "
                "EmoBank, or changed ways of telling texts differently; `make teacher` makes it anew"
            )
        return cls(**fields)


def digest(texts: Sequence[str]) -> str:
    """Checksum of texts and their order.

    Args:
        texts: any.
    """
    return hashlib.sha256("\x00".join(texts).encode()).hexdigest()


@dataclass(frozen=True)
class Encoded:
    """The encoder's view of all texts: of each row its account and variants, of strangers, of our own sentences."""

    told: list[States]
    strangers: States
    own: States


def teach(split: data.Split, place: dict[str, int], encoded: Encoded, seed: int, folder: Path) -> tuple[Floats, Floats]:
    """Soft labels from readers that learned the labels of the training rows, and of our own sentences.

    Args:
        split: of the seed.
        place: of each key, the place of its account in ``encoded.told``.
        encoded: the encoder's view of all texts.
        seed: source of chance.
        folder: keeps what each fold said, to go on from.

    Returns:
        Probabilities of training accounts each followed by its variants, then strangers, [texts, labels], the former
        from readers that never saw the account; and of validation accounts, to judge the teacher by.
    """
    train = [place[row.key] for row in split.train]
    validation = [place[row.key] for row in split.validation]
    truth = metrics.truth(split.train)
    own = [(place, label) for place, (label, text) in enumerate(examples.read()) if not examples.is_held_out(text)]
    targets = [examples.target(label, SMOOTHING) for _, label in own]
    known = np.zeros((len(train), len(encoded.told), len(LABELS)), np.float32)
    given, judged = np.zeros((len(encoded.strangers), len(LABELS))), np.zeros((len(validation), len(LABELS)))
    fold = np.arange(len(train)) % FOLDS
    began = time.monotonic()
    for number in range(FOLDS):
        file = folder / f"fold-{seed}-{number}-of-{FOLDS}.npz"
        outside = np.flatnonzero(fold == number)
        if not file.is_file():
            inside = np.flatnonzero(fold != number)
            shown = [encoded.told[0][train[row]] for row in inside] + [encoded.own[row] for row, _ in own]
            wanted = [examples.target(LABELS[truth[row]], SMOOTHING) for row in inside] + targets
            taught = probe.fit(shown, np.array(wanted, np.float32), seed * FOLDS + number)
            views = [probe.label(taught, [told[train[row]] for row in outside]) for told in encoded.told]
            others = probe.label(taught, [encoded.strangers[row] for row in range(len(encoded.strangers))])
            mine = probe.label(taught, [encoded.told[0][row] for row in validation])
            np.savez(file, own=np.stack(views, 1), given=others, judged=mine)
        with np.load(file) as kept:
            known[outside] = kept["own"]
            given += kept["given"] / FOLDS
            judged += kept["judged"] / FOLDS
        left = (time.monotonic() - began) / (number + 1) * (FOLDS - number - 1)
        say(f"seed {seed}: reader {number + 1} of {FOLDS} done; {left:.0f} s left")
    return np.concatenate([known.reshape(-1, len(LABELS)), given]).astype(np.float32), judged.astype(np.float32)


def say(line: str) -> None:
    """Tell the person who waits.

    Args:
        line: one line.
    """
    print(line, file=sys.stderr, flush=True)


def encode(texts: transfer.Texts, folder: Path) -> Encoded:
    """Let the encoder read all texts, or read what it said before.

    Args:
        texts: all that are to be learned from, of any split.
        folder: keeps what it says.
    """

    def states(name: str, some: Sequence[str]) -> States:
        return encoder.states(some, folder, lambda line: say(f"{name}: {line}"))

    own = states("our own sentences", [text for _, text in examples.read()])
    told = [states(name, some) for name, some in zip(transfer.WAYS, texts.told, strict=True)]
    return Encoded(told, states("other texts", texts.strangers), own)


def write(rows: Sequence[data.Row], texts: transfer.Texts, seeds: Sequence[int], folder: Path) -> None:
    """Write ``soft-labels-<seed>.npz`` for each seed.

    Args:
        rows: all clean rows.
        texts: of them and of strangers.
        seeds: which splits.
        folder: where to; chunks of the encoder are kept in it too.
    """
    encoded = encode(texts, folder)
    torch.set_num_threads(THREADS)
    place = {row.key: number for number, row in enumerate(rows)}
    for seed in seeds:
        split = data.split(rows, seed)
        probabilities, judged = teach(split, place, encoded, seed, folder)
        right = metrics.accuracy(judged, metrics.truth(split.validation))
        say(f"seed {seed}: teacher's accuracy on validation {right:.3f}")
        to_learn = texts.to_learn([place[row.key] for row in split.train])
        tokenizer = Tokenizer(vectors.choose_vocabulary(to_learn, vectors.glove()[0], distillation.WORDS))
        seen = [(row.text, encoded.told[0][place[row.key]]) for row in split.train]
        seen += [(text, encoded.strangers[number]) for number, text in enumerate(texts.strangers)]
        network = distillation.imitate(tokenizer, seen, seed, say)
        whole, scales = quantise(network.embedding.weight.detach())
        SoftLabels(
            digest=digest(to_learn),
            probabilities=(probabilities * 255).round().astype(np.uint8),
            vectors=whole.numpy(),
            scales=scales.numpy().astype(np.float16),
            gru=distillation.pack(network),
        ).save(folder / f"soft-labels-{seed}.npz")


def main() -> int:
    """Encode all texts once, then write the soft labels of each seed."""
    parser = argparse.ArgumentParser(prog="training.teacher", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"isear.csv. {data.WHERE}")
    parser.add_argument("--texts", type=Path, help="folder with goemotions/ and emobank/; otherwise beside isear.csv")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, required=True, help="folder outside the project for what is learned")
    options = parser.parse_args()
    try:
        rows = data.read(options.data)
        texts = transfer.Texts.read(rows, options.texts or options.data.parent)
        write(rows, texts, options.seeds, options.out)
    except data.DataError as problem:
        say(f"error: {problem}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
