"""Target tracking: a service's desired number of tasks, computed from its policies' metrics. Measures nothing.

It follows AWS's documentation:
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html

- A policy measures once a minute. Three measurements in a row above its target scale out, to as many tasks as would
  bring it down to the target; fifteen in a row under nine tenths of it scale in, one task at a time.
- With several policies, any may scale out (the one that wants most decides), and all must agree to scale in.
- The policy's cooldown follows each change. Nothing is scaled in during a deployment.

On a laptop, where nobody waits a quarter of an hour, all waiting is compressed: AWS's minute takes ``MINUTE`` seconds.
Rates are not: 6,000 requests a minute are 100 a second here too.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MINUTE = 2.0  # seconds on the laptop for a minute on AWS
SPEED = 60 / MINUTE  # how much faster the laptop scales

OUT_AFTER = 3  # measurements, as in AWS's alarm for scaling out
IN_AFTER = 15  # measurements, as in AWS's alarm for scaling in
IN_BELOW = 0.9  # of the target


@dataclass(frozen=True)
class Policy:
    """A target tracking policy, as the service stack registers it.

    Attributes:
        name: its name.
        target: the metric's target value.
        out_cooldown: seconds on AWS after scaling out.
        in_cooldown: seconds on AWS after scaling in.
        may_scale_in: false if the policy only scales out.
    """

    name: str
    target: float
    out_cooldown: float = 0.0
    in_cooldown: float = 0.0
    may_scale_in: bool = True


@dataclass(frozen=True)
class Change:
    """A new desired number of tasks, and the reason in words."""

    desired: int
    why: str


@dataclass
class Scaler:
    """Decides for one service.

    Attributes:
        policies: by name; may change between two measurements.
        least: fewest tasks.
        most: most tasks.
    """

    policies: Mapping[str, Policy]
    least: int
    most: int
    _seen: dict[str, deque[float]] = field(default_factory=dict)
    _quiet_until: float = -math.inf

    def decide(
        self, values: Mapping[str, float | None], tasks: int, now: float, deploying: bool = False
    ) -> Change | None:
        """Take one measurement of each policy, and decide whether to scale.

        Args:
            values: by policy name; a policy whose value is None is left out.
            tasks: the service's desired number of tasks.
            now: seconds on the laptop's clock.
            deploying: whether a deployment is under way.
        """
        active = [self.policies[name] for name, value in values.items() if value is not None and name in self.policies]
        for policy in active:
            self._seen.setdefault(policy.name, deque(maxlen=IN_AFTER)).append(values[policy.name] or 0.0)
        if tasks == 0 or now < self._quiet_until:
            return None  # scaling does not wake a sleeping stage
        return self._out(active, tasks, now) or (None if deploying else self._in(active, tasks, now))

    def _out(self, active: Sequence[Policy], tasks: int, now: float) -> Change | None:
        alarmed = [policy for policy in active if self._all(policy, OUT_AFTER, above=policy.target)]
        wanted = {policy.name: math.ceil(tasks * self._seen[policy.name][-1] / policy.target) for policy in alarmed}
        if not wanted:
            return None
        policy = max(alarmed, key=lambda each: wanted[each.name])
        desired = min(self.most, wanted[policy.name])
        if desired <= tasks:
            return None
        self._quiet_until = now + policy.out_cooldown / SPEED
        return Change(desired, f"{self._last(policy)}, above {policy.target:g}")

    def _in(self, active: Sequence[Policy], tasks: int, now: float) -> Change | None:
        judging = [policy for policy in active if policy.may_scale_in]
        if tasks <= self.least or not judging:
            return None
        if not all(self._all(policy, IN_AFTER, below=policy.target * IN_BELOW) for policy in judging):
            return None
        if any(self._seen[policy.name][-1] * tasks / (tasks - 1 or 1) > policy.target for policy in judging):
            return None  # the remaining tasks would exceed the target at once
        self._quiet_until = now + max(policy.in_cooldown for policy in judging) / SPEED
        return Change(tasks - 1, ", ".join(self._last(policy) for policy in judging))

    def _all(self, policy: Policy, count: int, above: float = -math.inf, below: float = math.inf) -> bool:
        seen = list(self._seen[policy.name])[-count:]
        return len(seen) == count and all(above < value < below for value in seen)

    def _last(self, policy: Policy) -> str:
        value = self._seen[policy.name][-1]
        return f"{policy.name} at {value:.0f}" if value >= 10 else f"{policy.name} at {value:.2g}"
