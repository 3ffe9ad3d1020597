"""A graph to be drawn: boxes, arrows between them, and frames around them. How it is drawn is said elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scripts.docs.svg import LINE, PADDING, SMALL, Drawing, width_of, wrapped

ICON = 32.0  # width and height of an icon in a box
LONGEST = 210.0  # of a soft line in a box, in pixels


@dataclass(frozen=True)
class Node:
    """A box: its name in the graph, its title, softer lines under it, the kind that colours it, an icon of icons/."""

    name: str
    title: str
    lines: tuple[str, ...] = ()
    kind: str = "outside"
    icon: str = ""

    @property
    def indent(self) -> float:
        """Where its text begins, from its left side: after the icon, if it has one."""
        return PADDING + (ICON + PADDING if self.icon else 0)

    @property
    def soft(self) -> list[str]:
        """The softer lines, wrapped."""
        return [part for line in self.lines for part in wrapped(line, LONGEST, SMALL)]

    @property
    def width(self) -> float:
        """Width of its box."""
        widest = max([width_of(self.title) * 1.08, *(width_of(line, SMALL) for line in self.soft)])
        return widest + self.indent + PADDING

    @property
    def height(self) -> float:
        """Height of its box."""
        return max(LINE + (LINE - 2) * len(self.soft) + 14, ICON + 14 if self.icon else 0)


@dataclass(frozen=True)
class Edge:
    """An arrow from box to box, with a word or two on it."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False


@dataclass
class Graph:
    """Boxes and arrows; groups are frames around boxes that stand together. The legend tells the kinds' colours."""

    title: str
    legend: bool = True
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    groups: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)

    def add(self, name: str, title: str, *lines: str, kind: str = "outside", icon: str = "") -> str:
        """Add a box, unless it is there; its name."""
        self.nodes.setdefault(name, Node(name, title, tuple(line for line in lines if line), kind, icon))
        return name

    def join(self, source: str, target: str, label: str = "", dashed: bool = False) -> None:
        """Add an arrow, unless there is one already."""
        if not any((edge.source, edge.target) == (source, target) for edge in self.edges):
            self.edges.append(Edge(source, target, label, dashed))

    def frame(self, title: str, kind: str, names: Iterable[str]) -> None:
        """Put a frame around boxes."""
        self.groups.append((title, kind, tuple(names)))


def write(drawing: Drawing, node: Node, x: float, y: float) -> None:
    """Write what is in a box whose upper left corner is at a point: icon, title and lines."""
    if node.icon:
        drawing.icon(node.icon, x + 7, y + 7, ICON)
    drawing.text(node.title, x + node.indent, y + 20, "title")
    for number, line in enumerate(node.soft):
        drawing.text(line, x + node.indent, y + 21 + (LINE - 2) * (number + 1), "soft", SMALL)
