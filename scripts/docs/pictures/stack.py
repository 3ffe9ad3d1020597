"""The picture of one stack: its resources from left to right in the order in which they build on each other."""

from __future__ import annotations

from scripts.cloudformation import references
from scripts.cloudformation.templates import Template
from scripts.docs import model
from scripts.docs.graph import LONGEST, Graph
from scripts.docs.pictures.kinds import icon_of, kind_of

MANY = 20  # resources of a stack; with more, no page is wide enough for all arrows
NARROW = 160.0  # width in pixels of a line in its boxes
MOST_ARROWS = 3  # from or to a box, in the picture of such a stack


def is_large(template: Template) -> bool:
    """Whether a stack has so many resources that its picture names boxes instead of drawing many arrows to one."""
    return len(template.resources) > MANY


def graph_of(template: Template) -> Graph:
    """Resources of a stack, and the stacks that it takes values from."""
    large = is_large(template)
    graph = Graph(f"Stack {template.stack}: what builds on what", longest=NARROW if large else LONGEST)
    givers = _givers(template)
    for giver in dict.fromkeys(givers.values()):
        graph.add(f"stack {giver}", f"{giver} stack", *(name for name, its in givers.items() if its == giver))
    for resource in template.resources.values():
        what = model.short_type(resource.type), model.only(resource.condition)
        graph.add(resource.id, resource.id, *what, kind=kind_of(resource), icon=icon_of(resource))
    for resource in template.resources.values():
        for name in (*resource.refers_to, *resource.depends_on):
            if name in template.resources:
                graph.join(name, resource.id, dashed=bool(resource.condition))
            elif name in givers:
                graph.join(f"stack {givers[name]}", resource.id)
    drop_shortcuts(graph)
    _takers(graph, template)
    used = {end for edge in graph.edges for end in (edge.source, edge.target)}
    for giver in set(givers.values()):
        if f"stack {giver}" not in used:  # its value is wired, but no resource names it
            del graph.nodes[f"stack {giver}"]
    if large:
        graph.name_hubs(MOST_ARROWS)
        graph.packed = True
    return graph


def _givers(template: Template) -> dict[str, str]:
    """Parameter -> the stack whose Output of that name it gets."""
    makers = model.makers_of_outputs()
    return {
        name: makers[name][0] for name in template.parameters if name in makers and makers[name][0] != template.stack
    }


def _takers(graph: Graph, template: Template) -> None:
    """The stacks that take values from this one, with an arrow from each resource that such a value is of."""
    for other in model.stacks().values():
        taken = [name for name in template.outputs if name in other.parameters and other.stack != template.stack]
        named = [each for name in taken for each in references.names(template.outputs[name]["Value"])]
        sources = [each for each in named if each in template.resources]
        if sources:
            graph.add(f"to {other.stack}", f"to {other.stack} stack", *taken)
        for source in dict.fromkeys(sources):
            graph.join(source, f"to {other.stack}")


def drop_shortcuts(graph: Graph) -> None:
    """Leave out an arrow where a longer way says the same: what it builds on is built on by another it builds on."""
    after: dict[str, set[str]] = {name: set() for name in graph.nodes}
    for edge in graph.edges:
        after[edge.source].add(edge.target)

    def reaches(source: str, target: str) -> bool:
        return any(step == target or reaches(step, target) for step in after[source])

    graph.edges = [
        edge
        for edge in graph.edges
        if not any(step != edge.target and reaches(step, edge.target) for step in after[edge.source])
    ]
