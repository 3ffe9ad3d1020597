"""Whose turn it is at the model, and whom there is no time for. gunicorn's worker asks too, before a request is read.

Requests are unequal work: an explanation of a long text takes as long as fifty short texts. So the model works for one
request at a time, and those that wait are ordered by when they came and by their price, such that a visitor's short
text does not wait behind another's explanations. How much waits is bounded in seconds of work: once more waits than can
be begun in time, the costliest is refused at once, before any time is spent on it. (Envoy calls this admission
control, Netflix's concurrency-limits load shedding.) Explanations moreover have a share of the time that they cannot
exceed.

How long a price takes is measured as the turns go by, so nothing here knows how fast network and machine are.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from shared.problems import Problem

# Prices, in characters of text that the network reads.
REQUEST_PRICE = 150  # what a request costs besides its text: measured, as much as 150 characters
EXPLANATION_CHARACTERS = 25_000  # most that an explanation reads: attribution.MAX_BATCH_TOKENS of five characters
PIECES = 64  # most pieces of a text that an explanation hides in turn; attribution.MAX_PIECES
WORD_CHARACTERS = 5
OPENING_PRICE = 5_000  # what opening the model file once more costs: measured, 4 to 20 ms, where 500 characters take 1

MAX_WAIT_SECONDS = 3.0  # of work that may wait: whoever is let in begins within this time
PATIENCE = 20  # a request is put behind those that come within this many times of its own duration after it
EXPLANATION_SHARE = 0.5  # of the time
EXPLANATION_BURST_SECONDS = 2.0  # that may be explained at once after a quiet time
STUCK_SECONDS = 10.0  # a turn takes some milliseconds; one that takes this long never ends

_FIRST_GUESS = 3e-6  # seconds a character; the first turns correct it
_REMEMBERED = 0.95  # of what was measured before, at each turn


class RefusedError(Problem):
    """There is no time for a request.

    An explanation beyond its share is 429 as at the gateway, whose throttle tells routes apart and not fields. And it
    is no error of ours, which would ring the alarm and roll a deployment back.

    Attributes:
        seconds: after which there may be time.
        explanations: whether it is the share of explanations that is used up.
    """

    def __init__(self, seconds: float, explanations: bool = False) -> None:
        later = {"retry-after": str(max(1, math.ceil(seconds)))}
        if explanations:
            detail = "Too many explanations are being asked for. Ask again shortly, or leave explain out."
            super().__init__(HTTPStatus.TOO_MANY_REQUESTS, detail, later)
        else:
            detail = "Too many requests are waiting. Send the same request again shortly."
            super().__init__(HTTPStatus.SERVICE_UNAVAILABLE, detail, later)
        self.seconds = seconds
        self.explanations = explanations


def price(texts: Sequence[str]) -> int:
    """What the predictions for some texts cost, in characters.

    Args:
        texts: the texts of one request.
    """
    return sum(REQUEST_PRICE + len(text) for text in texts)


def explanation_price(text: str, inside: bool = False) -> int:
    """What the prediction for a text and its explanation cost, in characters.

    Args:
        text: the text.
        inside: whether the network's states are shown too.
    """
    pieces = min(PIECES, len(text) // WORD_CHARACTERS + 1)
    return price([text]) + min(EXPLANATION_CHARACTERS, pieces * len(text)) + OPENING_PRICE * inside


@dataclass(order=True)
class _Waiting:
    key: float  # seconds, on the clock: who has the least is next
    number: int
    price: int = field(compare=False)
    stays: bool = field(compare=False)  # it has begun already, and is not refused any more
    woken: threading.Event = field(default_factory=threading.Event, compare=False)
    spent: float = field(default=0.0, compare=False)  # seconds that its turn has taken so far
    refused: bool = field(default=False, compare=False)


class Turns:
    """Gives one thread at a time its turn.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._running = 0  # price of the turn that is being had; 0: it is nobody's
        self._began = self._spent = 0.0
        self._waiting: list[_Waiting] = []
        self._waiting_price = 0
        self._seconds, self._characters = _FIRST_GUESS * 10_000, 10_000.0
        self._explained = EXPLANATION_BURST_SECONDS, clock()  # seconds left of the share, and when that was so

    @contextmanager
    def turn(self, price: int, explanation: bool = False) -> Iterator[Callable[[], None]]:
        """Wait for a turn, and have it while the context lasts.

        Args:
            price: what is going to be done, in characters.
            explanation: whether it is one.

        Yields:
            What to call between two steps: it lets others go first who have waited and are cheap.

        Raises:
            RefusedError: there is no time for this.
        """
        cost = self._take_from_share(price) if explanation else 0.0
        try:
            self._enter(price)
        except RefusedError:
            with self._lock:  # what is not done has not used the share
                self._explained = self._share_left() + cost, self._clock()
            raise
        try:
            yield self._give_way
        finally:
            with self._lock:
                self._leave()

    def refusal(self, price: int, explanation: bool = False) -> RefusedError | None:
        """Tell, before anybody reads a request, whether it would be refused; None when it may be let in.

        Args:
            price: a guess at what it costs, in characters.
            explanation: whether it looks like one.
        """
        with self._lock:
            if explanation and self._share_left() <= 0:
                return RefusedError((price * self._pace - self._share_left()) / EXPLANATION_SHARE, explanations=True)
            full = (self._waiting_price + price) * self._pace > MAX_WAIT_SECONDS
            if self._running and full and all(one.stays or one.price <= price for one in self._waiting):
                return RefusedError(self._waiting_price * self._pace)
            return None

    @property
    def idle(self) -> bool:
        """Whether nobody has or awaits the turn."""
        return not self._running

    @property
    def stuck(self) -> bool:
        """Whether somebody has had the turn for so long that it will never end."""
        with self._lock:
            return bool(self._running) and self._clock() - self._began > STUCK_SECONDS

    @property
    def waiting_seconds(self) -> float:
        """How long the work that waits will take."""
        with self._lock:
            return self._waiting_price * self._pace

    @property
    def _pace(self) -> float:
        """Seconds a character, as measured."""
        return self._seconds / self._characters

    def _share_left(self) -> float:
        """Seconds that may be explained now."""
        left, then = self._explained
        return min(EXPLANATION_BURST_SECONDS, left + (self._clock() - then) * EXPLANATION_SHARE)

    def _take_from_share(self, price: int) -> float:
        """Seconds that were taken."""
        with self._lock:
            left, cost = self._share_left(), price * self._pace
            if left > 0:
                self._explained = left - cost, self._clock()
                return cost
        raise RefusedError((cost - left) / EXPLANATION_SHARE, explanations=True)

    def _enter(self, price: int) -> None:
        with self._lock:
            if not self._running:
                self._begin(price)
                return
            now = self._clock()
            mine = _Waiting(now + PATIENCE * price * self._pace, next(self._numbers), price, stays=False)
            self._push(mine)
            self._refuse_the_costliest()
        if not mine.woken.wait(MAX_WAIT_SECONDS):
            with self._lock:
                if not mine.woken.is_set():  # others, cheaper, went first all the time
                    self._remove(mine)
                    mine.refused = True
        if mine.refused:
            raise RefusedError(self.waiting_seconds)

    def _give_way(self) -> None:
        with self._lock:
            if not self._waiting:
                return
            mine = _Waiting(self._clock(), next(self._numbers), self._running, stays=True, spent=self._spent_now())
            self._push(mine)
            self._pass_on()
        mine.woken.wait()

    def _begin(self, price: int, spent: float = 0.0) -> None:
        self._running, self._began, self._spent = price, self._clock(), spent

    def _spent_now(self) -> float:
        """Seconds that the turn has taken so far, without those in which others went first."""
        return self._spent + self._clock() - self._began

    def _leave(self) -> None:
        """End a turn. From here on the time is the next one's, also what its thread takes to wake up."""
        self._seconds = _REMEMBERED * self._seconds + self._spent_now()
        self._characters = _REMEMBERED * self._characters + self._running
        self._pass_on()

    def _pass_on(self) -> None:
        self._running = 0
        if self._waiting:
            following = heapq.heappop(self._waiting)
            self._waiting_price -= following.price
            self._begin(following.price, following.spent)
            following.woken.set()

    def _push(self, one: _Waiting) -> None:
        heapq.heappush(self._waiting, one)
        self._waiting_price += one.price

    def _remove(self, one: _Waiting) -> None:
        self._waiting.remove(one)
        heapq.heapify(self._waiting)
        self._waiting_price -= one.price

    def _refuse_the_costliest(self) -> None:
        while self._waiting_price * self._pace > MAX_WAIT_SECONDS:
            able = [one for one in self._waiting if not one.stays]
            if not able:
                return
            costliest = max(able, key=lambda one: (one.price, one.number))
            self._remove(costliest)
            costliest.refused = True
            costliest.woken.set()
