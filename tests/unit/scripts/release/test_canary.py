"""What a canary's watch counts; that it runs and goes is tried on the laptop cloud: tests/local."""

import pytest

from scripts.release import canary, smoke
from scripts.stage.errors import SmokeTestError


def test_what_was_judged_before_the_api_first_answered_counts_for_neither(cloud, monkeypatch):
    told = iter([None, [("old", 100, 90), ("new", 7, 0)], None, [("old", 103, 91), ("new", 9, 2)]])

    def statistics(*_):
        models = next(told)
        if models is None:
            raise SmokeTestError("The statistics do not answer.")
        return {"models": [{"model": model, "answered": of, "right": right} for model, of, right in models]}

    monkeypatch.setattr(smoke, "statistics", statistics)
    watch = canary.Watch(cloud, "http://page", "/api")
    watch.old.models.add("old")
    watch.new.models.add("new")
    for counted in [(0, 0, 0, 0), (0, 0, 0, 0), (3, 1, 2, 2)]:
        watch._count_judgements()
        assert (watch.old.judged, watch.old.right, watch.new.judged, watch.new.right) == counted
    with pytest.raises(StopIteration):
        next(told)
