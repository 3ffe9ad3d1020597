"""Where every part of a graph goes, as ELK lays it out, recorded in ``layouts.json``. Draws nothing.

The engine (elkjs under Node) runs only for graphs that have changed, so that drawing and checking need neither. What is
recorded belongs to exactly the boxes, arrows and options that it was made for.
"""

from __future__ import annotations

import functools
import itertools
import json
import shutil
import subprocess
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import ROOT
from scripts.docs.graph import LABEL_LINE, Edge, Graph, Group
from scripts.docs.svg import SMALL, width_of

ENGINE = Path(__file__).with_name("layout.mjs")
RECORD = Path(__file__).with_name("layouts.json")
LIMIT_SECONDS = 300
WIDEST = 680  # pixels of parts side by side; a page shows 688
Point = tuple[float, float]

# https://eclipse.dev/elk/reference/options.html; distances are pixels.
_OPTIONS = {
    "elk.algorithm": "layered",
    "elk.edgeRouting": "ORTHOGONAL",
    "elk.hierarchyHandling": "INCLUDE_CHILDREN",
    "elk.json.edgeCoords": "ROOT",
    "elk.json.shapeCoords": "ROOT",
    "elk.randomSeed": "1",
    "elk.padding": "[top=12,left=12,bottom=8,right=8]",
    "elk.spacing.nodeNode": "12",
    "elk.spacing.edgeNode": "8",
    "elk.spacing.edgeEdge": "8",
    "elk.spacing.edgeLabel": "3",
    "elk.spacing.componentComponent": "24",
    "elk.layered.spacing.nodeNodeBetweenLayers": "24",
    "elk.layered.spacing.edgeNodeBetweenLayers": "12",
    "elk.layered.spacing.edgeEdgeBetweenLayers": "8",
    "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
    "elk.layered.thoroughness": "30",
}


class LayoutError(Exception):
    """There is no layout of a graph as it is now, or none can be made."""


@dataclass(frozen=True)
class Layout:
    """Where everything is, in pixels from the upper left corner.

    Attributes:
        boxes: upper left corner of each box, by its name.
        frames: left, top, width and height of each frame, in the graph's order.
        ways: the points of each arrow, in the graph's order.
        labels: upper left corner of each arrow's label; ``None`` for an arrow without one.
    """

    boxes: dict[str, Point]
    frames: list[tuple[float, float, float, float]]
    ways: list[list[Point]]
    labels: list[Point | None]


def of(graph: Graph) -> Layout:
    """The recorded layout of a graph.

    Raises:
        LayoutError: none is recorded for the graph as it is now.
    """
    found = _recorded().get(_key(graph))
    if found is None:
        raise LayoutError(
            f"{graph.title!r} has changed since it was laid out: run `make docs-sources`, which needs Node.js"
        )
    return Layout(
        {name: (x, y) for name, (x, y) in found["boxes"].items()},
        [(x, y, width, height) for x, y, width, height in found["frames"]],
        [[(x, y) for x, y in way] for way in found["ways"]],
        [(label[0], label[1]) if label else None for label in found["labels"]],
    )


def record(graphs: Iterable[Graph]) -> bool:
    """Lay out the graphs that are not recorded as they are now, and forget all others; whether anything changed.

    Raises:
        LayoutError: there is something to lay out, and the engine is missing or fails.
    """
    wanted = {_key(graph): graph for graph in graphs}
    known = _recorded()
    missing = [key for key in wanted if key not in known]
    if not missing and wanted.keys() == known.keys():
        return False
    made = dict(zip(missing, lay_out([wanted[key] for key in missing]), strict=True))
    lines = [f'"{key}": {json.dumps(known.get(key) or made[key], separators=(",", ":"))}' for key in wanted]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    _recorded.cache_clear()
    return True


def recorded(graphs: Iterable[Graph]) -> list[dict[str, Any] | None]:
    """What is recorded of each graph, as ``lay_out`` returns it; ``None`` where nothing is."""
    return [_recorded().get(_key(graph)) for graph in graphs]


