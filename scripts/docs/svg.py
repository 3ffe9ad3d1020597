"""Writes SVG by hand: text of known width, boxes, arrows, one style readable in light and dark. Arranges nothing."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

ICONS = Path(__file__).resolve().parent / "icons"
ICON_INKS = ("#232f3d", "#242f3e")  # of icons that are no service's

FONT_SIZE = 13.0
SMALL = 11.0
LINE = 16.0  # from one baseline to the next
PADDING = 10.0

# Widths in units of the font size, a little more than DejaVu Sans has, which is wider than what most browsers take.
_NARROW, _MIDDLE, _WIDE = 0.40, 0.65, 0.98
_NARROW_LETTERS = frozenset("ijlftrI.,:;'|!()[]/ ·-")
_WIDE_LETTERS = frozenset("mwMW@%→")

# A colour for each kind of thing: border in light, border in dark. The fill is the same hue, almost transparent.
KINDS = {
    "person": ("#57606a", "#9aa4b0"),
    "page": ("#2f7d32", "#6cc070"),
    "api": ("#8a3ffc", "#be95ff"),
    "compute": ("#c25100", "#ff9e57"),
    "data": ("#0b62c4", "#6cb2ff"),
    "network": ("#7a5c00", "#d9b64a"),
    "region": ("#00838f", "#4dd0d6"),
    "access": ("#b3261e", "#ff8a80"),
    "watch": ("#a8326f", "#ff8ac0"),
    "outside": ("#57606a", "#9aa4b0"),
}
# What the legend calls the kinds, where a picture has many of them.
NAMES = {
    "page": "page",
    "api": "API",
    "compute": "what runs code",
    "data": "data",
    "network": "network",
    "access": "rights and keys",
    "watch": "watching",
    "outside": "outside",
}
MANY = 3

FONT = "Helvetica,Arial,'DejaVu Sans',sans-serif"
INK, SOFT, PAPER, EDGE = ("#1f2328", "#e6edf3"), ("#57606a", "#a8b3be"), ("#ffffff", "#0d1117"), ("#6e7781", "#8b949e")
# Every colour is an attribute, which viewers know that have no CSS; a browser in the dark takes these instead.
_DARK = (
    f".paper{{fill:{PAPER[1]}}}text{{fill:{INK[1]}}}.soft{{fill:{SOFT[1]}}}.halo{{stroke:{PAPER[1]}}}"
    f".arrow,.rule{{stroke:{EDGE[1]}}}.head{{fill:{EDGE[1]}}}.box{{fill-opacity:.16}}.icon{{fill:{INK[1]}}}"
)
_TEXTS = {
    "title": ' font-weight="bold"',
    "heading": ' font-weight="bold"',
    "halo": f' paint-order="stroke" stroke="{PAPER[0]}" stroke-width="5" stroke-linejoin="round"',
}


@dataclass(frozen=True)
class Label:
    """A piece of text and where it stands: x of its start, y of its baseline, its size in pixels."""

    text: str
    x: float
    y: float
    size: float = FONT_SIZE

    @property
    def area(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what it covers."""
        return self.x, self.y - self.size * 0.78, self.x + width_of(self.text, self.size), self.y + self.size * 0.22


