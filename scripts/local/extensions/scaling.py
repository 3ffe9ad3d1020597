"""Application Auto Scaling: adds its types to the emulator's CloudFormation, and a thread that acts on them.

The service stack registers the scalable targets and policies. The thread measures the requests that the load balancer
sends to each target group and the CPU time of the tasks' processes; ``scripts.local.scaler`` decides. Instances are not
scaled: a laptop is one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import alb, ecs

from scripts.local.extensions.cloudformation import Made, Properties, add
from scripts.local.processes import Container
from scripts.local.scaler import MINUTE, Change, Policy, Scaler
from scripts.local.usage import cpu_seconds

REQUESTS, CPU = "ALBRequestCountPerTarget", "ECSServiceAverageCPUUtilization"
SHARES_OF_A_CORE = 1024  # one core, in ECS's CPU shares

log = logging.getLogger(__name__)


@dataclass
class Scaled:
    """A scalable target and its measurements.

    Attributes:
        cluster: of the service.
        service: its name.
        scope: account and region.
        scaler: decides.
        metrics: each policy's metric and, for requests, the label of its target group.
    """

    cluster: str
    service: str
    scope: tuple[str, str]
    scaler: Scaler
    metrics: dict[str, tuple[str, str]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)  # as counted at the last measurement
    cpu: float = 0.0
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
        self._sent: Counter[str] = Counter()  # requests by target group

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
        metric = tracking["PredefinedMetricSpecification"]
        scaled = self._targets[target]
        scaled.metrics[name] = metric["PredefinedMetricType"], metric.get("ResourceLabel", "")
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
            self._sent[group["TargetGroupArn"]] += 1
            return await proxy(target, group, *args, **kwargs)

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
        values = self._measure(scaled, service)
        deploying = any(each["rolloutState"] == "IN_PROGRESS" for each in service["deployments"])
        change = scaled.scaler.decide(values, service["desiredCount"], time.monotonic(), deploying)
        if change is not None:
            _set_desired(scaled, service, change)

    def _measure(self, scaled: Scaled, service: dict[str, Any]) -> dict[str, float | None]:
        """Each policy's metric since the last measurement, in the policy's own unit."""
        now, sent = time.monotonic(), Counter(self._sent)
        seconds = now - scaled.measured
        groups = [each.pid for each in ecs._get_docker().containers.list() if isinstance(each, Container)]
        used = cpu_seconds(groups) if groups else None
        values: dict[str, float | None] = {}
        for name, (metric, label) in scaled.metrics.items():
            if metric == REQUESTS:
                values[name] = _requests_per_target(label, sent - scaled.requests) * 60 / seconds
            elif metric == CPU:
                shares = _shares(service) * max(1, service["runningCount"]) / SHARES_OF_A_CORE
                busy = None if used is None else max(0.0, used - scaled.cpu)
                values[name] = busy if busy is None or not shares else 100 * busy / seconds / shares
        first, scaled.measured, scaled.requests, scaled.cpu = scaled.measured == 0, now, sent, used or 0.0
        return {} if first else values


def _requests_per_target(label: str, sent: Counter[str]) -> float:
    """Requests per target of the group that a policy's label ends with.

    Compares name and id: the group's full name in the emulator, which AWS prefixes with one more word.
    """
    for arn, count in sent.items():
        if label.endswith(arn.partition(":targetgroup/")[2]):
            return count / max(1, len(alb._targets.get(arn, [])))
    return 0.0


def _shares(service: dict[str, Any]) -> int:
    """CPU shares that a task reserves, 1024 to a core."""
    definition = ecs._task_defs[service["taskDefinition"].rpartition("/")[2]]
    return sum(int(each.get("cpu") or 0) for each in definition["containerDefinitions"])


def _set_desired(scaled: Scaled, service: dict[str, Any], change: Change) -> None:
    """Call UpdateService, not in the event loop's thread: it must run on for tasks to end without lost requests."""
    before = service["desiredCount"]
    ecs._update_service({"cluster": scaled.cluster, "service": scaled.service, "desiredCount": change.desired})
    words = f"(service {scaled.service}) scaling set the desired count from {before} to {change.desired}: {change.why}."
    service["events"].insert(0, {**service["events"][0], "id": new_uuid(), "message": words})
