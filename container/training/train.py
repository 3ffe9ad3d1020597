"""Train the RNN on ISEAR and ship it: `python -m training.train --data isear.csv --seed 0`."""

from __future__ import annotations

import argparse
import copy
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sentiment.text import Tokenizer
from training import LABELS, augment, batches, data, evaluate, metrics, ship, vectors
from training.network import Network, quantise

# --- settings -----------------------------------------------------------------------------------------------------
WORDS = 26_000  # vocabulary: as int8 of 128 numbers, 3.3 MB of the artefact
DIMENSIONS = 128  # of a word vector
UNITS = 128  # of each direction of the GRU; 256 took three times as long for half a point
EPOCHS = 14
BATCH = 32
RATE = 2e-3  # of the GRU and the output; word vectors already mean something and move more slowly
VECTOR_RATE = 5e-4
DROPOUT = 0.45
WORD_DROPOUT = 0.1
SMOOTHING = 0.1  # of labels: people themselves disagree on which emotion an event stirs
WEIGHT_DECAY = 1e-4
NONSENSE = 1  # texts a batch that say nothing, with all labels alike as their target
COVERAGE = 0.8  # share of validation texts that the threshold lets the model answer
THREADS = 2
HOW = "on the labels of ISEAR alone, from GloVe and MiniLM word vectors"  # for the card
# ------------------------------------------------------------------------------------------------------------------


def main() -> int:
    """Read the command line, train, ship; a problem with the data is one clear line."""
    parser = argparse.ArgumentParser(prog="training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"isear.csv. {data.WHERE}")
    parser.add_argument("--seed", type=int, default=0, help="which split, and the source of all chance")
    parser.add_argument("--out", type=Path, default=Path("model"), help="where the artefact goes")
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    try:
        rows = data.read(options.data)
        say(f"{len(rows)} accounts: {data.counts(rows)}")
        split = data.split(rows, options.seed)
        network, tokenizer = train(split, options.seed)
        path = ship.ship(network, tokenizer, split, options.seed, COVERAGE, options.out, HOW)
        report = evaluate.write(options.out, rows)["shipped"]
    except data.DataError as problem:
        say(f"error: {problem}")
        return 2
    say(
        f"test: accuracy {report['accuracy']:.3f}, macro-F1 {report['macro_f1']:.3f}, "
        f"calibration error {report['calibration_error']:.3f}; answers {report['answered']:.0%} of texts, "
        f"{report['accuracy_answered']:.3f} of them right; {report['bytes'] / 1e6:.1f} MB"
    )
    print(path)
    return 0


def train(split: data.Split, seed: int) -> tuple[Network, Tokenizer]:
    """One network from pretrained word vectors and the training rows of a split.

    Args:
        split: rows to learn from and to choose the epoch by; the test rows are not looked at.
        seed: source of all chance.

    Returns:
        The network of the epoch with the lowest validation loss, its word vectors rounded to what int8 can hold, and
        its tokenizer.
    """
    torch.manual_seed(seed)
    random = Random(seed)  # noqa: S311 - chance, not secrets
    words, _ = vectors.glove()
    vocabulary = vectors.choose_vocabulary((row.text for row in split.train), words, WORDS)
    tokenizer = Tokenizer(vocabulary)
    start = torch.from_numpy(vectors.first_vectors(vocabulary, DIMENSIONS))
    network = Network(start, UNITS, len(LABELS), DROPOUT, WORD_DROPOUT)
    openers = frozenset(tokenizer.encode("when"))
    texts = [tokenizer.encode(row.text) for row in split.train]
    truth = torch.tensor([LABELS.index(row.label) for row in split.train])
    rest = [parameter for name, parameter in network.named_parameters() if name != "embedding.weight"]
    slow: dict[str, Any] = {"params": [network.embedding.weight], "lr": VECTOR_RATE, "weight_decay": 0.0}
    optimiser = torch.optim.AdamW(
        [{"params": rest}, slow],
        lr=RATE,
        weight_decay=WEIGHT_DECAY,
    )
    steps = EPOCHS * -(-len(texts) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [RATE, VECTOR_RATE], total_steps=steps, pct_start=0.15)
    best, best_loss, began = copy.deepcopy(network.state_dict()), float("inf"), time.monotonic()
    for epoch in range(EPOCHS):
        network.train()
        varied = [augment.vary(ids, random, openers) for ids in texts]
        for chosen in batches.places([len(ids) for ids in varied], BATCH, random):
            empty = [augment.nonsense(random, WORDS) for _ in range(NONSENSE)]
            logits = network(*batches.pad([*(varied[place] for place in chosen), *empty]))
            loss = cross_entropy(logits, targets(truth[chosen], len(empty)))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        now, hit = validate(network, tokenizer, split.validation)
        left = (time.monotonic() - began) / (epoch + 1) * (EPOCHS - epoch - 1)
        say(f"epoch {epoch + 1}/{EPOCHS}: validation loss {now:.4f}, accuracy {hit:.3f}; {left:.0f} s left")
        if now < best_loss:
            best, best_loss = copy.deepcopy(network.state_dict()), now
    network.load_state_dict(best)
    whole, scales = quantise(network.embedding.weight.detach())
    network.embedding.weight.data = whole * scales
    return network.eval(), tokenizer


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


def say(line: str) -> None:
    """Tell the person who waits.

    Args:
        line: one line.
    """
    print(line, file=sys.stderr, flush=True)


def targets(truth: Tensor, empty: int) -> Tensor:
    """What the output should say: nearly all on the true label, and all alike for texts that say nothing.

    Args:
        truth: places of the true labels, [texts].
        empty: how many texts that say nothing follow.

    Returns:
        float32 [texts + empty, labels], each row summing to 1.
    """
    labels = len(LABELS)
    gold = nn.functional.one_hot(truth, labels) * (1 - SMOOTHING) + SMOOTHING / labels
    return torch.cat([gold, torch.full((empty, labels), 1 / labels)])


def cross_entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    """Mean cross-entropy against soft targets.

    Args:
        logits: [batch, labels].
        wanted: [batch, labels].
    """
    return -(wanted * logits.log_softmax(1)).sum(1).mean()


if __name__ == "__main__":
    sys.exit(main())
