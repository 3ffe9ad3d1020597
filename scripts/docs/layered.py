"""Draws a graph from left to right: what leads on stands left of what it leads to. Knows nothing of what it draws.

The method is that of Sugiyama, Tagawa and Toda (1981) in its plainest form: layers by longest path, points on the way
of long arrows, order within a layer by the mean place of the neighbours, then places with room for every label.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from scripts.docs.graph import Edge, Graph, Node
from scripts.docs.svg import LINE, PADDING, SMALL, Drawing, Label, overlap, width_of

SWEEPS = 24
GAP = 18.0  # between boxes of a layer
LANE = 12.0  # for an arrow that passes between them
ROAD = 56.0  # between layers, without labels
MARGIN = 20.0
FRAME_HEADING = 24.0


@dataclass
class _Spot:
    """A place in a layer: of a box, or (without one) of a point on an arrow's way."""

    node: Node | None
    layer: int
    y: float = 0.0
    before: list[_Spot] = field(default_factory=list)
    after: list[_Spot] = field(default_factory=list)

    @property
    def height(self) -> float:
        return self.node.height if self.node else LANE


def draw(graph: Graph) -> Drawing:
    """Draw the graph.

    Args:
        graph: what to draw; its arrows must not go in a circle.

    Returns:
        The drawing.

    Raises:
        ValueError: the arrows go in a circle, or lead to a box that is not there.
    """
    layers = _layers(graph)
    spots = {name: _Spot(node, layers[name]) for name, node in graph.nodes.items()}
    table: list[list[_Spot]] = [[] for _ in range(max(layers.values(), default=0) + 1)]
    for spot in spots.values():
        table[spot.layer].append(spot)
    ways = {edge: _way(edge, spots, table) for edge in graph.edges}
    _order(table)
    _place(table, framed=bool(graph.groups))
    return _drawing(graph, spots, table, ways)


def _layers(graph: Graph) -> dict[str, int]:
    before: dict[str, set[str]] = {name: set() for name in graph.nodes}
    for edge in graph.edges:
        if edge.source not in before or edge.target not in before:
            raise ValueError(f"{graph.title}: an arrow from {edge.source} to {edge.target}, and no such box")
        before[edge.target].add(edge.source)
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise ValueError(f"{graph.title}: arrows go in a circle: {error.args[1]}") from error
    layers: dict[str, int] = {}
    for name in order:
        layers[name] = max((layers[each] + 1 for each in before[name]), default=0)
    after = {name: [edge.target for edge in graph.edges if edge.source == name] for name in graph.nodes}
    for name in reversed(order):  # a box that nothing leads to stands right before what it leads to
        if after[name] and not before[name]:
            layers[name] = min(layers[target] for target in after[name]) - 1
    return layers


def _way(edge: Edge, spots: dict[str, _Spot], table: list[list[_Spot]]) -> list[_Spot]:
    """All places that an arrow passes, its two boxes included."""
    start, end = spots[edge.source], spots[edge.target]
    way = [start]
    for layer in range(start.layer + 1, end.layer):
        point = _Spot(None, layer)
        table[layer].append(point)
        way.append(point)
    way.append(end)
    for one, other in itertools.pairwise(way):
        one.after.append(other)
        other.before.append(one)
    return way


def _order(table: list[list[_Spot]]) -> None:
    """Put each layer's places in the order of their neighbours, there and back again."""
    for layer in table:
        for number, spot in enumerate(layer):
            spot.y = float(number)
    best, fewest = [list(layer) for layer in table], _crossings(table)
    for sweep in range(SWEEPS):
        there = sweep % 2 == 0
        for layer in table if there else reversed(table):
            means = {id(spot): _mean(spot.before if there else spot.after, spot.y) for spot in layer}
            layer.sort(key=lambda spot: means[id(spot)])
            for number, spot in enumerate(layer):
                spot.y = float(number)
        crossings = _crossings(table)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in table], crossings
    for layer, ordered in zip(table, best, strict=True):
        layer[:] = ordered


def _crossings(table: list[list[_Spot]]) -> int:
    count = 0
    for layer in table:
        ends = [(number, after.y) for number, spot in enumerate(layer) for after in spot.after]
        count += sum(1 for a in ends for b in ends if a[0] < b[0] and a[1] > b[1])
    return count


def _mean(spots: list[_Spot], otherwise: float) -> float:
    return sum(spot.y for spot in spots) / len(spots) if spots else otherwise


def _place(table: list[list[_Spot]], framed: bool) -> None:
    """Give each place its y (of its middle): close to its neighbours, and never onto the next one."""
    for layer in table:
        y = 0.0
        for spot in layer:
            spot.y = y + spot.height / 2
            y += spot.height + GAP
    for sweep in range(SWEEPS):
        there = sweep % 2 == 0
        for layer in table if there else reversed(table):
            last = sweep > SWEEPS - 3
            sides = [spot.before + spot.after if last else spot.before if there else spot.after for spot in layer]
            _settle(layer, [_mean(side, spot.y) for side, spot in zip(sides, layer, strict=True)])
    top = min(spot.y - spot.height / 2 for layer in table for spot in layer)
    for layer in table:
        for spot in layer:
            spot.y += FRAME_HEADING + MARGIN - top if framed else MARGIN - top


