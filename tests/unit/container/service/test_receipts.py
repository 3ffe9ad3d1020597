"""Predictions come with receipts where the service has a key."""

from __future__ import annotations

import pytest

from sentiment.app import create_app
from sentiment.model import Model
from sentiment.settings import Settings, SettingsError
from shared import receipts

KEY, OTHER = receipts.new_key(), receipts.new_key()


def test_a_prediction_comes_with_a_receipt_that_proves_it(model: Model) -> None:
    keys = Settings.from_environment({"RECEIPT_KEY": f"{KEY} {OTHER}"})
    client = create_app(keys, model).test_client()
    for review in ("  I won \n", "qwxz vbnm"):
        reply = client.post("/predict", json={"review": review}).get_json()
        found = receipts.check(reply["receipt"], review.strip(), [KEY])
        assert found[1:4] == (reply["classification"], reply["confidence"], reply["model"])


def test_without_a_key_there_is_no_receipt(model: Model) -> None:
    reply = create_app(Settings(), model).test_client().post("/predict", json={"review": "I won"})
    assert reply.status_code == 200
    assert "receipt" not in reply.get_json()


def test_the_key_is_not_shown_with_the_settings() -> None:
    assert "receipt_key" not in repr(Settings(receipt_key=KEY))


def test_a_key_that_is_not_one_stops_the_start_without_being_repeated() -> None:
    with pytest.raises(SettingsError, match="RECEIPT_KEY") as raised:
        Settings.from_environment({"RECEIPT_KEY": "shorter"})
    assert "shorter" not in str(raised.value)
