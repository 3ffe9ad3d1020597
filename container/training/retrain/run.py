"""One retraining from CSV to decision: reads, learns, compares, reports and, if all is well, installs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch

from sentiment.text import Tokenizer
from training import LABELS
from training.network.rnn import Network
from training.network.tying import Tied
from training.retrain import (
    base,
    checkpoint,
    clusters,
    finetune,
    gate,
    install,
    judgements,
    lineage,
    parts,
    path,
    replay,
    report,
    vocabulary,
)
from training.retrain.checkpoint import Checkpoint
from training.retrain.clusters import Clusters, Identity
from training.retrain.finetune import Lesson
from training.retrain.judgements import Collected, Judged, Tell
from training.retrain.parts import Parts
from training.retrain.said import MINUTE
from training.texts import data

FEWEST = 50  # texts; of fewer, too few are left to compare on
# Of 599 honest labels of accounts the model gives 2.2 % a lower probability, of labels drawn by lot 49 %.
LEAST = 0.02
SEED_BITS = 48


@dataclass(frozen=True)
class Wanted:
    """What somebody wants.

    Attributes:
        csv: judgements.
        model: folder of the current model.
        out: where report and candidate go.
        data: the base data; None where it is not there.
        private: the operator's own sentences; None where there are none.
        seed: source of all chance; None: a new one that nobody can know before.
        force: promote in spite of objections.
        unproven: count judgements without a valid receipt too.
        hurried: count however many texts of one minute: judgements that the operator brought in.
        least: labels are set aside that the old model gives a lower probability.
        emoji_only: of what the model does not know, only emoji get a vector.
        new: count only judgements that are newer than those that the current model has learned from.
        erased: a list of what was erased or withdrawn since the file was exported; None where there is none.
    """

    csv: Path
    model: Path
    out: Path
    data: Path | None = None
    private: Path | None = None
    seed: int | None = None
    force: bool = False
    unproven: bool = False
    hurried: bool = False
    least: float = LEAST
    emoji_only: bool = False
    new: bool = False
    erased: Path | None = None


class TooFewError(data.DataError):
    """There are too few judgements to learn from."""


@dataclass(frozen=True)
class Result:
    """What came of it: the facts, the report, and the file of the new model, in place or not."""

    outcome: report.Outcome
    report: Path
    model: Path


@dataclass(frozen=True)
class Read:
    """What was read of a file of judgements.

    Attributes:
        found: what became of its rows.
        texts: those that count, by what the model reads.
        network: the old one, with the new words.
        tokenizer: with the new words.
        new: the new words.
    """

    found: Collected
    texts: dict[Identity, Judged]
    network: Network
    tokenizer: Tokenizer
    new: list[str]


def retrain(wanted: Wanted, tell: Tell = lambda _name, _done, _of: None) -> Result:
    """Retrain the current model; it is replaced only if the new one is better, or by force.

    Args:
        wanted: files and wishes.
        tell: told of progress: what is being done, how much of it is done, and of how much.

    Raises:
        DataError: a file is not what it should be, or there are too few judgements.
    """
    torch.set_num_threads(1)  # the same figures on every machine, and faster where others use it too
    seed = secrets.randbits(SEED_BITS) if wanted.seed is None else wanted.seed
    salt = str(seed).encode()
    old, known, own = checkpoint.load(wanted.model), base.read(wanted.data, wanted.model), gate.read(wanted.private)
    read = _read(wanted, old, known, own, salt, tell)
    sound, aside = _plausible(read.texts, old, wanted.least)
    trained = {clusters.identity(row.text, read.tokenizer) for row in known.train}
    split = parts.split(sound, trained, salt, wanted.hurried)
    _enough(read.found, split, aside)
    asked = gate.drawn(own, known.validation, read.texts, read.tokenizer, seed)
    del sound
    read.texts.clear()  # what counts is in the parts; the rest takes room that learning needs
    shown = _replay(split, known, read.tokenizer, seed)
    whole = finetune.tune(
        read.network,
        [_lesson(one, read.tokenizer) for one in split.learned],
        shown,
        seed,
        [place for group in Tied(read.tokenizer.vocabulary).groups for place in group],
        lambda done, of: tell("learning", done, of),
    )
    best = lineage.best(old.card)
    field = path.Field(read.network, read.tokenizer, split, asked, best, old.artefact.threshold)
    chosen = path.search(field, read.network, whole, lambda done, of: tell("comparing", done, of))
    forced = wanted.force and bool(chosen.verdict.objections)
    entry = {
        "from": old.revision,
        "judgements": read.found.used,
        "until": read.found.until,
        "learned": len(split.learned),
        "new_words": len(read.new),
        "share": chosen.point.share,
        "base": len(known.train),
        "held_out": chosen.verdict.judged.figures,
        "regression": chosen.point.regression.figures,
        "objections": chosen.verdict.objections,
        "forced": forced,
    }
    inside = old.card | {"retrained": entry | {"best": path.remembered(field, chosen.network)}}
    made = checkpoint.save(chosen.network, read.tokenizer, old, inside, wanted.out / "candidate")
    name = made.stem.removeprefix("sentiment-")
    outcome = report.Outcome(
        old=old.revision,
        new=name,
        collected=read.found,
        aside=aside,
        least=wanted.least,
        parts=split,
        chosen=chosen,
        new_words=read.new,
        changed=_changed(field, chosen, split),
        moved=_moved(field, chosen, asked),
        hidden=len(asked.hidden),
        seed=seed,
        forced=forced,
        base=len(known.train),
    )
    file = report.write(outcome, wanted.out)
    if outcome.promoted:
        made = install.install(made, entry | {"model": name}, known.rows, wanted.model, wanted.out)
    return Result(outcome, file, made)


def _read(wanted: Wanted, old: Checkpoint, known: base.Base, own: gate.Texts, salt: bytes, tell: Tell) -> Read:
    """Texts of the file that may count, as a model reads them that knows people's new words."""
    after = str(old.card.get("retrained", {}).get("until", "")) if wanted.new else ""
    erased = judgements.read_erased(wanted.erased)
    reading = judgements.Reading(old.tokenizer, salt, wanted.unproven, after, erased)
    reading.read(wanted.csv, tell)
    reading.thin()
    said = list(reading.said.values())
    dated = [(one.time[:MINUTE], one.text) for one in said]
    new = vocabulary.unknown(dated, old.tokenizer, wanted.emoji_only)
    network, tokenizer = vocabulary.grown(old.network, old.tokenizer, new)

    def read_as(text: str) -> Identity:
        found = clusters.identity(text, tokenizer)
        return found if tokenizer.has_known_word(found) else ()

    settled = judgements.settle(reading.found, said, read_as)
    tested = Clusters.of([row.text for row in known.test], old.tokenizer)
    texts = parts.unprotected(
        settled, gate.protected(own, old.tokenizer), tested, len(old.tokenizer.vocabulary), reading.found
    )
    return Read(reading.found, texts, network, tokenizer, new)


