"""The current model as a network that can go on learning: rebuilt from the shipped file alone, and held against it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from sentiment.model import Model, ModelError
from sentiment.text import Tokenizer
from training import LABELS
from training.evaluation import metrics
from training.evaluation.evaluate import Artefact
from training.network import export
from training.network.rnn import Network
from training.retrain.finetune import Lesson, answers
from training.texts import data
from training.texts.statements import statement

PARITY = 1e-3  # greatest difference of a probability between the file and the network rebuilt from it
PROBES = 64


@dataclass(frozen=True)
class Checkpoint:
    """The current model.

    Attributes:
        revision: its name.
        artefact: the file, as the service reads it.
        network: the same in torch.
        card: what the file says about itself.
    """

    revision: str
    artefact: Artefact
    network: Network
    card: dict[str, Any]

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's way from texts to ids."""
        return self.artefact.tokenizer


def load(folder: Path) -> Checkpoint:
    """Rebuild the network of the one model in a folder.

    Args:
        folder: such as ``container/model``.

    Raises:
        DataError: there is not exactly one model, it is damaged, or its graph is none that can be rebuilt here.
    """
    try:
        model = Model.find(folder)
    except ModelError as error:
        raise data.DataError(f"{error}") from error
    artefact = Artefact(folder)
    if model.labels != LABELS:
        raise data.DataError(f"{artefact.path} predicts other labels than retraining: {', '.join(model.labels)}")
    try:
        network = export.load(artefact.path)
        apart = difference(artefact, network)
    except (KeyError, IndexError, ValueError, RuntimeError) as error:
        raise _unknown(artefact.path, f"{type(error).__name__}: {error}") from error
    if not apart <= PARITY:
        raise _unknown(artefact.path, f"probabilities differ by {apart:.4f}")
    return Checkpoint(model.revision, artefact, network, model.card)


def difference(artefact: Artefact, network: Network) -> float:
    """Greatest difference of any probability between a file and a network, on made texts of many lengths.

    Args:
        artefact: the file.
        network: rebuilt from it.
    """
    random = Random(0)
    words = artefact.tokenizer.vocabulary
    texts = [statement(random)[0] for _ in range(PROBES)]
    texts += [" ".join(random.choices(words[2:], k=random.randrange(1, 60))) for _ in range(PROBES)]
    return float(np.abs(artefact.predict(texts) - predict(network, artefact.tokenizer, texts)).max())


def predict(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> metrics.Floats:
    """Probabilities of texts, in their order.

    Args:
        network: any.
        tokenizer: its tokenizer.
        texts: [texts].

    Returns:
        [texts, labels].
    """
    found: metrics.Floats = answers(network, [Lesson(tokenizer.encode(text)) for text in texts]).numpy()
    return found


def _unknown(path: Path, why: str) -> data.DataError:
    return data.DataError(
        f"{path} is not of the form that `container/training/network/export.py` writes, so it cannot be "
        f"retrained ({why}). Train a model anew with `make train`"
    )


def save(network: Network, tokenizer: Tokenizer, old: Checkpoint, card: dict[str, Any], folder: Path) -> Path:
    """Write a retrained network as a model of its own.

    Args:
        network: retrained.
        tokenizer: its tokenizer.
        old: the model that it comes from; the threshold stays its own.
        card: to be shown by the service.
        folder: where to; a model that lies there already goes.

    Returns:
        The file, named by its content.
    """
    return export.save(
        network, tokenizer.vocabulary, LABELS, old.artefact.threshold, json.loads(json.dumps(card)), folder
    )