@dataclass
class Drawing:
    """An SVG picture that is being drawn.

    Attributes:
        title: what it shows, read aloud by screen readers.
        labels: every text that was put into it, for tests that look whether two overlap.
    """

    title: str
    labels: list[Label] = field(default_factory=list)
    _kinds: set[str] = field(default_factory=set)
    _icons: set[str] = field(default_factory=set)
    _below: list[str] = field(default_factory=list)
    _above: list[str] = field(default_factory=list)
    _right: float = 0.0
    _bottom: float = 0.0

    def text(self, text: str, x: float, y: float, style: str = "", size: float = FONT_SIZE) -> None:
        """Write a line of text, starting at x on the baseline y."""
        label = Label(text, x, y, size)
        self.labels.append(label)
        self._grow(label.area[2], y + 4)
        self._above.append(f'<text x="{x:.0f}" y="{y:.0f}"{_looks(style, size)}>{escape(text, quote=False)}</text>')

    def centred(self, text: str, x: float, y: float, style: str = "", size: float = FONT_SIZE) -> None:
        """Write a line of text around x; the browser centres it, whatever its font."""
        label = Label(text, x - width_of(text, size) / 2, y, size)
        self.labels.append(label)
        self._grow(label.area[2], y + 4)
        self._above.append(
            f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle"{_looks(style, size)}>'
            f"{escape(text, quote=False)}</text>"
        )

    def box(self, x: float, y: float, width: float, height: float, kind: str, style: str = "box") -> None:
        """Draw a rectangle in the colour of a kind: a "box", its mere "outline", or the dashed frame of a "group"."""
        colour = KINDS[kind][0]
        paint = {
            "box": f' stroke="{colour}" fill="{colour}" fill-opacity=".09" stroke-width="1.5"',
            "outline": f' stroke="{colour}" stroke-opacity=".5" fill="none" stroke-width="1"',
            "group": f' stroke="{colour}" fill="none" stroke-width="1.2" stroke-dasharray="5 4"',
        }[style]
        self._grow(x + width, y + height)
        self._kinds.add(kind)
        corner = 0 if style == "group" else 6
        self._below.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="{corner}"'
            f'{paint} class="{style} {kind}"/>'
        )

    def icon(self, name: str, x: float, y: float, size: float) -> None:
        """Draw an icon of ``icons/`` with its upper left corner at a point."""
        self._icons.add(name)
        self._grow(x + size, y + size)
        self._above.append(f'<use href="#icon-{name}" x="{x:.0f}" y="{y:.0f}" width="{size:.0f}" height="{size:.0f}"/>')

    def bar(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """Draw a filled bar."""
        self._grow(x + width, y + height)
        self._below.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"'
            f' fill="{KINDS[kind][0]}" class="bar {kind}"/>'
        )

    def legend(self) -> Drawing:
        """Say below the picture what its colours mean, if it has many; the drawing itself."""
        shown = [kind for kind in NAMES if kind in self._kinds]
        left, right, x, y = 20.0, self._right, 20.0, self._bottom + 28
        for kind in shown if len(shown) >= MANY else ():
            end = x + 14 + width_of(NAMES[kind], SMALL)
            if end > right and x > left:
                x, end, y = left, end - x + left, y + LINE + 2
            self.box(x, y - 9, 10, 10, kind)
            self.text(NAMES[kind], x + 14, y, "soft", SMALL)
            x = end + 14
        return self

    @property
    def width(self) -> float:
        """Width of the picture in pixels."""
        return self._right + 12

    def arrow(self, points: list[tuple[float, float]], dashed: bool = False) -> None:
        """Draw an arrow through points."""
        for x, y in points:
            self._grow(x, y)
        path = "L".join(f"{x:.0f} {y:.0f}" for x, y in points)
        dashes = ' stroke-dasharray="4 4"' if dashed else ""
        self._below.append(
            f'<path d="M{path}" fill="none" stroke="{EDGE[0]}" stroke-width="1.4" stroke-linejoin="round"{dashes}'
            ' class="arrow" marker-end="url(#head)"/>'
        )

    def finished(self) -> str:
        """The picture's file."""
        width, height = self.width, self._bottom + 16
        dark = "".join(
            f".{kind}{{stroke:{KINDS[kind][1]};fill:{KINDS[kind][1]}}}.group.{kind},.outline.{kind}{{fill:none}}.bar.{kind}{{stroke:none}}"
            for kind in KINDS
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
            f' height="{height:.0f}" font-family="{FONT}" role="img" aria-label="{escape(self.title)}">\n'
            f"<title>{escape(self.title)}</title>\n"
            f"<style>@media (prefers-color-scheme:dark){{{_DARK}{dark}}}</style>\n"
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8"'
            ' markerUnits="userSpaceOnUse" orient="auto">'
            f'<path d="M0 0L8 4L0 8z" fill="{EDGE[0]}" class="head"/></marker>'
            f"{''.join(_symbol(name) for name in sorted(self._icons))}</defs>\n"
            f'<rect class="paper" width="{width:.0f}" height="{height:.0f}" rx="8" fill="{PAPER[0]}"/>\n'
            + "\n".join(self._below + self._above)
            + "\n</svg>\n"
        )

    def _grow(self, x: float, y: float) -> None:
        self._right, self._bottom = max(self._right, x), max(self._bottom, y)


def overlap(one: Label, other: Label) -> bool:
    """Whether two pieces of text stand in each other's way."""
    left, top, right, bottom = one.area
    its_left, its_top, its_right, its_bottom = other.area
    return left < its_right and its_left < right and top < its_bottom and its_top < bottom


def width_of(text: str, size: float = FONT_SIZE) -> float:
    """About how wide a text is, in pixels; rather too wide than too narrow.

    The same number under every Python: since 3.12, ``sum`` may differ in the last digit.
    """
    return size * math.fsum(
        _NARROW if letter in _NARROW_LETTERS else _WIDE if letter in _WIDE_LETTERS else _MIDDLE for letter in text
    )


def wrapped(text: str, width: float, size: float = FONT_SIZE) -> list[str]:
    """A text in lines no wider than some pixels; a single word may be wider."""
    lines: list[str] = []
    for word in text.split():
        if lines and width_of(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _looks(style: str, size: float) -> str:
    """A text's attributes."""
    colour = SOFT[0] if "soft" in style else INK[0]
    more = "".join(_TEXTS.get(each, "") for each in style.split())
    names = f' class="{style}"' if style else ""
    return f' font-size="{size:.0f}" fill="{colour}"{more}{names}'


@functools.cache
def _symbol(name: str) -> str:
    """An icon's drawing, for use in a picture; its dark ink is light in the dark."""
    found = re.fullmatch(r'<svg [^>]*viewBox="([^"]+)"[^>]*>(.*)</svg>\s*', (ICONS / f"{name}.svg").read_text(), re.S)
    assert found is not None  # noqa: S101 - we keep these files
    inner = re.sub(f'(fill="(?:{"|".join(ICON_INKS)})")', r'\1 class="icon"', found[2])
    return f'<symbol id="icon-{name}" viewBox="{found[1]}">{inner}</symbol>'
