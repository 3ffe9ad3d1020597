"""What a large encoder knows, put down for the RNN to learn: `python -m training.teacher --data ... --texts ...`.

The encoder stays as it comes. On what it makes of texts, a small head learns the labels of one split's training rows,
in five folds, so that no row's soft label comes from a head that saw the row. The result lies outside the project.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sentiment.text import tokenize
from training import LABELS, data, encoder, metrics, transfer, vectors
from training.vectors import Floats

# --- settings -----------------------------------------------------------------------------------------------------
STRANGERS = 9_000  # sentences of other sources; forum talk is far from accounts, and more of it taught little
WORDS = 40_000  # commonest words of GloVe that are encoded on their own, beside those of the texts
FOLDS = 5
HIDDEN = 512
EPOCHS = 8
BATCH = 128
RATE = 1e-3
WEIGHT_DECAY = 0.3
SMOOTHING = 0.1
DIRECTIONS = 256  # of the encoder's vectors, for the RNN to imitate
WHITENING = 0.5  # 0: directions weigh as much as they vary; 1: all alike
THREADS = 2
# ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Knowledge:
    """What the teacher says of texts.

    Attributes:
        texts: each training account followed by its variants, in the order of ``keys``; then strangers.
        keys: ``MYKEY`` of the accounts.
        probabilities: soft labels, [texts, labels].
        accounts_with_variants: how many of the texts are not strangers.
        vectors: the encoder's view of each text, [texts, 256].
        words: single words, and
        word_vectors: the encoder's view of each, [words, 768].
    """

    texts: npt.NDArray[np.str_]
    keys: npt.NDArray[np.str_]
    probabilities: Floats
    accounts_with_variants: int
    vectors: Floats
    words: npt.NDArray[np.str_]
    word_vectors: Floats

    def save(self, path: Path) -> None:
        """Write it.

        Args:
            path: ``.npz`` file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> Knowledge:
        """Read it.

        Args:
            path: what ``save`` wrote.

        Raises:
            DataError: there is no such file.
        """
        if not path.is_file():
            raise data.DataError(
                f"there is no {path}: `make teacher DATA=... TEXTS=...` writes it, or train without it"
            )
        with np.load(path) as stored:
            fields = {name: stored[name] for name in cls.__dataclass_fields__}
        fields["accounts_with_variants"] = int(fields["accounts_with_variants"])
        return cls(**fields)


class Head(nn.Module):
    """One hidden layer on the encoder's vectors."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(width, HIDDEN), nn.ReLU(), nn.Dropout(0.5), nn.Linear(HIDDEN, len(LABELS))
        )

    def forward(self, features: Tensor) -> Tensor:
        """Logits.

        Args:
            features: standardised, [batch, width].
        """
        logits: Tensor = self.layers(features)
        return logits


def fit(features: Tensor, truth: Tensor, seed: int) -> Head:
    """Train one head.

    Args:
        features: standardised, [texts, width].
        truth: places of labels, [texts].
        seed: source of chance.
    """
    torch.manual_seed(seed)
    head = Head(features.shape[1])
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(truth) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    head.train()
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(truth)).split(BATCH):
            loss = nn.functional.cross_entropy(head(features[chosen]), truth[chosen], label_smoothing=SMOOTHING)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return head.eval()


def teach(
    split: data.Split, accounts: dict[str, Floats], strangers: Floats, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Soft labels from heads that learned the labels of the training rows.

    Args:
        split: of the seed.
        accounts: of each key, the encoder's vectors of the account and then of its variants, [1 + variants, width].
        strangers: the encoder's vectors of other texts, [texts, width].
        seed: source of chance.

    Returns:
        Probabilities of training accounts with their variants, [rows, 1 + variants, labels], each from heads that never
        saw the account; of strangers; and of validation accounts, to judge the teacher by.
    """
    train = torch.tensor(np.stack([accounts[row.key] for row in split.train]), dtype=torch.float32)
    mean, deviation = train[:, 0].mean(0), train[:, 0].std(0)

    def standard(features: Floats | Tensor) -> Tensor:
        scaled = (torch.as_tensor(features, dtype=torch.float32) - mean) / (deviation + 1e-3 * deviation.mean())
        return scaled.clamp(-6, 6)

    train, truth = standard(train), torch.tensor(metrics.truth(split.train))
    others = standard(strangers)
    validation = standard(np.stack([accounts[row.key][0] for row in split.validation]))
    own = torch.zeros(*train.shape[:2], len(LABELS))
    given, judged = torch.zeros(len(others), len(LABELS)), torch.zeros(len(validation), len(LABELS))
    fold = torch.arange(len(truth)) % FOLDS
    for number in range(FOLDS):
        inside = fold != number
        features = train[inside].flatten(0, 1)
        head = fit(features, truth[inside].repeat_interleave(train.shape[1]), seed * FOLDS + number)
        with torch.no_grad():
            own[~inside] = head(train[~inside].flatten(0, 1)).softmax(1).view(-1, train.shape[1], len(LABELS))
            given += head(others).softmax(1) / FOLDS
            judged += head(validation).softmax(1) / FOLDS
    return own.numpy(), given.numpy(), judged.numpy()


