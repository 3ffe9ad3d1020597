"""Train the RNN on ISEAR and ship it: `python -m training.train --data isear.csv --seed 0`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from sentiment.text import Tokenizer
from training import LABELS
from training.evaluation import evaluate, metrics
from training.network import distillation, ship, vectors
from training.network.epochs import Lessons, Taught
from training.network.epochs import Settings as LessonSettings
from training.network.optimisation import Course, Rates
from training.network.rnn import Network, quantise
from training.teacher.soft_labels import SoftLabels, say
from training.texts import data, transfer

# --- settings -----------------------------------------------------------------------------------------------------
EPOCHS = 10
BATCH = 64
RATE = 4e-3  # of the GRU and the output; word vectors already mean something and move more slowly
VECTOR_RATE = 1e-3
AVERAGE = 0.998  # share of the running average of all weights that a step keeps; it is the average that is shipped
DROPOUT = 0.45
WORD_DROPOUT = 0.1
WEIGHT_DECAY = 1e-4
SMOOTHING = 0.1  # of labels: people themselves disagree on which emotion an event stirs
NONSENSE = 1  # texts a batch of stray ids, as many of gibberish, and of other languages: all labels alike as target
STATEMENTS = 24  # plain sentences a batch: feelings named and denied, and facts
RETOLD = 0.25  # share of the accounts that are shown in the third person or the present tense
JOINED = 300  # long texts an epoch, each of two to four accounts of one label
COVERAGE = 0.8  # share of validation texts that the threshold lets the model answer
# What logits are divided by, chosen once, on the validation parts of seeds 0 to 4 together, for the 600 texts of one of
# them do not tell it well enough. `make evaluate` says what these texts would have it multiplied by (spread.py).
TEMPERATURE = 0.95
THREADS = 1  # more threads make such small matrices slower where others use the machine too
# with a teacher's soft labels:
GOLD = 0.5  # weight of the true label beside the teacher's soft ones
STRANGERS = 8_000  # other texts an epoch
COMMENTS = 2_000  # forum comments an epoch, of each label alike
COMMENT_GOLD = 0.5  # what their noisy labels are trusted
# ------------------------------------------------------------------------------------------------------------------


HOW = "on the labels of ISEAR and sentences of our own, from GloVe and MiniLM word vectors"
HOW_TAUGHT = (
    "on the labels of ISEAR and sentences of our own, and on what readers of the encoder all-mpnet-base-v2 say of them "
    "and of others; word vectors and GRU began as that encoder's imitation"
)


def main() -> int:
    """Read the command line, train, ship; a problem with the data is one clear line."""
    parser = argparse.ArgumentParser(prog="training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"isear.csv. {data.WHERE}")
    parser.add_argument("--texts", type=Path, help="folder with goemotions/ and emobank/; otherwise beside isear.csv")
    parser.add_argument("--seed", type=int, default=0, help="which split, and the source of all chance")
    parser.add_argument(
        "--soft-labels", type=Path, help="what `make teacher` wrote; otherwise what lies beside this file"
    )
    parser.add_argument(
        "--alone", action="store_true", help="no teacher: the twin that a taught model is compared with"
    )
    parser.add_argument("--out", type=Path, default=Path("model"), help="where the artefact goes")
    parser.add_argument("--checkpoint", type=Path, help="file to go on from after an interruption")
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    try:
        rows = data.read(options.data)
        say(f"{len(rows)} accounts: {data.counts(rows)}")
        split = data.split(rows, options.seed)
        lesson = None if options.alone else find(rows, split, options.seed, options)
        network, tokenizer = train(split, options.seed, lesson, options.checkpoint)
        how = HOW if lesson is None else HOW_TAUGHT
        path = ship.ship(network, tokenizer, split, options.seed, TEMPERATURE, COVERAGE, options.out, how)
        forum = (options.texts or options.data.parent) if lesson else None
        report = evaluate.write(options.out, rows, forum)["shipped"]
    except data.DataError as problem:
        say(f"error: {problem}")
        return 2
    if options.checkpoint:
        options.checkpoint.unlink(missing_ok=True)
    say(
        f"test: accuracy {report['accuracy']:.3f}, macro-F1 {report['macro_f1']:.3f}, "
        f"calibration error {report['calibration_error']:.3f}; answers {report['answered']:.0%} of texts, "
        f"{report['accuracy_answered']:.3f} of them right; {report['bytes'] / 1e6:.1f} MB"
    )
    print(path)
    return 0


@dataclass(frozen=True)
class Lesson:
    """A teacher's help: where the network begins, and what the teacher says of texts."""

    soft_labels: SoftLabels
    taught: Taught


