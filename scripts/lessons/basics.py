"""Checks of the first lessons: what AWS is, a template that grows, a network, Troposphere, and GitHub."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from scripts.lessons.beginning import SCRATCH
from scripts.lessons.code import AGAIN, DEPLOY
from scripts.lessons.reset import STACK
from scripts.lessons.room import NotYetError, Room, generated, not_yet

ARN_FILE = SCRATCH / "arn.txt"
FIRST = SCRATCH / "first.yaml"
NETWORK = SCRATCH / "network.yaml"
FORGE = SCRATCH / "github.git"
EVERYWHERE = "0.0.0.0/0"
SSH = 22
HTTPS = 443
ANY_OR_TCP = ("-1", "tcp", "6")  # as security groups name protocols


def arn(room: Room) -> str:
    """Lesson A: the learner wrote down the ARN of the function stats."""
    path = room.root / ARN_FILE
    wrote = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    if not wrote:
        missing = f"{ARN_FILE} is empty." if path.is_file() else f"There is no {ARN_FILE}."
        raise NotYetError(missing, f"Write one line into it: `echo 'arn:aws:...' > {ARN_FILE}` with the whole ARN.")
    wanted = room.cloud.client("lambda").get_function(FunctionName=room.outputs["StatsFunctionName"])
    right = str(wanted["Configuration"]["FunctionArn"])
    names = ("'arn'", "partition", "service", "region", "account", "'function'", "name")
    parts, correct = wrote.split(":"), right.split(":")
    if len(parts) != len(correct):
        raise NotYetError(
            f"{wrote!r} has {len(parts)} parts; the ARN of a function has {len(correct)}.",
            f"They are: {', '.join(names)}, with ':' between them.",
        )
    wrong = [name for name, part, other in zip(names, parts, correct, strict=True) if part != other]
    if wrong:
        raise NotYetError(f"Wrong in {wrote}: {', '.join(wrong)}.", "`sentiment outputs --stage local` has them all.")
    return "the ARN names the function stats, and no other thing in any account"


def stack_event(room: Room) -> str:
    """Lessons B and C: id of the newest event of the learner's own stack, "" for none."""
    try:
        events = room.cloud.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    except ClientError:
        return ""
    return str(events[0]["EventId"]) if events else ""


def first_template(room: Room) -> str:
    """Lesson B: a stack with a condition that holds, and an output that reads an attribute."""
    stack = _own_stack(room, str(FIRST))
    body = str(room.cloud.client("cloudformation").get_template(StackName=STACK)["TemplateBody"])
    for words in ("!Sub", "!Ref", "!GetAtt", "Conditions:", "Condition:"):
        if words not in body:
            raise NotYetError(f"The deployed template has no {words.strip(':')}.", _deploy(FIRST))
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    there = room.cloud.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    if len(there) < 2:
        raise NotYetError(
            "The resource under the Condition is not there: the condition is false.",
            f"Give the parameter the value with which it is true. {_deploy(FIRST)}",
        )
    if not outputs:
        raise NotYetError("The stack has no Outputs.", _deploy(FIRST))
    return f"{len(there)} resources, and the outputs {', '.join(sorted(outputs))}"


def network(room: Room) -> str:
    """Lesson C: a subnet with a way out, and a security group that is closed."""
    _own_stack(room, str(NETWORK))
    client = room.cloud.client("ec2")
    there = room.cloud.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    ids = {each["ResourceType"]: each["PhysicalResourceId"] for each in there}
    missing = {"AWS::EC2::Subnet", "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup"} - ids.keys()
    if missing:
        raise NotYetError(f"The stack has no {', '.join(sorted(missing))}.", _deploy(NETWORK))
    of_subnet = [{"Name": "association.subnet-id", "Values": [ids["AWS::EC2::Subnet"]]}]
    tables = client.describe_route_tables(Filters=of_subnet)["RouteTables"]
    if not tables:
        raise NotYetError(
            "No route table of the stack is associated with the subnet.",
            f"Keep the resource of type AWS::EC2::SubnetRouteTableAssociation. {_deploy(NETWORK)}",
        )
    out = [route for route in tables[0]["Routes"] if route.get("DestinationCidrBlock") == EVERYWHERE]
    if not any(route.get("GatewayId", "").startswith("igw-") for route in out):
        raise NotYetError(
            f"The subnet has no way to the internet: no route for {EVERYWHERE} to the internet gateway.",
            f"Add a resource of type AWS::EC2::Route. {_deploy(NETWORK)}",
        )
    [group] = client.describe_security_groups(GroupIds=[ids["AWS::EC2::SecurityGroup"]])["SecurityGroups"]
    for rule in group["IpPermissions"]:
        open_to = [each["CidrIp"] for each in rule.get("IpRanges", [])]
        open_to += [each["CidrIpv6"] for each in rule.get("Ipv6Ranges", [])]
        everyone = [each for each in open_to if each.endswith("/0")]
        if everyone and _covers(rule, SSH):
            raise NotYetError(
                f"The security group admits port {SSH} from {everyone[0]}, which is everyone.",
                f"Admit only the port that a website needs. {_deploy(NETWORK)}",
            )
    if not any(rule["IpProtocol"] in ANY_OR_TCP and _covers(rule, HTTPS) for rule in group["IpPermissions"]):
        raise NotYetError(
            f"The security group admits no one to TCP port {HTTPS}.", f"Admit port {HTTPS}. {_deploy(NETWORK)}"
        )
    return "the subnet reaches the internet, and no one reaches port 22"


