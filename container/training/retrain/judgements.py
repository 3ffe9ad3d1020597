"""From the CSV of judgements to texts with one answer each: what is left out, why, and how many. Knows no network.

Memory is bounded, whatever the size of the file: of very many texts or answers a sample is kept. Texts are drawn by
cluster: those that share their most telling words compete for few places, so that ten thousand variants of a sentence
do not crowd out what others wrote.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from math import log
from pathlib import Path

from sentiment.text import Tokenizer
from shared import csvformat, erasure
from shared.counters import NONE
from shared.limits import MAX_REVIEW_CHARACTERS
from training import LABELS
from training.retrain import clusters, intact
from training.retrain.said import MINUTE, Answer, Said, digest
from training.texts import data

TOLD_EVERY = 5_000  # lines
FORGOTTEN = Path(__file__).with_name("forgotten.tsv")  # what `sentiment forget` erased, until when
PROVEN = "valid"  # a receipt that the API has checked
MOST_TEXTS = 30_000  # that are kept of a file, which bounds memory; training shows each of so many a few times
MOST_ALIKE = 50  # of those, with the same two most telling words
MOST_ANSWERS = 120_000  # that are kept in all, as some texts may be judged very often
MOST_OF_TEXT = 128  # of those, of one text; fewer where many texts have so many

# What became of each row of the file, in the order in which it is asked.
STEPS = {
    "rows": "rows in the file",
    "altered": "changed since they were exported",
    "label": "a label that the model does not have, or a second one that does not go with the first",
    "before": "judged before what the current model has learned from (--new)",
    "forgotten": "a text that somebody had erased, or a judgement that its visitor withdrew",
    "unproven": "no valid receipt, so nobody knows what the model had said",
    "text": "no text, a text over 2,000 characters, or one without a word that the model knows",
    "sampled": f"not drawn: of more than {MOST_TEXTS:,} texts, {MOST_ALIKE} alike, or {MOST_ANSWERS:,} answers",
    "twice": "sent twice: the same judgement",
    "changed": "somebody's earlier judgement of the same prediction",
    "burst": "more than one answer to the same text within a minute: they count as one",
    "protected": "a text that models are compared on, or nearly one",
    "base": "a text of the base data's test part, or nearly one",
}
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """A text and what most people said of it.

    Attributes:
        text: as it was first typed.
        label: what most said; ``none`` for none of these.
        agreed: how many of them.
        votes: how many people judged it.
        second: a second label that belongs to it as much; "" for none.
        time: when it was first judged; "" where the file does not say.
    """

    text: str
    label: str
    agreed: float
    votes: int
    second: str = ""
    time: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The one label or both; none for none of these."""
        return tuple(label for label in (self.label, self.second) if label in LABELS)


@dataclass
class Collected:
    """Everything that was found in a file.

    Attributes:
        steps: of each of ``STEPS``, how many rows.
        causes: of the altered rows, how many were changed by what.
        texts: those with a majority, in an order that chance has drawn.
        ties: texts on which people are split, with their votes.
        until: time of the newest judgement that counts; "" where the file names none.
    """

    steps: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    texts: list[Judged] = field(default_factory=list)
    ties: list[tuple[str, dict[str, float]]] = field(default_factory=list)
    until: str = ""

    @property
    def used(self) -> int:
        """How many judgements count."""
        return self.steps["rows"] - sum(count for step, count in self.steps.items() if step != "rows")


