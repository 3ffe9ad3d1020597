"""Load and tasks over time, as a growing table in the terminal and as a picture. Measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rich.table import Table
from rich.text import Text

from scripts.local.load import Sample

SHOWN = 24  # seconds in the terminal
BAR = 40  # characters of the longest bar

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, MIDDLE, BOTTOM = 60, 20, 40, 240, 380
INK, PALE, LOAD, FAILED, TASKS = "#333333", "#dddddd", "#2563eb", "#dc2626", "#0f766e"


def table(samples: Sequence[Sample], peak: int) -> Table:
    """A row for each of the last seconds, newest last."""
    shown = Table(box=None, padding=(0, 1))
    for name in ("s", "sent/s", "answered/s", "failed", "p50 ms", "p95 ms", "tasks"):
        shown.add_column(name, justify="right")
    shown.add_column("")
    for one in samples[-SHOWN:]:
        bar = Text("█" * round(BAR * one.answered / max(1, peak)), style="blue")
        failed = Text(str(one.failed), style="bold red" if one.failed else "dim")
        tasks = Text("■" * one.tasks, style="green")
        shown.add_row(
            str(one.second), str(one.rate), str(one.answered), failed, f"{one.p50:.0f}", f"{one.p95:.0f}", tasks, bar
        )
    return shown


def svg(samples: Sequence[Sample], title: str) -> str:
    """The whole run as a picture: requests a second above, running tasks below.

    Args:
        samples: one a second.
        title: of the picture.
    """
    last = max(one.second for one in samples)
    most = max(max(one.rate, one.answered) for one in samples) or 1
    tasks = max(one.tasks for one in samples) or 1

    def x(second: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * second / last

    def above(rate: float) -> float:
        return MIDDLE - (MIDDLE - TOP) * rate / most

    def below(count: float) -> float:
        return BOTTOM - (BOTTOM - MIDDLE - 40) * count / tasks

    parts = [_text(LEFT, 20, title, 15)]
    for count in range(tasks + 1):
        parts += [_line(LEFT, below(count), WIDTH - RIGHT, below(count)), _text(LEFT - 12, below(count) + 4, count)]
    for share in (0, 0.5, 1):
        rate = most * share
        parts += [_line(LEFT, above(rate), WIDTH - RIGHT, above(rate)), _text(LEFT - 40, above(rate) + 4, round(rate))]
    step = 10 if last <= 120 else 30
    parts += [_text(x(second) - 8, BOTTOM + 20, f"{second} s") for second in range(0, last + 1, step)]
    parts.append(_path([(x(one.second), above(one.rate)) for one in samples], INK, 1, dashed=True))
    parts.append(_path([(x(one.second), above(one.answered)) for one in samples], LOAD, 2))
    parts.append(_path([(x(one.second), above(one.failed)) for one in samples], FAILED, 1))
    stairs = [(x(one.second - back), below(one.tasks)) for one in samples for back in (1, 0)]
    parts.append(_path(stairs, TASKS, 2.5))
    legend = ((LOAD, "answered per second"), (INK, "sent per second"), (FAILED, "failed per second"), (TASKS, "tasks"))
    for number, (colour, words) in enumerate(legend):
        parts.append(_text(LEFT + number * 150, HEIGHT - 4, words, colour=colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _text(x: float, y: float, words: object, size: int = 12, colour: str = INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}">{escape(str(words))}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{PALE}"/>'


def _path(points: Sequence[tuple[float, float]], colour: str, width: float, dashed: bool = False) -> str:
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'
