"""Apps that the service is compared with; ``tests.bench.service`` has gunicorn serve them. Measures nothing.

``plain`` is what a first tutorial about Flask would make of the model. ``equal`` does everything that the service does
except run the model. ``eager`` runs the shipped model's weights in torch. ``original`` has the shape of the original
app's network (``training.evaluation.bench.Original``): it was never trained, so its predictions are meaningless, but it
takes as long.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask, request

FILE = "BASELINE"  # environment variable: path of the file that `prepare` wrote


def equal() -> Flask:
    """The service with a model that always predicts the same: it reads, checks, logs and answers as usual."""
    from sentiment.app import create_app
    from sentiment.model import Model, Prediction

    class Nothing(Model):
        always: Prediction

        def predict(self, text: str) -> Prediction:
            return self.always

        def predict_all(self, texts: Sequence[str], between: Callable[[], None] = lambda: None) -> list[Prediction]:
            return [self.always] * len(texts)

    model = Nothing.find(Path("model"))
    (model.always,) = Model.predict_all(model, ["I was happy to see my friend again"])
    return create_app(model=model)


def plain() -> Flask:
    """Flask and ONNX Runtime, with the shipped model."""
    from sentiment.model import Model

    model = Model.find(Path("model"))
    return _app(list(model.labels), lambda text: list(model.predict(text).scores.values()))


def prepare(model: Path, target: Path) -> None:
    """Write the shipped model's weights, vocabulary and labels in torch's format.

    Args:
        model: the ONNX file.
        target: file to write.
    """
    import json

    import onnx
    import torch

    from training.network.export import load

    metadata = {one.key: one.value for one in onnx.load(model).metadata_props}
    words, labels = metadata["vocabulary"].split("\n"), json.loads(metadata["labels"])
    torch.save({"network": load(model), "words": words, "labels": labels}, target)


def eager() -> Flask:
    """Flask and torch in eager mode, with the shipped model's weights."""
    import torch

    network, tokenizer, labels = _prepared()

    def scores(text: str) -> list[float]:
        ids = tokenizer.encode(text) or [1]
        with torch.inference_mode():
            return network.probabilities(torch.tensor([ids]), torch.tensor([len(ids)]))[0].tolist()

    return _app(labels, scores)


def original() -> Flask:
    """Flask and torch with a network of the original app's shape; every text is padded to its 200 words."""
    import torch

    from training.evaluation.bench import ORIGINAL_LENGTH, Original

    _, tokenizer, labels = _prepared()
    torch.manual_seed(0)
    network = Original(len(tokenizer.vocabulary)).eval()

    def scores(text: str) -> list[float]:
        ids = tokenizer.encode(text)[:ORIGINAL_LENGTH]
        with torch.inference_mode():
            return network(torch.tensor([[0] * (ORIGINAL_LENGTH - len(ids)) + ids])).softmax(1)[0].tolist()

    return _app(labels, scores)


def _prepared() -> tuple[Any, Any, list[str]]:
    import torch

    from sentiment.text import Tokenizer

    torch.set_num_threads(1)
    stored = torch.load(os.environ[FILE], weights_only=False)
    return stored["network"].eval(), Tokenizer(stored["words"]), stored["labels"]


def _app(labels: list[str], scores: Callable[[str], list[float]]) -> Flask:
    """A minimal app: no checks, no log, no ids."""
    app = Flask(__name__)

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        review = request.get_json()["review"]
        found = dict(zip(labels, scores(review), strict=True))
        return {"review": review, "classification": max(found, key=found.__getitem__), "scores": found}

    return app