def lay_out(graphs: list[Graph]) -> list[dict[str, Any]]:
    """Run the engine; each graph, or each part of a packed one, in the direction in which it is less wide.

    Raises:
        LayoutError: the engine is missing or fails.
    """
    if not graphs:
        return []
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "elkjs").is_dir():
        raise LayoutError("a changed picture needs its layout engine: install Node.js 18.18 or newer, run `npm ci`")
    questions = [_questions(graph) for graph in graphs]
    request = json.dumps([one for its in questions for one in its])
    done = subprocess.run(
        [node, str(ENGINE)], input=request, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    if done.returncode:
        raise LayoutError(f"the layout engine failed: {done.stderr.strip()}")
    found = iter(json.loads(done.stdout))
    answers = [list(itertools.islice(found, len(its))) for its in questions]
    return [_packed(graph, its) for graph, its in zip(graphs, answers, strict=True)]


def _packed(graph: Graph, answers: list[dict[str, Any]]) -> dict[str, Any]:
    """What is recorded of a graph: each part as narrow as it can be and as far up as there is room, the highest first.

    Args:
        graph: what was laid out.
        answers: the engine's, for each part in each direction.
    """
    parts = graph.parts()
    each = len(answers) // len(parts)
    chosen = [min(its, key=lambda one: float(one["width"])) for its in zip(*[iter(answers)] * each, strict=True)]
    if not graph.packed:
        return _answer(chosen[0])
    boxes: dict[str, list[int]] = {}
    ways: dict[tuple[str, str], list[list[int]]] = {}
    taken: list[tuple[int, int, int, int]] = []  # left, top, right, bottom of the parts that have their places
    for part, found in sorted(zip(parts, chosen, strict=True), key=lambda pair: -float(pair[1]["height"])):
        width, height = round(found["width"]), round(found["height"])
        y, x = min(
            (max((bottom for left, _, right, bottom in taken if left < x + width and x < right), default=0), x)
            for x in {0, *(right for _, _, right, _ in taken)}
            if x == 0 or x + width <= WIDEST
        )
        taken.append((x, y, x + width, y + height))
        answer = _answer(found)
        boxes |= {name: [x + left, y + top] for name, (left, top) in answer["boxes"].items()}
        for edge, way in zip(part.edges, answer["ways"], strict=True):
            ways[edge.source, edge.target] = [[x + left, y + top] for left, top in way]
    return {
        "boxes": {name: boxes[name] for name in graph.nodes},
        "frames": [],
        "ways": [ways[edge.source, edge.target] for edge in graph.edges],
        "labels": [None] * len(graph.edges),
    }


@functools.cache
def _recorded() -> dict[str, dict[str, Any]]:
    return dict(json.loads(RECORD.read_text(encoding="utf-8"))) if RECORD.is_file() else {}


def _key(graph: Graph) -> str:
    """A number that is another one as soon as anything that the engine is told changes."""
    return str(zlib.crc32(json.dumps(_questions(graph)).encode()))


def _questions(graph: Graph) -> list[dict[str, Any]]:
    """What the engine is asked about a graph: for each part of it, in each direction that is possible."""
    directions = ("RIGHT",) + (() if graph.across else ("DOWN",))
    return [_question(part, direction) for part in graph.parts() for direction in directions]


def _question(graph: Graph, direction: str) -> dict[str, Any]:
    """A graph in ELK's JSON: https://eclipse.dev/elk/documentation/tooldevelopers/graphdatastructure/jsonformat.html."""
    frames: list[dict[str, Any]] = [
        {"id": f"frame {number}", "layoutOptions": _frame_options(group), "children": []}
        for number, group in enumerate(graph.groups)
    ]
    framed = {name: number for number, group in enumerate(graph.groups) for name in group.names}
    outside: list[dict[str, Any]] = []
    for node in graph.nodes.values():
        place = frames[framed[node.name]]["children"] if node.name in framed else outside
        place.append({"id": node.name, "width": node.width, "height": node.height})
    edges = [
        {
            "id": f"arrow {number}",
            "sources": [edge.source],
            "targets": [edge.target],
            "labels": _labels(edge),
        }
        for number, edge in enumerate(graph.edges)
    ]
    options = {**_OPTIONS, "elk.direction": direction}
    return {"id": "graph", "layoutOptions": options, "children": [*frames, *outside], "edges": edges}


def _labels(edge: Edge) -> list[dict[str, Any]]:
    """An arrow's label; the engine passes over those without a text."""
    height = LABEL_LINE * len(edge.lines)
    return [{"text": edge.label, "width": label_width(edge), "height": height}] if edge.label else []


def _frame_options(group: Group) -> dict[str, str]:
    """A frame has room for its title above its boxes."""
    return {
        "elk.padding": "[top=36,left=12,bottom=12,right=12]",
        "elk.nodeSize.constraints": "MINIMUM_SIZE",
        "elk.nodeSize.minimum": f"({width_of(group.title, SMALL) + 48},60)",
    }


def label_width(edge: Edge) -> float:
    """Width of an arrow's label in pixels."""
    return max(width_of(line, SMALL) for line in edge.lines)


def _answer(graph: dict[str, Any]) -> dict[str, Any]:
    """What is recorded of a graph that was laid out: whole pixels, in the graph's order."""
    frames = [each for each in graph["children"] if "children" in each]
    boxes = [each for each in graph["children"] if "children" not in each]
    boxes += [each for frame in frames for each in frame["children"]]
    return {
        "boxes": {each["id"]: _corner(each) for each in boxes},
        "frames": [[*_corner(each), round(each["width"]), round(each["height"])] for each in frames],
        "ways": [[_corner(point) for point in _points(each)] for each in graph["edges"]],
        "labels": [_corner(each["labels"][0]) if each["labels"] else None for each in graph["edges"]],
    }


def _points(edge: dict[str, Any]) -> list[dict[str, Any]]:
    [section] = edge["sections"]
    return [section["startPoint"], *section.get("bendPoints", []), section["endPoint"]]


def _corner(thing: dict[str, Any]) -> list[int]:
    return [round(thing["x"]), round(thing["y"])]
