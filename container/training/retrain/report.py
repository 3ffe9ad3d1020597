"""What a retraining found and decided, in words, tables and two pictures. Decides nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training import LABELS
from training.evaluation import card
from training.retrain import intact, judgements
from training.retrain.decide import NOISE, STRICT
from training.retrain.gate import HIDDEN, PEOPLE
from training.retrain.judgements import Collected, Judged
from training.retrain.parts import MOST_A_MINUTE, MOST_OF_CLUSTER, Parts
from training.retrain.path import Chosen, Point, Verdict

FILE, PUBLIC, PICTURE, CURVE = "report.md", "public.md", "confusion.png", "curve.png"
SHOWN = 20  # texts that are named of each kind

RULE = f"""The new model replaces the old one only if all of this holds:

- It is better on the held-out judgements: it gets more of them right than the old one; it makes what people said more
  likely, beyond the noise; and it gains more than knowing how frequent each label is would.
- It is not worse, beyond the noise, on texts that have nothing to do with them. McNemar's exact test, one side: of the
  texts that only one of the two gets right, so many fall to the old one as would by chance in {NOISE:.0%} of cases or
  fewer. And the likelihood of their labels does not fall as it would by chance in {STRICT:.0%} of cases or fewer.
- It predicts no emotion from who somebody is alone: of the {PEOPLE}, it leaves as many unanswered."""


@dataclass(frozen=True)
class Change:
    """A held-out text of which the new model says something else than the old one."""

    judged: Judged
    old: str
    new: str


@dataclass(frozen=True)
class Moved:
    """A sentence of the repository of which the new model says something else than the old one."""

    text: str
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Outcome:
    """All that a report tells.

    Attributes:
        old: revision of the old model.
        new: of the new one.
        collected: what was found in the file.
        aside: texts whose label the old model finds next to impossible.
        least: below which probability that is.
        parts: the texts that count.
        chosen: the share of the way to the new weights, and what the gate says of it.
        new_words: words that have got a vector.
        changed: held-out texts of which the models say different things.
        moved: sentences of the repository of which they do.
        hidden: how many texts of the operator's own were drawn; 0 where there are too few.
        seed: source of all chance: the run can be repeated with it.
        forced: whether the new model was put in place in spite of objections.
        base: rows of the base data that were shown again; 0 where it was not there.
    """

    old: str
    new: str
    collected: Collected
    aside: Sequence[Judged]
    least: float
    parts: Parts
    chosen: Chosen
    new_words: Sequence[str]
    changed: Sequence[Change]
    moved: Sequence[Moved]
    hidden: int
    seed: int
    forced: bool
    base: int

    @property
    def verdict(self) -> Verdict:
        """What the gate says of the new model."""
        return self.chosen.verdict

    @property
    def promoted(self) -> bool:
        """Whether the new model is in place."""
        return self.forced or not self.verdict.objections

    @property
    def decision(self) -> str:
        """One sentence."""
        if self.verdict.objections:
            why = "; ".join(self.verdict.objections)
            return f"Promoted by force, although {why}." if self.forced else f"Not promoted: {why}."
        return "Promoted: better on the held-out judgements, and no worse on anything else."


def write(outcome: Outcome, folder: Path) -> Path:
    """Write report, pictures, and what of the report may be published.

    Args:
        outcome: to be told.
        folder: where to.

    Returns:
        The report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    old, new = outcome.verdict.judged.matrices
    card.pictures({f"old: {outcome.old}": old, f"new: {outcome.new}": new}, folder / PICTURE)
    _draw(outcome.chosen.curve, outcome.chosen.point.share, folder / CURVE)
    file = folder / FILE
    file.write_text(render(outcome), encoding="utf-8")
    (folder / PUBLIC).write_text(public(outcome), encoding="utf-8")
    return file


