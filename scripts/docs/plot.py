"""Draws a graph where its layout says."""

from __future__ import annotations

from collections.abc import Collection

from scripts.docs import layouts
from scripts.docs.graph import LABEL_LINE, Graph, write
from scripts.docs.svg import SMALL, Drawing

BADGE = 22.0  # width and height of a frame's icon, in its corner


def draw(graph: Graph, only: Collection[str] | None = None) -> Drawing:
    """Draw a graph.

    Args:
        graph: what to draw.
        only: names of the boxes in colour, the others being mere outlines; ``None`` for all.

    Raises:
        layouts.LayoutError: its layout is not recorded.
    """
    layout = layouts.of(graph)
    drawing = Drawing(graph.title)
    for group, (x, y, width, height) in zip(graph.groups, layout.frames, strict=True):
        drawing.box(x, y, width, height, group.kind, "group")
        if group.icon:
            drawing.icon(group.icon, x, y, BADGE)
        drawing.text(group.title, x + (BADGE if group.icon else 0) + 8, y + 15, "soft", SMALL)
    for name, node in graph.nodes.items():
        x, y = layout.boxes[name]
        if only is None or name in only:
            drawing.box(x, y, node.width, node.height, node.kind)
            write(drawing, node, x, y)
        else:
            drawing.box(x, y, node.width, node.height, "outside", "outline")
            drawing.centred(node.title, x + node.width / 2, y + node.height / 2 + 4, "soft", SMALL)
    for edge, way, label in zip(graph.edges, layout.ways, layout.labels, strict=True):
        drawing.arrow(way, edge.dashed)
        if label:
            middle = label[0] + layouts.label_width(edge) / 2
            for number, line in enumerate(edge.lines):
                drawing.centred(line, middle, label[1] + 10 + LABEL_LINE * number, "soft halo", SMALL)
    return drawing.legend() if graph.legend else drawing
