"""Application Auto Scaling: adds its types to the emulator's CloudFormation, and a thread that acts on them.

The service stack registers the scalable targets and policies. The thread measures the requests that the load balancer
sends to each target group and how long they take; ``scripts.local.scaler`` decides. Instances are not scaled: a laptop
is one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import alb, ecs

from scripts.local.extensions.cloudformation import Made, Properties, add
from scripts.local.scaler import MINUTE, Change, Policy, Scaler

REQUESTS = "ALBRequestCountPerTarget"
# The one metric math that the service stack has: requests times the seconds that each takes, of each task.
WORK = {"RequestCount", "TargetResponseTime", "HealthyHostCount"}

log = logging.getLogger(__name__)


@dataclass
class Scaled:
    """A scalable target and its measurements.

    Attributes:
        cluster: of the service.
        service: its name.
        scope: account and region.
        scaler: decides.
        metrics: each policy's metric and the label of its target group.
    """

    cluster: str
    service: str
    scope: tuple[str, str]
    scaler: Scaler
    metrics: dict[str, tuple[str, str]] = field(default_factory=dict)
    requests: dict[str, float] = field(default_factory=dict)  # as counted at the last measurement
    seconds: dict[str, float] = field(default_factory=dict)
    measured: float = 0.0


class Scaling:
    """All scalable targets of the laptop cloud.

    Args:
        acts: false to register targets and policies without ever scaling.
    """

    def __init__(self, acts: bool = True) -> None:
        self._acts = acts
        self._targets: dict[str, Scaled] = {}
        self._policies: dict[str, tuple[str, str]] = {}  # ARN -> target, name of the policy
        self._sent: defaultdict[str, float] = defaultdict(float)  # requests by target group
        self._taken: defaultdict[str, float] = defaultdict(float)  # seconds that they took

    def register(self) -> None:
        """Add the types to the emulator, count requests, and start scaling."""
        add("AWS::ApplicationAutoScaling::ScalableTarget", self._create_target, self._delete_target, self._set_bounds)
        add("AWS::ApplicationAutoScaling::ScalingPolicy", self._create_policy, self._delete_policy, self._set_policy)
        if not self._acts:
            return
        self._count_requests()
        threading.Thread(target=self._act_forever, name="scaling", daemon=True).start()

    # --- CloudFormation ------------------------------------------------------------------------------------------

    def _create_target(self, logical_id: str, properties: Properties, stack: str) -> Made:
        resource = properties["ResourceId"]
        _, cluster, service = resource.split("/")
        scaler = Scaler({}, int(properties["MinCapacity"]), int(properties["MaxCapacity"]))
        self._targets[resource] = Scaled(cluster, service, (get_account_id(), get_region()), scaler)
        physical_id = "|".join(properties[key] for key in ("ResourceId", "ScalableDimension", "ServiceNamespace"))
        return physical_id, {"Id": physical_id}

    def _delete_target(self, physical_id: str, properties: Properties) -> None:
        self._targets.pop(physical_id.partition("|")[0], None)

    def _set_bounds(self, physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
        if old["ResourceId"] != new["ResourceId"]:
            return self._create_target("", new, stack)
        scaler = self._targets[new["ResourceId"]].scaler
        scaler.least, scaler.most = int(new["MinCapacity"]), int(new["MaxCapacity"])
        return physical_id, {"Id": physical_id}

    def _create_policy(self, logical_id: str, properties: Properties, stack: str) -> Made:
        arn = f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scalingPolicy:{new_uuid()}"
        physical_id = f"{arn}:policyName/{properties['PolicyName']}"
        return self._set_policy(physical_id, {}, properties, stack)

    def _set_policy(self, physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
        target, name = new["ScalingTargetId"].partition("|")[0], new["PolicyName"]
        tracking = new["TargetTrackingScalingPolicyConfiguration"]
        policy = Policy(
            name,
            float(tracking["TargetValue"]),
            float(tracking.get("ScaleOutCooldown", 300)),
            float(tracking.get("ScaleInCooldown", 300)),
            may_scale_in=str(tracking.get("DisableScaleIn", False)).lower() != "true",
        )
        scaled = self._targets[target]
        scaled.metrics[name] = _metric(tracking)
        scaled.scaler.policies = {**scaled.scaler.policies, name: policy}
        self._policies[physical_id] = target, name
        return physical_id, {}

    def _delete_policy(self, physical_id: str, properties: Properties) -> None:
        target, name = self._policies.pop(physical_id, ("", ""))
        if target in self._targets:
            scaled = self._targets[target]
            scaled.metrics.pop(name, None)
            scaled.scaler.policies = {key: each for key, each in scaled.scaler.policies.items() if key != name}

    # --- measuring and acting ------------------------------------------------------------------------------------

    def _count_requests(self) -> None:
        proxy = alb._proxy_http_target

        async def proxy_and_count(target: dict[str, Any], group: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
            arn, began = group["TargetGroupArn"], time.monotonic()
            self._sent[arn] += 1
            try:
                return await proxy(target, group, *args, **kwargs)
            finally:
                self._taken[arn] += time.monotonic() - began

        alb._proxy_http_target = proxy_and_count

    def _act_forever(self) -> None:
        while True:
            time.sleep(MINUTE)
            for scaled in list(self._targets.values()):
                try:
                    with request_scope(*scaled.scope):
                        self._act(scaled)
                except Exception:  # for example of a service being deleted; the next minute tries again
                    log.exception("the service %s was not scaled", scaled.service)

    def _act(self, scaled: Scaled) -> None:
        service = ecs._services.get(f"{scaled.cluster}/{scaled.service}")
        if service is None or service["status"] != "ACTIVE":
            return
        values = self._measure(scaled)
        deploying = any(each["rolloutState"] == "IN_PROGRESS" for each in service["deployments"])
        change = scaled.scaler.decide(values, service["desiredCount"], time.monotonic(), deploying)
        if change is not None:
            _set_desired(scaled, service, change)

    def _measure(self, scaled: Scaled) -> dict[str, float | None]:
        """Each policy's metric since the last measurement, in the policy's own unit."""
        now, sent, taken = time.monotonic(), dict(self._sent), dict(self._taken)
        seconds = now - scaled.measured
        values: dict[str, float | None] = {}
        for name, (metric, label) in scaled.metrics.items():
            if metric == REQUESTS:
                values[name] = _per_target(label, sent, scaled.requests) * 60 / seconds
            else:
                values[name] = _per_target(label, taken, scaled.seconds) / seconds
        first, scaled.measured, scaled.requests, scaled.seconds = scaled.measured == 0, now, sent, taken
        return {} if first else values


def _metric(tracking: dict[str, Any]) -> tuple[str, str]:
    """What a policy follows: a metric that AWS knows by name, or the work in hand; and of which target group."""
    if "PredefinedMetricSpecification" in tracking:
        metric = tracking["PredefinedMetricSpecification"]
        if metric["PredefinedMetricType"] == REQUESTS:
            return REQUESTS, metric["ResourceLabel"]
        raise ValueError(f"the laptop cloud does not measure {metric['PredefinedMetricType']}")
    stats = [each["MetricStat"]["Metric"] for each in tracking["CustomizedMetricSpecification"]["Metrics"][:-1]]
    if {each["MetricName"] for each in stats} != WORK:
        raise ValueError(f"the laptop cloud does not measure {stats}")
    return "work", next(each["Value"] for each in stats[0]["Dimensions"] if each["Name"] == "TargetGroup")


def _per_target(label: str, now: dict[str, float], before: dict[str, float]) -> float:
    """By how much a count has grown, per target of the group that a policy's label ends with.

    Compares name and id: the group's full name in the emulator, which AWS prefixes with one more word.
    """
    for arn, count in now.items():
        if label.endswith(arn.partition(":targetgroup/")[2]):
            return (count - before.get(arn, 0.0)) / max(1, len(alb._targets.get(arn, [])))
    return 0.0


def _set_desired(scaled: Scaled, service: dict[str, Any], change: Change) -> None:
    """Call UpdateService, not in the event loop's thread: it must run on for tasks to end without lost requests."""
    before = service["desiredCount"]
    ecs._update_service({"cluster": scaled.cluster, "service": scaled.service, "desiredCount": change.desired})
    words = f"(service {scaled.service}) scaling set the desired count from {before} to {change.desired}: {change.why}."
    service["events"].insert(0, {**service["events"][0], "id": new_uuid(), "message": words})
