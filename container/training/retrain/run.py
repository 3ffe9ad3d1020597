"""One retraining from CSV to decision: reads, learns, compares, reports and, if all is well, installs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch

from training import LABELS
from training.evaluation import regression
from training.network.rnn import Network
from training.retrain import base, checkpoint, decide, finetune, install, judgements, lineage, replay, report
from training.retrain.checkpoint import Checkpoint
from training.retrain.finetune import Lesson
from training.retrain.judgements import Collected, Judged, Tell
from training.texts import data

FEWEST = 50  # texts; of fewer, too few are left to compare on
# Of 599 honest labels of accounts the model gives 2.2 % a lower probability, of labels drawn by lot 49 %.
LEAST = 0.02
REGRESSION, VALIDATION = "regression set", "base data's validation part"


@dataclass(frozen=True)
class Wanted:
    """What somebody wants.

    Attributes:
        csv: judgements.
        model: folder of the current model.
        out: where report and candidate go.
        data: the base data; None where it is not there.
        seed: source of all chance.
        force: promote in spite of objections.
        unproven: count judgements without a valid receipt too.
        least: labels are set aside that the old model gives a lower probability.
    """

    csv: Path
    model: Path
    out: Path
    data: Path | None = None
    seed: int = 0
    force: bool = False
    unproven: bool = False
    least: float = LEAST


@dataclass(frozen=True)
class Result:
    """What came of it: the facts, the report, and the file of the new model, in place or not."""

    outcome: report.Outcome
    report: Path
    model: Path


def retrain(wanted: Wanted, tell: Tell = lambda _name, _done, _of: None) -> Result:
    """Retrain the current model; it is replaced only if the new one is better, or by force.

    Args:
        wanted: files and wishes.
        tell: told of progress: what is being done, how much of it is done, and of how much.

    Raises:
        DataError: a file is not what it should be, or there are too few judgements.
    """
    torch.set_num_threads(1)  # the same figures on every machine, and faster where others use it too
    old = checkpoint.load(wanted.model)
    known = base.read(wanted.data, wanted.model)
    collected = _collect(wanted, old, known, tell)
    sound, aside = _plausible(collected.texts, old, wanted.least)
    learned, held = _parts(sound, known)
    _enough(collected, held, learned, aside)
    new = finetune.tune(
        old.network,
        _lessons(learned, old),
        _replay(learned, held, known, old, wanted.seed),
        wanted.seed,
        lambda done, of: tell("learning", done, of),
    )
    judged, kept = _compare(old, new, _sets(held, known, collected), tell)
    objections = decide.objections(judged, kept)
    forced = wanted.force and bool(objections)
    entry = {
        "from": old.revision,
        "judgements": collected.used,
        "until": collected.until,
        "learned": len(learned),
        "base": len(known.train),
        "held_out": judged.figures,
        "regression": kept[REGRESSION].figures,
        "objections": objections,
        "forced": forced,
    }
    inside = old.card | {"retrained": entry | {"best": _best(old, new)}}
    made = checkpoint.save(new, old, inside, wanted.out / "candidate")
    name = made.stem.removeprefix("sentiment-")
    outcome = report.Outcome(
        old.revision, name, collected, aside, wanted.least, learned, judged, kept, objections, forced, len(known.train)
    )
    file = report.write(outcome, wanted.out)
    if outcome.promoted:
        made = install.install(made, entry | {"model": name}, known.rows, wanted.model, wanted.out)
    return Result(outcome, file, made)


def _collect(wanted: Wanted, old: Checkpoint, known: base.Base, tell: Tell) -> Collected:
    def readable(text: str) -> bool:
        return old.tokenizer.has_known_word(old.tokenizer.encode(text))

    return judgements.read(wanted.csv, judgements.Wish(readable, known.test, wanted.unproven), tell)


def _plausible(texts: Sequence[Judged], old: Checkpoint, least: float) -> tuple[list[Judged], list[Judged]]:
    """Texts whose label the old model finds possible, and the others."""
    said = old.artefact.predict([one.text for one in texts])
    sound: list[Judged] = []
    aside: list[Judged] = []
    for one, chances in zip(texts, said, strict=True):
        (sound if chances[LABELS.index(one.label)] >= least else aside).append(one)
    return sound, aside


def _parts(sound: Sequence[Judged], known: base.Base) -> tuple[list[Judged], list[Judged]]:
    """Texts to learn from, and texts to compare on: of those, none that the old model has learned from."""
    trained = known.trained
    learned: list[Judged] = []
    held: list[Judged] = []
    for one in sound:
        unseen = judgements.held_out(one) and regression.words(one.text) not in trained
        (held if unseen else learned).append(one)
    return learned, held


def _enough(collected: Collected, held: Sequence[Judged], learned: Sequence[Judged], aside: Sequence[Judged]) -> None:
    """Refuse to begin with too little.

    Raises:
        DataError: says how much there is and what became of the rest.
    """
    if len(held) + len(learned) >= FEWEST and held and learned:
        return
    lost = [f"{count} {judgements.STEPS[step]}" for step, count in collected.steps.items() if step != "rows" and count]
    lost += [f"{len(collected.ties)} texts with a tie"] if collected.ties else []
    lost += [f"{len(aside)} texts with a label that the model finds next to impossible"] if aside else []
    hint = ". --unproven counts judgements without a receipt too" if collected.steps["unproven"] else ""
    raise data.DataError(
        f"{len(held) + len(learned)} judged texts are too few to retrain on, {FEWEST} are needed; of "
        f"{collected.steps['rows']} rows these were left out: {'; '.join(lost) or 'none'}{hint}"
    )


def _lessons(learned: Sequence[Judged], old: Checkpoint) -> list[Lesson]:
    return [
        Lesson(old.tokenizer.encode(one.text), LABELS.index(one.label), finetune.TRUST * one.agreed / one.votes)
        for one in learned
    ]


def _replay(
    learned: Sequence[Judged], held: Sequence[Judged], known: base.Base, old: Checkpoint, seed: int
) -> list[Lesson]:
    """What is shown beside the judgements; never a text of the comparison."""
    unseen = {regression.words(one.text) for one in held}
    shown = [
        Lesson(old.tokenizer.encode(row.text), LABELS.index(row.label), finetune.BASE_TRUST)
        for row in known.train
        if regression.words(row.text) not in unseen
    ]
    return shown + replay.texts(old.tokenizer, Random(seed))


Texts = list[tuple[str, str]]  # label and text


def _sets(held: Sequence[Judged], known: base.Base, collected: Collected) -> dict[str, Texts]:
    """On what the models are compared, the held-out judgements first."""
    sets = {"judgements": [(one.label, one.text) for one in held], REGRESSION: list(regression.sentences())}
    rows = known.unseen({regression.words(one.text) for one in collected.texts})
    return sets | ({VALIDATION: [(row.label, row.text) for row in rows]} if rows else {})


def _compare(
    old: Checkpoint, new: Network, sets: dict[str, Texts], tell: Tell
) -> tuple[decide.Comparison, dict[str, decide.Comparison]]:
    """Both models on the held-out judgements, and on what has nothing to do with them."""
    found = {}
    for number, (name, texts) in enumerate(sets.items(), start=1):
        labels = [label for label, _ in texts]
        before, after = (
            checkpoint.predict(one, old.tokenizer, [text for _, text in texts]) for one in (old.network, new)
        )
        found[name] = decide.compare(before, after, labels)
        if name == REGRESSION and (best := lineage.best(old.card)) is not None:
            found[f"{REGRESSION}, beside the best model so far"] = decide.compare(best, after, labels)
        tell("comparing", number, len(sets))
    return found.pop("judgements"), found


def _best(old: Checkpoint, new: Network) -> dict[str, str]:
    """What the best model so far says of the regression set, the new one included."""
    texts = [text for _, text in regression.sentences()]
    said = [checkpoint.predict(one, old.tokenizer, texts) for one in (old.network, new)]
    before = lineage.best(old.card)
    models = said if before is None else [before, *said]
    return lineage.remember(models, [label for label, _ in regression.sentences()])