def _plausible(
    texts: Mapping[Identity, Judged], old: Checkpoint, least: float
) -> tuple[dict[Identity, Judged], list[Judged]]:
    """Texts whose label the old model finds possible, and the others."""
    said = old.artefact.predict([one.text for one in texts.values()])
    sound: dict[Identity, Judged] = {}
    aside: list[Judged] = []
    for (key, one), chances in zip(texts.items(), said, strict=True):
        if not one.labels or max(chances[LABELS.index(label)] for label in one.labels) >= least:
            sound[key] = one
        else:
            aside.append(one)
    return sound, aside


def _enough(collected: Collected, split: Parts, aside: list[Judged]) -> None:
    """Refuse to begin with too little.

    Raises:
        TooFewError: says how much there is and what became of the rest.
    """
    if len(split.texts) >= FEWEST and split.held and split.learned:
        return
    lost = [f"{count} {judgements.STEPS[step]}" for step, count in collected.steps.items() if step != "rows" and count]
    lost += [f"{len(collected.ties)} texts with a tie"] if collected.ties else []
    lost += [f"{len(aside)} texts with a label that the model finds next to impossible"] if aside else []
    lost += [f"{split.crowded} texts that are nearly one of {parts.MOST_OF_CLUSTER} others"] if split.crowded else []
    lost += [f"{split.hurried} texts of a minute that already had {parts.MOST_A_MINUTE}"] if split.hurried else []
    hint = ". --unproven counts judgements without a receipt too" if collected.steps["unproven"] else ""
    left_out = f"these were left out: {'; '.join(lost)}" if lost else "none was left out"
    raise TooFewError(
        f"{len(split.texts)} judged texts are too few to retrain on, {FEWEST} are needed; of "
        f"{collected.steps['rows']} rows {left_out}{hint}"
    )


def _lesson(one: Judged, tokenizer: Tokenizer) -> Lesson:
    return Lesson(tokenizer.encode(one.text), one.labels, finetune.TRUST * one.agreed / one.votes)


def _replay(split: Parts, known: base.Base, tokenizer: Tokenizer, seed: int) -> list[Lesson]:
    """What is shown beside the judgements; never a text of the comparison."""
    unseen = {clusters.identity(one.text, tokenizer) for one in (*split.held, *split.choosing)}
    shown = [
        Lesson(tokenizer.encode(row.text), (row.label,), finetune.BASE_TRUST)
        for row in known.train
        if clusters.identity(row.text, tokenizer) not in unseen
    ]
    return shown + replay.texts(tokenizer, Random(seed))


def _changed(field: path.Field, chosen: path.Chosen, split: Parts) -> list[report.Change]:
    """Held-out texts of which the new model says something else than the old one."""
    before, after = field.old[path.JUDGEMENTS].argmax(1), field.said(chosen.network, path.JUDGEMENTS).argmax(1)
    return [
        report.Change(one, LABELS[old], LABELS[new])
        for one, old, new in zip(split.held, before, after, strict=True)
        if old != new
    ]


def _moved(field: path.Field, chosen: path.Chosen, asked: gate.Gate) -> list[report.Moved]:
    """Sentences of the repository of which the new model says something else than the old one."""
    found = []
    for name, texts in asked.sets.items():
        before, after = field.old[name].argmax(1), field.said(chosen.network, name).argmax(1)
        found += [
            report.Moved(text, label, LABELS[old], LABELS[new])
            for (label, text), old, new in zip(texts, before, after, strict=True)
            if old != new
        ]
    return found
