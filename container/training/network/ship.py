"""From a trained network to what is shipped: the artefact with its card inside, and the split it was trained on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from sentiment.text import Tokenizer
from training import LABELS
from training.evaluation import metrics
from training.network import batches, export
from training.network.rnn import Network
from training.texts import data

SPLIT_FILE = "split.json"
ABOUT: dict[str, Any] = {
    "task": "which of seven emotions a text in English tells of",
    "architecture": "word vectors, two layers of bidirectional GRUs, max, mean and attention over time",
    "training_data": "ISEAR (Scherer and Wallbott 1994) and EmpatheticDialogues (Rashkin et al. 2019)",
    "licence": "trained on ISEAR and EmpatheticDialogues, free for research: do not use the model commercially",
    "not_for": "decisions about people, clinical use, languages other than English",
}


def ship(
    network: Network,
    tokenizer: Tokenizer,
    split: data.Split,
    seed: int,
    threshold: float,
    folder: Path,
    how: str,
) -> Path:
    """Measure on test, write artefact and split.

    Args:
        network: trained.
        tokenizer: its tokenizer.
        split: the rows it was trained on, and those it was not.
        seed: of the split.
        threshold: confidence under which it abstains.
        folder: where to write.
        how: one line on how it was trained, for the card.

    Returns:
        The artefact.
    """
    test = metrics.summary(predict(network, tokenizer, [row.text for row in split.test]), metrics.truth(split.test))
    card = ABOUT | {
        "trained": how,
        "seed": seed,
        "responses": {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
        "test": {key: test[key] for key in ("accuracy", "macro_f1", "calibration_error", "accuracy_at_coverage")},
    }
    path = export.save(network, tokenizer.vocabulary, LABELS, threshold, card, folder)
    keys = {part: sorted(row.key for row in getattr(split, part)) for part in ("train", "validation", "test")}
    (folder / SPLIT_FILE).write_text(json.dumps({"seed": seed, **keys}) + "\n", encoding="utf-8")
    return path


@torch.no_grad()
def calibrate(network: Network, temperature: float, smoothing: float) -> None:
    """Divide the logits by a temperature, and have the network undo the labels' smoothing.

    Args:
        network: trained; its output layer is changed.
        temperature: above 1 makes it less sure.
        smoothing: share that the labels' smoothing spread over all.
    """
    network.smoothing = smoothing
    network.output.weight.div_(temperature)
    network.output.bias.div_(temperature)


@torch.inference_mode()
def predict(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> metrics.Floats:
    """Probabilities of texts, in their order.

    Args:
        network: any.
        tokenizer: its tokenizer.
        texts: any.

    Returns:
        [texts, labels].
    """
    network.eval()
    encoded = [tokenizer.encode(text) for text in texts]
    found = torch.zeros(len(encoded), len(LABELS))
    device = network.output.weight.device
    for chosen in batches.places([len(ids) for ids in encoded], 256):
        tokens, lengths = batches.pad([encoded[place] for place in chosen])
        found[chosen] = network.probabilities(tokens.to(device), lengths.to(device)).cpu()
    return found.numpy()
