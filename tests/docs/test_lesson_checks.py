"""The checks of the first lessons: what is done passes, and what only looks like it does not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from scripts.lessons import basics, beginning
from scripts.lessons.room import NotYetError, Room, generated
from tests.docs.learning import git, room_of

PLAIN = "Resources:\n  Note:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Value: hello}\n"
DONE = """\
Parameters:
  Loud: {Type: String, Default: 'yes'}
Conditions:
  IsLoud: !Equals [!Ref Loud, 'yes']
Resources:
  Note:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Sub 'hello ${Loud}'}
  Shout:
    Type: AWS::SSM::Parameter
    Condition: IsLoud
    Properties: {Type: String, Value: loud}
Outputs:
  NoteText: {Value: !GetAtt Note.Value}
"""


@dataclass
class Cloud:
    """Answers for the learner's own stack and function; each client is this object itself."""

    body: str = PLAIN
    resources: dict[str, str] = field(default_factory=dict)  # logical id: type
    rules: list[dict[str, Any]] = field(default_factory=list)

    def client(self, name: str) -> Any:
        return self

    def describe_stacks(self, **_: str) -> Any:
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": [{"OutputKey": "NoteText"}]}]}

    def describe_stack_events(self, **_: str) -> Any:
        return {"StackEvents": [{"EventId": "new"}]}

    def get_template(self, **_: str) -> Any:
        return {"TemplateBody": self.body}

    def describe_stack_resources(self, **_: str) -> Any:
        found = [
            {"LogicalResourceId": name, "ResourceType": type_, "PhysicalResourceId": name}
            for name, type_ in self.resources.items()
        ]
        return {"StackResources": found}

    def describe_route_tables(self, **_: Any) -> Any:
        return {"RouteTables": [{"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}]}]}

    def describe_security_groups(self, **_: Any) -> Any:
        return {"SecurityGroups": [{"IpPermissions": self.rules}]}

    def get_function(self, **_: str) -> Any:
        return {"Configuration": {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:stats-1"}}


def room_with(cloud: Cloud, root: Path) -> Room:
    found: Any = cloud
    room = Room(found, "", root)
    room.__dict__["outputs"] = {"StatsFunctionName": "stats-1"}
    return room


@pytest.mark.parametrize(
    ("wrote", "missing", "hint"),
    [
        ("stats-1", "'stats-1' is not the ARN of a function", "Write 'arn', partition, service"),
        ("arn:aws:lambda:us-east-1:000000000000:function:stats", "name\\.", "the value of StatsFunctionName"),
        ("Arn arn:aws:dynamodb:us-east-1:000000000000:function:stats-1", "'arn', service", "the service is lambda"),
    ],
)
def test_a_wrong_arn_is_answered_with_where_the_right_parts_are(
    wrote: str, missing: str, hint: str, tmp_path: Path
) -> None:
    file = tmp_path / basics.ARN_FILE
    file.parent.mkdir(parents=True)
    file.write_text(wrote)
    if wrote.startswith("Arn arn"):
        missing = f"Wrong in .*: {missing}"
    with pytest.raises(NotYetError, match=missing) as error:
        basics.arn(room_with(Cloud(), tmp_path))
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("body", "there", "words"),
    [
        ("# !Sub !Ref !GetAtt Conditions: Condition:\n" + PLAIN, ("Note", "Other"), "has no !Sub"),
        (DONE.replace("    Condition: IsLoud\n", ""), ("Note", "Shout"), "has no resource with a Condition"),
        (DONE.split("Outputs:")[0], ("Note", "Shout"), "has no Outputs"),
        (DONE.replace("!GetAtt Note.Value", "x"), ("Note", "Shout"), "has no !GetAtt"),
        (DONE, ("Note",), "The stack has no Shout: its condition is false"),
        (DONE, ("Note", "Other"), "The stack has no Shout: its condition is false"),
    ],
)
def test_a_first_template_needs_functions_and_a_condition_that_holds(
    body: str, there: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    cloud = Cloud(body, dict.fromkeys(there, "AWS::SSM::Parameter"))
    with pytest.raises(NotYetError, match=words) as error:
        basics.first_template(room_with(cloud, tmp_path))
    assert "Deploy your template" in error.value.hint


@pytest.mark.parametrize("body", [DONE, DONE.replace("!GetAtt Note.Value", "{'Fn::GetAtt': [Note, Value]}")])
def test_a_first_template_may_write_functions_long_or_short(body: str, tmp_path: Path) -> None:
    cloud = Cloud(body, dict.fromkeys(("Note", "Shout"), "AWS::SSM::Parameter"))
    assert basics.first_template(room_with(cloud, tmp_path)) == "2 resources, and the outputs NoteText"


def test_a_website_admits_everyone_to_its_port(tmp_path: Path) -> None:
    types = ("AWS::EC2::Subnet", "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup")
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.50.0.0/16"}]}
    cloud = Cloud(resources={type_: type_ for type_ in types}, rules=[rule])
    with pytest.raises(NotYetError, match="does not admit everyone to TCP port 443"):
        basics.network(room_with(cloud, tmp_path))
    rule["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
    assert "everyone may reach port 443 but not port 22" in basics.network(room_with(cloud, tmp_path))


def test_what_was_deployed_from_a_template_written_by_hand_does_not_count(tree: Path) -> None:
    room = replace(room_of(tree), begun=beginning.note(tree, "D", None))
    generated(room, "a.py")
    (tree / "a.py").write_text("changed, but no templates were written\n")
    with pytest.raises(NotYetError, match=r"a\.py is changed, but templates/ is not"):
        generated(room, "a.py")
    (tree / "templates" / "t.yaml").write_text("new\n")
    generated(room, "a.py")
    (tree / "a.py").write_text("kept\nold\n")
    with pytest.raises(NotYetError, match="changed by hand"):
        generated(room, "a.py")


@pytest.fixture
def friends(tree: Path) -> Path:
    """The learner's GitHub, with a branch `greeting`, and the learner's clone of it."""
    forge, you = tree / basics.FORGE, tree / beginning.SCRATCH / "you"
    git(tree, "init", "--quiet", "--bare", "--initial-branch=main", str(forge))
    git(tree, "push", "--quiet", str(forge), "HEAD:refs/heads/main")
    git(tree, "clone", "--quiet", str(forge), str(you))
    git(you, "switch", "--quiet", "--create", "greeting")
    greet(you, "<<<<<<< HEAD\nHello\n=======\nHi\n>>>>>>> x\n")
    git(you, "push", "--quiet", "origin", "greeting")
    return you


def greet(clone: Path, text: str) -> None:
    (clone / "GREETING.md").write_text(text)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "-m", "greet")


def test_a_conflict_may_be_resolved_before_or_after_the_merge_and_the_tag_follows(tree: Path, friends: Path) -> None:
    room = replace(room_of(tree), begun=beginning.note(tree, "1", []))
    git(friends, "push", "--quiet", "origin", "main:refs/tags/v0")
    with pytest.raises(NotYetError, match="markers, on the branch greeting"):
        basics.github(room)
    git(friends, "switch", "--quiet", "main")
    greet(friends, "Good morning\n")
    git(friends, "merge", "--quiet", "--strategy-option=theirs", "-m", "merge", "greeting")
    git(friends, "push", "--quiet", "origin", "main")
    with pytest.raises(NotYetError, match="markers, on the branch main"):
        basics.github(room)
    (friends / "GREETING.md").write_text("Hello and hi\n")
    git(friends, "commit", "--quiet", "--all", "-m", "resolve")
    git(friends, "push", "--quiet", "origin", "main")
    with pytest.raises(NotYetError, match="no tag on it or after it; v0 names an older commit") as error:
        basics.github(room)
    assert error.value.hint == "Run `git tag v2` in your clone, then `git push origin v2`."
    git(friends, "push", "--quiet", "origin", "main:refs/tags/v1")
    assert basics.github(room) == "merges in main: 1; the tag v1 marks a version"


def test_a_merge_of_one_side_alone_resolves_no_conflict(tree: Path, friends: Path) -> None:
    room = replace(room_of(tree), begun=beginning.note(tree, "1", []))
    greet(friends, "Hello\n")
    git(friends, "switch", "--quiet", "main")
    git(friends, "merge", "--quiet", "--no-ff", "-m", "merge", "greeting")
    git(friends, "push", "--quiet", "origin", "greeting", "main", "main:refs/tags/v1")
    with pytest.raises(NotYetError, match=r"only one side wrote GREETING\.md"):
        basics.github(room)
