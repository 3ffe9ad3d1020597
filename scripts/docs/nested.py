"""Draws what lies in what: frames with boxes and further frames in them, beside or below each other."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.docs.graph import Node
from scripts.docs.svg import LINE, PADDING, SMALL, Drawing, width_of

GAP = 14.0
HEADING = 26.0
MARGIN = 16.0


@dataclass(frozen=True)
class Frame:
    """A frame with a title around boxes and frames, which stand beside each other or below each other."""

    title: str
    kind: str
    children: tuple[Frame | Node, ...]
    beside: bool = False


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
    sizes = [_size(child) for child in item.children]
    widths, heights = [size[0] for size in sizes], [size[1] for size in sizes]
    gaps = GAP * (len(sizes) - 1)
    inner = (sum(widths) + gaps, max(heights)) if item.beside else (max(widths), sum(heights) + gaps)
    heading = width_of(item.title) * 1.08 + 2 * PADDING
    return max(inner[0] + 2 * GAP, heading), inner[1] + HEADING + GAP


def _draw(drawing: Drawing, item: Frame | Node, x: float, y: float, width: float, height: float) -> None:
    if isinstance(item, Node):
        drawing.box(x, y, width, height, item.kind)
        drawing.text(item.title, x + PADDING, y + 20, "title")
        for number, line in enumerate(item.soft):
            drawing.text(line, x + PADDING, y + 21 + (LINE - 2) * (number + 1), "soft", SMALL)
        return
    drawing.box(x, y, width, height, item.kind, "group")
    drawing.text(item.title, x + GAP, y + 18, "title")
    left, top = x + GAP, y + HEADING
    for child in item.children:
        child_width, child_height = _size(child)
        if item.beside:
            _draw(drawing, child, left, top, child_width, height - HEADING - GAP)
            left += child_width + GAP
        else:
            _draw(drawing, child, left, top, width - 2 * GAP, child_height)
            top += child_height + GAP