class Reading:
    """A file being read: texts by their words, with what was said of them."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        salt: bytes,
        unproven: bool = False,
        after: str = "",
        erased: erasure.Erasures | None = None,
    ) -> None:
        """Begin.

        Args:
            tokenizer: of the model.
            salt: source of chance; which texts are drawn cannot be told without it.
            unproven: also count judgements without a valid receipt.
            after: count only judgements that are later than this time; "" for all.
            erased: what was erased or withdrawn beside what the repository's list names.
        """
        self.unproven, self.salt, self.after = unproven, salt, after
        self.erased = [forgotten(), erased or {}]
        self.found = Collected()
        self.said: dict[bytes, Said] = {}
        self._alike: dict[tuple[str, ...], list[int]] = {}  # of each bucket, the draws of its texts, greatest first
        self._answers, self._most = 0, MOST_OF_TEXT  # how many are kept, and how many of each text
        self._limit = 1 << 128  # draws from here on are not kept any more
        self._race = _race(tokenizer, salt)

    def read(self, path: Path, tell: Tell = lambda _name, _done, _of: None) -> None:
        """Read a CSV of judgements.

        Args:
            path: what the export wrote, or a file of the original app.
            tell: told of progress in bytes.

        Raises:
            DataError: the file cannot be read, is no such file, or was changed; names the line where one is to blame.
        """
        try:
            intact.verify(path)
            with path.open(encoding="utf-8", newline="") as file:
                for row in csvformat.read_rows(_told(file, path.stat().st_size, tell)):
                    self.take(row)
        except OSError as error:
            raise data.DataError(f"{path} cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise data.DataError(
                f"{path} is not UTF-8 text (byte {error.start}): another program has saved it. Export again with "
                "`sentiment export`, or save it as CSV in UTF-8"
            ) from error
        except ValueError as error:
            raise data.DataError(
                f"{path}, {error}. It must be a CSV as GET /getcsv or `sentiment export` writes it"
            ) from error
        intact.refuse(path, self.found.steps["rows"], self.found.causes)

    def take(self, row: Mapping[str, str]) -> None:
        """One row."""
        steps = self.found.steps
        steps["rows"] += 1
        if cause := intact.altered(row):
            self.found.causes[cause] += 1
        if why := "altered" if cause else self._unusable(row):
            steps[why] += 1
            return
        said = self._drawn(" ".join(row["review"].split()), row)
        if isinstance(said, str):
            steps[said] += 1
            return
        time = row.get("time", "")
        if row.get("judgement"):
            mark = digest(row["judgement"].lower())
            if mark in said.marks:
                steps["twice"] += 1
                return
            said.marks.add(mark)
        request_id = row.get("question") or f"row {steps['rows']}"
        steps["changed"] += request_id in said.answers
        self._answers += request_id not in said.answers
        answer = (time, (row["sentiment"], row.get("second", "")))
        said.answers[request_id] = max(said.answers.get(request_id, ("", ("", ""))), answer)
        if max(len(said.answers), len(said.marks)) > 2 * self._most:
            self._sample([said])
        while self._answers > MOST_ANSWERS and self._most > 1:
            self._most = -(-self._most // 2)
            self._sample(self.said.values())

    def _sample(self, texts: Iterable[Said]) -> None:
        """Leave as many answers of some texts as are kept of each."""
        for said in texts:
            gone = said.thin(self._most, self.salt)
            self._answers -= gone
            self.found.steps["sampled"] += gone

    def _unusable(self, row: Mapping[str, str]) -> str:
        """Which of ``STEPS`` ends the row's way, whatever its text; "" for none."""
        label, second = row["sentiment"], row.get("second", "")
        if label not in (*LABELS, NONE) or (second and (second not in LABELS or label in (NONE, second))):
            return "label"
        if self.after and row.get("time", "") <= self.after:
            return "before"
        known = row["review"], row.get("question", ""), row.get("time", "")
        if any(erasure.covered(each, *known) for each in self.erased):
            return "forgotten"
        return "" if self.unproven or row.get("receipt") == PROVEN else "unproven"

    def _drawn(self, text: str, row: Mapping[str, str]) -> Said | str:
        """What was said of the text so far, or which of ``STEPS`` it ends in."""
        if len(text) > MAX_REVIEW_CHARACTERS or not (words := clusters.words(text)):
            return "text"
        key = digest(" ".join(words), self.salt)
        draw, time = int.from_bytes(key), row.get("time", "")
        said = self.said.get(key)
        if said is not None:
            if (time, text) < (said.time, said.text):
                said.time, said.text = time, text
            return said
        if draw >= self._limit or not self._place(draw, words):
            return "sampled"
        said = self.said[key] = Said(time, text)
        if len(self.said) > MOST_TEXTS * 5 // 4:
            self.thin()
        return said if key in self.said else "sampled"

    def _place(self, draw: int, words: tuple[str, ...]) -> bool:
        """Whether a text finds a place among those that are like it: the lowest draws do, in whatever order they come.

        A text that had to leave never comes back, since the highest draw of a full bucket only falls.
        """
        bucket = self._alike.setdefault(self._race(words), [])
        if len(bucket) < MOST_ALIKE:
            heapq.heappush(bucket, -draw)
            return True
        if draw > -bucket[0]:
            return False
        self._leave(-heapq.heapreplace(bucket, -draw))
        return True

    def thin(self) -> None:
        """Leave the texts with the lowest draws."""
        draws = sorted(int.from_bytes(key) for key in self.said)
        for draw in draws[MOST_TEXTS:]:
            self._limit = min(self._limit, draw)
            self._leave(draw)
        live = {words: [draw for draw in draws if -draw < self._limit] for words, draws in self._alike.items()}
        self._alike = {words: draws for words, draws in live.items() if draws}
        for draws in self._alike.values():
            heapq.heapify(draws)

    def _leave(self, draw: int) -> None:
        said = self.said.pop(draw.to_bytes(16), None)
        if said is not None:
            self._answers -= len(said.answers)
            self.found.steps["sampled"] += len(said.answers)


