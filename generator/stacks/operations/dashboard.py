"""The dashboard of the operations stack: alarms, traffic, where problems are, and what the model predicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from troposphere import Sub, Template, cloudwatch

from generator.building import purpose
from generator.catalogue import LABELS, LAMBDAS, WATCH_DRIFT_METRIC, WATCH_NAMESPACE
from generator.parameters import parameter

WIDTH = 24  # of a dashboard, in its own units
PARAMETERS = (
    "ApiId",
    "AutoScalingGroupName",
    "ClusterName",
    "CountsTableName",
    "JudgementsTableName",
    "LoadBalancerFullName",
    "ServiceName",
    "TargetGroupFullName",
)

OF_SERVICE = ("NoTaskArn", "ServiceFailsArn", "ServiceSlowArn")  # alarms of the service stack


def add(template: Template, alarms: Sequence[cloudwatch.Alarm]) -> cloudwatch.Dashboard:
    """Add the dashboard.

    Args:
        template: template of the operations stack.
        alarms: the alarms for its first row.
    """
    names = [*PARAMETERS, *(f"{one.title}FunctionName" for one in LAMBDAS), *OF_SERVICE]
    for name in names:
        parameter(template, name)
    lights = [*(f"${{{alarm.title}.Arn}}" for alarm in alarms), *(f"${{{name}}}" for name in OF_SERVICE)]
    rows = [lamps(lights), numbers(), traffic(), machines(), predictions()]
    widgets, y = [], 0
    for row in rows:
        x, share = 0, WIDTH // len(row)
        for widget in row:
            height = widget.pop("height")
            widgets.append({**widget, "x": x, "y": y, "width": share, "height": height})
            x += share
        y += height
    return template.add_resource(
        cloudwatch.Dashboard(
            "Dashboard",
            Metadata=purpose(
                "Shows on one page whether all is well, how much traffic there is, and where problems are"
            ),
            DashboardBody=Sub(written(widgets)),
        )
    )


def written(widgets: Sequence[dict[str, Any]]) -> str:
    """The dashboard's body: a property a line, and a metric or an alarm a line, as templates may be 51,200 bytes only.

    Args:
        widgets: with their places.
    """
    return '{"widgets": [\n' + ",\n".join(map(_widget, widgets)) + "\n]}"


def _widget(widget: Mapping[str, Any]) -> str:
    place = {name: value for name, value in widget.items() if name != "properties"}
    properties = ",\n".join(f"  {json.dumps(name)}: {_value(value)}" for name, value in widget["properties"].items())
    return f'{json.dumps(place)[:-1]}, "properties": {{\n{properties}\n}}}}'


def _value(value: Any) -> str:
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(f"    {json.dumps(each)}" for each in value) + "\n  ]"


def lamps(arns: Sequence[str]) -> list[dict[str, Any]]:
    """First row: the status of every alarm; all green means that all is well."""
    return [{"type": "alarm", "height": 3, "properties": {"title": "All green: all is well", "alarms": list(arns)}}]


def numbers() -> list[dict[str, Any]]:
    """Second row: the last hour in four numbers."""
    hour = {"period": 3600, "view": "singleValue", "sparkline": True}
    return [
        graph("Requests", [api("Count", "Sum")], 4, **hour),
        graph("Server errors (5xx)", [api("5xx", "Sum")], 4, **hour),
        graph("95 of 100 answered within (ms)", [api("Latency", "p95")], 4, **hour),
        graph("Healthy tasks", [target("HealthyHostCount", "Minimum")], 4, **hour),
    ]


def traffic() -> list[dict[str, Any]]:
    """Third row: what users notice, over time."""
    return [
        graph("Requests, and failed ones", [api("Count", "Sum"), api("4xx", "Sum"), api("5xx", "Sum")], 6),
        graph("Response time (ms)", [api("Latency", each) for each in ("p50", "p95", "p99")], 6),
        graph(
            "Failed Lambda calls",
            [
                series("AWS/Lambda", name, "Sum", FunctionName=f"${{{one.title}FunctionName}}")
                for one in LAMBDAS
                for name in ("Errors", "Throttles")
            ],
            6,
        ),
    ]


def machines() -> list[dict[str, Any]]:
    """Fourth row: the machines that serve them."""
    service = {"ClusterName": "${ClusterName}", "ServiceName": "${ServiceName}"}
    group = {"AutoScalingGroupName": "${AutoScalingGroupName}"}
    tables = [
        series("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "Sum", TableName=f"${{{name}TableName}}")
        for name in ("Judgements", "Counts")
    ]
    running = series("AWS/AutoScaling", "GroupInServiceInstances", "Average", **group)
    return [
        graph("Tasks and instances", [target("HealthyHostCount", "Average"), running], 6),
        graph("CPU of the tasks (%)", [series("AWS/ECS", "CPUUtilization", "Average", **service)], 6),
        graph("Memory of the tasks (%)", [series("AWS/ECS", "MemoryUtilization", "Average", **service)], 6),
        graph("Writes to the tables", tables, 6),
    ]


def predictions() -> list[dict[str, Any]]:
    """Last row: what the model says, by revision: where it drifts, people write what it was not trained on."""
    day = {"period": 86_400, "view": "timeSeries"}
    drifted = series(WATCH_NAMESPACE, WATCH_DRIFT_METRIC, "Maximum", Stage="${Stage}")
    labels = [model(label.capitalize(), "Sum") for label in LABELS]
    return [
        graph("Confidence, day by day", [model("Confidence", "Average")], 6, **day),
        graph("Predictions, and abstentions", [model(name, "Sum") for name in ("Predictions", "Abstained")], 6, **day),
        graph("Mix of labels, day by day", labels, 6, **{**day, "stacked": True}),
        graph("Distance from the month before (0 to 1)", [drifted], 6, **day),
    ]


def graph(title: str, metrics: list[list[Any]], height: int, **options: Any) -> dict[str, Any]:
    """A widget of metrics.

    Args:
        title: what it shows.
        metrics: results of ``series``.
        height: in the dashboard's units.
        options: further properties of the widget.
    """
    last = metrics[0][-1]
    if isinstance(last, dict) and last.keys() == {"stat"} and all(each[-1] == last for each in metrics):
        options = {**last, **options}  # said once for the whole widget
        metrics = [each[:-1] for each in metrics]
    properties = {"title": title, "region": "${AWS::Region}", "metrics": metrics, "period": 60, **options}
    return {"type": "metric", "height": height, "properties": properties}


def series(namespace: str, name: str, statistic: str, **dimensions: str) -> list[Any]:
    """One metric in the notation of dashboards.

    Args:
        namespace: such as ``AWS/Lambda``.
        name: name of the metric.
        statistic: such as ``Sum`` or ``p95``.
        dimensions: whose metric it is.
    """
    pairs = [text for pair in dimensions.items() for text in pair]
    return [namespace, name, *pairs, {"stat": statistic}]


def api(name: str, statistic: str) -> list[Any]:
    """A metric of the API."""
    return series("AWS/ApiGateway", name, statistic, ApiId="${ApiId}")


def target(name: str, statistic: str) -> list[Any]:
    """A metric of the tasks behind the load balancer."""
    of: Mapping[str, str] = {"TargetGroup": "${TargetGroupFullName}", "LoadBalancer": "${LoadBalancerFullName}"}
    return series("AWS/ApplicationELB", name, statistic, **of)


def model(name: str, statistic: str) -> list[Any]:
    """A metric that the service logs, for each model revision that there was."""
    search = f'{{{WATCH_NAMESPACE},Stage,Model}} Stage="${{Stage}}" MetricName="{name}"'
    return [{"expression": f"SEARCH('{search}', '{statistic}')", "label": f"{name} ${{!PROP('Dim.Model')}}"}]
