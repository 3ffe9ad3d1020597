"""Checks of the lessons about what runs: what each observes, and whether its exercise is done since the beginning."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from scripts.cloudformation import stacks
from scripts.lessons.code import AGAIN, DEPLOY, REVIEW, ROLL
from scripts.lessons.room import NotYetError, Room, not_yet
from scripts.stage import history

ELSEWHERE = "it answers, but not at"  # in CloudFormation's reason: a task that runs, but fails its health check


def service_event(room: Room) -> str:
    """Lesson 16: id of the newest event of the stack service."""
    events = _service_events(room)
    return str(events[0]["EventId"]) if events else ""


def load_balancer(room: Room) -> str:
    """Lesson 16."""
    status = {state.name: state.status for state in stacks.of_stage(room.cloud)}["sentiment-local-service"]
    file = "container/sentiment/app.py"
    if status != "UPDATE_ROLLBACK_COMPLETE" or service_event(room) == room.before:
        missing = f"The stack service is in {status}, and was not rolled back since the lesson began."
        raise not_yet(room, missing, file, "another HEALTH_PATH", ROLL)
    failed = [event for event in _service_events(room) if event["ResourceStatus"] == "UPDATE_FAILED"]
    reason = str(failed[0].get("ResourceStatusReason", "")) if failed else ""
    if ELSEWHERE not in reason:
        raise NotYetError(
            "A revision was rolled back, but because its task did not start, not because of the health check.",
            f"Fix {file}, change HEALTH_PATH alone, then run {ROLL}.",
        )
    if room.ask("POST", "/api/getSentiment", REVIEW).status != 200:
        raise NotYetError(
            "The service does not answer.",
            "`sentiment status --stage local` shows why; `make lesson-reset` repairs it.",
        )
    return "the broken revision was rolled back, and the old one answers"


def min_instances(room: Room) -> int:
    """Lesson 20: the group's minimum."""
    return int(_group(room)["MinSize"])


def group(room: Room) -> str:
    """Lesson 20."""
    found = _group(room)
    if found["MinSize"] < 2:
        missing = f"The group's minimum is {found['MinSize']} instance."
        raise not_yet(room, missing, "scripts/stages.toml", "min_instances = 2 under [local]", DEPLOY)
    if found["MinSize"] >= found["MaxSize"]:
        raise NotYetError(
            f"The group's minimum is {found['MinSize']} instances and its maximum {found['MaxSize']}.",
            f"Replacing an instance needs room for one more. Set min_instances to 2, then run {DEPLOY}.",
        )
    if found["MinSize"] == room.before:
        raise NotYetError(f"The group's minimum was already {found['MinSize']} instances.", AGAIN)
    desired = found["DesiredCapacity"]
    return f"the group runs {found['MinSize']} to {found['MaxSize']} instances; its desired capacity is {desired}"


def task_memory(room: Room) -> int:
    """Lesson 25: MiB of a task."""
    return int(_definition(room, room.service.task_definition)["memory"])


def tasks(room: Room) -> str:
    """Lesson 25."""
    memory = task_memory(room)
    if memory == room.before:
        missing = f"A task still has {memory} MiB."
        raise not_yet(room, missing, "scripts/stages.toml", "task_memory = 256 under [local]", DEPLOY)
    if memory < room.before:
        raise NotYetError(
            f"A task has {memory} MiB, less than the {room.before} of the beginning.",
            f"Set task_memory = 256 under [local]; run {DEPLOY}.",
        )
    return f"{room.service.revision} runs with {memory} MiB a task"


def image(room: Room) -> str:
    """Lesson 26: the image that runs."""
    return str(_definition(room, room.service.task_definition)["image"])


def registry(room: Room) -> str:
    """Lesson 26: another image has worked since the beginning, and the one of the beginning runs again."""
    now = image(room)
    if not _images_since(room) & set(history.images(room.cloud)) - {room.before}:
        missing = f"No other image has run since the lesson began; {now} runs."
        raise not_yet(room, missing, "container/sentiment/app.py", "a comment", ROLL)
    if now != room.before:
        raise NotYetError(
            f"The new image runs, {now}.", "Roll back to the previous one: `sentiment rollback --stage local`."
        )
    return f"another image ran in between, and {now} runs again"


