"""The pictures: nothing stale, no label on another or outside, and the graphs say what the templates say."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from generator import catalogue
from scripts.cli.main import main
from scripts.docs import mermaid, model, sources
from scripts.docs.graph import Graph
from scripts.docs.layered import draw
from scripts.docs.nested import Frame
from scripts.docs.pictures import access, general, logical, network, of_stacks, physical, workflows
from scripts.docs.svg import NAMES, overlap, wrapped

PICTURES = {picture.name: picture for picture in [*general(), *of_stacks()]}
SVG = "{http://www.w3.org/2000/svg}"


def test_nothing_that_is_drawn_or_quoted_is_stale() -> None:
    assert sources.problems() == [], "run `make docs-sources` and commit what it writes"


@pytest.mark.parametrize("name", PICTURES)
def test_no_label_stands_on_another_or_outside(name: str) -> None:
    drawing = PICTURES[name].draw()
    picture = ET.fromstring(drawing.finished())  # noqa: S314 - our own
    _, _, width, height = map(float, picture.attrib["viewBox"].split())

    for one, other in itertools.combinations(drawing.labels, 2):
        assert not overlap(one, other), (one, other)
    for label in drawing.labels:
        left, top, right, bottom = label.area
        assert left >= 0 and top >= 0 and right <= width and bottom <= height, label
    assert len(picture.findall(f"{SVG}text")) == len(drawing.labels) >= 2


@pytest.mark.parametrize("stack", model.stacks())
def test_the_picture_of_a_stack_has_every_resource(stack: str) -> None:
    drawn = {label.text for label in PICTURES[f"stack-{stack}"].draw().labels}

    assert drawn >= set(model.stacks()[stack].resources)


@pytest.mark.parametrize("stack", model.stacks())
def test_the_page_of_a_stack_tells_every_resource_parameter_and_output(stack: str) -> None:
    page = (sources.ROOT / "docs" / "stacks" / f"{stack}.md").read_text()
    entry = model.stacks()[stack]

    for name in (*entry.resources, *entry.parameters, *entry.outputs):
        assert f"| `{name}` |" in page
    for resource in entry.resources.values():
        assert resource.purpose.replace("|", "\\|") in page
    assert f"../pictures/stack-{stack}.svg" in page


def test_colours_that_mean_something_are_explained_in_the_picture() -> None:
    drawn = {name: {label.text for label in PICTURES[name].draw().labels} for name in ("places", "operation")}

    assert set(NAMES.values()) - drawn["places"] == {"outside"}
    assert set(NAMES.values()) & drawn["operation"] == set(), "there colours tell good from bad"


def frames(frame: Frame, title: str) -> list[Frame]:
    """The frames inside another whose title begins so."""
    return [each for each in frame.children if isinstance(each, Frame) and each.title.startswith(title)]


def test_a_zone_has_its_public_and_its_private_subnet() -> None:
    [vpc] = frames(physical.region(), "VPC")
    [group] = frames(vpc, "Auto Scaling group")

    assert [zone.title for zone in group.children] == [
        f"Zone: PublicSubnet{number}, or PrivateSubnet{number} if WithPrivateNetwork" for number in (1, 2)
    ]


def test_every_route_is_in_the_logical_picture() -> None:
    routes = {route.properties["RouteKey"] for route in model.all_of("AWS::ApiGatewayV2::Route")}

    assert routes <= {label for edge in logical.graph().edges for label in edge.label.split(", ")}


def test_data_is_joined_to_the_functions_whose_roles_reach_it() -> None:
    joined = {(edge.source, edge.target): edge.label for edge in logical.graph().edges}

    assert joined["RecordFunction", "JudgementsTable"] == "reads and writes"
    assert joined["StatsFunction", "CountsTable"] == "reads"
    assert ("StatsFunction", "JudgementsTable") not in joined


def test_the_network_shows_the_ports_of_the_security_groups() -> None:
    joined = {(edge.source, edge.target): edge.label for edge in network.graph().edges}

    assert joined["LinkSecurityGroup", "LoadBalancerSecurityGroup"] == "tcp 80"
    assert joined["LoadBalancerSecurityGroup", "InstanceSecurityGroup"] == "tcp 32768 to 65535"
    assert joined["InstanceSecurityGroup", "routes"] == "tcp 443"


def test_every_statement_of_every_role_is_in_the_table_of_who_may_what() -> None:
    found = access.grants()
    for role in model.all_of("AWS::IAM::Role"):
        statements = [
            one
            for policy in role.properties.get("Policies", [])
            for one in policy.get("Fn::If", [None, policy])[1]["PolicyDocument"]["Statement"]
        ]
        calls = {
            call
            for one in statements
            for call in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        }

        assert calls <= {call for grant in found if grant.who == role.id for call in grant.calls}
    assert {grant.denied for grant in found} == {True, False}


def test_the_deployment_picture_has_every_stack_after_those_it_needs() -> None:
    graph = workflows.deployment()
    after = {(edge.source, edge.target) for edge in graph.edges}

    apart = {stack.name for stack in catalogue.STACKS if stack.apart}
    assert set(model.stacks()) - apart <= set(graph.nodes)
    assert {("network", "cluster"), ("cluster", "service"), ("ImageUri", "service"), ("LambdaCodeKey", "api")} <= after
    assert ("network", "service") not in after  # the longer way says it


def test_arrows_in_a_circle_are_an_error() -> None:
    graph = Graph("circle")
    for name in "ab":
        graph.add(name, name)
    graph.join("a", "b")
    graph.join("b", "a")

    with pytest.raises(ValueError, match="go in a circle"):
        draw(graph)


def test_long_arrows_go_around_boxes() -> None:
    graph = Graph("chain")
    for name in "abc":
        graph.add(name, name)
    for start, end in ("ab", "bc", "ac"):
        graph.join(start, end)
    heights = {label.text: label.y for label in draw(graph).labels}

    assert heights["a"] != heights["b"]  # the arrow from a to c has its own lane beside b


def test_mermaid_has_every_box_and_arrow() -> None:
    graph = logical.graph()
    text = mermaid.text(graph)

    assert text.count("-->") + text.count("-.->") == len(graph.edges)
    assert all(f'["{node.title}' in text for node in graph.nodes.values())


def test_text_is_wrapped_at_words() -> None:
    assert wrapped("one two three", 60) == ["one two", "three"]


def test_a_stale_a_missing_and_a_surplus_file_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "wanted", lambda root: {"docs/stacks/a.md": "new", "docs/stacks/b.md": "b"})
    (tmp_path / "docs" / "stacks").mkdir(parents=True)
    (tmp_path / "docs" / "stacks" / "a.md").write_text("old")
    (tmp_path / "docs" / "stacks" / "gone.md").write_text("x")

    assert sources.problems(tmp_path) == [
        "stale: docs/stacks/a.md",
        "missing: docs/stacks/b.md",
        "surplus: docs/stacks/gone.md",
    ]
    assert len(sources.write(tmp_path)) == 3
    assert sources.problems(tmp_path) == []


def test_frames_become_subgraphs_of_mermaid() -> None:
    text = mermaid.frames(physical.region())

    assert text.count("subgraph") == text.count("end\n") > 5
    assert 'JudgementsTable<br>DynamoDB Table"]' in text


@pytest.mark.parametrize("name", PICTURES)
def test_every_command_in_a_picture_is_there(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (sources.ROOT / "Makefile").read_text(), re.M))
    labels = PICTURES[name].draw().labels
    words = " ".join(label.text for label in labels)

    assert set(re.findall(r"\bmake ([a-z-]+)", words)) <= targets
    named = {name for label in labels for name in re.findall(r"(?:^|, )sentiment ([a-z-]+)(?=:|$)", label.text)}
    assert named <= main.commands.keys()
    assert named or name != "operation"
