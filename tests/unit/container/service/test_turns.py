"""Whose turn it is at the model: what is cheap goes first, what cannot be begun in time is refused at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from sentiment import attribution, turns
from sentiment.turns import MAX_WAIT_SECONDS, RefusedError, Turns, explanation_price, price

SECONDS_A_CHARACTER = 3e-6  # what is assumed before anything is measured
SECOND = round(1 / SECONDS_A_CHARACTER)  # price of a second of work


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


class Queue:
    """Threads that wait for their turn while the test has it."""

    def __init__(self, pool: ThreadPoolExecutor, clock: Clock) -> None:
        self.turns = Turns(clock)
        self.had: list[str] = []
        self._pool, self._waiting = pool, 0

    def join(self, name: str, price: int) -> Future[None]:
        """Have another one wait; returns when it does, or was refused."""

        def have_a_turn() -> None:
            with self.turns.turn(price):
                self.had.append(name)

        before = len(self.turns._waiting), self.turns._waiting_price
        future = self._pool.submit(have_a_turn)
        deadline = time.monotonic() + 10
        while (len(self.turns._waiting), self.turns._waiting_price) == before and not future.done():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        return future


def test_one_at_a_time(pool: ThreadPoolExecutor) -> None:
    shared, inside, most = Turns(), 0, 0
    lock = threading.Lock()

    def work(_: int) -> None:
        nonlocal inside, most
        with shared.turn(100):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.001)
            with lock:
                inside -= 1

    list(pool.map(work, range(50)))
    assert most == 1


def test_a_short_text_goes_before_explanations_that_came_before_it(pool: ThreadPoolExecutor, clock: Clock) -> None:
    queue = Queue(pool, clock)
    with queue.turns.turn(100):
        waiting = [queue.join("explanation", SECOND // 25) for _ in range(3)]
        clock.now += 0.5
        waiting.append(queue.join("text", 200))
    for one in waiting:
        one.result(10)
    assert queue.had == ["text", "explanation", "explanation", "explanation"]


def test_what_has_waited_long_enough_goes_before_what_is_cheaper(pool: ThreadPoolExecutor, clock: Clock) -> None:
    queue = Queue(pool, clock)
    with queue.turns.turn(100):
        waiting = [queue.join("explanation", SECOND // 25)]
        clock.now += 0.9  # more than twenty times its 40 ms
        waiting.append(queue.join("text", 200))
    for one in waiting:
        one.result(10)
    assert queue.had == ["explanation", "text"]


def test_what_cannot_begin_in_time_is_refused_at_once_costliest_first(pool: ThreadPoolExecutor, clock: Clock) -> None:
    queue = Queue(pool, clock)
    with queue.turns.turn(100):
        dear = queue.join("dear", 3 * SECOND // 2)
        fair = [queue.join("fair", 3 * SECOND // 4) for _ in range(2)]
        assert not dear.done()
        assert queue.turns.refusal(2 * SECOND) is not None
        assert queue.turns.refusal(SECOND // 10) is None  # it would be the dear one that is refused
        cheap = queue.join("cheap", SECOND // 10)
        with pytest.raises(RefusedError) as refused:
            dear.result(10)
        assert 0 < refused.value.seconds <= MAX_WAIT_SECONDS
        assert not refused.value.explanations
        with pytest.raises(RefusedError):
            queue.join("the costliest itself", 3 * SECOND).result(10)
    for one in [*fair, cheap]:
        one.result(10)
    assert sorted(queue.had) == ["cheap", "fair", "fair"]


def test_nobody_waits_longer_than_the_deadline(monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor) -> None:
    monkeypatch.setattr(turns, "MAX_WAIT_SECONDS", 0.05)
    shared = Turns()

    def wait() -> None:
        with shared.turn(100):
            pass

    with shared.turn(100):
        late = pool.submit(wait)
        with pytest.raises(RefusedError):
            late.result(10)
    with shared.turn(100):  # and what gave up is not given the turn later
        pass


def test_a_batch_lets_others_go_first_between_its_runs(pool: ThreadPoolExecutor, clock: Clock) -> None:
    queue = Queue(pool, clock)
    with queue.turns.turn(SECOND // 2) as give_way:
        give_way()  # nobody waits
        first = queue.join("text", 200)
        clock.now += 0.5
        give_way()
        assert queue.had == ["text"]
        first.result(10)
        # What has begun is not refused any more, however much comes.
        others = [queue.join("text", 2 * SECOND // 3) for _ in range(3)]
        clock.now += 20
        give_way()
        for one in others:
            one.result(10)
    assert queue.had == ["text"] * 4


def test_explanations_have_a_share_of_the_time(clock: Clock) -> None:
    queue = Turns(clock)
    explained = refused = 0
    for _ in range(1_000):  # ten seconds, each explanation of ten milliseconds
        try:
            with queue.turn(SECOND // 100, explanation=True):
                explained += 1
                clock.now += 0.01
        except RefusedError as error:
            assert error.explanations
            assert queue.refusal(100, explanation=True) is not None
            assert queue.refusal(SECOND // 100) is None
            assert error.seconds > 0
            refused += 1
            with queue.turn(SECOND // 100):  # others are not touched by it
                clock.now += 0.01
    assert explained * 0.01 == pytest.approx(10 * turns.EXPLANATION_SHARE + turns.EXPLANATION_BURST_SECONDS, rel=0.05)
    assert refused == 1_000 - explained


def test_an_explanation_that_is_refused_uses_nothing_of_the_share(pool: ThreadPoolExecutor, clock: Clock) -> None:
    queue = Queue(pool, clock)
    with queue.turns.turn(100):
        waiting = [queue.join("text", SECOND - 1) for _ in range(3)]
        for _ in range(3):
            with pytest.raises(RefusedError) as refused, queue.turns.turn(SECOND, explanation=True):
                pass
            assert not refused.value.explanations
        assert queue.turns._share_left() == pytest.approx(turns.EXPLANATION_BURST_SECONDS)
    for one in waiting:
        one.result(10)


def test_the_pace_is_measured(clock: Clock) -> None:
    queue = Turns(clock)
    for _ in range(200):
        with queue.turn(1_000):
            clock.now += 0.02
    assert queue._pace == pytest.approx(2e-5, rel=0.01)


def test_a_turn_that_does_not_end_is_told(clock: Clock) -> None:
    queue = Turns(clock)
    with queue.turn(100):
        clock.now += turns.STUCK_SECONDS - 1
        told = [queue.stuck]
        clock.now += 2
        told.append(queue.stuck)
    assert [*told, queue.stuck] == [False, True, False]


def test_a_turn_is_passed_on_after_an_error(clock: Clock) -> None:
    queue = Turns(clock)
    with pytest.raises(ZeroDivisionError), queue.turn(100):
        raise ZeroDivisionError
    with queue.turn(100):
        pass


def test_prices_follow_the_work() -> None:
    assert price(["x" * 100]) < price(["x" * 200]) < price(["x" * 100] * 3)
    assert explanation_price("x" * 2_000) > 10 * price(["x" * 2_000])
    assert explanation_price("happy") < price(["x" * 100]) * 2
    assert turns.PIECES == attribution.MAX_PIECES
    assert turns.EXPLANATION_CHARACTERS == attribution.MAX_BATCH_TOKENS * turns.WORD_CHARACTERS


def test_a_turn_that_gives_way_is_measured_once_without_the_time_of_others(
    pool: ThreadPoolExecutor, clock: Clock
) -> None:
    queue = Queue(pool, clock)
    with queue.turns.turn(SECOND // 10) as give_way:
        for _ in range(5):
            text = queue.join("text", 200)
            clock.now += 0.02
            give_way()
            text.result(10)
    assert queue.turns._pace == pytest.approx(SECONDS_A_CHARACTER, rel=0.1)
