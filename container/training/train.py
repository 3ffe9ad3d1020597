"""Train the RNN on ISEAR and ship it: `python -m training.train --data isear.csv --seed 0 [--knowledge file]`."""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sentiment.text import Tokenizer
from training import LABELS, data, evaluate, metrics, ship, vectors
from training.lessons import Batch, Lessons
from training.lessons import Settings as LessonSettings
from training.network import Network, quantise
from training.teacher import Knowledge, say

# --- settings -----------------------------------------------------------------------------------------------------
WORDS = 26_000  # vocabulary: as int8 of 128 numbers, 3.3 MB of the artefact
DIMENSIONS = 128  # of a word vector
UNITS = 128  # of each direction of the GRU; 256 took three times as long for half a point
EPOCHS = 12
BATCH = 64
RATE = 4e-3  # of the GRU and the output; word vectors already mean something and move more slowly
VECTOR_RATE = 1e-3
WARM_UP = 0.15  # share of all steps in which the rates rise; then they fall along a cosine
DROPOUT = 0.45
WORD_DROPOUT = 0.1
WEIGHT_DECAY = 1e-4
SMOOTHING = 0.1  # of labels: people themselves disagree on which emotion an event stirs
NONSENSE = 2  # texts a batch that say nothing, with all labels alike as their target
STATEMENTS = 3  # plain sentences a batch: feelings named and denied, and facts
COVERAGE = 0.8  # share of validation texts that the threshold lets the model answer
THREADS = 1  # more threads make such small matrices slower where others use the machine too
# with a teacher's knowledge:
GOLD = 0.5  # weight of the true label beside the teacher's soft ones
STRANGERS = 8_000  # other texts an epoch
IMITATION = 1.0  # weight of pointing where the encoder's vector points
# ------------------------------------------------------------------------------------------------------------------


