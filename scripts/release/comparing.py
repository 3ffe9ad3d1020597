"""Whether a canary serves worse than the tasks beside it: the rule, as arithmetic. Makes no calls, changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import exp, lgamma

# How likely a difference must be by chance for the canary to go back: at the end, and at any look before it. There are
# many looks, each of which may err, so an early end takes far more.
AT_THE_END, BEFORE = 0.01, 0.001
# Predictions that each side must have answered for a comparison: with so many, a canary that fails a third of its own
# is found in 92 of 100 cases.
FEWEST = 30
# An answer is slow if it takes twice as long as 95 % of the old tasks' answers, and longer than anybody notices.
SLOWER, NOTICED_MILLISECONDS = 2.0, 100.0
PERCENTILE = 0.95


@dataclass
class Seen:
    """What was seen of the tasks of one revision while both ran.

    Attributes:
        statuses: how many predictions were answered with each HTTP status.
        milliseconds: how many of those that succeeded took that long.
        models: the model revisions that answered.
        judged: how many of their answers were judged.
        right: how many of those were approved.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: Counter[int] = field(default_factory=Counter)
    models: set[str] = field(default_factory=set)
    judged: int = 0
    right: int = 0

    @property
    def answers(self) -> int:
        """How many predictions were answered."""
        return self.statuses.total()

    @property
    def failed(self) -> int:
        """How many of those with a server error."""
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def slower_than(self, milliseconds: float) -> int:
        """How many of those that succeeded took longer.

        Args:
            milliseconds: than that.
        """
        return sum(count for taken, count in self.milliseconds.items() if taken > milliseconds)

    @property
    def percentile(self) -> float:
        """Milliseconds within which 95 % of the answers came; 0 if none came."""
        left = PERCENTILE * self.milliseconds.total()
        for taken, count in sorted(self.milliseconds.items()):
            left -= count
            if left <= 0:
                return taken
        return 0.0


def objections(old: Seen, new: Seen, chance: float = AT_THE_END) -> list[str]:
    """What speaks against the new revision, in words: where it is worse beyond what chance explains.

    Args:
        old: what was seen of the tasks of the revision that runs.
        new: what was seen of the canary.
        chance: at most so likely is a difference by chance that speaks against it.
    """
    return [words for words, likely in _compared(old, new) if likely < chance]


def enough(old: Seen, new: Seen) -> bool:
    """Whether enough predictions were made to tell a bad canary from a good one.

    Args:
        old: what was seen of the tasks of the revision that runs.
        new: what was seen of the canary.
    """
    return min(old.answers, new.answers) >= FEWEST


def summary(old: Seen, new: Seen) -> str:
    """What was compared, in one line.

    Args:
        old: what was seen of the tasks of the revision that runs.
        new: what was seen of the canary.
    """
    told = [
        f"{new.failed} of the canary's {new.answers} predictions failed, {old.failed} of the others' {old.answers}",
        f"95 % came within {new.percentile:.0f} ms, of the others' within {old.percentile:.0f} ms",
    ]
    if comparable(old, new):
        told.append(
            f"{new.right} of {new.judged} judgements agree with it, {old.right} of {old.judged} with the others"
        )
    else:
        told.append("judgements were not compared, as both answer with the same model")
    return "; ".join(told)


def comparable(old: Seen, new: Seen) -> bool:
    """Whether the judgements of the two can be told apart: they are counted by model."""
    return not old.models & new.models


def _compared(old: Seen, new: Seen) -> Iterator[tuple[str, float]]:
    """Each objection that there might be, and how likely so great a difference is by chance."""
    yield (
        f"{new.failed} of its {new.answers} predictions failed, and {old.failed} of the others' {old.answers}",
        worse(new.failed, new.answers, old.failed, old.answers),
    )
    limit = max(SLOWER * old.percentile, NOTICED_MILLISECONDS)
    slow, slow_before = new.slower_than(limit), old.slower_than(limit)
    of, of_before = new.milliseconds.total(), old.milliseconds.total()
    yield (
        f"{slow} of its {of} answers took more than {limit:.0f} ms, and {slow_before} of the others' {of_before}",
        worse(slow, of, slow_before, of_before),
    )
    if comparable(old, new):
        wrong, wrong_before = new.judged - new.right, old.judged - old.right
        yield (
            f"people disagreed with {wrong} of {new.judged} of its predictions, and with {wrong_before} of the others' "
            f"{old.judged}",
            worse(wrong, new.judged, wrong_before, old.judged),
        )


def worse(bad: int, of: int, bad_before: int, of_before: int) -> float:
    """How likely so many bad ones fall to the new revision if both are equally good (Fisher's exact test, one-sided).

    Args:
        bad: of the new revision's.
        of: how many the new revision has.
        bad_before: of the old one's.
        of_before: how many the old one has.

    Returns:
        Probability, 0..1; 1 where there is nothing to compare with.
    """
    if not of or not of_before:
        return 1.0
    all_bad, everything = bad + bad_before, of + of_before
    whole = _choices(everything, all_bad)
    ways = (
        exp(_choices(of, here) + _choices(of_before, all_bad - here) - whole)
        for here in range(bad, min(of, all_bad) + 1)
        if all_bad - here <= of_before
    )
    return min(1.0, sum(ways))


def _choices(of: int, chosen: int) -> float:
    """Logarithm of the binomial coefficient."""
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
