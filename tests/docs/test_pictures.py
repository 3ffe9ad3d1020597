"""The pictures: nothing stale, no label on another or outside, and the graphs say what the templates say."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from generator import catalogue
from scripts.cli.main import main
from scripts.docs import access, layouts, mermaid, model, sources
from scripts.docs.graph import Graph
from scripts.docs.nested import Frame
from scripts.docs.pictures import (
    general,
    here,
    logical,
    network,
    of_lessons,
    of_stacks,
    physical,
    pushes,
    roles,
    scaling,
    workflows,
)
from scripts.docs.plot import draw
from scripts.docs.svg import ICONS, NAMES, overlap, wrapped

PICTURES = {picture.name: picture for picture in [*general(), *of_stacks(), *of_lessons()]}
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

    assert [zone.title for zone in group.children if isinstance(zone, Frame)] == [
        "Availability zone 1",
        "Availability zone 2",
    ]
    assert len(frames(group, "Availability zone")) == 2
    for zone in frames(group, "Availability zone"):
        assert [each.title for each in frames(zone, "Subnet")] == ["Subnet: public, or private"]


def test_conditions_are_told_in_words() -> None:
    names = {name for stack in model.stacks().values() for name in stack.conditions}
    decided = [each for stack in model.stacks().values() for each in stack.resources.values() if each.condition]
    text = " ".join(label.text for picture in PICTURES.values() for label in picture.draw().labels)

    assert all(model.only(resource.condition).startswith("only ") for resource in decided)
    assert [name for name in names if model.only(name).startswith("only if ")] == []  # has no words in model.py
    assert [name for name in names if name in text] == []


@pytest.mark.parametrize("name", PICTURES)
def test_a_viewer_without_css_sees_every_colour(name: str) -> None:
    picture = ET.fromstring(re.sub("<style>.*?</style>", "", PICTURES[name].draw().finished(), flags=re.S))  # noqa: S314

    for each in picture:
        kind = each.tag.removeprefix(SVG)
        if kind in ("rect", "text", "path"):
            assert each.get("fill"), ET.tostring(each)
        if kind in ("line", "path"):
            assert each.get("stroke"), ET.tostring(each)
    assert "var(" not in PICTURES[name].draw().finished()


def test_every_icon_is_there_and_used() -> None:
    used = {icon for each in PICTURES.values() for icon in re.findall(r"#icon-([a-z0-9-]+)", each.draw().finished())}

    assert used == {path.stem for path in ICONS.glob("*.svg")}


def test_the_dark_ink_of_icons_is_light_in_the_dark() -> None:
    bright = 0x60  # the least of the strongest channel of the colours that AWS gives services
    for name in ("roles", "pushes", "network", "architecture", "places"):
        for paint, more in re.findall(r'<path fill="#([0-9a-f]{6})"([^>]*)', PICTURES[name].draw().finished()):
            dark = max(int(paint[at : at + 2], 16) for at in (0, 2, 4)) < bright
            assert dark == ('class="icon"' in more), (name, paint)


@pytest.mark.parametrize("name", sorted(pushes.CHANGES))
def test_a_push_leads_through_the_steps_of_its_workflow(name: str) -> None:
    text = (sources.ROOT / ".github" / "workflows" / f"{name}.yml").read_text()
    steps = pushes.graph().nodes[f"{name} steps"].lines

    assert steps
    assert all(step in text for step in steps)
    assert set(pushes.graph().nodes[name].lines) <= set(re.findall(r"[\w./*]+", text))


def test_scaling_says_the_templates_bounds() -> None:
    nodes, parameters = scaling.graph().nodes, model.stacks()["service"].parameters

    assert nodes["service"].lines[0] == f"{parameters['MinTasks']} to {parameters['MaxTasks']} tasks"
    assert f"{int(parameters['RequestsPerTask'] or 0):,}" in nodes["policies"].lines[0]


def test_the_main_roles_are_eight_and_their_services_are_those_of_their_grants() -> None:
    by_role: dict[str, set[str]] = {name: set() for name in roles.ROLES}
    for grant in access.grants():
        if grant.who in by_role and not grant.denied:
            by_role[grant.who] |= {call.partition(":")[0] for call in grant.calls if " " not in call}
    drawn = dict(zip(roles.ROLES, roles.frames().children, strict=True))

    assert len(roles.ROLES) == 8
    for name, frame in drawn.items():
        assert isinstance(frame, Frame)
        titles = {each.title for each in frame.children}
        assert titles == {roles.SERVICES[service][0] for service in by_role[name]}


def test_every_route_is_in_the_logical_picture() -> None:
    routes = {route.properties["RouteKey"] for route in model.all_of("AWS::ApiGatewayV2::Route")}

    assert routes <= {label for edge in logical.graph().edges for label in edge.label.split(", ")}


def test_data_is_joined_to_the_functions_whose_roles_reach_it() -> None:
    joined = {(edge.source, edge.target): edge.label for edge in logical.graph().edges}

    assert joined["RecordFunction", "JudgementsTable"] == "read, write"
    assert joined["StatsFunction", "CountsTable"] == "read"
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


WIDEST = 688  # pixels of a page's text on GitHub; what is wider is made smaller there


@pytest.mark.parametrize("name", sorted(picture.name for picture in [*general(), *of_stacks()]))
def test_text_of_a_picture_is_readable_where_pages_show_it(name: str) -> None:
    drawing = PICTURES[name].draw()

    assert drawing.width <= WIDEST
    assert min(label.size for label in drawing.labels) >= 11


@pytest.mark.parametrize("name", PICTURES)
def test_no_arrow_runs_through_a_text(name: str) -> None:
    drawing = PICTURES[name].draw()
    paths = re.findall(r'<path d="M([^"]+)"[^>]* class="arrow"', drawing.finished())
    ways = [[tuple(map(float, point.split())) for point in path.split("L")] for path in paths]

    assert len(ways) == len(drawn.edges if (drawn := graph_of(name)) else [])
    for way in ways:
        for (x, y), (to_x, to_y) in itertools.pairwise(way):
            for label in drawing.labels:
                left, top, right, bottom = label.area
                beside = max(x, to_x) <= left or min(x, to_x) >= right or max(y, to_y) <= top or min(y, to_y) >= bottom
                assert beside, (label.text, way)


def graph_of(name: str) -> Graph | None:
    """The graph that a picture draws, if it draws one."""
    graph = PICTURES[name].graph
    return graph() if graph else None


@pytest.mark.skipif(not (sources.ROOT / "node_modules" / "elkjs").is_dir(), reason="needs `npm ci`")
def test_what_is_recorded_is_what_the_engine_says() -> None:
    graphs = sources.graphs()

    assert layouts.recorded(graphs) == layouts.lay_out(graphs)


def test_a_box_with_many_arrows_is_named_where_they_would_end() -> None:
    graph = Graph("x")
    for name in ("hub", "a", "b", "c", "sink"):
        graph.add(name, name.upper())
    for name in ("a", "b", "c"):
        graph.join("hub", name)
    for name in ("b", "c"):
        graph.join(name, "sink")

    graph.name_hubs(2)

    assert [(edge.source, edge.target) for edge in graph.edges] == [("b", "sink"), ("c", "sink")]
    assert [node.lines for node in graph.nodes.values()] == [(), *[("builds on HUB",)] * 3, ()]
    assert [list(part.nodes) for part in graph.parts()] == [list(graph.nodes)]
    graph.packed = True
    assert [list(part.nodes) for part in graph.parts()] == [["hub"], ["a"], ["b", "c", "sink"]]
    graph.name_hubs(1)
    assert graph.edges == [] and graph.nodes["b"].lines == ("builds on HUB", "used by SINK")


def test_a_changed_graph_needs_its_layout_and_that_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = logical.graph()
    draw(graph)
    graph.add("new", "New")

    with pytest.raises(layouts.LayoutError, match="calls whom' has changed since it was laid out: run `make docs-so"):
        draw(graph)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(layouts.LayoutError, match=r"install Node\.js 18\.18 or newer, run `npm ci`"):
        layouts.record([graph])


def test_a_lesson_shows_where_it_is_and_nothing_else_in_colour() -> None:
    lessons = {path.stem for path in (sources.ROOT / "docs" / "walkthrough").glob("[0-9]*.md")}

    assert lessons == set(here.LESSONS)
    for picture in of_lessons():
        page = (sources.ROOT / "docs" / "walkthrough" / f"{picture.name.removeprefix('here-')}.md").read_text()
        assert f"[![{picture.caption}](../pictures/{picture.name}.svg)](../pictures/architecture.svg)" in page
        drawn = picture.draw().finished()
        assert re.findall(r'class="title">([^<]+)', drawn) == [
            node.title for name, node in here.graph().nodes.items() if name in here.LESSONS[picture.name[5:]]
        ]


def test_every_picture_on_a_page_leads_to_its_full_size() -> None:
    pages = [sources.ROOT / "README.md", *(sources.ROOT / "docs").rglob("*.md")]
    shown = {
        page: re.findall(r"(.?)!\[[^]]*\]\(([^)]*pictures/[^)]+\.svg)\)(\]\([^)]+\.svg\))?", page.read_text())
        for page in pages
        if page.name != "slides.md"
    }

    assert sum(map(len, shown.values())) > len(of_lessons())
    assert [found for each in shown.values() for found in each if found[0] != "[" or not found[2]] == []


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
    makefile = (sources.ROOT / "Makefile").read_text()
    targets = {*re.findall(r"^([a-z-]+):", makefile, re.M), *main.commands.keys()}  # one target for each command
    labels = PICTURES[name].draw().labels
    words = " ".join(label.text for label in labels)

    assert set(re.findall(r"\bmake ([a-z-]+)", words)) <= targets
    named = {name for label in labels for name in re.findall(r"(?:^|, )sentiment ([a-z-]+)(?=:|$)", label.text)}
    assert named <= main.commands.keys()
    assert named or name != "operation"