def _settle(layer: list[_Spot], wanted: list[float]) -> None:
    """Move each place to where it wants to be; those that would overlap form a block around their common mean."""
    blocks: list[tuple[list[_Spot], float, float]] = []  # places, y of the first, sum of what they want of it
    for spot, y in zip(layer, wanted, strict=True):
        spots, first, total = [spot], y, y
        while blocks and blocks[-1][1] + _extent(blocks[-1][0], spot=spots[0]) > first:
            earlier, _, sum_ = blocks.pop()
            total += sum_ - len(spots) * _extent(earlier, spot=spots[0])
            spots = earlier + spots
            first = total / len(spots)
        blocks.append((spots, first, total))
    for spots, first, _ in blocks:
        y = first
        for number, spot in enumerate(spots):
            if number:
                y += _distance(spots[number - 1], spot)
            spot.y = y


def _extent(spots: list[_Spot], spot: _Spot) -> float:
    """From the first of some places to one that follows the last."""
    chain = [*spots, spot]
    return sum(_distance(one, other) for one, other in itertools.pairwise(chain))


def _distance(one: _Spot, other: _Spot) -> float:
    return (one.height + other.height) / 2 + GAP


def _drawing(graph: Graph, spots: dict[str, _Spot], table: list[list[_Spot]], ways: dict[Edge, list[_Spot]]) -> Drawing:
    drawing = Drawing(graph.title)
    widths = [max((spot.node.width for spot in layer if spot.node), default=0.0) for layer in table]
    roads = [ROAD] * len(table)
    for edge, way in ways.items():
        if edge.label:
            layer = way[0].layer
            roads[layer] = max(roads[layer], width_of(edge.label, SMALL) + 40)
    lefts = [MARGIN]
    for width, road in zip(widths, roads, strict=True):
        lefts.append(lefts[-1] + width + road)
    _frames(drawing, graph, spots, lefts)
    for spot in spots.values():
        _box(drawing, spot, lefts[spot.layer])
    for edge, way in ways.items():
        _arrow(drawing, edge, way, lefts, widths)
    return drawing


def _box(drawing: Drawing, spot: _Spot, x: float) -> None:
    node = spot.node
    assert node is not None  # noqa: S101 - only boxes are in the graph's own places
    y = spot.y - node.height / 2
    drawing.box(x, y, node.width, node.height, node.kind)
    drawing.text(node.title, x + PADDING, y + 20, "title")
    for number, line in enumerate(node.soft):
        drawing.text(line, x + PADDING, y + 20 + (LINE - 2) * (number + 1) + 1, "soft", SMALL)


def _arrow(drawing: Drawing, edge: Edge, way: list[_Spot], lefts: list[float], widths: list[float]) -> None:
    start, end = way[0], way[-1]
    assert start.node is not None  # noqa: S101 - an arrow starts at a box
    points = [(lefts[start.layer] + start.node.width, start.y)]
    if start.node.width < widths[start.layer]:
        points.append((lefts[start.layer] + widths[start.layer], start.y))
    for point in way[1:-1]:
        points += [(lefts[point.layer] - 4, point.y), (lefts[point.layer] + widths[point.layer] + 4, point.y)]
    points.append((lefts[end.layer], end.y))
    drawing.arrow(points, edge.dashed)
    if edge.label:
        begin = lefts[start.layer] + widths[start.layer], start.y
        _label(drawing, edge.label, begin, (lefts[way[1].layer], way[1].y))


def _label(drawing: Drawing, text: str, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Write on an arrow: in its middle, or to either side of that where another label is in the way."""
    for part in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74):
        # The arrow is a curve: its height changes as 3t^2 - 2t^3 does while its width changes by the same curve.
        rise = part * part * (3 - 2 * part)
        x, y = begin[0] + (end[0] - begin[0]) * part, begin[1] + (end[1] - begin[1]) * rise
        place = Label(text, x - width_of(text, SMALL) / 2, y + 4, SMALL)
        if not any(overlap(place, label) for label in drawing.labels):
            break
    drawing.centred(text, x, y + 4, "soft halo", SMALL)


def _frames(drawing: Drawing, graph: Graph, spots: dict[str, _Spot], lefts: list[float]) -> None:
    for title, kind, names in graph.groups:
        inside = [spots[name] for name in names]
        left = min(lefts[spot.layer] for spot in inside) - 10
        right = max(lefts[spot.layer] + (spot.node.width if spot.node else 0) for spot in inside) + 10
        top = min(spot.y - spot.height / 2 for spot in inside) - FRAME_HEADING
        bottom = max(spot.y + spot.height / 2 for spot in inside) + 10
        drawing.box(left, top, right - left, bottom - top, kind, "group")
        drawing.text(title, left + 8, top + 15, "soft", SMALL)
