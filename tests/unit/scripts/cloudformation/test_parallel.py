"""Work in parallel, each piece after what it needs."""

import threading

import pytest

from scripts.cloudformation import parallel
from scripts.stage.interrupt import Interrupt

NEEDS = {"a": frozenset(), "b": frozenset(), "c": frozenset({"a", "b"}), "d": frozenset({"c"})}


def test_pieces_that_need_nothing_run_at_the_same_time():
    both = threading.Barrier(2, timeout=10)
    done = []

    def work(name):
        if name in {"a", "b"}:
            both.wait()  # breaks unless the other is there too
        done.append(name)

    assert parallel.run(NEEDS, work, Interrupt()) == []
    assert set(done[:2]) == {"a", "b"}
    assert done[2:] == ["c", "d"]


def test_after_a_failure_what_runs_is_finished_and_nothing_is_started():
    failing = threading.Event()
    done = []

    def work(name):
        if name == "a":
            failing.set()
            raise ValueError("a is broken")
        failing.wait(10)
        done.append(name)

    with pytest.raises(ValueError, match="a is broken"):
        parallel.run(NEEDS, work, Interrupt())
    assert done == ["b"]


def test_after_an_interrupt_nothing_new_is_started():
    interrupt = Interrupt()

    def work(name):
        interrupt.press()

    assert parallel.run(NEEDS, work, interrupt) == ["c", "d"]
