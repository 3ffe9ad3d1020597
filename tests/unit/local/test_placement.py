"""Where tasks go on made-up instances, and when these come and go."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.local.placement import IN_AFTER, Instance, ManagedScaling, Room, place, room_of

TASK = Room(256, 192)
MICRO = room_of("t3.micro")


def instance(name: str, zone: str = "a", tasks: int = 0) -> Instance:
    left = MICRO
    for _ in range(tasks):
        left -= TASK
    return Instance(name, zone, left, tasks)


def test_four_of_our_tasks_fit_on_a_t3_micro() -> None:
    assert place(TASK, [instance("i-1", tasks=3)])
    assert place(TASK, [instance("i-1", tasks=4)]) is None


def test_room_is_cpu_as_well_as_memory() -> None:
    assert (MICRO.cpu, room_of("t2.micro").cpu) == (2048, 1024)
    assert place(Room(2049, 1), [instance("i-1")]) is None
    assert place(Room(1, 901), [instance("i-1")]) is None
    assert room_of("t3.small").memory > MICRO.memory


@pytest.mark.parametrize(
    ("instances", "chosen"),
    [
        ([instance("i-1", "a", 2), instance("i-2", "b", 1)], "i-2"),  # spread over zones
        ([instance("i-1", "a", 1), instance("i-2", "a", 2)], "i-2"),  # then filled
        ([instance("i-1", "a", 1), instance("i-2", "a", 4)], "i-1"),
        ([instance("i-1", "a", 1), instance("i-2", "b", 4)], "i-1"),
    ],
)
def test_tasks_are_spread_over_zones_and_then_packed(instances: list[Instance], chosen: str) -> None:
    found = place(TASK, instances)
    assert found
    assert found.id == chosen


class Provider:
    """A capacity provider of a group of one to three, whose instances are there at once."""

    def __init__(self, least: int = 1, most: int = 3, at_once: int = 1) -> None:
        self.scaling = ManagedScaling(MICRO, at_once)
        self.bounds = {"least": least, "most": most}
        self.instances = least

    def measure(self, busy: int, waiting: int = 0) -> int:
        self.instances = self.scaling.decide(busy, self.instances, [TASK] * waiting, **self.bounds)
        return self.instances


def test_a_task_without_room_brings_an_instance_at_once() -> None:
    assert Provider().measure(busy=1, waiting=1) == 2
    assert Provider().measure(busy=1) == 1


def test_tasks_that_fit_on_one_instance_bring_one() -> None:
    assert Provider(at_once=9, most=9).measure(busy=1, waiting=4) == 2
    assert Provider(at_once=9, most=9).measure(busy=1, waiting=5) == 3


def test_an_instance_on_its_way_is_not_asked_for_again() -> None:
    provider = Provider()
    assert [provider.measure(busy=1, waiting=1) for _ in range(5)] == [2] * 5


def test_steps_and_bounds_hold() -> None:
    provider = Provider()
    assert [provider.measure(busy=each, waiting=40) for each in (1, 2, 3, 3)] == [2, 3, 3, 3]


def test_an_idle_instance_goes_after_a_quarter_of_an_hour() -> None:
    provider = Provider()
    provider.measure(busy=1, waiting=1)
    assert [provider.measure(busy=1) for _ in range(IN_AFTER)] == [2] * (IN_AFTER - 1) + [1]
    assert {provider.measure(busy=0) for _ in range(2 * IN_AFTER)} == {1}


def test_a_task_in_between_begins_the_waiting_anew() -> None:
    provider = Provider()
    provider.measure(busy=1, waiting=1)
    for _ in range(IN_AFTER - 1):
        provider.measure(busy=1)
    provider.measure(busy=2)
    assert [provider.measure(busy=1) for _ in range(IN_AFTER)] == [2] * (IN_AFTER - 1) + [1]


def test_a_group_may_go_down_to_none() -> None:
    provider = Provider(least=0)
    provider.instances = 1
    found: list[Any] = [provider.measure(busy=0) for _ in range(IN_AFTER)]
    assert found[-1] == 0
    assert provider.measure(busy=0, waiting=1) == 1
