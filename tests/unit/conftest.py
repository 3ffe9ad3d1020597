"""How Hypothesis runs in unit tests: the same examples every time, and no assertion about speed."""

from __future__ import annotations

import hypothesis

hypothesis.settings.register_profile(
    "fixed", derandomize=True, database=None, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("fixed")
