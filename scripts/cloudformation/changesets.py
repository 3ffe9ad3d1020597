"""Change sets: created, read, deleted. `scripts.cloudformation.apply` executes them."""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from generator import catalogue
from scripts.cloudformation.plan import Parameters, Step
from scripts.cloudformation.stacks import NEVER_CREATED, StackState, describe
from scripts.cloudformation.templates import DATA_TYPES, Template
from scripts.stage.errors import DENIED_CODES, StackFailedError, code_of, message_of
from scripts.stage.session import Cloud, tags

# CloudFormation's several ways to say that a template changes nothing.
NO_CHANGE = ("didn't contain changes", "no updates are to be performed", "no changes to deploy")
# A larger template must be in a bucket (CloudFormation quotas, "Template body size in a request").
MAX_TEMPLATE_BYTES = 51_200
NAME_PREFIX = f"{catalogue.PROJECT}-"


@dataclass(frozen=True)
class Change:
    """What would happen to one resource.

    Attributes:
        action: ``Add``, ``Modify``, ``Remove``, ``Import`` or ``Dynamic``.
        logical_id: its name in the template.
        type: its type, such as ``AWS::S3::Bucket``.
        replacement: ``True``, ``False``, ``Conditional``; "" if not applicable.
        purpose: what it is for.
        policy: what happens to it on removal: ``Delete``, ``Retain``, ``Snapshot`` and the like.
    """

    action: str
    logical_id: str
    type: str
    replacement: str
    purpose: str
    policy: str = ""

    @property
    def risks_data(self) -> bool:
        """Whether a resource that holds data would be removed or replaced by an empty one."""
        goes = self.action == "Remove" or (self.action == "Modify" and self.replacement in {"True", "Conditional"})
        return goes and self.type in DATA_TYPES


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed.

    Attributes:
        id: its ARN.
        stack_id: ARN of the stack.
        creates: whether the stack does not exist yet.
        changes: what it would do; may be none (a changed Output alone).
    """

    id: str
    stack_id: str
    creates: bool
    changes: tuple[Change, ...]


def make(cloud: Cloud, step: Step, parameters: Parameters, bucket: str | None, creates: bool) -> ChangeSet | None:
    """Ask CloudFormation what a template would change.

    Args:
        cloud: where.
        step: the stack.
        parameters: values of its parameters; None for the value that the stack has.
        bucket: name of the artifacts bucket, for a template that is too large to send; None while there is none.
        creates: whether the stack does not exist yet.

    Returns:
        The change set, to be executed or deleted; None if nothing would change (it is then already deleted).

    Raises:
        StackFailedError: CloudFormation rejects the template or the parameters.
    """
    source = _source(cloud, step, bucket)
    role = {"RoleARN": step.role} if step.role else {}
    try:
        made = cloud.client("cloudformation").create_change_set(
            StackName=step.name,
            ChangeSetName=f"{NAME_PREFIX}{uuid.uuid4().hex}",
            ChangeSetType="CREATE" if creates else "UPDATE",
            Capabilities=step.template.capabilities,
            Parameters=[_parameter(key, value) for key, value in sorted(parameters.items())],
            Tags=[{"Key": key, "Value": value} for key, value in tags(cloud.stage).items()],
            **source,
            **role,
        )
    except ClientError as error:
        if says_no_change(message_of(error)):
            return None
        if code_of(error) == "ValidationError":
            raise _invalid(step, message_of(error)) from error
        raise
    answer = _wait(cloud, made["Id"], made["StackId"])
    change_set = ChangeSet(made["Id"], made["StackId"], creates, _changes(cloud, answer, step.template))
    if answer["Status"] == "FAILED":
        reason = answer.get("StatusReason", "")
        if not says_no_change(reason):
            found = why_invalid(cloud.client("cloudformation"), change_set.id, change_set.stack_id)
            reason = found or reason or "it gives no reason"
        discard(cloud, change_set)
        if says_no_change(reason):
            return None
        raise _invalid(step, reason)
    return change_set


def discard(cloud: Cloud, change_set: ChangeSet) -> None:
    """Delete a change set, and the empty stack that CloudFormation made for it."""
    client = cloud.client("cloudformation")
    client.delete_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
    if change_set.creates:
        state = describe(cloud, change_set.stack_id)
        if state and state.status == "REVIEW_IN_PROGRESS":
            # A role that may only plan may not delete: the empty stack then stays, and the next deployment fills it.
            try:
                client.delete_stack(StackName=change_set.stack_id)
            except ClientError as error:
                if code_of(error) not in DENIED_CODES:
                    raise


def why_invalid(client: Any, change_set_id: str, stack_id: str) -> str:
    """What CloudFormation's validation found in a template, which the change set itself does not tell.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html

    Args:
        client: boto3's client of CloudFormation.
        change_set_id: ARN of a change set that failed.
        stack_id: ARN of its stack, to which the pipelines' permission is limited.

    Returns:
        Each problem with its place in the template; "" if there is none, or if the caller may not ask.
    """
    try:
        pages = client.get_paginator("describe_events").paginate(
            ChangeSetName=change_set_id, StackName=stack_id, Filters={"FailedEvents": True}
        )
        events = [event for page in pages for event in page["OperationEvents"] if "ValidationStatusReason" in event]
    except ClientError:  # the change set's own reason is known already
        return ""
    return "; ".join(f"{event['ValidationStatusReason']} (at {event.get('ValidationPath', '')})" for event in events)


def says_no_change(words: str) -> bool:
    """Whether CloudFormation's words mean that everything is as the template says."""
    return any(phrase in words.lower() for phrase in NO_CHANGE)