def site_output(room: Room) -> Any:
    """Lesson D: the output that the learner adds."""
    return room.outputs.get("Motto")


def troposphere(room: Room) -> str:
    """Lesson D: an output of the stack artifacts, written by the generator."""
    if "Motto" not in room.outputs:
        missing = "No stack has an output Motto."
        raise not_yet(room, missing, "generator/stacks/artifacts.py", "add_output(template, 'Motto', ...)", DEPLOY)
    if not room.outputs["Motto"].strip():
        raise NotYetError("The output Motto is empty.", f"Let it say something; run `make templates`, then {DEPLOY}.")
    generated(room, "generator/stacks/artifacts.py")
    if room.outputs["Motto"] == room.before:
        raise NotYetError(f"The output Motto was already {room.before!r}.", AGAIN)
    return f"the stack artifacts has the output Motto: {room.outputs['Motto']}"


def forge(room: Room) -> list[str]:
    """Lessons 1 to 12: merges and tags of the learner's GitHub."""
    if not (room.root / FORGE).is_dir():
        return []
    return [
        *room.git("log", "--merges", "--format=%H", "main", folder=str(FORGE)).split(),
        *room.git("tag", folder=str(FORGE)).split(),
    ]


def github(room: Room) -> str:
    """Lessons 1 to 12."""
    folder = str(FORGE)
    if not (room.root / FORGE).is_dir():
        raise NotYetError(
            "Your GitHub does not exist yet.", f"Create it: `git init --bare --initial-branch=main {FORGE}`."
        )
    default = room.git("symbolic-ref", "--short", "HEAD", folder=folder).strip()
    if default != "main":
        raise NotYetError(
            f"The default branch of your GitHub is {default}, so a clone of it begins empty.",
            f"Run `git -C {FORGE} symbolic-ref HEAD refs/heads/main`, then clone it again.",
        )
    branches = room.git("branch", "--format=%(refname:short)", folder=folder).split()
    if "main" not in branches:
        raise NotYetError(
            "Your GitHub has no branch main.", f"Push this project: `git push {FORGE} HEAD:refs/heads/main`."
        )
    if "greeting" not in branches:
        raise NotYetError("Your GitHub has no branch greeting.", "Commit to it in your clone and push it.")
    begun = room.begun.commit if room.begun else ""
    before = set(room.before or [])
    merges = room.git("log", "--merges", "--format=%H", f"{begun}..main" if begun else "main", folder=folder).split()
    merges = [merge for merge in merges if merge not in before]
    branch = "main" if merges else "greeting"  # a conflict may also be resolved after the merge
    if re.search("^(<{7}|={7}|>{7})", room.git("show", f"{branch}:GREETING.md", folder=folder), re.M):
        raise NotYetError(
            f"GREETING.md still contains conflict markers, on the branch {branch}.",
            "Replace them with the text you want; then add, commit and push.",
        )
    if not merges:
        raise NotYetError(
            "main on your GitHub has no merge since the lesson began.",
            "Merge your branch into main in your clone, then push main.",
        )
    holding = room.git("tag", "--contains", merges[-1], folder=folder).split()
    tags = [tag for tag in holding if tag not in before]
    if not tags:
        raise NotYetError(
            "There is a merge, but no tag on it or after it.",
            "Run `git tag v1` in your clone, then `git push origin v1`.",
        )
    return f"merges in main: {len(merges)}; the tag {tags[0]} marks a version"


def _own_stack(room: Room, file: str) -> Any:
    """The stack of the learner's own template.

    Raises:
        NotYetError: it does not exist, failed, or was not deployed since the lesson began.
    """
    try:
        [found] = room.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    except ClientError:
        raise NotYetError(f"There is no stack {STACK}.", _deploy(file)) from None
    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise NotYetError(f"The stack {STACK} is in {found['StackStatus']}.", _deploy(file))
    if stack_event(room) == room.before:
        raise NotYetError(f"The stack {STACK} was not deployed since the lesson began.", _deploy(file))
    return found


def _covers(rule: Any, port: int) -> bool:
    return bool(rule["IpProtocol"] == "-1" or rule["FromPort"] <= port <= rule["ToPort"])


def _deploy(file: object) -> str:
    return f"Deploy your template: `sentiment learn --deploy {file}`."
