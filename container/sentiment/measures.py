"""What the model says, in numbers: confidence, abstentions and the mix of labels, by model revision.

They are written into the log in CloudWatch's embedded metric format, of which it makes metrics by itself:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
Today's mix beside last month's shows when people write about other things than the model was trained on. Nothing of a
text is in them, not even its length.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sentiment.model import Prediction

NAMESPACE = "Sentiment"
DIMENSIONS = ["Stage", "Model"]
MOST = 100  # values of one metric in a line, by the specification
SECONDS = 60.0  # after which a line is written that has fewer

log = logging.getLogger(__name__)


class Measures:
    """Collects predictions, and writes a line for every hundred of them, or for those of a minute.

    The last ones before a quiet time are written with the first one after it.

    Args:
        stage: name of the stage.
        model: revision of the model.
        labels: what it tells apart.
        clock: seconds since 1970.
    """

    def __init__(self, stage: str, model: str, labels: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._of = dict(zip(DIMENSIONS, (stage, model), strict=True))
        self._labels = labels
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: list[Prediction] = []
        self._since = clock()

    def add(self, prediction: Prediction) -> None:
        """Take a prediction in."""
        with self._lock:
            self._seen.append(prediction)
            now = self._clock()
            if len(self._seen) < MOST and now - self._since < SECONDS:
                return
            seen, self._seen, self._since = self._seen, [], now
        log.info("predictions", extra={"fields": self._line(seen, now)})

    def _line(self, seen: Sequence[Prediction], now: float) -> dict[str, Any]:
        mix = Counter(one.classification for one in seen)
        values: dict[str, Any] = {
            "Predictions": len(seen),
            "Abstained": mix[None],
            "Confidence": [one.confidence for one in seen],
            **{label.capitalize(): mix[label] for label in self._labels},
        }
        units = {name: "None" if name == "Confidence" else "Count" for name in values}
        about = {
            "Namespace": NAMESPACE,
            "Dimensions": [DIMENSIONS],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
        }
        return {"_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [about]}, **self._of, **values}