def creates(state: StackState | None) -> bool:
    """Whether the next change set of a stack must be one that creates it."""
    return state is None or state.status in NEVER_CREATED | {"REVIEW_IN_PROGRESS"}


def _parameter(key: str, value: str | None) -> dict[str, Any]:
    if value is None:
        return {"ParameterKey": key, "UsePreviousValue": True}
    return {"ParameterKey": key, "ParameterValue": value}


def _wait(cloud: Cloud, change_set_id: str, stack_id: str) -> dict[str, Any]:
    client = cloud.client("cloudformation")
    while True:
        answer: dict[str, Any] = client.describe_change_set(ChangeSetName=change_set_id, StackName=stack_id)
        if answer["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
            return answer
        time.sleep(cloud.poll_seconds / 3)


def _changes(cloud: Cloud, answer: dict[str, Any], template: Template) -> tuple[Change, ...]:
    client = cloud.client("cloudformation")
    raw = list(answer.get("Changes", []))
    token = answer.get("NextToken")
    while token:
        page = client.describe_change_set(
            ChangeSetName=answer["ChangeSetId"], StackName=answer["StackId"], NextToken=token
        )
        raw += page.get("Changes", [])
        token = page.get("NextToken")
    return tuple(_change(entry["ResourceChange"], template) for entry in raw if "ResourceChange" in entry)


def _change(raw: dict[str, Any], template: Template) -> Change:
    logical_id = raw["LogicalResourceId"]
    return Change(
        action=raw["Action"],
        logical_id=logical_id,
        type=raw["ResourceType"],
        replacement=raw.get("Replacement", ""),
        purpose=template.purpose(logical_id),
        policy=raw.get("PolicyAction", ""),
    )


def _source(cloud: Cloud, step: Step, bucket: str | None) -> dict[str, str]:
    """How the template is passed on: as it is, or from the artifacts bucket when it is too large for that."""
    body = step.template.body.encode()
    if len(body) <= MAX_TEMPLATE_BYTES:
        return {"TemplateBody": step.template.body}
    if bucket is None:
        raise StackFailedError(f"The template of {step.name} has {len(body)} bytes, but there is no bucket for it yet.")
    key = f"templates/{step.stack}-{hashlib.sha256(body).hexdigest()[:16]}.yaml"
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/yaml")
    return {"TemplateURL": cloud.object_url(bucket, key)}


def _invalid(step: Step, reason: str) -> StackFailedError:
    return StackFailedError(
        f"CloudFormation rejects the stack {step.name}: {reason}",
        f"The stack was not changed. Correct generator/stacks/{step.stack} or stages.toml; run `make cfn-lint`.",
    )