def main() -> int:
    """Read the command line, train, ship; a problem with the data is one clear line."""
    parser = argparse.ArgumentParser(prog="training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"isear.csv. {data.WHERE}")
    parser.add_argument("--seed", type=int, default=0, help="which split, and the source of all chance")
    parser.add_argument(
        "--knowledge", type=Path, help="what `make teacher` wrote for this seed; without it, labels alone"
    )
    parser.add_argument("--out", type=Path, default=Path("model"), help="where the artefact goes")
    parser.add_argument("--checkpoint", type=Path, help="file to go on from after an interruption")
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    try:
        rows = data.read(options.data)
        say(f"{len(rows)} accounts: {data.counts(rows)}")
        split = data.split(rows, options.seed)
        knowledge = Knowledge.load(options.knowledge) if options.knowledge else None
        network, tokenizer = train(split, options.seed, knowledge, options.checkpoint)
        how = HOW if knowledge is None else HOW_TAUGHT
        path = ship.ship(network, tokenizer, split, options.seed, COVERAGE, options.out, how)
        report = evaluate.write(options.out, rows)["shipped"]
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


HOW = "on the labels of ISEAR alone, from GloVe and MiniLM word vectors"
HOW_TAUGHT = (
    "on the labels of ISEAR and what a head on the sentence encoder all-mpnet-base-v2 says of them and of others"
)


def train(
    split: data.Split, seed: int, knowledge: Knowledge | None = None, checkpoint: Path | None = None
) -> tuple[Network, Tokenizer]:
    """One network from pretrained word vectors and the training rows of a split.

    Args:
        split: rows to learn from and to choose the epoch by; the test rows are not looked at.
        seed: source of all chance.
        knowledge: a teacher's soft labels and vectors, of the same split.
        checkpoint: file that is written after each epoch, and gone on from where it is there.

    Returns:
        The network of the epoch with the lowest validation loss, its word vectors rounded to what int8 can hold, and
        its tokenizer.
    """
    torch.manual_seed(seed)
    texts = [row.text for row in split.train] if knowledge is None else knowledge.texts.tolist()
    vocabulary = vectors.choose_vocabulary(texts, vectors.glove()[0], WORDS)
    tokenizer = Tokenizer(vocabulary)
    taught = None if knowledge is None else dict(zip(knowledge.words.tolist(), knowledge.word_vectors, strict=True))
    start = torch.from_numpy(vectors.first_vectors(vocabulary, DIMENSIONS, taught))
    lessons = Lessons(
        split, knowledge, tokenizer, LessonSettings(BATCH, SMOOTHING, GOLD, STRANGERS, NONSENSE, STATEMENTS)
    )
    course = Course(Network(start, UNITS, len(LABELS), DROPOUT, WORD_DROPOUT), lessons, seed)
    if checkpoint and checkpoint.is_file():
        course.load(checkpoint)
    began, first = time.monotonic(), course.epoch
    while course.epoch < EPOCHS:
        course.teach_epoch()
        loss, hit = validate(course.network, tokenizer, split.validation)
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


class Course:
    """A training run between two epochs: all that has to be kept to go on."""

    def __init__(self, network: Network, lessons: Lessons, seed: int) -> None:
        self.network = network
        self.lessons = lessons
        self.random = Random(seed)
        self.epoch = 0
        self.step = 0
        self.steps = EPOCHS * lessons.batches_an_epoch()
        self.best, self.best_loss = copy.deepcopy(network.state_dict()), math.inf
        directions = 0 if lessons.vectors is None else lessons.vectors.shape[1]
        self.imitate: nn.Module = nn.Linear(network.output.in_features, directions) if directions else nn.Identity()
        self.rest = [parameter for name, parameter in network.named_parameters() if name != "embedding.weight"]
        self.rest += list(self.imitate.parameters())
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(self.rest, lr=RATE, weight_decay=WEIGHT_DECAY),
            torch.optim.SparseAdam([network.embedding.weight], lr=VECTOR_RATE),
        ]

    def teach_epoch(self) -> None:
        """One pass over the lessons."""
        self.network.train()
        for batch in self.lessons.epoch(self.random):
            for optimiser, rate in zip(self.optimisers, (RATE, VECTOR_RATE), strict=True):
                optimiser.param_groups[0]["lr"] = rate * pace(self.step / self.steps)
                optimiser.zero_grad(set_to_none=True)
            self.loss(batch).backward()
            nn.utils.clip_grad_norm_(self.rest, 1.0)
            for optimiser in self.optimisers:
                optimiser.step()
            self.step += 1
        self.epoch += 1

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy against soft targets and, with a teacher, the angle to the encoder's vectors.

        Args:
            batch: of the lessons.
        """
        features = self.network.features(batch.tokens, batch.lengths)
        logits = self.network.output(self.network.dropout(features))
        loss = -(batch.targets * logits.log_softmax(1)).sum(1).mean()
        if batch.vectors is not None:
            said = self.imitate(features[: len(batch.vectors)])
            loss = loss + IMITATION * (1 - nn.functional.cosine_similarity(said, batch.vectors)).mean()
        return loss

    def remember(self, loss: float) -> None:
        """Keep the network if it is the best so far.

        Args:
            loss: on validation.
        """
        if loss < self.best_loss:
            self.best, self.best_loss = copy.deepcopy(self.network.state_dict()), loss

    def save(self, path: Path) -> None:
        """Write all that is needed to go on, whole or not at all.

        Args:
            path: file.
        """
        state: dict[str, Any] = {
            "modules": [self.network.state_dict(), self.imitate.state_dict()],
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "progress": (self.epoch, self.step, self.best, self.best_loss),
            "chance": (self.random.getstate(), torch.get_rng_state()),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a file.

        Args:
            path: what ``save`` wrote.
        """
        state = torch.load(path, weights_only=False)
        for module, kept in zip((self.network, self.imitate), state["modules"], strict=True):
            module.load_state_dict(kept)
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.epoch, self.step, self.best, self.best_loss = state["progress"]
        self.random.setstate(state["chance"][0])
        torch.set_rng_state(state["chance"][1])
        say(f"going on after epoch {self.epoch} from {path}")


def pace(progress: float) -> float:
    """Share of the full learning rate.

    Args:
        progress: 0..1 of all steps.
    """
    if progress < WARM_UP:
        return max(progress / WARM_UP, 0.04)
    return max((1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2, 1e-4)


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
