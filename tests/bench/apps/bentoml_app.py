"""BentoML as its documentation shows it: a service with one worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bentoml

from sentiment.model import Model


@bentoml.service(workers=1)
class Sentiment:
    def __init__(self) -> None:
        self.model = Model.find(Path("model"))

    @bentoml.api(route="/predict")
    def predict(self, review: str) -> dict[str, Any]:
        return vars(self.model.predict(review))