def render(outcome: Outcome) -> str:
    """The report as Markdown.

    Args:
        outcome: to be told.
    """
    parts = [
        f"# Retraining sentiment-{outcome.old} to sentiment-{outcome.new}",
        f"**{outcome.decision}**",
        "## Figures",
        _figures(outcome),
        f"![Confusion matrices of both models on the held-out judgements]({PICTURE})",
        "## How far to go",
        _curve(outcome),
        f"![Right predictions by share of the way]({CURVE})",
        "## The rule",
        RULE,
        "## From judgements to texts",
        _steps(outcome),
        _labels(outcome),
        *_named(
            "Changed predictions",
            "Held-out texts of which the new model says something else; what most people said is in brackets.",
            [f"{one.judged.text} (old {one.old}, new {one.new}; {_said(one.judged)})" for one in outcome.changed],
        ),
        *_named(
            "New words",
            "People use these words, and the old model did not know them. Each has a vector of its own now and is in "
            "the model's file, which anyone can read: do not promote a model with a private name among them.",
            outcome.new_words,
        ),
        *_named("Ties", "People disagree on these texts, so they are left out.", _ties(outcome)),
        *_named(
            "Set aside",
            f"The old model gives the label of these texts a probability below {outcome.least}: a mistake, mischief, "
            "or something that it has yet to learn. They are neither learned nor counted.",
            [f"{one.text} ({_said(one)}, {one.agreed:g} of {one.votes})" for one in outcome.aside],
        ),
        f"Repeat this run with `--seed {outcome.seed}`.",
        f"This file quotes what users typed: do not publish it. {PUBLIC} quotes nothing.",
    ]
    return "\n\n".join(parts) + "\n"


def public(outcome: Outcome) -> str:
    """What of the report may be published, as Markdown: no text and no word that anybody typed.

    Args:
        outcome: to be told.
    """
    old, new = outcome.verdict.judged.matrices
    moved = Counter((one.old, one.new) for one in outcome.changed)
    parts = [
        f"**{outcome.decision}**",
        f"From sentiment-{outcome.old} to sentiment-{outcome.new}. Merging promotes it.",
        "## Figures",
        _figures(outcome),
        "## Confusion matrices on the held-out judgements",
        _matrix(f"old: {outcome.old}", old),
        _matrix(f"new: {outcome.new}", new),
        "## How far to go",
        _curve(outcome),
        "## Examples that changed",
        "Sentences of the repository of which the new model says something else; the label is in brackets.",
        "\n".join(f"- {_plain(one.text)} (old {one.old}, new {one.new}; {one.label})" for one in outcome.moved[:SHOWN])
        or "None.",
        f"Of the {len(outcome.parts.held)} held-out judgements, {len(outcome.changed)}: "
        + (", ".join(f"{count} from {before} to {after}" for (before, after), count in moved.most_common()) or "none")
        + ". Texts that people typed are in the whole report alone.",
        "## From judgements to texts",
        _steps(outcome),
        _labels(outcome),
        f"New words: {len(outcome.new_words)}. Ties: {len(outcome.collected.ties)}. Set aside: {len(outcome.aside)}.",
        f"The whole report, with people's texts: `make retrain` with the same judgements and "
        f'`ARGS="--seed {outcome.seed}"`, from the old model.',
    ]
    return "\n\n".join(parts) + "\n"


def _matrix(title: str, counts: Sequence[Sequence[int]]) -> str:
    """A confusion matrix as a table: a row for what people said, a column for what the model does."""
    lines = [f"| {title} | {' | '.join(LABELS)} |", "|---" * (len(LABELS) + 1) + "|"]
    lines += [f"| {label} | {' | '.join(map(str, row))} |" for label, row in zip(LABELS, counts, strict=True)]
    return "\n".join(lines)


