"""What a retraining found and decided, in words, tables and one picture. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training import LABELS
from training.evaluation import card
from training.retrain import judgements
from training.retrain.decide import NOISE, Comparison
from training.retrain.judgements import Collected, Judged

FILE, PICTURE = "report.md", "confusion.png"
SHOWN = 20  # texts that are named of each kind

RULE = f"""The new model takes the old one's place only if both hold:

- It is better on the held-out judgements: it gets more of them right than the old one, and gives what people said a
  higher likelihood.
- It is not worse, beyond the noise, on texts that have nothing to do with them. McNemar's exact test, one side: of the
  texts that only one of the two gets right, so many fall to the old one as would by chance in {NOISE:.0%} of cases or
  fewer."""


@dataclass(frozen=True)
class Outcome:
    """All that a report tells.

    Attributes:
        old: revision of the old model.
        new: of the new one.
        collected: what was found in the file.
        aside: texts whose label the old model finds next to impossible.
        least: below which probability that is.
        learned: texts that the new model has learned.
        judged: old and new on the texts that it has not learned.
        kept: old and new on other texts, by name.
        objections: what speaks against the new model.
        forced: whether it was put in place in spite of that.
        base: rows of the base data that were shown again; 0 where it was not there.
    """

    old: str
    new: str
    collected: Collected
    aside: Sequence[Judged]
    least: float
    learned: Sequence[Judged]
    judged: Comparison
    kept: dict[str, Comparison]
    objections: Sequence[str]
    forced: bool
    base: int

    @property
    def promoted(self) -> bool:
        """Whether the new model is in place."""
        return self.forced or not self.objections

    @property
    def decision(self) -> str:
        """One sentence."""
        if self.objections:
            why = "; ".join(self.objections)
            return f"Promoted by force, although {why}." if self.forced else f"Not promoted: {why}."
        return "Promoted: better on the held-out judgements, and no worse on anything else."


def write(outcome: Outcome, folder: Path) -> Path:
    """Write report and picture.

    Args:
        outcome: to be told.
        folder: where to.

    Returns:
        The report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    card.pictures(
        {f"old: {outcome.old}": outcome.judged.matrices[0], f"new: {outcome.new}": outcome.judged.matrices[1]},
        folder / PICTURE,
    )
    file = folder / FILE
    file.write_text(render(outcome), encoding="utf-8")
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
        "## The rule",
        RULE,
        "## From judgements to texts",
        _steps(outcome),
        _labels(outcome),
        *_named("Ties", "People are split on these texts, so they count for nothing.", _ties(outcome)),
        *_named(
            "Set aside",
            f"The old model gives the label of these texts a probability below {outcome.least}: a mistake, mischief, "
            "or something that it has yet to learn. They are neither learned nor counted.",
            [f"{judged.text} ({judged.label}, {judged.agreed} of {judged.votes})" for judged in outcome.aside],
        ),
        "This file names texts that people typed: do not publish it unread.",
    ]
    return "\n\n".join(parts) + "\n"


def _figures(outcome: Outcome) -> str:
    lines = [
        "| on | texts | old | new | won | lost | p, if it were noise | loss old | loss new |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in {"held-out judgements": outcome.judged, **outcome.kept}.items():
        lines.append(
            f"| {name} | {one.texts} | {one.old:.3f} | {one.new:.3f} | {one.won} | {one.lost} | {one.worse:.3f} "
            f"| {one.old_loss:.3f} | {one.new_loss:.3f} |"
        )
    lines += [
        "",
        "Won and lost: texts that only the new or only the old model gets right. p: chance of losing so many or more "
        "if both were equally good. Loss: mean negative log likelihood of what people said.",
    ]
    return "\n".join(lines)


def _steps(outcome: Outcome) -> str:
    found = outcome.collected
    lines = ["| | |", "|---|---|"]
    for step, meaning in judgements.STEPS.items():
        sign = "" if step == "rows" else "- "
        lines.append(f"| {sign}{meaning} | {found.steps[step]} |")
    disputed = [judged for judged in found.texts if judged.agreed < judged.votes]
    lines += [
        f"| judgements that count | {found.used} |",
        f"| texts with a majority (several ways of typing the same words are one text) | {len(found.texts)} |",
        f"| of those, judged by several people | {sum(judged.votes > 1 for judged in found.texts)} |",
        f"| of those, not of one mind | {len(disputed)} |",
        f"| texts with a tie: left out | {len(found.ties)} |",
        f"| texts whose label the old model finds next to impossible: set aside | {len(outcome.aside)} |",
        f"| texts learned | {len(outcome.learned)} |",
        f"| texts held out, to compare on | {outcome.judged.texts} |",
        f"| rows of the base data shown again | {outcome.base} |",
    ]
    return "\n".join(lines)


def _labels(outcome: Outcome) -> str:
    learned = judgements.counts(outcome.learned)
    held = dict(zip(LABELS, map(sum, outcome.judged.matrices[0]), strict=True))
    lines = ["| label | learned | held out |", "|---|---|---|"]
    return "\n".join(lines + [f"| {label} | {learned[label]} | {held[label]} |" for label in LABELS])


def _ties(outcome: Outcome) -> list[str]:
    return [
        f"{text} ({', '.join(f'{label} {count}' for label, count in votes.items())})"
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
