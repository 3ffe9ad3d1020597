"""Checks of the first lessons: what AWS is, a template that grows, a network, Troposphere, and GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from scripts.cloudformation import templates
from scripts.lessons.beginning import SCRATCH
from scripts.lessons.code import AGAIN, DEPLOY
from scripts.lessons.reset import STACK
from scripts.lessons.room import NotYetError, Room, generated, not_yet

ARN_FILE = SCRATCH / "arn.txt"
FIRST = SCRATCH / "first.yaml"
NETWORK = SCRATCH / "network.yaml"
FORGE = SCRATCH / "github.git"
CLONE = SCRATCH / "you"
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
            f"{wrote!r} is not the ARN of a function: that has {len(correct)} parts with ':' between them.",
            f"Write {', '.join(names)}, and nothing else, into {ARN_FILE}.",
        )
    wrong = [name for name, part, other in zip(names, parts, correct, strict=True) if part != other]
    if wrong:
        raise NotYetError(
            f"Wrong in {wrote!r}: {', '.join(wrong)}.",
            "Partition, region and account are those of CountsTableArn, the service is lambda, and the name is the "
            "value of StatsFunctionName: `sentiment outputs --stage local` prints both.",
        )
    return "the ARN names the function stats"


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
    body = room.cloud.client("cloudformation").get_template(StackName=STACK)["TemplateBody"]
    template = templates.parse(FIRST.stem, str(body))
    used = {*_functions(template.document)}
    conditional = sorted(name for name, each in template.document["Resources"].items() if "Condition" in each)
    for there, missing, example in (
        ("Fn::Sub" in used, "!Sub", "Value: !Sub 'hello ${Who}'"),
        (template.conditions, "Conditions", "Conditions: {IsLoud: !Equals [!Ref Loud, 'yes']}"),
        (conditional, "resource with a Condition", "Condition: IsLoud, in the resource Shout"),
        (template.outputs, "Outputs", "Outputs: {NoteName: {Value: !Ref Note}}"),
        ("Ref" in used, "!Ref", "NoteName: {Value: !Ref Note}"),
        ("Fn::GetAtt" in used, "!GetAtt", "NoteText: {Value: !GetAtt Note.Value}"),
    ):
        if not there:
            raise NotYetError(f"The deployed template has no {missing}.", f"Add `{example}`. {_deploy(FIRST)}")
    found = room.cloud.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    absent = [name for name in conditional if name not in {each["LogicalResourceId"] for each in found}]
    if absent:
        raise NotYetError(
            f"The stack has no {absent[0]}: its condition is false.",
            "Give the parameter the Default with which it is true, in quotes: 'yes' and not yes, which YAML reads as "
            f"true. {_deploy(FIRST)}",
        )
    outputs = sorted(each["OutputKey"] for each in stack["Outputs"])
    return f"{len(found)} resources, and the outputs {', '.join(outputs)}"


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
    https = [rule for rule in group["IpPermissions"] if rule["IpProtocol"] in ANY_OR_TCP and _covers(rule, HTTPS)]
    if not any(each["CidrIp"] == EVERYWHERE for rule in https for each in rule.get("IpRanges", [])):
        raise NotYetError(
            f"The security group does not admit everyone to TCP port {HTTPS}.",
            f"Admit {EVERYWHERE} to port {HTTPS}. {_deploy(NETWORK)}",
        )
    return f"the subnet has a route to the internet, and everyone may reach port {HTTPS} but not port {SSH}"


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
            f"`git -C {CLONE} status` says whether a conflict is left in your clone: resolve it and push. Then switch "
            "to main, pull, merge greeting, and push main.",
        )
    if not any(_both_wrote(room, merge, "GREETING.md") for merge in merges):
        raise NotYetError(
            "No merge in main joins two greetings: only one side wrote GREETING.md.",
            f"Run `make lesson-reset`, then begin again; commit the friend's greeting before you merge in {CLONE}.",
        )
    holding = room.git("tag", "--contains", merges[-1], folder=folder).split()
    tags = [tag for tag in holding if tag not in before]
    if not tags:
        early = [tag for tag in room.git("tag", folder=folder).split() if tag not in before]
        name = f"v{len(early) + 1}"
        why = f"; {early[0]} names an older commit" if early else ""
        raise NotYetError(
            f"There is a merge, but no tag on it or after it{why}.",
            f"Run `git tag {name}` in your clone, then `git push origin {name}`.",
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


def _functions(value: Any) -> Iterator[str]:
    """Names of the functions in a template, in their long form."""
    if isinstance(value, dict):
        yield from (key for key in value if key == "Ref" or key.startswith("Fn::"))
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _functions(each)


def _both_wrote(room: Room, merge: str, file: str) -> bool:
    """Whether both parents of a merge changed a file since their common ancestor."""
    base = room.git("merge-base", f"{merge}^1", f"{merge}^2", folder=str(FORGE)).strip()
    return all(
        room.git("diff", "--name-only", base, f"{merge}^{parent}", "--", file, folder=str(FORGE)) for parent in (1, 2)
    )


def _covers(rule: Any, port: int) -> bool:
    return bool(rule["IpProtocol"] == "-1" or rule["FromPort"] <= port <= rule["ToPort"])


def _deploy(file: object) -> str:
    return f"Deploy your template: `sentiment learn --deploy {file}`."
