"""A graph to be drawn: boxes, arrows between them, and frames around them. How it is drawn is said elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from scripts.docs.svg import FONT_SIZE, LINE, PADDING, SMALL, Drawing, width_of, wrapped

ICON = 32.0  # width and height of an icon in a box
LONGEST = 210.0  # of a soft line in a box, in pixels
LONGEST_LABEL = 110.0  # of a line on an arrow
LABEL_LINE = 13.0  # from one line on an arrow to the next


@dataclass(frozen=True)
class Node:
    """A box: its name in the graph, its title, softer lines under it, the kind that colours it, an icon of icons/.

    A tall box has its icon above its text, as AWS draws services; otherwise it is beside the text.
    """

    name: str
    title: str
    lines: tuple[str, ...] = ()
    kind: str = "outside"
    icon: str = ""
    tall: bool = False
    longest: float = LONGEST

    @property
    def indent(self) -> float:
        """Where its text begins, from its left side: after the icon, if that is beside it."""
        return PADDING + (ICON + PADDING if self.icon and not self.tall else 0)

    @property
    def drop(self) -> float:
        """Where its text begins, from its upper side: below the icon, if that is above it."""
        return ICON + 6 if self.icon and self.tall else 0

    @property
    def soft(self) -> list[str]:
        """The softer lines, wrapped."""
        return [part for line in self.lines for part in wrapped(line, self.longest, SMALL)]

    @property
    def width(self) -> float:
        """Width of its box."""
        widest = max([width_of(self.title) * 1.08, *(width_of(line, SMALL) for line in self.soft)])
        return widest + self.indent + PADDING

    @property
    def height(self) -> float:
        """Height of its box."""
        text = LINE + (LINE - 2) * len(self.soft) + 14
        return max(text + self.drop, ICON + 14 if self.icon else 0)


@dataclass(frozen=True)
class Edge:
    """An arrow from box to box, with a word or two on it."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False
    longest: float = LONGEST_LABEL

    @property
    def lines(self) -> list[str]:
        """Its label, wrapped."""
        return wrapped(self.label, self.longest, SMALL)


@dataclass(frozen=True)
class Group:
    """A frame around boxes that stand together, with an icon in its corner."""

    title: str
    kind: str
    names: tuple[str, ...]
    icon: str = ""


@dataclass
class Graph:
    """Boxes and arrows, and frames around boxes.

    Attributes:
        title: what it shows.
        legend: whether the colours of the kinds are explained below it.
        tall: whether icons stand above their boxes' texts, which makes a picture with many boxes side by side narrow.
        longest: width of a soft line in a box, in pixels, above which it is wrapped.
        across: whether it goes from left to right, as on a slide; otherwise in the direction in which it is less wide.
        packed: whether parts without arrows between them are laid out one by one, as wide as a page together.
    """

    title: str
    legend: bool = True
    tall: bool = False
    longest: float = LONGEST
    across: bool = False
    packed: bool = False
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def add(self, name: str, title: str, *lines: str, kind: str = "outside", icon: str = "") -> str:
        """Add a box, unless it is there; its name."""
        said = tuple(line for line in lines if line)
        self.nodes.setdefault(name, Node(name, title, said, kind, icon, self.tall, self.longest))
        return name

    def join(
        self, source: str, target: str, label: str = "", dashed: bool = False, longest: float = LONGEST_LABEL
    ) -> None:
        """Add an arrow, unless there is one already; its label is wrapped where it would be longer."""
        if not any((edge.source, edge.target) == (source, target) for edge in self.edges):
            self.edges.append(Edge(source, target, label, dashed, longest))

    def name_hubs(self, most: int) -> None:
        """Replace the arrows of boxes that have many by their names in the boxes at the arrows' other ends.

        Args:
            most: arrows that may leave a box, and as many that may arrive at it, before it is named instead.
        """
        leaving, arriving = (Counter(getattr(edge, end) for edge in self.edges) for end in ("source", "target"))
        builds_on: dict[str, list[str]] = {}
        used_by: dict[str, list[str]] = {}
        kept = []
        for edge in self.edges:
            if leaving[edge.source] > most:
                builds_on.setdefault(edge.target, []).append(self.nodes[edge.source].title)
            elif arriving[edge.target] > most:
                used_by.setdefault(edge.source, []).append(self.nodes[edge.target].title.removeprefix("to "))
            else:
                kept.append(edge)
        self.edges = kept
        for words, named in (("builds on", builds_on), ("used by", used_by)):
            for name, titles in named.items():
                line = f"{words} {', '.join(titles)}"
                self.nodes[name] = replace(self.nodes[name], lines=(*self.nodes[name].lines, line))

    def parts(self) -> list[Graph]:
        """Its parts without arrows between them, as graphs of their own; only itself if they are not to be packed."""
        if not self.packed:
            return [self]
        left, found = dict.fromkeys(self.nodes), []
        while left:
            reached, todo = set(), [next(iter(left))]
            while todo:
                name = todo.pop()
                if name not in reached:
                    reached.add(name)
                    todo += [edge.target for edge in self.edges if edge.source == name]
                    todo += [edge.source for edge in self.edges if edge.target == name]
            nodes = {name: self.nodes[name] for name in left if name in reached}
            edges = [edge for edge in self.edges if edge.source in reached]
            found.append(Graph(self.title, across=self.across, nodes=nodes, edges=edges))
            left = {name: None for name in left if name not in reached}
        return found

    def frame(self, title: str, kind: str, names: Iterable[str], icon: str = "") -> None:
        """Put a frame around boxes."""
        self.groups.append(Group(title, kind, tuple(names), icon))


def write(drawing: Drawing, node: Node, x: float, y: float) -> None:
    """Write what is in a box whose upper left corner is at a point: icon, title and lines."""
    if node.icon and node.tall:
        drawing.icon(node.icon, x + (node.width - ICON) / 2, y + 7, ICON)
    elif node.icon:
        drawing.icon(node.icon, x + 7, y + 7, ICON)
    middle = 7 if node.icon and not node.tall and not node.soft else 0  # a title alone stands beside its icon's middle
    lines = [(node.title, "title", FONT_SIZE), *((line, "soft", SMALL) for line in node.soft)]
    for number, (line, style, size) in enumerate(lines):
        below = y + node.drop + 20 + middle + (LINE - 2) * number + (1 if number else 0)
        if node.tall:
            drawing.centred(line, x + node.width / 2, below + 2, style, size)
        else:
            drawing.text(line, x + node.indent, below, style, size)
