"""The service benchmark's reference: a Flask app that reads a review and predicts nothing."""

from __future__ import annotations

from typing import Any

from flask import Flask, request


def create_app() -> Flask:
    """Create the app; it needs neither model nor log."""
    app = Flask(__name__)

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        return {"review": request.get_json()["review"], "classification": None}

    return app