def find(rows: Sequence[data.Row], split: data.Split, seed: int, options: argparse.Namespace) -> Lesson | None:
    """The teacher's soft labels of a split, with the texts that it speaks of.

    Args:
        rows: all clean rows.
        split: of the seed.
        seed: which split.
        options: ``soft_labels``, ``texts`` and ``data`` as given on the command line.

    Returns:
        None where there is none, which is said.

    Raises:
        DataError: a file was named and is missing, or speaks of other texts.
    """
    path = options.soft_labels or Path(__file__).with_name("teacher") / f"soft-labels-{seed}.npz"
    if not options.soft_labels and not path.is_file():
        say(
            f"NO TEACHER: there are no soft labels of seed {seed}; the model learns from labels alone and "
            f"will be worse. `make teacher DATA=... OUT=folder SEED={seed}` makes them; then "
            f"`make train SOFT_LABELS=folder/{path.name}`"
        )
        return None
    folder = options.texts or options.data.parent
    texts = transfer.Texts.read(rows, folder)
    place = {row.key: number for number, row in enumerate(rows)}
    to_learn = texts.to_learn([place[row.key] for row in split.train])
    soft_labels = SoftLabels.load(path, to_learn)
    probabilities = torch.from_numpy(soft_labels.probabilities.astype(np.float32) / 255)
    comments = list(transfer.labelled(folder, "train"))
    return Lesson(soft_labels, Taught(to_learn, len(texts.told) - 1, probabilities, comments))


def train(
    split: data.Split, seed: int, lesson: Lesson | None = None, checkpoint: Path | None = None
) -> tuple[Network, Tokenizer]:
    """One network from pretrained word vectors and the training rows of a split.

    Args:
        split: rows to learn from and to choose the epoch by; the test rows are not looked at.
        seed: source of all chance.
        lesson: a teacher's help, of the same split.
        checkpoint: file that is written after each epoch, and gone on from where it is there.

    Returns:
        The network of the epoch with the lowest validation loss, its word vectors rounded to what int8 can hold, and
        its tokenizer.
    """
    torch.manual_seed(seed)
    tokenizer = Tokenizer(vocabulary_for(split, lesson.taught if lesson else None))
    settings = LessonSettings(
        batch=BATCH,
        smoothing=SMOOTHING,
        gold=GOLD,
        strangers=STRANGERS,
        comments=COMMENTS,
        comment_gold=COMMENT_GOLD,
        nonsense=NONSENSE,
        statements=STATEMENTS,
        retold=RETOLD,
        joined=JOINED,
    )
    lessons = Lessons(split, lesson.taught if lesson else None, tokenizer, settings)
    rates = Rates(EPOCHS, RATE, VECTOR_RATE, WEIGHT_DECAY, AVERAGE)
    course = Course(begin(tokenizer, lesson), lessons, seed, rates)
    if checkpoint and checkpoint.is_file():
        course.load(checkpoint)
        say(f"going on after epoch {course.epoch} from {checkpoint}")
    began, first = time.monotonic(), course.epoch
    while course.epoch < EPOCHS:
        course.teach_epoch()
        loss, hit = validate(course.averaged(), tokenizer, split.validation)
        course.remember(loss)
        left = (time.monotonic() - began) / (course.epoch - first) * (EPOCHS - course.epoch)
        say(f"epoch {course.epoch}/{EPOCHS}: validation loss {loss:.4f}, accuracy {hit:.3f}; {left:.0f} s left")
        if checkpoint:
            course.save(checkpoint)
    network = course.network
    network.load_state_dict(course.best)
    whole, scales = quantise(network.embedding.weight.detach())
    network.embedding.weight.data = whole * scales
    return network.eval(), tokenizer


def vocabulary_for(split: data.Split, taught: Taught | None) -> list[str]:
    """The words that the network will know.

    Args:
        split: whose training rows count.
        taught: what a teacher says; its texts hold those rows, and count in their place.
    """
    texts = taught.texts if taught else [row.text for row in split.train]
    return vectors.choose_vocabulary(texts, vectors.glove()[0], distillation.WORDS)


def begin(tokenizer: Tokenizer, lesson: Lesson | None) -> Network:
    """A network before its first epoch: from pretrained word vectors, or from where the teacher left it.

    Args:
        tokenizer: with its vocabulary.
        lesson: a teacher's help.
    """
    if lesson is None:
        start = torch.from_numpy(vectors.first_vectors(tokenizer.vocabulary, distillation.DIMENSIONS))
        return Network(start, distillation.UNITS, len(LABELS), DROPOUT, WORD_DROPOUT)
    known = lesson.soft_labels
    start = torch.from_numpy(known.vectors * known.scales.astype(np.float32))
    network = Network(start, distillation.UNITS, len(LABELS), DROPOUT, WORD_DROPOUT)
    distillation.unpack(network, known.gru)
    return network


def validate(network: Network, tokenizer: Tokenizer, rows: list[data.Row]) -> tuple[float, float]:
    """Loss and accuracy on rows that were not learned from.

    Args:
        network: any.
        tokenizer: its tokenizer.
        rows: of validation.

    Returns:
        Mean negative log likelihood, by which the epoch is chosen (accuracy on 600 texts is too coarse), and accuracy.
    """
    probabilities, truth = ship.predict(network, tokenizer, rows), metrics.truth(rows)
    chance = np.maximum(probabilities[np.arange(len(truth)), truth], 1e-9)
    return float(-np.log(chance).mean()), metrics.accuracy(probabilities, truth)


if __name__ == "__main__":
    sys.exit(main())
