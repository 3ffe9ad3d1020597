"""Every figure of the model card, anew from the artefact: `python -m training.evaluation.evaluate --data isear.csv`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from sentiment.model import Model
from sentiment.text import Tokenizer
from training import LABELS
from training.evaluation import behaviour, card, metrics, robustness, seeds
from training.network import batches
from training.network.ship import SPLIT_FILE
from training.texts import corpus, data

FIGURES_FILE = "figures.json"
ANSWERS = Path(__file__).with_name("answers.npz")
FEWEST = 30  # accuracy on a group of fewer texts says nothing
PARTS = ("later", "fresh", "accounts")  # of the everyday sentences, by later authors
TOLERANCE = 0.002  # between machines, whose rounding differs: three texts of the test split
TEXTS = 3


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
        options.enable_cpu_mem_arena = False  # it keeps what the longest batch took
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


def figures(folder: Path, rows: Sequence[data.Row], texts: Path | None = None) -> dict[str, Any]:
    """All figures of one artefact, most of them on the test rows that its folder names.

    Args:
        folder: with the artefact and its split.
        rows: all clean rows.
        texts: folder with other people's texts; without it, nothing is said of them.
    """
    artefact = Artefact(folder)
    split, test = tested(folder, rows)
    probabilities, truth = artefact.predict([row.text for row in test]), metrics.truth(test)
    answered = probabilities.max(1) >= artefact.threshold
    others = {}
    if texts:
        situations = [(one.label, one.text) for one in corpus.read(texts, rows).test]
        others = {
            "situations": robustness.measure(artefact, situations),
            "comments": robustness.measure(artefact, robustness.comments(texts)),
        }
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
        "out_of_domain": robustness.measure(artefact, robustness.out_of_domain()),
        "held_out": robustness.measure(artefact, robustness.held_out()),
        "everyday": robustness.measure(artefact, robustness.typed("test")),
        **{part: robustness.measure(artefact, robustness.typed(part)) for part in PARTS},
        **others,
        "behaviour": behaviour.figures(behaviour.run(Model.find(folder))),
        "noise_examples": robustness.noise_examples(artefact),
        "changed": {
            name: round(metrics.accuracy(artefact.predict([change(row.text) for row in test]), truth), 4)
            for name, change in robustness.changes().items()
        },
    }


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


def write(folder: Path, rows: Sequence[data.Row], texts: Path | None = None) -> dict[str, Any]:
    """Measure the shipped artefact and write the card, with the other splits' figures from their kept answers.

    Args:
        folder: of the shipped artefact.
        rows: all clean rows.
        texts: folder with ``goemotions/``.

    Returns:
        What was written to ``figures.json``.
    """
    together = {"shipped": figures(folder, rows, texts), **seeds.figures(ANSWERS, rows)}
    (folder / FIGURES_FILE).write_text(json.dumps(together, indent=1) + "\n", encoding="utf-8")
    card.picture(together["shipped"]["confusion"], folder / card.PICTURE)
    (folder / card.FILE).write_text(card.render(together), encoding="utf-8")
    return together


def differences(stated: Any, found: Any, name: str = "") -> Iterator[str]:
    """Figures that do not agree, however deep they lie.

    Args:
        stated: of the card.
        found: anew.
        name: where they lie.

    Yields:
        A line for each.
    """
    if isinstance(stated, dict) and isinstance(found, dict):
        for key in sorted({*stated, *found}):
            yield from differences(stated.get(key), found.get(key), f"{name} {key}".strip())
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for place, pair in enumerate(zip(stated, found, strict=True)):
            yield from differences(*pair, f"{name} {place}")
    elif isinstance(stated, float | int) and isinstance(found, float | int):
        least = TEXTS if isinstance(stated, int) and isinstance(found, int) else loose(name)
        if abs(stated - found) > least:
            yield f"{name}: the card says {stated}, found {found}"
    elif stated != found:
        yield f"{name}: the card says {stated!r}, found {found!r}"


def loose(name: str) -> float:
    """By how much a figure may differ between machines: small groups by more, for one text is more of them.

    Args:
        name: of the figure.
    """
    few = ("groups", "out_of_domain", "held_out", "everyday", *PARTS, "behaviour", "per_label", "noise_examples")
    return 0.035 if not {*few}.isdisjoint(name.split()) else 0.2 if name.endswith(" p") else TOLERANCE


def of_seeds(folders: Sequence[Path]) -> dict[int, seeds.Answering]:
    """Artefacts by the seed that the split beside them names.

    Args:
        folders: of each artefact.
    """
    return {int(json.loads((one / SPLIT_FILE).read_text(encoding="utf-8"))["seed"]): Artefact(one) for one in folders}


def main() -> int:
    """Recompute the shipped model's figures and say whether the card tells the truth."""
    parser = argparse.ArgumentParser(prog="training.evaluation.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help=f"isear.csv. {data.WHERE}")
    parser.add_argument(
        "--texts", type=Path, help="folder with goemotions/, emobank/ and more/; otherwise beside isear.csv"
    )
    parser.add_argument("--model", type=Path, default=Path("model"), help="folder of the shipped artefact")
    parser.add_argument("--write", action="store_true", help="write the card anew")
    parser.add_argument("--taught", type=Path, nargs="*", help="folders of each seed's model, to keep their answers of")
    parser.add_argument("--alone", type=Path, nargs="*", default=[], help="and of the baselines without a teacher")
    options = parser.parse_args()
    texts = options.texts or options.data.parent
    try:
        rows = data.read(options.data)
        if options.taught:
            seeds.keep(ANSWERS, of_seeds(options.taught), of_seeds(options.alone), rows)
        if options.write:
            print(json.dumps(write(options.model, rows, texts), indent=1))
            return 0
        found = {"shipped": figures(options.model, rows, texts), **seeds.figures(ANSWERS, rows)}
        stated = json.loads((options.model / FIGURES_FILE).read_text(encoding="utf-8"))
    except data.DataError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    print(json.dumps(found, indent=1))
    wrong = list(differences(stated, found))
    if wrong:
        print("the card does not hold; run `make train`:", *wrong, sep="\n  ", file=sys.stderr)
        return 1
    print("the model card's figures hold, every one of them", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
