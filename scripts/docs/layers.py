"""Arranges a graph in layers, each after those that lead to it. Knows nothing of what it arranges, and draws nothing.

The method is that of Sugiyama, Tagawa and Toda (1981) in its plainest form: layers by longest path, points on the way
of long arrows, order within a layer by the mean place of the neighbours, then places with room for every label.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from scripts.docs.graph import Edge, Graph, Node

SWEEPS = 24
GAP = 18.0  # between boxes of a layer
LANE = 12.0  # for an arrow that passes between them


@dataclass
class Spot:
    """A place in a layer: of a box, or (without one) of a point on an arrow's way.

    Attributes:
        node: the box.
        layer: number of its layer.
        down: whether layers follow each other downwards; if not, to the right.
        at: where its middle is, across the layers' direction.
        before: places with an arrow to this one, in the layer before.
        after: places with an arrow from this one, in the layer after.
    """

    node: Node | None
    layer: int
    down: bool
    at: float = 0.0
    before: list[Spot] = field(default_factory=list)
    after: list[Spot] = field(default_factory=list)

    @property
    def size(self) -> float:
        """How much of its layer it takes."""
        if self.node is None:
            return LANE
        return self.node.width if self.down else self.node.height

    @property
    def depth(self) -> float:
        """How thick it makes its layer."""
        if self.node is None:
            return 0.0
        return self.node.height if self.down else self.node.width


@dataclass(frozen=True)
class Arrangement:
    """Where everything of a graph is: boxes by name, places by layer, and the places that each arrow passes."""

    spots: dict[str, Spot]
    layers: list[list[Spot]]
    ways: dict[Edge, list[Spot]]


def arrange(graph: Graph, down: bool) -> Arrangement:
    """Find a place for every box and every arrow.

    Args:
        graph: what to arrange; its arrows must not go in a circle.
        down: whether layers follow each other downwards; if not, to the right.

    Raises:
        ValueError: the arrows go in a circle, or lead to a box that is not there.
    """
    layers = _layers(graph)
    spots = {name: Spot(node, layers[name], down) for name, node in graph.nodes.items()}
    table: list[list[Spot]] = [[] for _ in range(max(layers.values(), default=0) + 1)]
    for spot in spots.values():
        table[spot.layer].append(spot)
    ways = {edge: _way(edge, spots, table) for edge in graph.edges}
    _order(table)
    _place(table)
    return Arrangement(spots, table, ways)


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


def _way(edge: Edge, spots: dict[str, Spot], table: list[list[Spot]]) -> list[Spot]:
    """All places that an arrow passes, its two boxes included."""
    start, end = spots[edge.source], spots[edge.target]
    way = [start]
    for layer in range(start.layer + 1, end.layer):
        point = Spot(None, layer, start.down)
        table[layer].append(point)
        way.append(point)
    way.append(end)
    for one, other in itertools.pairwise(way):
        one.after.append(other)
        other.before.append(one)
    return way


def _order(table: list[list[Spot]]) -> None:
    """Put each layer's places in the order of their neighbours, there and back again."""
    for layer in table:
        for number, spot in enumerate(layer):
            spot.at = float(number)
    best, fewest = [list(layer) for layer in table], _crossings(table)
    for sweep in range(SWEEPS):
        there = sweep % 2 == 0
        for layer in table if there else reversed(table):
            means = {id(spot): _mean(spot.before if there else spot.after, spot.at) for spot in layer}
            layer.sort(key=lambda spot: means[id(spot)])
            for number, spot in enumerate(layer):
                spot.at = float(number)
        crossings = _crossings(table)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in table], crossings
    for layer, ordered in zip(table, best, strict=True):
        layer[:] = ordered


def _crossings(table: list[list[Spot]]) -> int:
    count = 0
    for layer in table:
        ends = [(number, after.at) for number, spot in enumerate(layer) for after in spot.after]
        count += sum(1 for a in ends for b in ends if a[0] < b[0] and a[1] > b[1])
    return count


def _mean(spots: list[Spot], otherwise: float) -> float:
    return sum(spot.at for spot in spots) / len(spots) if spots else otherwise


def _place(table: list[list[Spot]]) -> None:
    """Give each place its y (of its middle): close to its neighbours, and never onto the next one."""
    for layer in table:
        y = 0.0
        for spot in layer:
            spot.at = y + spot.size / 2
            y += spot.size + GAP
    for sweep in range(SWEEPS):
        there = sweep % 2 == 0
        for layer in table if there else reversed(table):
            last = sweep > SWEEPS - 3
            sides = [spot.before + spot.after if last else spot.before if there else spot.after for spot in layer]
            _settle(layer, [_mean(side, spot.at) for side, spot in zip(sides, layer, strict=True)])
    top = min(spot.at - spot.size / 2 for layer in table for spot in layer)
    for layer in table:
        for spot in layer:
            spot.at -= top


def _settle(layer: list[Spot], wanted: list[float]) -> None:
    """Move each place to where it wants to be; those that would overlap form a block around their common mean."""
    blocks: list[tuple[list[Spot], float, float]] = []  # places, y of the first, sum of what they want of it
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
            spot.at = y


def _extent(spots: list[Spot], spot: Spot) -> float:
    """From the first of some places to one that follows the last."""
    chain = [*spots, spot]
    return sum(_distance(one, other) for one, other in itertools.pairwise(chain))


def _distance(one: Spot, other: Spot) -> float:
    return (one.size + other.size) / 2 + GAP
