"""How every alarm is built: what it watches, when it fires, and that it notifies the stage's topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from troposphere import If, Ref, Template, cloudwatch

from generator.building import name_tag, purpose
from generator.parameters import parameter

MINUTE = 60
DAY = 86_400


def metric(namespace: str, name: str, statistic: str, period: int = MINUTE, **dimensions: Any) -> dict[str, Any]:
    """What an alarm watches: one metric.

    Args:
        namespace: such as ``AWS/Lambda``.
        name: name of the metric.
        statistic: such as ``Sum`` or ``p95``.
        period: seconds that one value of it stands for.
        dimensions: whose metric it is.
    """
    kind = "ExtendedStatistic" if statistic.startswith("p") else "Statistic"
    of = [cloudwatch.MetricDimension(Name=key, Value=value) for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, kind: statistic, "Period": period, "Dimensions": of}


def query(
    key: str, namespace: str, name: str, of: Mapping[str, Any], period: int = MINUTE, statistic: str = "Sum"
) -> cloudwatch.MetricDataQuery:
    """A metric that an expression names.

    Args:
        key: its name in the expression.
        namespace: such as ``AWS/Lambda``.
        name: name of the metric.
        of: its dimensions.
        period: seconds that one value of it stands for.
        statistic: such as ``Sum``.
    """
    return cloudwatch.MetricDataQuery(
        Id=key,
        ReturnData=False,
        MetricStat=cloudwatch.MetricStat(
            Metric=cloudwatch.Metric(
                Namespace=namespace,
                MetricName=name,
                Dimensions=[cloudwatch.MetricDimension(Name=one, Value=value) for one, value in of.items()],
            ),
            Period=period,
            Stat=statistic,
        ),
    )


def expression(text: str, *queries: cloudwatch.MetricDataQuery) -> dict[str, Any]:
    """What an alarm watches: metric math.

    Args:
        text: the expression.
        queries: results of ``query`` for the metrics that it names.
    """
    return {"Metrics": [cloudwatch.MetricDataQuery(Id="total", Expression=text, Label="total"), *queries]}


def total(namespace: str, parts: Mapping[str, tuple[str, Mapping[str, Any]]], period: int = MINUTE) -> dict[str, Any]:
    """What an alarm watches: the sum of several metrics.

    Args:
        namespace: such as ``AWS/Lambda``.
        parts: id of each metric -> its name and its dimensions.
        period: seconds that one value of it stands for.
    """
    queries = [query(key, namespace, name, of, period) for key, (name, of) in parts.items()]
    return expression("+".join(f"FILL({key},0)" for key in parts), *queries)


def weighted(parts: Mapping[str, tuple[str, str, Mapping[str, Any], float]], period: int = MINUTE) -> dict[str, Any]:
    """What an alarm watches: the sum of several metrics, each times a weight.

    Args:
        parts: id of each metric -> its namespace, its name, its dimensions, its weight.
        period: seconds that one value of it stands for.
    """
    queries = [query(key, namespace, name, of, period) for key, (namespace, name, of, _) in parts.items()]
    # Written out, as AWS documents no exponents for the numbers of an expression.
    weights = {key: f"{Decimal(f'{weight:.4g}'):f}" for key, (*_, weight) in parts.items()}
    return expression("+".join(f"{weight}*FILL({key},0)" for key, weight in weights.items()), *queries)


def add(
    template: Template,
    title: str,
    text: str,
    watched: Mapping[str, Any],
    *,
    above: float | Ref | None = None,
    below: float | If | None = None,
    times: tuple[int, int] = (1, 1),
    silence: str | If = "notBreaching",
    also: Sequence[Any] = (),
    **options: Any,
) -> cloudwatch.Alarm:
    """Add an alarm that notifies the stage's topic when it starts and when it ends.

    Args:
        template: template that it goes into.
        title: its logical id.
        text: what has happened when it fires, in one line; also its description.
        watched: result of ``metric`` or ``total``.
        above: it fires at this value or more.
        below: it fires below this value.
        times: how many values of how many must breach.
        silence: how missing values count: ``notBreaching`` or ``breaching``.
        also: what else it calls when it starts: ARNs of topics.
        options: further attributes, such as ``Condition``.
    """
    topic = Ref(parameter(template, "AlarmTopicArn"))
    high = above is not None
    return template.add_resource(
        cloudwatch.Alarm(
            title,
            Metadata=purpose(text),
            AlarmDescription=text,
            ComparisonOperator="GreaterThanOrEqualToThreshold" if high else "LessThanThreshold",
            Threshold=above if high else below,
            DatapointsToAlarm=times[0],
            EvaluationPeriods=times[1],
            TreatMissingData=silence,
            AlarmActions=[topic, *also],
            OKActions=[topic],
            Tags=name_tag(title),
            **watched,
            **options,
        )
    )
