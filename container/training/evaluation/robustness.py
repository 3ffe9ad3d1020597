"""How a model fares where texts are not the survey's: told differently, of our own, of forums, or of no language.

Only figures; what is done with them is in evaluate.py and card.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Protocol

import numpy as np

from sentiment.text import Tokenizer
from training import LABELS
from training.evaluation import everyday, metrics
from training.texts import examples, statements, transfer
from training.texts.noise import KINDS

OUT_OF_DOMAIN = Path(__file__).with_name("out_of_domain.tsv")
STRINGS = 1000  # of noise
SEED = 20_000  # of their chance; training uses others


class Answering(Protocol):
    """What is measured: see ``evaluate.Artefact``."""

    tokenizer: Tokenizer
    threshold: float

    def predict(self, texts: Sequence[str]) -> metrics.Floats:
        """Probabilities, [texts, labels]."""


def changes() -> dict[str, Callable[[str], str]]:
    """Ways to change a test text that should not change what it tells of."""
    random = Random(0)
    return {
        "without the opening word": lambda text: text.partition(" ")[2] or text,
        "lower case, no signs": lambda text: " ".join(re.findall(r"[a-z0-9']+", text.lower())),
        "two letters swapped in every tenth word": lambda text: transfer.slips(text, random),
        "words left out or swapped": lambda text: transfer.careless(text, random),
        "in the third person or the present tense": lambda text: transfer.retold(text, random),
        "a piece of it": lambda text: transfer.piece(text, random),
        "without words that name a feeling": lambda text: (
            " ".join(word for word in text.split() if word.lower().strip(".,!?") not in statements.NAMES) or text
        ),
    }


def out_of_domain() -> list[tuple[str, str]]:
    """Label or ``none`` and text of sentences of our own that nothing learns from, and no choice is made by."""
    lines = OUT_OF_DOMAIN.read_text(encoding="utf-8").splitlines()
    return [(label, text) for label, _, text in (line.partition("\t") for line in lines)]


def held_out() -> list[tuple[str, str]]:
    """The eighth of ``examples.tsv`` that nothing learns from."""
    return [(label, text) for label, text in examples.read() if examples.is_held_out(text)]


def typed(part: str) -> list[tuple[str, str]]:
    """Label or ``none`` and text of the everyday sentences.

    Args:
        part: as in ``everyday.Sentence``.
    """
    return [(one.label, one.text) for one in everyday.sentences() if one.part == part]


def comments(folder: Path) -> list[tuple[str, str]]:
    """GoEmotions' test part, as far as its emotions come near to ours.

    Args:
        folder: with ``goemotions/``.
    """
    return list(transfer.labelled(folder, "test"))


def measure(artefact: Answering, lines: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Right where there is a label, silent where there is none.

    Args:
        artefact: to be tried.
        lines: label or ``none`` and text.

    Returns:
        How many texts have a label, accuracy and macro-F1 on them, and on those that are answered; how many have none,
        and what share of these is left unanswered.
    """
    said = artefact.predict([text for _, text in lines])
    silent = unanswered(artefact, [text for _, text in lines], said)
    labelled = np.array([label in LABELS for label, _ in lines])
    truth = np.array([LABELS.index(label) for label, _ in lines if label in LABELS])
    shown = said[labelled]
    answered = ~silent[labelled]
    return {
        "texts": len(truth),
        "accuracy": round(metrics.accuracy(shown, truth), 3),
        "macro_f1": round(float(metrics.per_label(metrics.confusion(shown, truth))["f1"].mean()), 3),
        "answered": round(float(answered.mean()), 3),
        "accuracy_answered": round(metrics.accuracy(shown[answered], truth[answered]), 3) if answered.any() else 0.0,
        "empty": int((~labelled).sum()),
        "silent": round(float(silent[~labelled].mean()), 3) if (~labelled).any() else 0.0,
    }


def unanswered(artefact: Answering, texts: Sequence[str], said: metrics.Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which texts the service would answer with "cannot tell".

    Args:
        artefact: to be tried.
        texts: [texts].
        said: their probabilities, [texts, labels].
    """
    known = [artefact.tokenizer.has_known_word(artefact.tokenizer.encode(text)) for text in texts]
    return (said.max(1) < artefact.threshold) | ~np.array(known, bool)


def noise_examples(artefact: Answering) -> dict[str, float]:
    """What share of strings that are no language is left unanswered.

    Args:
        artefact: to be tried.

    Returns:
        Of each kind, in per cent of 1, and of all.
    """
    random = Random(SEED)
    found: dict[str, float] = {}
    each = STRINGS // len(KINDS)
    for kind in KINDS:
        texts = [kind(random) for _ in range(each)]
        silent = unanswered(artefact, texts, artefact.predict(texts))
        found[kind.__name__.strip("_").replace("_", " ")] = round(float(silent.mean()), 3)
    return found | {"all": round(float(np.mean(list(found.values()))), 3)}
