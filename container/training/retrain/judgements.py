"""From the CSV of judgements to texts with one label each: what is left out, why, and how many. Knows no network."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from shared import csvformat, erasure
from shared.limits import MAX_REVIEW_CHARACTERS
from training import LABELS
from training.evaluation import regression
from training.evaluation.regression import Words
from training.texts import data

HELD_OUT = 0.3  # share of texts that are never learned from, to compare the old model and the new one on
TOLD_EVERY = 5_000  # lines
FORGOTTEN = Path(__file__).with_name("forgotten.tsv")  # what `sentiment forget` erased, until when
PROVEN = "valid"  # a receipt that the API has checked


# What became of each row of the file, in the order in which it is asked.
STEPS = {
    "rows": "rows in the file",
    "twice": "sent twice: the same judgement",
    "label": "a label that the model does not have",
    "forgotten": "a text that somebody had erased",
    "unproven": "no valid receipt, so nobody knows what the model had said",
    "text": "no text, a text over 2,000 characters, or one without a word that the model knows",
    "protected": "a text of the regression set",
    "base": "a text of the base data's test part",
    "changed": "somebody's earlier answer to the same question",
}
Tell = Callable[[str, int, int], None]


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


@dataclass(frozen=True)
class Wish:
    """Which judgements count.

    Attributes:
        readable: whether the model knows a word of a text.
        base: words of texts that must stay unseen.
        unproven: also count judgements without a valid receipt.
    """

    readable: Callable[[str], bool]
    base: frozenset[Words] = frozenset()
    unproven: bool = False


def read(path: Path, wish: Wish, tell: Tell = lambda _name, _done, _of: None) -> Collected:
    """Read a CSV of judgements.

    Args:
        path: what the export wrote, or a file of the original app.
        wish: which of them count.
        tell: told of progress in bytes.

    Raises:
        DataError: the file cannot be read, or is no such file; names the line where one is to blame.
    """
    reading = _Reading(wish)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csvformat.read_rows(_told(file, path.stat().st_size, tell)):
                reading.take(row)
    except OSError as error:
        raise data.DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise data.DataError(f"{path} is not UTF-8 text (byte {error.start}): save it as CSV in UTF-8") from error
    except ValueError as error:
        raise data.DataError(
            f"{path}, {error}. It must be a CSV as GET /getcsv or `sentiment export` writes it"
        ) from error
    return reading.settled()


def _told(lines: Iterable[str], size: int, tell: Tell) -> Iterator[str]:
    done = 0
    for number, line in enumerate(lines):
        yield line
        done += len(line)
        if number % TOLD_EVERY == 0:
            tell("reading", min(done, size), size)
    tell("reading", size, size)


class _Reading:
    """A file half read. Texts are known by a digest of their words, so that a million of them fit into memory."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.found = Collected()
        self.seen: set[bytes] = set()  # judgements
        self.unusable: dict[bytes, str] = {}  # of each text
        self.texts: dict[bytes, tuple[str, str]] = {}  # time and text, as it was first typed
        self.answers: dict[bytes, dict[str, tuple[str, str]]] = {}  # by question: time and label

    def take(self, row: Mapping[str, str]) -> None:
        """One row."""
        self.found.steps["rows"] += 1
        why = self._unusable_answer(row)
        if why:
            self.found.steps[why] += 1
            return
        text = " ".join(row["review"].split())
        words = regression.words(text)
        key = _digest(" ".join(words))
        if key not in self.unusable:
            self.unusable[key] = self._unusable_text(text, words)
        if self.unusable[key]:
            self.found.steps[self.unusable[key]] += 1
            return
        time, question = row.get("time", ""), row.get("question") or f"row {self.found.steps['rows']}"
        answers = self.answers.setdefault(key, {})
        self.found.steps["changed"] += question in answers
        answers[question] = max(answers.get(question, ("", "")), (time, row["sentiment"]))
        self.texts[key] = min(self.texts.get(key, (time, text)), (time, text))

    def _unusable_answer(self, row: Mapping[str, str]) -> str:
        """Which of ``STEPS`` ends the row's way, whatever its text; "" for none."""
        if row.get("judgement"):
            mark = _digest(row["judgement"].lower())
            if mark in self.seen:
                return "twice"
            self.seen.add(mark)
        if row["sentiment"] not in LABELS:
            return "label"
        if erasure.covered(forgotten(), row["review"], row.get("question", ""), row.get("time", "")):
            return "forgotten"
        return "" if self.wish.unproven or row.get("receipt") == PROVEN else "unproven"

    def _unusable_text(self, text: str, words: Words) -> str:
        if not words or len(text) > MAX_REVIEW_CHARACTERS or not self.wish.readable(text):
            return "text"
        if regression.shared([text]):
            return "protected"
        return "base" if words in self.wish.base else ""

    def settled(self) -> Collected:
        """The majority of each text; several ways of typing the same words are one text."""
        for key in sorted(self.answers):
            answers = self.answers[key].values()
            counts = Counter(label for _, label in sorted(answers)).most_common()
            self.found.until = max(self.found.until, *(time for time, _ in answers))
            _, text = self.texts[key]
            if len(counts) > 1 and counts[0][1] == counts[1][1]:
                self.found.ties.append((text, dict(counts)))
            else:
                self.found.texts.append(Judged(text, counts[0][0], counts[0][1], len(answers)))
        return self.found


@cache
def forgotten(path: Path = FORGOTTEN) -> dict[str, str]:
    """What was erased, each with the time until which it is left out."""
    return erasure.read_list(path.read_text(encoding="utf-8").splitlines())


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


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
