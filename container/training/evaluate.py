"""Every figure of the model card, anew from the artefact: `python -m training.evaluate --data isear.csv`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnxruntime

from sentiment.text import Tokenizer
from training import LABELS, batches, card, data, metrics, statements, transfer
from training.ship import SPLIT_FILE

FIGURES_FILE = "figures.json"
ELSEWHERE = Path(__file__).with_name("elsewhere.tsv")
FEWEST = 30  # accuracy on a group of fewer texts says nothing
TOLERANCE = 0.002  # between machines, whose rounding differs: three texts of the test split


class Artefact:
    """A shipped model, read as the service reads it.

    Attributes:
        path: the file.
        tokenizer: with the vocabulary from the file.
        threshold: confidence under which it does not answer.
    """

    def __init__(self, folder: Path) -> None:
        """Load the one artefact of a folder.

        Args:
            folder: such as ``model``.

        Raises:
            DataError: there is not exactly one.
        """
        found = sorted(folder.glob("sentiment-*.onnx"))
        if len(found) != 1:
            raise data.DataError(f"{folder} holds {len(found)} models, expected one: run `make train DATA=...`")
        self.path = found[0]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.tokenizer = Tokenizer(metadata["vocabulary"].split("\n"))
        self.threshold = float(json.loads(metadata["threshold"]))

    def predict(self, texts: Sequence[str]) -> metrics.Floats:
        """Probabilities of texts, in their order.

        Args:
            texts: [texts].

        Returns:
            [texts, labels].
        """
        ids = [self.tokenizer.encode(text) for text in texts]
        found = np.zeros((len(ids), len(LABELS)), np.float32)
        for chosen in batches.places([len(one) for one in ids], 64):
            tokens, lengths = batches.pad([ids[place] for place in chosen])
            inputs = {"tokens": tokens.numpy(), "lengths": lengths.numpy()}
            found[chosen] = self.session.run(["probabilities"], inputs)[0]
        return found


def tested(folder: Path, rows: Sequence[data.Row]) -> tuple[dict[str, Any], list[data.Row]]:
    """The split that a model was trained on.

    Args:
        folder: of the artefact.
        rows: all clean rows.

    Returns:
        What its file says, and the test rows.

    Raises:
        DataError: the split names rows that are not there.
    """
    file = folder / SPLIT_FILE
    split = json.loads(file.read_text(encoding="utf-8"))
    by_key = {row.key: row for row in rows}
    missing = [key for key in split["test"] if key not in by_key]
    if missing:
        raise data.DataError(f"{file} names {len(missing)} rows that the data lacks, such as {missing[0]}")
    return split, [by_key[key] for key in split["test"]]


def figures(folder: Path, rows: Sequence[data.Row]) -> dict[str, Any]:
    """All figures of one artefact on the test rows that its folder names.

    Args:
        folder: with the artefact and its split.
        rows: all clean rows.
    """
    artefact = Artefact(folder)
    split, test = tested(folder, rows)
    probabilities, truth = artefact.predict([row.text for row in test]), metrics.truth(test)
    answered = probabilities.max(1) >= artefact.threshold
    return {
        "model": artefact.path.stem.removeprefix("sentiment-"),
        "bytes": artefact.path.stat().st_size,
        "seed": split["seed"],
        **metrics.summary(probabilities, truth),
        "threshold": artefact.threshold,
        "answered": round(float(answered.mean()), 4),
        "accuracy_answered": round(metrics.accuracy(probabilities[answered], truth[answered]), 4),
        "groups": {
            name: by_group(probabilities, truth, [row.groups[column] for row in test])
            for column, name in data.GROUPS.items()
        },
        "elsewhere": elsewhere(artefact),
        "changed": {
            name: round(metrics.accuracy(artefact.predict([change(row.text) for row in test]), truth), 4)
            for name, change in changes().items()
        },
    }


def changes() -> dict[str, Callable[[str], str]]:
    """Ways to change a test text that should not change what it tells of."""
    random = Random(0)
    return {
        "without the opening word": lambda text: text.partition(" ")[2] or text,
        "lower case, no signs": lambda text: " ".join(re.findall(r"[a-z0-9']+", text.lower())),
        "two letters changed round in every tenth word": lambda text: transfer.slips(text, random),
        "words left out and changed round": lambda text: transfer.careless(text, random),
        "in the third person or the present tense": lambda text: transfer.retold(text, random),
        "a piece of it": lambda text: transfer.piece(text, random),
        "without words that name a feeling": lambda text: (
            " ".join(word for word in text.split() if word.lower().strip(".,!?") not in statements.NAMES) or text
        ),
    }


def elsewhere(artefact: Artefact) -> dict[str, Any]:
    """The same on sentences of our own, which are like nothing in the survey: a first look, not a measurement.

    Args:
        artefact: to be tried.

    Returns:
        Accuracy on those with a label, and what share of those without any is left unanswered.
    """
    lines = [line.split("\t") for line in ELSEWHERE.read_text(encoding="utf-8").splitlines()]
    said = artefact.predict([text for _, text in lines])
    labelled = [place for place, (label, _) in enumerate(lines) if label in LABELS]
    empty = [place for place, (label, _) in enumerate(lines) if label == "none"]
    truth = np.array([LABELS.index(lines[place][0]) for place in labelled])
    silent = [
        said[place].max() < artefact.threshold
        or not artefact.tokenizer.has_known_word(artefact.tokenizer.encode(lines[place][1]))
        for place in empty
    ]
    return {
        "texts": len(labelled),
        "accuracy": round(metrics.accuracy(said[labelled], truth), 3),
        "empty": len(empty),
        "silent": round(float(np.mean(silent)), 3),
    }


def gain(folder: Path, twin: Path, rows: Sequence[data.Row]) -> dict[str, Any]:
    """A taught model beside its twin on the same test rows.

    Args:
        folder: of the taught one.
        twin: of the other one.
        rows: all clean rows.
    """
    _, test = tested(folder, rows)
    texts = [row.text for row in test]
    return metrics.paired(Artefact(folder).predict(texts), Artefact(twin).predict(texts), metrics.truth(test))


def by_group(probabilities: metrics.Floats, truth: metrics.Places, groups: Sequence[str]) -> dict[str, list[float]]:
    """Accuracy within each group that is large enough to say something.

    Args:
        probabilities: [texts, labels].
        truth: [texts].
        groups: the group of each text, as the survey's code number.

    Returns:
        Number of texts and accuracy of each group.
    """
    codes = np.array(groups)
    found = {}
    for code in sorted(set(groups), key=lambda code: (len(code), code)):
        inside = codes == code
        if inside.sum() >= FEWEST:
            found[code] = [int(inside.sum()), round(metrics.accuracy(probabilities[inside], truth[inside]), 3)]
    return found


def write(
    folder: Path, rows: Sequence[data.Row], others: Sequence[Path] = (), twins: Sequence[Path] = ()
) -> dict[str, Any]:
    """Measure the shipped artefact, and others of other seeds for the spread, and write the card.

    Args:
        folder: of the shipped artefact.
        rows: all clean rows.
        others: folders of artefacts of other seeds.
        twins: folders of artefacts that learned from labels alone, one for each of the above, shipped one first.

    Returns:
        What was written to ``figures.json``.
    """
    found = [figures(one, rows) for one in (folder, *others)]
    main = ("accuracy", "macro_f1", "calibration_error", "accuracy_at_coverage", "elsewhere")
    seeds = {str(one["seed"]): {key: one[key] for key in main} for one in found}
    gains = {
        str(one["seed"]): gain(taught, twin, rows)
        for one, taught, twin in zip(found, (folder, *others), twins, strict=bool(twins))
    }
    together = {"shipped": found[0], "seeds": dict(sorted(seeds.items())), "gains": dict(sorted(gains.items()))}
    (folder / FIGURES_FILE).write_text(json.dumps(together, indent=1) + "\n", encoding="utf-8")
    card.picture(found[0]["confusion"], folder / card.PICTURE)
    (folder / card.FILE).write_text(card.render(together), encoding="utf-8")
    return together


def main() -> int:
    """Recompute the shipped model's figures and say whether the card tells the truth."""
    parser = argparse.ArgumentParser(prog="training.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"isear.csv. {data.WHERE}")
    parser.add_argument("--model", type=Path, default=Path("model"), help="folder of the shipped artefact")
    parser.add_argument(
        "--others", type=Path, nargs="*", default=[], help="folders of other seeds: writes the card anew"
    )
    parser.add_argument("--twins", type=Path, nargs="*", default=[], help="and of the untaught twin of each seed")
    options = parser.parse_args()
    try:
        rows = data.read(options.data)
        if options.others:
            print(json.dumps(write(options.model, rows, options.others, options.twins), indent=1))
            return 0
        found = figures(options.model, rows)
    except data.DataError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    stated = json.loads((options.model / FIGURES_FILE).read_text(encoding="utf-8"))["shipped"]
    print(json.dumps(found, indent=1))
    differing = [
        key
        for key in ("accuracy", "macro_f1", "calibration_error", "accuracy_answered", "answered")
        if abs(found[key] - stated[key]) > TOLERANCE
    ]
    if found["model"] != stated["model"] or differing:
        print(f"the card is not of this model, or wrong in {differing}: run `make train`", file=sys.stderr)
        return 1
    print("the model card's figures hold", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