def running_tasks(room: Room) -> int:
    """Lesson 29: how many tasks run."""
    return room.service.running


def fewest_tasks(room: Room) -> int:
    """Lesson 27: below which scaling does not go."""
    name = f"sentiment-{room.cloud.stage}-service"
    [found] = room.cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return int({each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}["MinTasks"])


def scaling(room: Room) -> str:
    """Lesson 27."""
    running, least = room.service.running, fewest_tasks(room)
    if least < 3:
        more = "; the load has brought the others" if running > least else ""
        raise NotYetError(
            f"Without traffic, {least} of 3 tasks would run{more}.", "Run `sentiment scale 3 --stage local`."
        )
    if room.before >= 3:
        raise NotYetError(f"The lower bound was already {room.before} tasks.", AGAIN)
    if running < 3:
        raise NotYetError(
            f"{running} of 3 tasks run.", "Wait until `sentiment status --stage local` shows that all of them do."
        )
    return f"{running} tasks share the requests"


def judgements(room: Room) -> list[str]:
    """Lesson 28: every judgement's id. On the laptop they are few."""
    return sorted(item["judgement"]["S"] for item in _judgements(room))


def table(room: Room) -> str:
    """Lesson 28."""
    before = set(room.before)
    new = [item for item in _judgements(room) if item["judgement"]["S"] not in before]
    by_text = Counter(item["id"]["S"] for item in new)
    twice = [text for text, count in by_text.items() if count > 1]
    if not twice:
        since = datetime.fromtimestamp(room.begun.time, UTC).astimezone().strftime("%H:%M") if room.begun else ""
        raise NotYetError(
            f"No text has two judgements since the lesson began at {since}.",
            "Judge the same text twice, letter for letter, each time with a new judgement id.",
        )
    return f"{by_text[twice[0]]} judgements of one text are stored side by side; none replaced another"


def serverless(room: Room) -> str:
    """Lesson 29."""
    predicts, counts = room.ask("POST", "/api/getSentiment", REVIEW).status, room.ask("GET", "/api/getStats").status
    if predicts != 503:
        raise NotYetError(
            f"POST /getSentiment answers {predicts}: the tasks are awake.", "Run `sentiment sleep --stage local`."
        )
    if room.service.desired:
        raise NotYetError(
            "POST /getSentiment answers 503, but not because the stage sleeps: "
            f"the service wants {room.service.desired} of its tasks to run.",
            "`sentiment status --stage local` shows why they do not; then run `sentiment sleep --stage local`.",
        )
    if not room.before:
        raise NotYetError("The tasks were already asleep.", AGAIN)
    if counts != 200:
        raise NotYetError(
            f"GET /getStats answers {counts}.", "It should not need the tasks; see `sentiment logs --stage local`."
        )
    return "the tasks are asleep, and the functions answer"


def _service_events(room: Room) -> list[Any]:
    """Events of the stack service, newest first."""
    name = f"sentiment-{room.cloud.stage}-service"
    return list(room.cloud.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"])


def _group(room: Room) -> Any:
    [found] = room.cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return found


def _definition(room: Room, name: str) -> Any:
    """The container of a revision."""
    found = room.cloud.client("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"]
    return found["containerDefinitions"][0]


def _images_since(room: Room) -> set[str]:
    """Images of the revisions that were registered since the beginning. A restarted cloud numbers them from 1 again."""
    begun = int(room.begun.time) if room.begun else 0  # revisions have the time in whole seconds
    family, newest = room.service.task_definition.rsplit(":", 1)
    client = room.cloud.client("ecs")
    names = [f"{family}:{number}" for number in range(1, int(newest) + 1)]
    found = [client.describe_task_definition(taskDefinition=name)["taskDefinition"] for name in names]
    return {each["containerDefinitions"][0]["image"] for each in found if each["registeredAt"].timestamp() >= begun}


def _judgements(room: Room) -> list[Any]:
    pages = room.cloud.client("dynamodb").get_paginator("scan")
    found = pages.paginate(TableName=room.outputs["JudgementsTableName"], ConsistentRead=True)
    return [item for page in found for item in page["Items"]]