def _race(tokenizer: Tokenizer, salt: bytes) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Two of a text's words, drawn by how telling they are and the same for texts alike (weighted min-wise hashing)."""
    ranks = {token: place for place, token in enumerate(tokenizer.vocabulary)}

    @lru_cache(maxsize=20_000)
    def times(word: str) -> tuple[float, float]:
        mark = digest(word, salt)
        place = ranks.get(word)
        rate = clusters.UNKNOWN_WEIGHT if place is None else clusters.weight(place)
        one, other = (-log((int.from_bytes(half) + 1) / (2**64 + 1)) / rate for half in (mark[:8], mark[8:]))
        return one, other

    def first(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(min(words, key=lambda word: (times(word)[number], word)) for number in (0, 1))

    return first


def settle(
    found: Collected, said: Iterable[Said], read_as: Callable[[str], clusters.Identity]
) -> dict[clusters.Identity, Judged]:
    """The majority of each text; several ways of typing what the model reads as one are one text.

    Args:
        found: told of ties, and of what does not count.
        said: texts by their words; those that are merged take in the others.
        read_as: what the model reads of a text; empty for one without a word that it knows.

    Returns:
        Texts with a majority, by what the model reads.
    """
    merged: dict[clusters.Identity, Said] = {}
    for one in said:
        key = read_as(one.text)
        if not key:
            found.steps["text"] += len(one.answers)
        elif key in merged:
            other = merged[key]
            for request_id, answer in one.answers.items():
                found.steps["changed"] += request_id in other.answers
                other.answers[request_id] = max(other.answers.get(request_id, ("", ("", ""))), answer)
            other.time, other.text = min((one.time, one.text), (other.time, other.text))
        else:
            merged[key] = one
    settled = {}
    for key, one in merged.items():
        votes = [vote for vote in _minutes(one.answers.values()) if vote]
        found.steps["burst"] += len(one.answers) - len(votes)
        found.until = max(found.until, *(time for time, _ in one.answers.values()))
        judged = majority(one.text, votes, one.time)
        if isinstance(judged, Judged):
            settled[key] = judged
        else:
            found.ties.append((one.text, judged))
    return settled


def _minutes(answers: Iterable[tuple[str, Answer]]) -> Iterator[Answer | None]:
    """One vote for each minute, as nobody knows how many people sent what came within one; None where that is split."""
    by_minute: dict[str, list[Answer]] = {}
    for number, (time, answer) in enumerate(sorted(answers)):
        by_minute.setdefault(time[:MINUTE] or str(number), []).append(answer)
    for minute in by_minute.values():
        (first, most), *others = Counter(minute).most_common()
        yield None if others and others[0][1] == most else first


def majority(text: str, votes: Iterable[Answer], time: str = "") -> Judged | dict[str, float]:
    """What most said of a text. Who gave two labels gave half a vote to each.

    Args:
        text: the text.
        votes: label and second label, or "", of each.
        time: when it was first judged.

    Returns:
        The text with its label, or with both of two labels that got as many votes, if half of the voters named both
        together. Otherwise, how many votes each label got.
    """
    given = list(votes)
    credit: defaultdict[str, float] = defaultdict(float)
    for label, second in given:
        for one in (label, second) if second else (label,):
            credit[one] += 0.5 if second else 1
    ranked = sorted(credit.items(), key=lambda one: (-one[1], one[0]))
    if not ranked:
        return {}
    if len(ranked) == 1 or ranked[0][1] > ranked[1][1]:
        return Judged(text, ranked[0][0], ranked[0][1], len(given), time=time)
    best = [label for label, votes in ranked if votes == ranked[0][1]]
    both = sum(sorted(pair) == best for pair in given)
    if len(best) == 2 and 2 * both >= len(given):
        return Judged(text, best[0], 2 * ranked[0][1], len(given), best[1], time)
    return dict(ranked)


def _told(lines: Iterable[str], size: int, tell: Tell) -> Iterator[str]:
    done = 0
    for number, line in enumerate(lines):
        yield line
        done += len(line)
        if number % TOLD_EVERY == 0:
            tell("reading", min(done, size), size)
    tell("reading", size, size)


@cache
def forgotten(path: Path = FORGOTTEN) -> dict[str, str]:
    """What was erased, each with the time until which it is left out."""
    return erasure.read_list(path.read_text(encoding="utf-8").splitlines())


def read_erased(path: Path | None) -> dict[str, str]:
    """What a stage has erased, as its export lists it beside the CSV.

    Args:
        path: the list; None for none.

    Raises:
        DataError: it is no such list.
    """
    if path is None:
        return {}
    try:
        return erasure.read_list(path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise data.DataError(
            f"{path} is not a list of erasures: {error}. `sentiment export` writes one beside its CSV, as NAME.erased"
        ) from error


def counts(texts: Iterable[Judged]) -> dict[str, int]:
    """How many texts each label has.

    Args:
        texts: judged ones.
    """
    found = Counter(label for judged in texts for label in judged.labels or (NONE,))
    return {label: found[label] for label in (*LABELS, NONE)}
