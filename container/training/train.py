"""Train the RNN and ship it: `python -m training.train --data isear.csv --seed 0`."""

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
from training.evaluation import evaluate, everyday, metrics
from training.network import distillation, rnn, ship, tying, vectors
from training.network.epochs import Distilled, Epochs
from training.network.epochs import Settings as EpochSettings
from training.network.optimisation import Run, Schedule
from training.network.rnn import Network, quantise
from training.teacher.soft_labels import SoftLabels, say
from training.texts import corpus, data, examples

# --- settings -----------------------------------------------------------------------------------------------------
BATCH = 128
DROPOUT = 0.3
WORD_DROPOUT = 0.1
WEIGHT_DECAY = 1e-4
SMOOTHING = 0.1  # of labels: people themselves disagree on which emotion an event stirs
NOISE = 2  # texts a batch of stray ids, as many of strings, and of other languages: all labels alike as target
RETOLD = 0.25  # share of the responses that are shown in the third person or the present tense
JOINED = 300  # long texts an epoch, each of two to four responses of one label
SHOUTED = 0.04  # share of the texts that are shown in capitals
# What logits are divided by, chosen once, on the validation parts of seeds 0 to 4 together, for the 600 texts of one of
# them do not tell it well enough. `make evaluate` says what these texts would have it multiplied by (seeds.py).
TEMPERATURE = 1.05
# The threshold is the lowest at which sentences to choose by come out so: everyday ones, and the held-out ones of our
# own that have no emotion. The 140 with an emotion are few and easy, so more of them than the .92 wanted of others:
RIGHT = 0.95  # share of the answered that are right
SILENT = 0.9  # share of those without emotion that are left unanswered; of 303
THREADS = 1  # more threads make such small matrices slower where others use the machine too
# with a teacher's soft labels:
GOLD = 0.3  # weight of the true label beside the teacher's soft ones; of other sets times what they are trusted
NEUTRAL_GOLD = 0.8  # the same of texts without emotion, whose target is all labels alike
OTHER_GOLD = 0.15  # and of those with an emotion outside the seven
# ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Phase:
    """A run over the texts: how long, how fast, and how many texts of each kind an epoch shows.

    Attributes:
        epochs: how many.
        rate: of the GRUs and the output; word vectors already mean something and move more slowly.
        vector_rate: theirs.
        average: share of the running average of all weights that a step keeps; it is the average that is kept.
        labelled: other people's texts with a label, of each label alike.
        neutral: those without emotion.
        transfer: those without a label.
        emoji: those with emoji.
        statements: plain sentences a batch: feelings named and denied, facts, everyday things.
        tied: whether identities, names and numbers share one vector each (tying.py).
    """

    epochs: int
    rate: float
    vector_rate: float
    average: float
    labelled: int
    neutral: int
    transfer: int
    emoji: int
    statements: int
    tied: bool


# `make teacher` goes through the first phase, on a GPU where there is one, and `make train` through the last.
FIRST = Phase(10, 4e-3, 1e-3, 0.998, 20_000, 2_500, 30_000, 3_000, 32, tied=False)
LAST = Phase(5, 2e-3, 1e-3, 0.99, 10_000, 1_500, 12_000, 1_500, 64, tied=True)
ALONE = Phase(10, 4e-3, 1e-3, 0.998, 0, 0, 0, 0, 32, tied=True)  # the baseline's only one, without a teacher


HOW = "on the labels of ISEAR and sentences of our own, from GloVe and MiniLM word vectors"
HOW_DISTILLED = (
    "on the labels of ISEAR, EmpatheticDialogues, smaller sets and sentences of our own, and on soft labels of the "
    "encoder all-mpnet-base-v2 that was tuned on the same; word vectors and GRUs began by predicting its states"
)


