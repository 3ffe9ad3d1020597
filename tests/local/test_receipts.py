"""Receipts through the whole chain: the service signs, record believes that alone, and keys change without a gap."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from typing import Any

from scripts.app import receipt_keys, service
from scripts.cloudformation.stacks import collect_outputs
from scripts.cloudformation.work import Work
from scripts.stage.interrupt import Interrupt
from scripts.stage.reporter import Reporter
from shared import receipts
from tests.local.running import RunningApp


def predict(app: RunningApp, review: str) -> dict[str, Any]:
    reply: dict[str, Any] = app.request("POST", "/api/getSentiment", {"review": review}).json
    return reply


def verdict(app: RunningApp, review: str, sentiment: str, receipt: str) -> str:
    body = {"review": review, "sentiment": sentiment, "judgement": str(uuid.uuid4()), "receipt": receipt}
    answer = app.request("POST", "/api/setSentiment", body)
    assert answer.status == 200
    return str(answer.json["verdict"])


def test_a_prediction_is_proved_for_its_own_text_alone(app: RunningApp) -> None:
    review, other = f"I was so happy {uuid.uuid4().int}", f"I was so happy {uuid.uuid4().int}"  # one token each
    reply = predict(app, review)
    assert verdict(app, review, reply["classification"], reply["receipt"]) == "approved"
    assert verdict(app, other, reply["classification"], reply["receipt"]) == "unprompted"


def test_keys_change_without_a_gap(app: RunningApp) -> None:
    """While people ask and judge all the time, a rotation makes no judgement unprompted and fails no request."""
    outputs = collect_outputs(app.cloud)
    before = predict(app, "I was so happy")["receipt"]
    verdicts: Counter[str] = Counter()
    over = threading.Event()

    def ask_and_judge() -> None:
        while not over.is_set():
            review = f"I was so happy {uuid.uuid4()}"
            verdicts[verdict(app, review, "joy", predict(app, review)["receipt"])] += 1

    people = [threading.Thread(target=ask_and_judge) for _ in range(2)]
    for person in people:
        person.start()
    try:
        state = receipt_keys.rotate(Work(app.cloud, Reporter(), Interrupt()), outputs, revoke=False)
    finally:
        over.set()
        for person in people:
            person.join()
    assert state.steady
    assert verdicts["unprompted"] == 0
    assert verdicts.total() > 2

    new, old = receipt_keys.keys(app.cloud)
    after = predict(app, "I was so happy")["receipt"]
    assert receipts.check(after, "I was so happy", [new])
    assert receipts.check(before, "I was so happy", [old])
    assert {verdict(app, "I was so happy", "joy", receipt) for receipt in (before, after)} == {"approved"}
    assert receipt_keys.too_soon(app.cloud)
    assert service.describe(app.cloud, outputs["ClusterName"], outputs["ServiceName"]).steady