def _figures(outcome: Outcome) -> str:
    lines = [
        "| on | texts | old | new | won | lost | p, if it were noise | loss old | loss new | p |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    verdict = outcome.verdict
    for name, one in {"held-out judgements": verdict.judged, **verdict.kept, PEOPLE: verdict.people}.items():
        lines.append(
            f"| {name} | {one.texts} | {one.old:.3f} | {one.new:.3f} | {one.won} | {one.lost} | {one.worse:.3f} "
            f"| {one.old_loss:.3f} | {one.new_loss:.3f} | {one.less_likely:.3f} |"
        )
    if outcome.hidden:
        lines.append(f"| {HIDDEN}, drawn for this run | {outcome.hidden} |" + " |" * 8)
    lines += [
        "",
        "Won and lost: texts that only the new or only the old model gets right; where a sentence only says who "
        "somebody is, no answer is right. p: chance of losing so many or more if both were equally good. Loss: mean "
        "negative log likelihood of what people said; its p: chance of so great a rise.",
    ]
    if not outcome.hidden:
        lines.append(
            "There is no set of the operator's own (`--private`). Anyone can train for sentences that anyone can read."
        )
    return "\n".join(lines)


def _curve(outcome: Outcome) -> str:
    lines = [
        "The new weights were tried at several shares of the way from the old ones. Texts that are neither learned nor "
        "compared on choose the order in which the gate sees them; the first that passes is taken.",
        "",
        "| share | choosing: right | loss | regression set: right | gate |",
        "|---|---|---|---|---|",
    ]
    for one in outcome.chosen.curve:
        gate = "not asked" if one.verdict is None else "; ".join(one.verdict.objections) or "passes"
        taken = "**" if one.share == outcome.chosen.point.share else ""
        lines.append(
            f"| {taken}{one.share:g}{taken} | {one.choosing.new:.3f} | {one.choosing.new_loss:.3f} "
            f"| {one.regression.new:.3f} | {gate} |"
        )
    return "\n".join(lines)


def _draw(curve: Sequence[Point], taken: float, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    shares = [0.0, *(one.share for one in curve)]
    first = curve[0]
    axes.plot(shares, [first.choosing.old, *(one.choosing.new for one in curve)], marker="o", label="judgements")
    axes.plot(
        shares, [first.regression.old, *(one.regression.new for one in curve)], marker="s", label="regression set"
    )
    axes.axvline(taken, color="grey", linestyle=":", label="taken, or first choice")
    axes.set(xlabel="share of the way from the old to the new weights", ylabel="share right", ylim=(0, 1))
    axes.legend(frameon=False)
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _steps(outcome: Outcome) -> str:
    found, parts = outcome.collected, outcome.parts
    lines = ["| | |", "|---|---|"]
    for step, meaning in judgements.STEPS.items():
        sign = "" if step == "rows" else "- "
        lines.append(f"| {sign}{meaning} | {found.steps[step]} |")
    lines += [f"| - - of those: {intact.CAUSES[cause]} | {count} |" for cause, count in sorted(found.causes.items())]
    disputed = [judged for judged in parts.texts if judged.agreed < judged.votes]
    lines += [
        f"| judgements that count | {found.used} |",
        f"| texts with a tie: left out | {len(found.ties)} |",
        f"| texts whose label the old model finds next to impossible: set aside | {len(outcome.aside)} |",
        f"| texts that are nearly one of {MOST_OF_CLUSTER} others: left out | {parts.crowded} |",
        f"| texts of a minute that already had {MOST_A_MINUTE}: left out | {parts.hurried} |",
        f"| texts that count (what the model reads as one is one text) | {len(parts.texts)} |",
        f"| of those, judged several times | {sum(judged.votes > 1 for judged in parts.texts)} |",
        f"| of those, with different labels | {len(disputed)} |",
        f"| texts learned | {len(parts.learned)} |",
        f"| texts to choose the share on | {len(parts.choosing)} |",
        f"| texts held out, to compare on | {len(parts.held)} |",
        f"| rows of the base data shown again | {outcome.base} |",
    ]
    return "\n".join(lines)


def _labels(outcome: Outcome) -> str:
    parts = outcome.parts
    learned, choosing, held = map(judgements.counts, (parts.learned, parts.choosing, parts.held))
    lines = ["| label | learned | to choose on | held out |", "|---|---|---|---|"]
    lines += [f"| {label} | {learned[label]} | {choosing[label]} | {held[label]} |" for label in learned]
    return "\n".join([*lines, "", "A text with two labels counts for both."])


def _said(judged: Judged) -> str:
    return " and ".join(judged.labels) or "none of these"


def _ties(outcome: Outcome) -> list[str]:
    return [
        f"{text} ({', '.join(f'{label} {count:g}' for label, count in votes.items())})"
        for text, votes in outcome.collected.ties
    ]


def _named(title: str, meaning: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    shown = [f"- {_plain(line)}" for line in lines[:SHOWN]]
    more = [f"- and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [f"## {title}", meaning, "\n".join(shown + more)]


def _plain(text: str) -> str:
    """People's words, kept from being read as Markdown or HTML."""
    for sign in "\\`*_[]<>|#!":
        text = text.replace(sign, f"\\{sign}")
    return text