def normal(features: npt.NDArray[np.float16]) -> Floats:
    """Each layer's vector to length one.

    Args:
        features: of ``encoder.features``, [texts, layers * 768].

    Returns:
        float32 of the same shape.
    """
    layers = features.astype(np.float32).reshape(len(features), -1, encoder.WIDTH)
    lengths = np.linalg.norm(layers, axis=2, keepdims=True)
    return (layers / np.maximum(lengths, 1e-6)).reshape(len(features), -1)


def directions(features: Floats) -> tuple[Floats, Floats]:
    """Mean and main directions of the encoder's vectors, each scaled to weigh alike.

    Args:
        features: [texts, width].

    Returns:
        [width] and [width, 256].
    """
    mean = features.mean(0)
    centred = features - mean
    values, found = np.linalg.eigh(centred.T @ centred / len(centred))
    main = found[:, ::-1][:, :DIRECTIONS]
    return mean, (main / np.sqrt(values[::-1][:DIRECTIONS]) ** WHITENING).astype(np.float32)


def say(line: str) -> None:
    """Tell the person who waits.

    Args:
        line: one line.
    """
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Encode all texts once, then write the knowledge for each seed."""
    parser = argparse.ArgumentParser(prog="training.teacher", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"isear.csv. {data.WHERE}")
    parser.add_argument("--texts", type=Path, required=True, help="folder with goemotions/ and emobank/")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, required=True, help="folder outside the project for what is learned")
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    try:
        rows = data.read(options.data)
        write(rows, list(transfer.strangers(options.texts)), options.seeds, options.out)
    except data.DataError as problem:
        say(f"error: {problem}")
        return 2
    return 0


def write(rows: Sequence[data.Row], strangers: list[str], seeds: Sequence[int], folder: Path) -> None:
    """Write ``knowledge-<seed>.npz`` for each seed.

    Args:
        rows: all clean rows.
        strangers: texts of other sources.
        seeds: which splits.
        folder: where to; chunks of the encoder are kept in it too.
    """
    random = Random(0)
    variants = [transfer.variants(row.text, random) for row in rows]
    Random(0).shuffle(strangers)
    strangers = strangers[:STRANGERS]
    words = choose_words([*(row.text for row in rows), *strangers])
    encoded = {
        name: normal(encoder.features(texts, folder, lambda line, name=name: say(f"{name}: {line}")))  # type: ignore[misc]
        for name, texts in (
            ("accounts", [row.text for row in rows]),
            *((f"variants {way + 1}", [told[way] for told in variants]) for way in range(len(variants[0]))),
            ("other texts", strangers),
            ("words", words),
        )
    }
    views = np.stack([encoded["accounts"], *(encoded[f"variants {way + 1}"] for way in range(len(variants[0])))], 1)
    mean, main_directions = directions(encoded["other texts"])
    for seed in seeds:
        split = data.split(rows, seed)
        place = {row.key: number for number, row in enumerate(rows)}
        train = [place[row.key] for row in split.train]
        by_key = {row.key: views[number] for number, row in enumerate(rows)}
        own, given, judged = teach(split, by_key, encoded["other texts"], seed)
        right = metrics.accuracy(judged, metrics.truth(split.validation))
        say(f"seed {seed}: teacher's accuracy on validation {right:.3f}")
        features = np.concatenate([views[train].reshape(-1, views.shape[2]), encoded["other texts"]])
        Knowledge(
            texts=np.array([text for number in train for text in (rows[number].text, *variants[number])] + strangers),
            keys=np.array([row.key for row in split.train]),
            probabilities=np.concatenate([own.reshape(-1, len(LABELS)), given]),
            accounts_with_variants=own.shape[0] * own.shape[1],
            vectors=((features - mean) @ main_directions).astype(np.float16),
            words=np.array(words),
            word_vectors=encoded["words"][:, -encoder.WIDTH :].astype(np.float16),
        ).save(folder / f"knowledge-{seed}.npz")


def choose_words(texts: Sequence[str]) -> list[str]:
    """Words to be encoded on their own: those of the texts and the commonest, as far as GloVe knows them.

    Args:
        texts: any texts.
    """
    words, _ = vectors.glove()
    seen = {word for text in texts for word in tokenize(text)}
    return [
        word for rank, word in enumerate(words) if word in seen or (rank < WORDS and word.isascii() and word.isalpha())
    ]


if __name__ == "__main__":
    sys.exit(main())
