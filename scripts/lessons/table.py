"""Every lesson with what is observed when it begins, and the check that looks for what changed since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scripts.lessons import basics, code, running
from scripts.lessons.room import Room


@dataclass(frozen=True)
class Lesson:
    """How a lesson is checked.

    Attributes:
        observe: what its check compares with, as JSON can hold it.
        check: what was done, in words; raises NotYetError.
    """

    observe: Callable[[Room], Any]
    check: Callable[[Room], str]


LESSONS = {
    "A": Lesson(code.nothing, basics.arn),
    "B": Lesson(basics.stack_event, basics.first_template),
    "C": Lesson(basics.stack_event, basics.network),
    "D": Lesson(basics.site_output, basics.troposphere),
    "1": Lesson(basics.forge, basics.github),
    "13": Lesson(code.greeting, code.function),
    "14": Lesson(code.title, code.website),
    "15": Lesson(code.may_scan, code.permissions),
    "16": Lesson(running.service_event, running.load_balancer),
    "19": Lesson(code.preflight_seconds, code.template),
    "20": Lesson(running.min_instances, running.group),
    "24": Lesson(code.feels, code.gateway),
    "25": Lesson(running.task_memory, running.tasks),
    "26": Lesson(running.image, running.registry),
    "27": Lesson(running.fewest_tasks, running.scaling),
    "28": Lesson(running.judgements, running.table),
    "29": Lesson(running.running_tasks, running.serverless),
    "30": Lesson(code.letters, code.microservices),
    "31": Lesson(code.nothing, code.pipeline),
}
# Pages that cover several lessons of the course are found by each of their numbers.
OTHER_NUMBERS = {**{str(number): "1" for number in range(2, 13)}, "23": "14"}


def observe(number: str, room: Room) -> Any:
    """What a lesson's check would compare with, as it is now."""
    return LESSONS[number].observe(room)
