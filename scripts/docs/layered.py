"""Draws a graph in layers, to the right or (where that would be wide) downwards. Where what stands: ``layers``."""

from __future__ import annotations

from scripts.docs.graph import Edge, Graph, write
from scripts.docs.layers import Arrangement, Spot, arrange
from scripts.docs.svg import SMALL, Drawing, Label, overlap, width_of

ROAD = 56.0  # between layers to the right, without labels
STREET = 46.0  # between layers downwards
STREET_WITH_LABELS = 66.0
MARGIN = 20.0
FRAME_HEADING = 24.0
WIDE = 900.0  # pixels; a wider picture is made small where pages show it


def draw(graph: Graph) -> Drawing:
    """Draw the graph, in the direction in which it is the less wide one if it is wide at all.

    Args:
        graph: what to draw; its arrows must not go in a circle.

    Raises:
        ValueError: the arrows go in a circle, or lead to a box that is not there.
    """
    drawing = _Plot(graph, down=False).drawing
    if drawing.width > WIDE:
        drawing = min(drawing, _Plot(graph, down=True).drawing, key=lambda one: one.width)
    return drawing.legend() if graph.legend else drawing


class _Plot:
    """One drawing of a graph in one direction."""

    def __init__(self, graph: Graph, down: bool) -> None:
        self.down = down
        self.found = arrange(graph, down)
        self.margin = MARGIN + (FRAME_HEADING if graph.groups else 0)
        self.depths = [max((spot.depth for spot in layer), default=0.0) for layer in self.found.layers]
        self.starts = _starts(self.found, self.depths, self.margin, down)
        self.drawing = Drawing(graph.title)
        for title, kind, names in graph.groups:
            self._frame(title, kind, [self.found.spots[name] for name in names])
        for spot in self.found.spots.values():
            self._box(spot)
        for edge, way in self.found.ways.items():
            self._arrow(edge, way)

    def _at(self, along: float, across: float) -> tuple[float, float]:
        """X and y of a point, of which is known how far along the layers it is, and where across them."""
        return (across + self.margin, along) if self.down else (along, across + self.margin)

    def _corner(self, spot: Spot) -> tuple[float, float]:
        """The upper left corner of a box."""
        return self._at(self.starts[spot.layer], spot.at - spot.size / 2)

    def _box(self, spot: Spot) -> None:
        node = spot.node
        assert node is not None  # noqa: S101 - only boxes are in the graph's own places
        x, y = self._corner(spot)
        self.drawing.box(x, y, node.width, node.height, node.kind)
        write(self.drawing, node, x, y)

    def _arrow(self, edge: Edge, way: list[Spot]) -> None:
        start, end = way[0], way[-1]
        first, street = self.starts[start.layer], self.starts[start.layer] + self.depths[start.layer]
        points = [(first + start.depth, start.at)]
        if start.depth < self.depths[start.layer]:
            points.append((street, start.at))
        for point in way[1:-1]:
            begin = self.starts[point.layer]
            points += [(begin - 4, point.at), (begin + self.depths[point.layer] + 4, point.at)]
        points.append((self.starts[end.layer], end.at))
        self.drawing.arrow([self._at(*point) for point in points], edge.dashed, self.down)
        if edge.label:
            self._label(edge.label, (street, start.at), (self.starts[way[1].layer], way[1].at))

    def _label(self, text: str, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """Write on an arrow: in its middle, or to either side of that where another label is in the way."""
        for part in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74):
            # The arrow is a curve: it goes across as 3t^2 - 2t^3 does while it goes along.
            aside = part * part * (3 - 2 * part)
            x, y = self._at(begin[0] + (end[0] - begin[0]) * part, begin[1] + (end[1] - begin[1]) * aside)
            place = Label(text, x - width_of(text, SMALL) / 2, y + 4, SMALL)
            if not any(overlap(place, label) for label in self.drawing.labels):
                break
        self.drawing.centred(text, x, y + 4, "soft halo", SMALL)

    def _frame(self, title: str, kind: str, inside: list[Spot]) -> None:
        corners = [(*self._corner(spot), spot.node) for spot in inside]
        left, top = min(x for x, _, _ in corners) - 10, min(y for _, y, _ in corners) - FRAME_HEADING
        right = max(x + (node.width if node else 0) for x, _, node in corners) + 10
        bottom = max(y + (node.height if node else 0) for _, y, node in corners) + 10
        self.drawing.box(left, top, right - left, bottom - top, kind, "group")
        self.drawing.text(title, left + 8, top + 15, "soft", SMALL)


def _starts(found: Arrangement, depths: list[float], margin: float, down: bool) -> list[float]:
    """Where each layer begins; the way between two has room for the labels on it."""
    roads = [STREET if down else ROAD] * len(depths)
    for edge, way in found.ways.items():
        if edge.label:
            room = STREET_WITH_LABELS if down else width_of(edge.label, SMALL) + 40
            roads[way[0].layer] = max(roads[way[0].layer], room)
    starts = [margin]
    for depth, road in zip(depths, roads, strict=True):
        starts.append(starts[-1] + depth + road)
    return starts
