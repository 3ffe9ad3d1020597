"""How far the predictions of the last day are from those of the month before: labels, and texts without a prediction.

CloudWatch alarms look back a week at most, and cannot search for the metrics of models to come. So the daily watch asks
for both, and logs one number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from aws import client

NAMESPACE = "Sentiment"
ABSTAINED = "Abstained"
DAY = 86_400
MONTH_DAYS = 30
# By chance alone, 200 texts of eight kinds are 0.08 away from where they came from; and a hundred 0.11.
LEAST_TODAY = 200
LEAST_BEFORE = 1_000


def drift(stage: str, labels: Sequence[str], now: datetime) -> float | None:
    """Share of the last day's predictions that would have to be others for the mix to be that of the month before.

    Args:
        stage: name of the stage.
        labels: what the model tells apart.
        now: the time.

    Returns:
        0.0 for the same mix, 1.0 for nothing in common; None if there are too few predictions to tell.
    """
    counts = daily(stage, (*(label.capitalize() for label in labels), ABSTAINED), now)
    today = {name: days[-1] for name, days in counts.items()}
    before = {name: sum(days[:-1]) for name, days in counts.items()}
    if sum(today.values()) < LEAST_TODAY or sum(before.values()) < LEAST_BEFORE:
        return None
    return round(distance(today, before), 4)


def distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Total variation distance of two mixes: half the sum of the differences between their shares.

    Args:
        one: counts by name.
        other: likewise, of the same names.
    """
    all_of_one, all_of_other = sum(one.values()), sum(other.values())
    return sum(abs(one[name] / all_of_one - other[name] / all_of_other) for name in one) / 2


def daily(stage: str, names: Sequence[str], now: datetime) -> dict[str, list[float]]:
    """How often each was predicted, by any model, in each of the last days; the last one ends now.

    Args:
        stage: name of the stage.
        names: of the metrics.
        now: the time.
    """
    end = now.replace(second=0, microsecond=0)
    start = end - timedelta(days=MONTH_DAYS + 1)
    search = "SUM(SEARCH('{{{0},Stage,Model}} Stage=\"{1}\" MetricName=\"{2}\"', 'Sum', {3}))"
    queries = [
        {"Id": f"m{number}", "Expression": search.format(NAMESPACE, stage, name, DAY), "Label": name}
        for number, name in enumerate(names)
    ]
    found = {name: [0.0] * (MONTH_DAYS + 1) for name in names}
    pages = (
        client("cloudwatch")
        .get_paginator("get_metric_data")
        .paginate(MetricDataQueries=queries, StartTime=start, EndTime=end)
    )
    for result in (result for page in pages for result in page["MetricDataResults"]):
        for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
            day = min(max((moment - start) // timedelta(days=1), 0), MONTH_DAYS)
            found[names[int(result["Id"][1:])]][day] += value
    return found
