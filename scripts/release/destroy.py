"""Destroys a stage: what goes and what stays, as data; the deletion in reverse order; the check by tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from generator import catalogue
from scripts.app import buckets, receipt_keys, throttle
from scripts.cloudformation import parallel, stacks
from scripts.cloudformation.follow import follow
from scripts.cloudformation.plan import Plan, Step
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.templates import Template
from scripts.cloudformation.work import Work, showing_failure
from scripts.stage import history, lock
from scripts.stage.errors import DeployError, InterruptedDeployError, StackFailedError, code_of
from scripts.stage.session import Cloud, tags

TABLE, BUCKET, GROUP = "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::AutoScaling::AutoScalingGroup"
TABLE_MARK = ":table/"  # what precedes a table's name in its ARN
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
# AWS lists the tags of deleted resources for a while.
# The most instances that one call takes (Auto Scaling API reference, SetInstanceProtection).
INSTANCES = 50


@dataclass(frozen=True)
class Doomed:
    """One stack that goes.

    Attributes:
        state: the stack.
        step: its template and short name, as far as they are still known.
        resources: physical ids of what needs a step of its own, by type.
    """

    state: StackState
    step: Step
    resources: dict[str, list[str]]


@dataclass(frozen=True)
class Destruction:
    """What destroying a stage does.

    Attributes:
        goes: the stacks that go, by short name.
        stays: what stays, in words.
        needs: for each stack that goes, those that must be gone before.
        tables: tables that are deleted although their stack would keep them.
    """

    goes: dict[str, Doomed]
    stays: list[str] = field(default_factory=list)
    needs: dict[str, frozenset[str]] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What goes and what stays, for people."""
        lines = ["Goes:"]
        for stack, doomed in self.goes.items():
            lines.append(f"  {stack} ({doomed.state.name}, {doomed.state.status})")
            lines += [f"    everything in the bucket {bucket}" for bucket in doomed.resources.get(BUCKET, [])]
        lines += [f"    the table {table} AND ALL JUDGEMENTS OR COUNTS IN IT" for table in self.tables]
        return "\n".join([*lines, "Stays:", *(f"  {what}" for what in self.stays or ["nothing"])])


def plan_destruction(cloud: Cloud, plan: Plan, keep_data: bool) -> Destruction:
    """Find out what there is to destroy.

    Args:
        cloud: the stage.
        plan: the stage's plan, for the order.
        keep_data: whether stacks that hold data stay.

    Raises:
        DeployError: a table that would go is protected.
    """
    known = {step.name: step for step in plan.steps}
    goes: dict[str, Doomed] = {}
    stays: list[str] = []
    tables: list[str] = []
    for state in stacks.of_stage(cloud):
        step = known.get(state.name) or _unknown(cloud, state)
        resources = _resources(cloud, state)
        if keep_data and TABLE in resources:
            stays.append(f"{step.stack} ({state.name}) with the tables {', '.join(resources[TABLE])}")
            continue
        if keep_data and step.declared.apart:  # what stays could never be changed again without the role there
            stays.append(f"{step.stack} ({state.name}), whose role CloudFormation deploys with")
            continue
        goes[step.stack] = Doomed(state, step, resources)
        tables += resources.get(TABLE, [])
    orphans = [
        table for table in _tagged_tables(cloud) if table not in tables and not any(table in what for what in stays)
    ]
    if keep_data:
        stays += [f"the table {table}, which no longer belongs to a stack" for table in orphans]
    else:
        tables += orphans
    _check_protection(cloud, tables)
    return Destruction(goes, stays, _reversed(plan, goes), tables)


def destroy(work: Work, plan: Destruction) -> None:
    """Destroy the stage.

    Raises:
        DeployError: something could not be deleted.
        InterruptedDeployError: Ctrl-C; deletions in progress have finished, the other stacks still exist.
    """
    for stack in plan.goes:
        work.reporter.stack(stack, "waiting")

    def take_down(stack: str) -> None:
        with showing_failure(work, stack):
            _one(work, plan.goes[stack])

    left = parallel.run(plan.needs, take_down, work.interrupt)
    if work.interrupt.stopping:
        raise InterruptedDeployError(
            f"Stopped by Ctrl-C. Not deleted yet: {', '.join(left) or 'tables and parameters'}.",
            "Run the same command again to continue.",
        )
    for table in plan.tables:
        _delete_table(work.cloud, table)
    throttle.forget(work.cloud)  # the next API is another one
    if not plan.stays:
        history.remove(work.cloud)
        receipt_keys.forget(work.cloud)
        if work.lock:
            work.lock.remove()


def what_is_left(work: Work, kept: Mapping[str, str]) -> list[str]:
    """ARNs of everything that still carries the stage's tags.

    Args:
        work: where and how.
        kept: outputs of stacks that are to stay; resources that they name are not counted.
    """
    waited, pause = 0.0, 5.0
    while True:
        found = [arn for arn in _tagged(work.cloud) if not any(value and value in arn for value in kept.values())]
        if not found or waited >= work.cloud.proof_seconds:
            return found
        work.interrupt.sleep(pause)
        waited += pause


def _reversed(plan: Plan, goes: Mapping[str, Doomed]) -> dict[str, frozenset[str]]:
    """Stacks go before those that they use; one without a template may use anything, so it goes first.

    The pipelines' stack goes last: CloudFormation deletes the others with its role, and their roles have its boundary.
    """
    known = {step.stack for step in plan.steps}
    last = {stack for stack in goes if catalogue.stack(stack).apart}
    strangers = frozenset(goes.keys() - known - last)
    before = {stack: (plan.needed_by(stack) & goes.keys()) | strangers for stack in goes.keys() & known}
    return {stack: frozenset(goes.keys() - last) if stack in last else before.get(stack, frozenset()) for stack in goes}


