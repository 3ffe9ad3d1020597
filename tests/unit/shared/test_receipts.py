"""Receipts: what one proves, that nothing about it can be changed, and that the service gives them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment import receipts
from sentiment.app import create_app
from sentiment.model import Model
from sentiment.settings import Settings, SettingsError

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = 1_800_000_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."


def issued(review: str = "I won", key: bytes = KEY, now: float = NOW) -> str:
    return receipts.issue(key, review, "joy", 0.812345, "f73a4715843e", now)  # pragma: allowlist secret


def test_a_receipt_says_what_was_predicted() -> None:
    found = receipts.check(issued(), "I won", [KEY], NOW)
    assert found[1:] == ("joy", 0.812345, "f73a4715843e", int(NOW))  # pragma: allowlist secret
    assert len(found.question) == 16


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["joy", None]), st.floats(0, 1))
@settings(max_examples=100, derandomize=True, database=None, deadline=None)
def test_any_prediction_comes_back(review: str, label: str | None, confidence: float) -> None:
    receipt = receipts.issue(KEY, review, label, confidence, "m", NOW)
    assert receipts.check(receipt, review, [OTHER, KEY], NOW)[1:4] == (label, confidence, "m")


def test_it_fits_into_an_address_and_does_not_hold_the_text() -> None:
    receipt = issued("something private")
    assert set(receipt) <= set(ALPHABET)
    assert len(receipt) < 160
    assert b"private" not in receipts._bytes(receipt.partition(".")[0])


@given(st.data())
@settings(max_examples=400, derandomize=True, database=None, deadline=None)
def test_no_character_of_it_can_be_changed(data: st.DataObject) -> None:
    receipt = issued()
    place = data.draw(st.integers(0, len(receipt) - 1))
    character = data.draw(st.sampled_from(ALPHABET.replace(receipt[place], "")))
    with pytest.raises(receipts.InvalidReceiptError):
        receipts.check(receipt[:place] + character + receipt[place + 1 :], "I won", [KEY], NOW)


@given(st.text())
@settings(max_examples=200, derandomize=True, database=None, deadline=None)
def test_anything_else_is_invalid_and_no_fault(text: str) -> None:
    for receipt in (text, f"{receipts._text(text.encode(errors='replace'))[:400]}.{'A' * 43}"):
        with pytest.raises(receipts.InvalidReceiptError):
            receipts.check(receipt, "I won", [KEY], NOW)


def test_it_is_good_for_its_text_alone() -> None:
    with pytest.raises(receipts.InvalidReceiptError):
        receipts.check(issued(), "I won.", [KEY], NOW)


def test_a_key_that_is_not_known_is_told_from_a_forgery() -> None:
    with pytest.raises(receipts.UnknownKeyError):
        receipts.check(issued(), "I won", [OTHER], NOW)
    with pytest.raises(receipts.UnknownKeyError):
        receipts.check(issued(), "I won", [], NOW)


def test_it_is_good_for_a_day() -> None:
    receipts.check(issued(), "I won", [KEY], NOW + receipts.LIFETIME_SECONDS)
    with pytest.raises(receipts.ExpiredReceiptError):
        receipts.check(issued(), "I won", [KEY], NOW + receipts.LIFETIME_SECONDS + 1)


def test_keys_are_random_and_read_in_order() -> None:
    first, second = receipts.new_key(), receipts.new_key()
    assert first != second
    one, two = receipts.read_keys(f" {first}\n{second} ")
    assert (len(one), receipts._text(two)) == (32, second)


@pytest.mark.parametrize("text", ["", "short", "A" * 44, "ä" * 43, f"{'A' * 43} nonsense"])
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"32 bytes|URL-safe") as raised:
        receipts.read_keys(text)
    assert not text or text not in str(raised.value)
    if text:
        with pytest.raises(SettingsError, match="RECEIPT_KEY"):
            Settings.from_environment({"RECEIPT_KEY": text})


# --- the service ----------------------------------------------------------------------------------------------------


def test_a_prediction_comes_with_a_receipt_that_proves_it(model: Model) -> None:
    keys = Settings.from_environment({"RECEIPT_KEY": f"{receipts._text(KEY)} {receipts._text(OTHER)}"})
    client = create_app(keys, model).test_client()
    for review in ("  I won \n", "qwxz vbnm"):
        reply = client.post("/predict", json={"review": review}).get_json()
        found = receipts.check(reply["receipt"], review.strip(), [KEY], time.time())
        assert found[1:4] == (reply["classification"], reply["confidence"], reply["model"])


def test_without_a_key_there_is_no_receipt(model: Model) -> None:
    reply = create_app(Settings(), model).test_client().post("/predict", json={"review": "I won"})
    assert reply.status_code == 200
    assert "receipt" not in reply.get_json()


def test_the_key_is_not_shown_with_the_settings() -> None:
    assert "receipt_key" not in repr(Settings(receipt_key=KEY))
