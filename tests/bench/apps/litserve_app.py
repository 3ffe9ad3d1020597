"""LitServe as its documentation shows it: one worker with the model, one process that speaks HTTP."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import litserve

from sentiment.model import Model, Prediction


class Sentiment(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.model = Model.find(Path("model"))

    def decode_request(self, request):  # whatever annotation stands here, FastAPI would take for a query
        return str(request["review"])

    def predict(self, x: str) -> Prediction:
        return self.model.predict(x)

    def encode_response(self, output: Prediction) -> dict[str, Any]:
        return vars(output)


if __name__ == "__main__":
    server = litserve.LitServer(Sentiment(api_path="/predict"), accelerator="cpu", healthcheck_path="/healthz")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False)
