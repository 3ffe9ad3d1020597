"""A queue simulation of the service's tasks. Its numbers come from measurements; nothing is measured here.

A task is one server: its threads share one interpreter, so that in effect one request is worked on at a time. A
request takes its work, drawn from measured times, and a fixed time on its way, in which nobody waits for it. Requests
come as a Poisson process. Of several tasks, the load balancer picks the one with the fewest requests in hand (the
target group's ``least_outstanding_requests``).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean


@dataclass(frozen=True)
class Task:
    """One task, calibrated.

    Attributes:
        work: times for which a request keeps the task busy, in milliseconds; one is drawn for each request.
        way: what a request needs besides, in milliseconds.
    """

    work: tuple[float, ...]
    way: float

    @property
    def capacity(self) -> float:
        """Requests a second at which the task is never idle."""
        return 1000 / fmean(self.work)


def calibrate(alone: Sequence[float], capacity: float) -> Task:
    """A task after what was measured of one.

    Args:
        alone: times to an answer, in milliseconds, of requests sent one after another.
        capacity: requests a second that it answers when it is never idle.
    """
    ordered = sorted(alone)
    usual = ordered[: max(1, int(len(ordered) * 0.995))]  # beyond that it is the machine's other work
    mean, busy = fmean(usual), 1000 / capacity
    # What varies between requests varies in the work; the way is the same for all.
    work = [max(busy / 4, busy + (one - mean) * min(1.0, busy / mean)) for one in usual]
    return Task(tuple(work), max(0.0, mean - busy))


def simulate(task: Task, rate: float, tasks: int = 1, seconds: float = 200, seed: int = 0) -> list[float]:
    """Times to an answer, in milliseconds, in the order of arrival.

    Args:
        task: what each task is like.
        rate: requests a second, all tasks together.
        tasks: how many.
        seconds: of simulated time.
        seed: of chance.
    """
    random = Random(seed)
    free_at = [0.0] * tasks
    pending: list[list[float]] = [[] for _ in range(tasks)]  # when what a task has in hand will be done
    times, now = [], 0.0
    while now < seconds * 1000:
        now += random.expovariate(rate) * 1000
        for hand in pending:
            while hand and hand[0] <= now:
                heapq.heappop(hand)
        fewest = min(len(hand) for hand in pending)
        chosen = random.choice([number for number, hand in enumerate(pending) if len(hand) == fewest])
        done = max(now, free_at[chosen]) + random.choice(task.work)
        free_at[chosen] = done
        heapq.heappush(pending[chosen], done)
        times.append(done - now + task.way)
    return times


def percentile(times: Sequence[float], share: float) -> float:
    """The time that a share of them does not exceed (nearest rank)."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def most(task: Task, tasks: int, limit: float, share: float = 0.95, seconds: float = 60) -> float:
    """The greatest rate, in requests a second, at which that share is answered within the limit.

    Args:
        task: what each task is like.
        tasks: how many.
        limit: in milliseconds.
        share: 0..1.
        seconds: of simulated time, at each rate that is tried.
    """
    low, high = 0.0, task.capacity * tasks
    for _ in range(12):
        middle = (low + high) / 2
        if percentile(simulate(task, middle, tasks, seconds), share) <= limit:
            low = middle
        else:
            high = middle
    return low