def _one(work: Work, doomed: Doomed) -> None:
    client = work.cloud.client("cloudformation")
    stack, state = doomed.step.stack, doomed.state
    work.reporter.stack(stack, "working")
    stacks.check_ours(work.cloud.stage, state)
    if state.protected:
        client.update_termination_protection(StackName=state.id, EnableTerminationProtection=False)
    for attempt in (1, 2):
        for bucket in doomed.resources.get(BUCKET, []):
            count = buckets.empty(work.cloud, bucket)
            if count:
                work.reporter.note(f"{stack}: {count} versions deleted from {bucket}")
        for group in doomed.resources.get(GROUP, []):
            _release_instances(work.cloud, group)
        for balancer in doomed.resources.get(BALANCER, []):
            _unprotect(work.cloud, balancer)
        marker = stacks.latest_event_id(work.cloud, state.id)
        client.delete_stack(StackName=state.id)
        try:
            follow(work, doomed.step, state.id, marker)
            break
        except StackFailedError as error:
            # A client or an access log may have written to a bucket after it was emptied.
            if attempt == 2 or "not empty" not in error.message.lower():
                raise
    work.reporter.stack(stack, "done", "deleted")


def _resources(cloud: Cloud, state: StackState) -> dict[str, list[str]]:
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=state.id)
    found: dict[str, list[str]] = {}
    for entry in [entry for page in pages for entry in page["StackResourceSummaries"]]:
        present = entry.get("PhysicalResourceId") and entry["ResourceStatus"] != "DELETE_COMPLETE"
        if entry["ResourceType"] in {TABLE, BUCKET, GROUP, BALANCER} and present:
            found.setdefault(entry["ResourceType"], []).append(entry["PhysicalResourceId"])
    return found


def _unknown(cloud: Cloud, state: StackState) -> Step:
    short = state.name.removeprefix(catalogue.stack_name(cloud.stage, ""))
    return Step(Template(short), state.name, {}, {})


def _check_protection(cloud: Cloud, tables: list[str]) -> None:
    protected = [table for table in tables if _describe_table(cloud, table).get("DeletionProtectionEnabled")]
    if not protected:
        return
    way = 'set deletion_protection = "false" for the stage in stages.toml, deploy'
    if not catalogue.is_stage_name(cloud.stage):  # a stage that cannot be deployed any more
        way = "run `aws dynamodb update-table --no-deletion-protection-enabled --table-name ...` for each"
    raise DeployError(
        f"Protected against deletion: {', '.join(protected)}. Nothing was changed.",
        f"Keep the judgements with --keep-data; or {way}, and destroy again.",
    )


def _describe_table(cloud: Cloud, table: str) -> dict[str, Any]:
    try:
        return dict(cloud.client("dynamodb").describe_table(TableName=table)["Table"])
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return {}


def _delete_table(cloud: Cloud, table: str) -> None:
    try:
        cloud.client("dynamodb").delete_table(TableName=table)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise


def _release_instances(cloud: Cloud, group: str) -> None:
    """Remove the capacity provider's protection from instances; otherwise their group cannot be deleted."""
    client = cloud.client("autoscaling")
    found = client.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    if not found:
        return
    client.update_auto_scaling_group(AutoScalingGroupName=group, MinSize=0, NewInstancesProtectedFromScaleIn=False)
    protected = [entry["InstanceId"] for entry in found[0].get("Instances", []) if entry.get("ProtectedFromScaleIn")]
    for start in range(0, len(protected), INSTANCES):
        client.set_instance_protection(
            AutoScalingGroupName=group, InstanceIds=protected[start : start + INSTANCES], ProtectedFromScaleIn=False
        )


def _unprotect(cloud: Cloud, balancer: str) -> None:
    """Switch off a load balancer's deletion protection; tables keep theirs, which was checked before."""
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    cloud.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=off)


def _tagged(cloud: Cloud) -> list[str]:
    filters = [{"Key": key, "Values": [value]} for key, value in tags(cloud.stage).items()]
    pages = cloud.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=filters)
    arns = [entry["ResourceARN"] for page in pages for entry in page["ResourceTagMappingList"]]
    # Revisions of task definitions can only be deregistered. History and lock stay where data is kept, at no cost.
    free = (
        ":task-definition/",
        f":parameter{history.parameter_name(cloud.stage)}",
        f":parameter{lock.path(cloud.stage)}/",
    )
    return sorted(arn for arn in arns if not any(mark in arn for mark in free) and not _gone(cloud, arn))


def _tagged_tables(cloud: Cloud) -> list[str]:
    """Tables of the stage, including those left behind by an earlier stack."""
    return [arn.split(TABLE_MARK)[1] for arn in _tagged(cloud) if TABLE_MARK in arn]


def _gone(cloud: Cloud, arn: str) -> bool:
    """Whether only tags are left: of a deleted table, a key pending deletion, or inactive ECS resources."""
    if TABLE_MARK in arn:
        return not _describe_table(cloud, arn.split(TABLE_MARK)[1])
    if ":kms:" in arn:
        state = cloud.client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
        return bool(state == "PendingDeletion")
    client = cloud.client("ecs")
    if ":ecs:" not in arn:
        return False
    if ":cluster/" in arn:
        found = client.describe_clusters(clusters=[arn])["clusters"]
        return all(entry["status"] == "INACTIVE" for entry in found)
    if ":service/" in arn:
        try:
            found = client.describe_services(cluster=arn.split("/")[1], services=[arn])["services"]
        except client.exceptions.ClusterNotFoundException:
            return True
        return all(entry["status"] == "INACTIVE" for entry in found)
    return False
