"""Instances that a laptop pretends to have: their room, where a task goes, and how many there should be.

Nothing runs on them; tasks are processes or containers of this machine. What AWS documents is kept, so that instances
come and go when they would there:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html

- A task goes to an instance with enough CPU and memory left, in the zone with the fewest of the service's tasks, and
  there to the one with the least memory left, as the service's strategies say (spread, then binpack).
- A task that finds no room waits, and the capacity provider adds an instance, which takes a minute to be there.
- Instances that nothing has needed for fifteen measurements in a row, one a minute, are drained and go.
- Never are there fewer or more than the group's bounds say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scripts.costs.usage import TASK_ROOM_MIB

IN_AFTER = 15  # measurements; CloudWatch's alarm that managed scaling makes for scaling in
# Of the types that the templates are made for; one core less than two vCPUs only where the type says so.
SHARES = 2 * 1024
SHARES_OF_ONE_CORE = {"t2.nano", "t2.micro", "t2.small"}


@dataclass(frozen=True)
class Room:
    """What a task needs, or an instance has.

    Attributes:
        cpu: in ECS's shares, 1,024 a core.
        memory: in MiB.
    """

    cpu: int
    memory: int

    def __sub__(self, other: Room) -> Room:
        return Room(self.cpu - other.cpu, self.memory - other.memory)

    def holds(self, other: Room) -> bool:
        """Whether the other fits in."""
        return self.cpu >= other.cpu and self.memory >= other.memory


def room_of(instance_type: str) -> Room:
    """What an instance of a type offers to tasks."""
    cpu = SHARES // 2 if instance_type in SHARES_OF_ONE_CORE else SHARES
    return Room(cpu, TASK_ROOM_MIB.get(instance_type.partition(".")[2], TASK_ROOM_MIB["medium"]))


@dataclass(frozen=True)
class Instance:
    """An instance that takes tasks.

    Attributes:
        id: such as ``i-0123456789abcdef0``.
        zone: its availability zone.
        left: the room that is left on it.
        tasks: how many it runs.
    """

    id: str
    zone: str
    left: Room
    tasks: int


def place(need: Room, instances: Sequence[Instance]) -> Instance | None:
    """Where a task goes; None when it finds no room.

    Args:
        need: what it needs.
        instances: those that take tasks.
    """
    in_zone: Counter[str] = Counter()
    for each in instances:
        in_zone[each.zone] += each.tasks
    fitting = [each for each in instances if each.left.holds(need)]
    return min(fitting, key=lambda each: (in_zone[each.zone], each.left.memory, each.id), default=None)


@dataclass
class ManagedScaling:
    """How many instances a capacity provider asks its group for.

    Attributes:
        room: what each instance offers.
        most_at_once: how many it adds in one step.
    """

    room: Room
    most_at_once: int = 1
    _too_many: int = field(default=0)

    def decide(self, busy: int, instances: int, waiting: Iterable[Room], least: int, most: int) -> int:
        """Take one measurement, and say how many instances there should be.

        Args:
            busy: instances that run a task.
            instances: all there are, those on their way too.
            waiting: what each task needs that finds no room on those that are there.
            least: fewest instances of the group.
            most: most instances of the group.
        """
        needed = busy + self._more(waiting)
        self._too_many = self._too_many + 1 if needed < instances else 0
        if needed > instances:
            wanted = min(needed, instances + self.most_at_once)
        elif self._too_many >= IN_AFTER:
            self._too_many, wanted = 0, needed
        else:
            wanted = instances
        return max(least, min(most, wanted))

    def _more(self, waiting: Iterable[Room]) -> int:
        """How many empty instances these tasks fill, each put on the first that has room."""
        left: list[Room] = []
        for need in waiting:
            for number, room in enumerate(left):
                if room.holds(need):
                    left[number] = room - need
                    break
            else:
                left.append(self.room - need)
        return len(left)
