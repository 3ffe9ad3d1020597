"""From the CSV of judgements to texts with one label each: what is left out, why, and how many. Knows no network."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import csvformat
from training import LABELS, data, regression
from training.regression import Words

LONGEST = 2_000  # characters of a review: the API takes no more (a test holds it to the catalogue)
HELD_OUT = 0.3  # share of texts that are never learned from, to compare the old model and the new one on
PROVEN = "valid"  # a receipt that the API has checked


# What became of each row of the file, in the order in which it is asked.
STEPS = {
    "rows": "rows in the file",
    "twice": "sent twice: the same judgement",
    "label": "a label that the model does not have",
    "text": "no text, a text over 2,000 characters, or one without a word that the model knows",
    "unproven": "no valid receipt, so nobody knows what the model had said",
    "changed": "somebody's earlier answer to the same question",
    "protected": "a text of the regression set",
    "base": "a text of the base data's test part",
}


@dataclass(frozen=True)
class Judged:
    """A text and what most people said of it.

    Attributes:
        text: as it was first typed.
        label: what most said.
        agreed: how many of them.
        votes: how many people judged it.
    """

    text: str
    label: str
    agreed: int
    votes: int


@dataclass
class Collected:
    """Everything that was found in a file.

    Attributes:
        steps: of each of ``STEPS``, how many rows.
        texts: those with a majority, in the order of their words.
        ties: texts on which people are split, with their votes.
        until: time of the newest judgement that counts; "" where the file names none.
    """

    steps: Counter[str] = field(default_factory=Counter)
    texts: list[Judged] = field(default_factory=list)
    ties: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    until: str = ""

    @property
    def used(self) -> int:
        """How many judgements count."""
        return self.steps["rows"] - sum(count for step, count in self.steps.items() if step != "rows")


def read(
    path: Path,
    readable: Callable[[str], bool],
    base: frozenset[Words] = frozenset(),
    unproven: bool = False,
) -> Collected:
    """Read a CSV of judgements.

    Args:
        path: what the export wrote, or a file of the original app.
        readable: whether the model knows a word of a text.
        base: words of texts that must stay unseen.
        unproven: also count judgements without a valid receipt.

    Raises:
        DataError: the file cannot be read, or is no such file; names the line where one is to blame.
    """
    found = Collected()
    votes: dict[Words, dict[str, tuple[str, str, str]]] = {}  # by words and question: time, label, text
    seen: set[bytes] = set()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csvformat.read_rows(file):
                found.steps["rows"] += 1
                words = regression.words(row["review"])
                why = _unusable(row, words, seen, readable, base, unproven)
                if why:
                    found.steps[why] += 1
                    continue
                answers = votes.setdefault(words, {})
                question = row.get("question") or f"row {found.steps['rows']}"
                if question in answers:
                    found.steps["changed"] += 1
                answers[question] = max(answers.get(question, ("",) * 3), _answer(row))
    except OSError as error:
        raise data.DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise data.DataError(f"{path} is not UTF-8 text (byte {error.start}): save it as CSV in UTF-8") from error
    except ValueError as error:
        raise data.DataError(f"{path}, {error}. It must be a CSV as GET /getcsv or `make export` writes it") from error
    _settle(votes, found)
    return found


def _unusable(
    row: Mapping[str, str],
    words: Words,
    seen: set[bytes],
    readable: Callable[[str], bool],
    base: frozenset[Words],
    unproven: bool,
) -> str:
    """Which of ``STEPS`` ends the row's way; "" for none."""
    if row.get("judgement"):
        mark = hashlib.blake2b(row["judgement"].lower().encode(), digest_size=12).digest()
        if mark in seen:
            return "twice"
        seen.add(mark)
    if row["sentiment"] not in LABELS:
        return "label"
    if not words or len(row["review"]) > LONGEST or not readable(row["review"]):
        return "text"
    if not unproven and row.get("receipt") != PROVEN:
        return "unproven"
    if regression.shared([row["review"]]):
        return "protected"
    return "base" if words in base else ""


def _answer(row: Mapping[str, str]) -> tuple[str, str, str]:
    return row.get("time", ""), row["sentiment"], " ".join(row["review"].split())


def _settle(votes: Mapping[Words, Mapping[str, tuple[str, str, str]]], found: Collected) -> None:
    """The majority of each text; several ways of typing the same words are one text."""
    for words in sorted(votes):
        answers = sorted(votes[words].values())
        counts = Counter(label for _, label, _ in answers).most_common()
        text = answers[0][2]
        found.until = max(found.until, answers[-1][0])
        if len(counts) > 1 and counts[0][1] == counts[1][1]:
            found.ties.append((text, dict(counts)))
        else:
            found.texts.append(Judged(text, counts[0][0], counts[0][1], len(answers)))


def held_out(judged: Judged) -> bool:
    """Whether a text is kept for comparing models: always the same for the same words, in every run.

    Args:
        judged: any text.
    """
    digest = hashlib.sha256(" ".join(regression.words(judged.text)).encode()).digest()
    return int.from_bytes(digest[:4]) < HELD_OUT * 2**32


def counts(texts: Iterable[Judged]) -> dict[str, int]:
    """How many texts each label has.

    Args:
        texts: judged ones.
    """
    found = Counter(judged.label for judged in texts)
    return {label: found[label] for label in LABELS}