def main() -> int:
    """Read the command line, train, ship; a problem with the data is one clear line."""
    parser = argparse.ArgumentParser(prog="training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"isear.csv. {data.WHERE}")
    parser.add_argument(
        "--texts", type=Path, help="folder with goemotions/, emobank/ and more/; otherwise beside isear.csv"
    )
    parser.add_argument("--seed", type=int, default=0, help="which split, and the source of all chance")
    parser.add_argument(
        "--soft-labels", type=Path, help="what `make teacher` wrote; otherwise what lies beside this file"
    )
    parser.add_argument(
        "--alone", action="store_true", help="no teacher: the baseline that a distilled model is compared with"
    )
    parser.add_argument("--device", default="cpu", help="cuda trains faster, and not bit for bit the same")
    parser.add_argument("--out", type=Path, default=Path("model"), help="where the artefact goes")
    parser.add_argument("--checkpoint", type=Path, help="file to go on from after an interruption")
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    try:
        rows = data.read(options.data)
        say(f"{len(rows)} responses: {data.counts(rows)}")
        split = data.split(rows, options.seed)
        help_ = None if options.alone else find(rows, split, options.seed, options)
        network, tokenizer = train(split, options.seed, help_, options.checkpoint, options.device)
        how = HOW if help_ is None else HOW_DISTILLED
        ship.calibrate(network, TEMPERATURE, SMOOTHING)
        threshold = choose_threshold(network, tokenizer)
        path = ship.ship(network, tokenizer, split, options.seed, threshold, options.out, how)
        texts = (options.texts or options.data.parent) if help_ else None
        report = evaluate.write(options.out, rows, texts)["shipped"]
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
class Help:
    """A teacher's help: where the network begins, and what the teacher says of texts."""

    soft_labels: SoftLabels
    distilled: Distilled


def find(rows: Sequence[data.Row], split: data.Split, seed: int, options: argparse.Namespace) -> Help | None:
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
    texts = corpus.Texts.read(rows, options.texts or options.data.parent)
    place = {row.key: number for number, row in enumerate(rows)}
    to_learn = texts.to_learn([place[row.key] for row in split.train])
    soft_labels = SoftLabels.load(path, to_learn)
    probabilities = torch.from_numpy(soft_labels.probabilities.astype(np.float32) / 255)
    return Help(soft_labels, Distilled(to_learn, len(texts.told[0]) - 1, probabilities, texts.others))


def train(
    split: data.Split,
    seed: int,
    help_: Help | None = None,
    checkpoint: Path | None = None,
    device: str = "cpu",
    phase: Phase | None = None,
) -> tuple[Network, Tokenizer]:
    """One network from pretrained word vectors and the training rows of a split.

    Args:
        split: rows to learn from and to choose the epoch by; the test rows are not looked at.
        seed: source of all chance.
        help_: a teacher's, of the same split.
        checkpoint: file that is written after each epoch, and gone on from where it is there.
        device: where to compute.
        phase: which; the last one, or without a teacher the only one.

    Returns:
        The network of the epoch with the lowest validation loss, on responses and sentences of our own together, its
        word vectors rounded to what int8 can hold, and its tokenizer.
    """
    torch.manual_seed(seed)
    phase = phase or (LAST if help_ else ALONE)
    vocabulary = help_.soft_labels.tokenizer().vocabulary if help_ else vocabulary_for(split)
    known = len(vocabulary)
    if phase.tied:
        vocabulary = tying.extended([*vocabulary, *vectors.everyday_words()])
    tokenizer = Tokenizer(vocabulary)
    tied = tying.Tied(tokenizer.vocabulary if phase.tied else ())
    settings = EpochSettings(
        batch=BATCH,
        smoothing=SMOOTHING,
        gold=GOLD,
        neutral_gold=NEUTRAL_GOLD,
        other_gold=OTHER_GOLD,
        labelled=phase.labelled,
        neutral=phase.neutral,
        transfer=phase.transfer,
        emoji=phase.emoji,
        noise=NOISE,
        statements=phase.statements,
        retold=RETOLD,
        joined=JOINED,
        shouted=SHOUTED,
        tied=phase.tied,
    )
    epochs = Epochs(split, help_.distilled if help_ else None, tokenizer, settings)
    schedule = Schedule(phase.epochs, phase.rate, phase.vector_rate, WEIGHT_DECAY, phase.average)
    network = begin(tokenizer, help_)
    tied.average(network, known)
    run = Run(network.to(device), epochs, seed, schedule)
    if checkpoint and checkpoint.is_file():
        run.load(checkpoint)
        say(f"going on after epoch {run.epoch} from {checkpoint}")
    began, first = time.monotonic(), run.epoch
    while run.epoch < phase.epochs:
        run.teach_epoch()
        tied.copy(run.averaged())
        loss, hit = validate(run.averaged(), tokenizer, [(row.label, row.text) for row in split.validation])
        own_loss, own_hit = validate(run.averaged(), tokenizer, examples.to_choose_by())
        run.remember(loss + own_loss)
        left = (time.monotonic() - began) / (run.epoch - first) * (phase.epochs - run.epoch)
        say(
            f"epoch {run.epoch}/{phase.epochs}: validation loss {loss:.4f}, accuracy {hit:.3f}; "
            f"of sentences of our own {own_loss:.4f}, {own_hit:.3f}; {left:.0f} s left"
        )
        if checkpoint:
            run.save(checkpoint)
    network = run.network.cpu()
    network.load_state_dict(run.best)
    whole, scales = quantise(network.embedding.weight.detach())
    network.embedding.weight.data = whole * scales
    return network.eval(), tokenizer


def vocabulary_for(split: data.Split) -> list[str]:
    """The words that a network without a teacher will know.

    Args:
        split: whose training rows count.
    """
    return vectors.choose_vocabulary([row.text for row in split.train], vectors.glove()[0], distillation.WORDS)


def begin(tokenizer: Tokenizer, help_: Help | None) -> Network:
    """A network before its first epoch: from pretrained word vectors, or from where `make teacher` left it.

    Args:
        tokenizer: with its vocabulary.
        help_: a teacher's.
    """
    if help_ is None:
        start = torch.from_numpy(vectors.first_vectors(tokenizer.vocabulary, distillation.DIMENSIONS))
    else:
        left = (help_.soft_labels.vectors * help_.soft_labels.scales.astype(np.float32)).astype(np.float32)
        known, new = tokenizer.vocabulary[: len(left)], tokenizer.vocabulary[len(left) :]
        start = torch.from_numpy(np.concatenate([left, vectors.mapped(known, left, new)]) if new else left)
    network = Network(start, rnn.UNITS, len(LABELS), DROPOUT, WORD_DROPOUT, rnn.LAYERS, attention=True)
    if help_ is not None:
        distillation.unpack(network, help_.soft_labels.weights)
    return network


def choose_threshold(network: Network, tokenizer: Tokenizer) -> float:
    """The confidence under which the model abstains, chosen on everyday sentences and held-out ones without emotion.

    Args:
        network: trained and calibrated.
        tokenizer: its tokenizer.
    """
    sentences = [(one.label, one.text) for one in everyday.sentences() if one.part == "validation"]
    sentences += examples.without_emotion()
    found = ship.predict(network, tokenizer, [text for _, text in sentences])
    truth = np.array([LABELS.index(label) if label in LABELS else -1 for label, _ in sentences])
    return metrics.threshold_for(found, truth, RIGHT, SILENT)


def validate(network: Network, tokenizer: Tokenizer, texts: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Loss and accuracy on texts that were not learned from.

    Args:
        network: any.
        tokenizer: its tokenizer.
        texts: label and text of each.

    Returns:
        Mean negative log likelihood, by which the epoch is chosen (accuracy on 600 texts is too coarse), and accuracy.
    """
    probabilities = ship.predict(network, tokenizer, [text for _, text in texts])
    truth = np.array([LABELS.index(label) for label, _ in texts], np.int64)
    chance = np.maximum(probabilities[np.arange(len(truth)), truth], 1e-9)
    return float(-np.log(chance).mean()), metrics.accuracy(probabilities, truth)


if __name__ == "__main__":
    sys.exit(main())
