"""Deploys a learner's own template to the laptop cloud, as a stack of its own, and shows what CloudFormation does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from scripts.cloudformation import changesets, references, stacks, templates
from scripts.lessons.reset import STACK
from scripts.lessons.room import Room
from scripts.stage.errors import StackFailedError, TemplateError, message_of

SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}
WAIT = {"Delay": 1, "MaxAttempts": 60}  # seconds, attempts


def deploy(room: Room, file: Path, say: Callable[[str], None]) -> None:
    """Create or update the stack through a change set.

    Args:
        room: the learner's environment.
        file: the template.
        say: called with each change, event and output.

    Raises:
        TemplateError: CloudFormation cannot read the template.
        StackFailedError: it could not do what the template says.
    """
    body = file.read_text(encoding="utf-8")
    _check_references(file, body)
    client = room.cloud.client("cloudformation")
    found = stacks.describe(room.cloud, STACK)
    if found and found.status in stacks.NEVER_CREATED:
        client.delete_stack(StackName=STACK)
        client.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig=WAIT)
        found = None
    kind = "UPDATE" if found and found.was_complete else "CREATE"
    name = f"lesson-{int(time.time() * 1000)}"
    try:
        client.create_change_set(
            StackName=STACK,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateBody=body,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        client.get_waiter("change_set_create_complete").wait(
            StackName=STACK, ChangeSetName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
    except WaiterError:
        _tell_why_there_is_no_change_set(client, name, say)
        return
    except ClientError as error:
        raise TemplateError(f"{file}: {message_of(error)}", "Correct the template, then deploy it again.") from error
    changes = client.describe_change_set(StackName=STACK, ChangeSetName=name)["Changes"]
    for change in (each["ResourceChange"] for each in changes):
        replaced = "  REPLACE" if change.get("Replacement") == "True" else ""
        say(f"  {SIGNS[change['Action']]}  {change['LogicalResourceId']} {change['ResourceType']}{replaced}")
    before = _events(client)
    client.execute_change_set(StackName=STACK, ChangeSetName=name)
    waiter = client.get_waiter(f"stack_{kind.lower()}_complete")
    try:
        waiter.wait(StackName=STACK, WaiterConfig=WAIT)
    except WaiterError as error:
        _show(client, before, say)
        raise StackFailedError(
            f"The stack {STACK} was not {kind.lower()}d; CloudFormation has rolled it back.",
            "The first event with FAILED says why.",
        ) from error
    _show(client, before, say)
    [now] = client.describe_stacks(StackName=STACK)["Stacks"]
    for output in now.get("Outputs", []):
        say(f"{output['OutputKey']} = {output['OutputValue']}")
    say(f"{STACK}: {now['StackStatus']}")


def _check_references(file: Path, body: str) -> None:
    """Refuse a reference to nothing as CloudFormation does, which the emulator lets pass."""
    try:
        template = templates.parse(file.stem, body)
    except TemplateError as error:
        raise TemplateError(error.message, f"{_likely(body)}Correct {file}, then deploy it again.") from error
    resources = template.parameters.keys() | template.resources.keys()
    for part, known in (("Conditions", template.parameters.keys()), ("Resources", resources), ("Outputs", resources)):
        unknown = ", ".join(sorted({*references.names(template.document.get(part))} - known))
        if unknown:
            which = f"dependencies [{unknown}]. Cannot reference resources" if part == "Conditions" else ""
            raise TemplateError(
                f"{file}: Template format error: Unresolved {which or f'resource dependencies [{unknown}]'} "
                f"in the {part} block of the template",
                "A name behind !Ref, !GetAtt or in !Sub must be that of a parameter"
                f"{'' if which else ' or resource'} of the template.",
            )


def _likely(body: str) -> str:
    """The usual cause of a template that is not YAML, as a sentence; "" for another."""
    if re.search(r"^\s*\t", body, re.M):
        return "YAML is indented with spaces, not with tabs. "
    if re.search(r"^\+", body, re.M):
        return "The + and - that begin lines of an edit are marks: leave them out. "
    return ""


def _tell_why_there_is_no_change_set(client: Any, name: str, say: Callable[[str], None]) -> None:
    found = client.describe_change_set(StackName=STACK, ChangeSetName=name)
    reason = changesets.why_invalid(client, found["ChangeSetId"], found["StackId"]) or found.get("StatusReason", "")
    client.delete_change_set(StackName=STACK, ChangeSetName=name)
    if "didn't contain changes" in reason or "No updates" in reason:
        say("No change.")
        return
    raise TemplateError(f"CloudFormation refused the template: {reason}", "Correct it, then deploy it again.")


def _events(client: Any) -> set[str]:
    try:
        found = client.describe_stack_events(StackName=STACK)["StackEvents"]
    except ClientError:
        return set()
    return {event["EventId"] for event in found}


def _show(client: Any, before: set[str], say: Callable[[str], None]) -> None:
    for event in reversed(client.describe_stack_events(StackName=STACK)["StackEvents"]):
        if event["EventId"] not in before and event["LogicalResourceId"] != STACK:
            reason = f": {event['ResourceStatusReason']}" if event.get("ResourceStatusReason") else ""
            say(f"{event['LogicalResourceId']} {event['ResourceStatus']}{reason}")
