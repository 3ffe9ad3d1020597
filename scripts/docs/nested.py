"""Draws what lies in what: frames with boxes and further frames in them, in rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scripts.docs.graph import Node, write
from scripts.docs.svg import PADDING, Drawing, width_of

GAP = 10.0
HEADING = 32.0
BADGE = 24.0  # width and height of a frame's icon, in its corner
MARGIN = 12.0


@dataclass(frozen=True)
class Frame:
    """A frame with a title and an icon around boxes and frames, so many of them in a row."""

    title: str
    kind: str
    children: tuple[Frame | Node, ...]
    in_a_row: int = 1
    icon: str = ""

    @property
    def rows(self) -> list[tuple[Frame | Node, ...]]:
        """Its children, row by row."""
        return [self.children[start : start + self.in_a_row] for start in range(0, len(self.children), self.in_a_row)]


def draw(title: str, frame: Frame) -> Drawing:
    """Draw a frame with all that is in it.

    Args:
        title: what the picture shows.
        frame: the outermost frame.
    """
    drawing = Drawing(title)
    _draw(drawing, frame, MARGIN, MARGIN, *_size(frame))
    return drawing.legend()


def _size(item: Frame | Node) -> tuple[float, float]:
    if isinstance(item, Node):
        return item.width, item.height
    rows = [[_size(child) for child in row] for row in item.rows]
    width = max(math.fsum(size[0] for size in row) + GAP * (len(row) - 1) for row in rows)
    height = math.fsum(max(size[1] for size in row) + GAP for row in rows)
    heading = width_of(item.title) * 1.08 + _indent(item) + PADDING
    return max(width + 2 * GAP, heading), height + HEADING


def _draw(drawing: Drawing, item: Frame | Node, x: float, y: float, width: float, height: float) -> None:
    if isinstance(item, Node):
        drawing.box(x, y, width, height, item.kind)
        write(drawing, item, x, y)
        return
    drawing.box(x, y, width, height, item.kind, "group")
    if item.icon:
        drawing.icon(item.icon, x, y, BADGE)
    drawing.text(item.title, x + _indent(item), y + 18, "title")
    top = y + HEADING
    for row in item.rows:
        sizes = [_size(child) for child in row]
        spare = (width - 2 * GAP - math.fsum(size[0] for size in sizes) - GAP * (len(row) - 1)) / len(row)
        left, deep = x + GAP, max(size[1] for size in sizes)
        for child, (own, _) in zip(row, sizes, strict=True):
            share = own + (spare if len(row) == item.in_a_row else 0)
            _draw(drawing, child, left, top, share, deep)
            left += share + GAP
        top += deep + GAP


def _indent(frame: Frame) -> float:
    return BADGE + PADDING if frame.icon else GAP
