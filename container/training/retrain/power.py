"""How many honest judgements a gain needs to pass the gate, and how often a worse model passes: docs/images/gate.svg.

`PYTHONPATH=container python -m training.retrain.power --texts FOLDER` measures the rule itself, on real models. Two are
made of the shipped one: a better one, that learned comments with the labels that people gave them, at the share of the
way where it gains nearly five points; and a worse one, that learned wrong labels. Then judgements are drawn from
comments that neither has learned, some of them hostile, and the gate is asked about them, many times. What is not
measured here: how much a model learns from so many judgements, which depends on what they are about.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch

from training import LABELS
from training.evaluation import metrics
from training.network.rnn import Network
from training.retrain import checkpoint, decide, finetune, gate, parts, replay
from training.retrain.checkpoint import Checkpoint
from training.retrain.finetune import Lesson
from training.retrain.run import LEAST
from training.teacher.soft_labels import say
from training.texts import transfer

ROOT = Path(__file__).resolve().parents[3]
PICTURE = ROOT / "docs" / "images" / "gate.svg"
JUDGEMENTS = (50, 100, 200, 400, 800, 1_600)  # that are honest
HOSTILE = (0.0, 0.05, 0.1, 0.2)  # of all judgements
GAIN = 0.05
LEARNED = 200  # comments
MOST_OF_LABEL = 400  # comments, or most are joy
TRIALS = 100

Texts = list[tuple[str, str]]  # label and text


@dataclass(frozen=True)
class Asked:
    """What two models say of the texts that judgements are drawn from, and of the gate's.

    Attributes:
        labels: of the texts, right ones.
        old: probabilities by the one, [texts, labels].
        new: by the other.
        kept: labels, old and new probabilities of the gate's own texts.
    """

    labels: metrics.Places
    old: metrics.Floats
    new: metrics.Floats
    kept: tuple[metrics.Places, metrics.Floats, metrics.Floats]


def comments(folder: Path, random: Random) -> Texts:
    """Comments with one of the seven labels, no label much more often than the others.

    Args:
        folder: with ``goemotions/``.
        random: source of chance.
    """
    found = [one for part in ("test", "dev") for one in transfer.labelled(folder, part) if one[0] in LABELS]
    random.shuffle(found)
    return [one for label in LABELS for one in [one for one in found if one[0] == label][:MOST_OF_LABEL]]


def taught(old: Checkpoint, texts: Texts, seed: int) -> Network:
    """The whole way that the model goes when it learns texts.

    Args:
        old: the model.
        texts: label and text.
        seed: source of chance.
    """
    lessons = [Lesson(old.tokenizer.encode(text), (label,), finetune.TRUST) for label, text in texts]
    return finetune.tune(old.network, lessons, replay.texts(old.tokenizer, Random(seed)), seed)


def asked(old: Checkpoint, whole: Network, pool: Texts, aim: float) -> tuple[Asked, float]:
    """Both models' answers at one share of the way.

    Args:
        old: the model.
        whole: the end of the way.
        pool: texts that nothing has learned.
        aim: gain in accuracy that the share should come near to.

    Returns:
        Their answers, and the gain.
    """
    networks = [finetune.between(old.network, whole, one) for one in finetune.SHARES]
    labels = np.array([LABELS.index(label) for label, _ in pool], np.int64)
    before = said(old, old.network, pool)
    after = [said(old, one, pool) for one in networks]
    gains = [metrics.accuracy(one, labels) - metrics.accuracy(before, labels) for one in after]
    place = min(range(len(gains)), key=lambda at: abs(gains[at] - aim))
    sets = gate.drawn([], [], [], old.tokenizer, 0).sets
    rest = [one for texts in sets.values() for one in texts]
    truth = np.array([LABELS.index(label) for label, _ in rest], np.int64)
    kept = (truth, said(old, old.network, rest), said(old, networks[place], rest))
    return Asked(labels, before, after[place], kept), gains[place]


def said(old: Checkpoint, network: Network, texts: Texts) -> metrics.Floats:
    """What a network says of texts.

    Args:
        old: the model, with the tokenizer.
        network: any.
        texts: label and text.
    """
    return checkpoint.predict(network, old.tokenizer, [text for _, text in texts])


def passes(one: Asked, honest: int, hostile: float, random: np.random.Generator) -> bool:
    """Whether the gate lets the new model through, once.

    Args:
        one: both models' answers.
        honest: how many judgements are honest.
        hostile: share of all judgements that give a wrong label.
        random: source of chance.
    """
    count = round(honest / (1 - hostile))
    drawn = random.integers(0, len(one.labels), count)
    given = one.labels[drawn]
    lies = random.random(count) < hostile
    given = np.where(lies, (given + random.integers(1, len(LABELS), count)) % len(LABELS), given)
    sound = one.old[drawn, given] >= LEAST
    drawn, given = drawn[sound], given[sound]
    held = random.random(len(drawn)) < parts.HELD_OUT
    labels = [(LABELS[place],) for place in given]
    learned = [label for label, kept in zip(labels, held, strict=True) if not kept]
    judged = [label for label, kept in zip(labels, held, strict=True) if kept]
    shift = decide.shifted(one.old[drawn[held]], one.old[drawn[~held]], learned)
    new = one.new[drawn[held]]
    truth, before, after = one.kept
    again = random.integers(0, len(truth), len(truth))
    kept = decide.compare(before[again], after[again], [(LABELS[place],) for place in truth[again]])
    return not decide.objections(
        decide.compare(one.old[drawn[held]], new, judged),
        decide.compare(shift, new, judged),
        {"gate": kept},
        alone=decide.compare(decide.frequencies(learned, len(judged)), new, judged),
    )


def main() -> int:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(prog="training.retrain.power", description=__doc__)
    parser.add_argument("--texts", type=Path, required=True, help="folder with goemotions/")
    parser.add_argument("--seed", type=int, default=0, help="source of all chance")
    options = parser.parse_args()
    torch.set_num_threads(1)
    random = Random(options.seed)
    old = checkpoint.load(ROOT / "container" / "model")
    texts = comments(options.texts, random)
    random.shuffle(texts)
    shown, pool = texts[:LEARNED], texts[LEARNED:]
    wrong = [(random.choice([other for other in LABELS if other != label]), text) for label, text in shown]
    curves: dict[str, dict[float, list[float]]] = {}
    for name, lessons, aim in (("better", shown, GAIN), ("worse", wrong, -GAIN)):
        whole = taught(old, lessons, options.seed)
        one, gain = asked(old, whole, pool, aim)
        title = f"{name} by {abs(gain) * 100:.1f} points"
        drawn = np.random.default_rng(options.seed)
        curves[title] = {
            hostile: [
                float(np.mean([passes(one, count, hostile, drawn) for _ in range(TRIALS)])) for count in JUDGEMENTS
            ]
            for hostile in HOSTILE
        }
        for hostile, rates in curves[title].items():
            say(f"{title}, {hostile:.0%} hostile: " + ", ".join(f"{rate:.3f}" for rate in rates))
    _draw(curves)
    return 0


def _draw(curves: dict[str, dict[float, list[float]]]) -> None:
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = "gate"
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, (title, lines) in zip(figure.subplots(1, len(curves), sharey=True), curves.items(), strict=True):
        for hostile, rates in lines.items():
            axes.plot(JUDGEMENTS, rates, marker="o", label=f"{hostile:.0%} hostile")
        axes.set(title=f"a model that is {title}", xlabel="honest judgements", xscale="log", ylim=(-0.02, 1.02))
        axes.set_xticks(JUDGEMENTS, [f"{count:,}" for count in JUDGEMENTS])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("share of runs in which it passes")
    figure.axes[-1].legend(frameon=False)
    figure.savefig(PICTURE, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    sys.exit(main())
