"""Every picture by its name: a caption, and how it is drawn. What is in each is said in its own module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from scripts.docs import mermaid, model
from scripts.docs.graph import Graph
from scripts.docs.pictures import (
    before,
    costs,
    here,
    logical,
    network,
    physical,
    pushes,
    roles,
    scaling,
    stack,
    talk,
    workflows,
)
from scripts.docs.plot import draw as draw_graph
from scripts.docs.svg import Drawing


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        name: of its file.
        caption: a sentence under it.
        draw: draws it.
        mermaid: writes it as Mermaid, where it can be written so.
        graph: what it draws, where that is a graph; its layout must be recorded.
        beside: a sentence below it, in Markdown.
    """

    name: str
    caption: str
    draw: Callable[[], Drawing]
    mermaid: Callable[[], str] | None = None
    graph: Callable[[], Graph] | None = None
    beside: str = ""


def _of_graph(name: str, caption: str, graph: Callable[[], Graph]) -> Picture:
    return Picture(name, caption, partial(_drawn, graph), lambda: mermaid.text(graph()), graph)


def _drawn(graph: Callable[[], Graph]) -> Drawing:
    return draw_graph(graph())


def general() -> list[Picture]:
    """The pictures of the whole system."""

    def places() -> str:
        return mermaid.frames(physical.region())

    return [
        _of_graph("architecture", "Logical architecture: who calls whom, who touches which data.", logical.graph),
        Picture(
            "places", "Physical architecture: what runs in which network, zone and machine.", physical.picture, places
        ),
        _of_graph("before", "Before and after: what replaced each part of the original.", before.graph),
        _of_graph("network", "Network: who may open a connection to whom, and on which ports.", network.graph),
        _of_graph("deployment", "Deployment: which stack waits for which, and what comes after.", workflows.deployment),
        _of_graph("pushes", "Pipelines: three ways from a push to a running stage.", pushes.graph),
        _of_graph("scaling", "Scaling: tasks and instances follow the number of requests.", scaling.graph),
        _of_graph("operation", "Operation: from a judgement to the next revision of the model.", workflows.operation),
        Picture("cost", "Costs: USD a month by resource, and under other settings.", costs.draw),
        Picture(
            "roles",
            "Roles: what the eight main ones may do.",
            roles.picture,
            lambda: mermaid.frames(roles.frames()),
            beside="[Access](../reference/access.md) has every role, policy and permission as a table.",
        ),
    ]


def of_stacks() -> list[Picture]:
    """A picture of each stack."""
    return [
        _of_graph(f"stack-{each.stack}", f"Stack {each.stack}: what builds on what.", partial(stack.graph_of, each))
        for each in model.stacks().values()
    ]


def of_lessons() -> list[Picture]:
    """For each lesson of the walkthrough, where in the system it is."""
    return [
        Picture(
            f"here-{lesson}",
            f"You are here: {', '.join(here.graph().nodes[name].title for name in names)}",
            partial(here.picture, lesson),
            graph=here.graph,
        )
        for lesson, names in here.LESSONS.items()
    ]


def of_slides() -> list[Picture]:
    """The pictures of the slides, with few words, to be read from afar."""
    return [
        Picture(f"slide-{name}", graph().title, partial(_drawn, graph), graph=graph)
        for name, graph in (("before", talk.before), ("now", talk.now))
    ]
