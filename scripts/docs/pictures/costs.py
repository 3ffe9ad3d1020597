"""Picture: what a stage costs a month by resource, and what other settings would make of it."""

from __future__ import annotations

from scripts.cloudformation import templates
from scripts.costs import bill, compare, prices
from scripts.costs.compare import Variant
from scripts.costs.usage import Traffic
from scripts.docs.svg import LINE, SMALL, Drawing
from scripts.stage import settings

STAGE = "dev"
REQUESTS = 100_000.0
LEFT, NAME_WIDTH, LONGEST = 24.0, 210.0, 380.0
ROW, BAR = 30.0, 16.0
LEAST = 0.05  # USD; what costs less is one line together


def variants(region: str = prices.DEFAULT_REGION) -> list[Variant]:
    """The settings that are compared, with the picture's traffic."""
    found, chosen = templates.load_all(), settings.load(STAGE)
    return compare.variants(found, chosen, prices.load(region), Traffic(requests=REQUESTS))


def draw() -> Drawing:
    """The two bar charts."""
    compared = variants()
    drawing = Drawing(f"What the stage {STAGE} costs a month, by resource and under other settings")
    scale = LONGEST / max(each.bill.total for each in compared)
    y = _bars(
        drawing, f"By resource, {REQUESTS:,.0f} requests a month (USD)", _rows(compared[0]), 34.0, scale, "compute"
    )
    rows = [(each.name, each.bill.total) for each in compared]
    y = _bars(drawing, "Under other settings (USD)", rows, y + 20, scale, "data")
    drawing.text(f"us-east-1, no free tier, prices of {compared[0].bill.prices.date}", LEFT, y + 8, "soft", SMALL)
    return drawing


def _rows(as_set: Variant) -> list[tuple[str, float]]:
    named, rest = [], 0.0
    for resource, amount in bill.by_resource(as_set.bill):
        if amount >= LEAST:
            named.append((f"{resource.stack}: {resource.id}", amount))
        else:
            rest += amount
    return [*named, ("everything else", rest)]


def _bars(drawing: Drawing, title: str, rows: list[tuple[str, float]], y: float, scale: float, kind: str) -> float:
    """Draw a chart from y downwards; where it ends."""
    drawing.text(title, LEFT, y, "heading", 15)
    y += LINE
    for name, amount in rows:
        drawing.text(name, LEFT, y + BAR - 3)
        drawing.bar(LEFT + NAME_WIDTH, y, max(1.0, amount * scale), BAR, kind)
        drawing.text(f"{amount:.2f}", LEFT + NAME_WIDTH + amount * scale + 8, y + BAR - 3)
        y += ROW
    return y
