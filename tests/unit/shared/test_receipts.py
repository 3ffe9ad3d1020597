"""Receipts: what one proves, that nothing can make it prove anything else, and that keys can be replaced."""

from __future__ import annotations

import base64
import contextlib
import hmac
import re
import time
from types import SimpleNamespace

import itsdangerous.signer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import receipts

KEY, OTHER = receipts.new_key(), receipts.new_key()
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
MODEL = "f73a4715843e"  # pragma: allowlist secret


def issued(review: str = "I won", key: str = KEY) -> str:
    return receipts.issue(key, review, "joy", 0.812345, MODEL)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time()
    monkeypatch.setattr(receipts, "time", SimpleNamespace(time=lambda: now + seconds))


def test_a_receipt_says_what_was_predicted() -> None:
    found = receipts.check(issued(), "I won", [KEY])
    assert found[1:4] == ("joy", 0.812345, MODEL)
    assert re.fullmatch("q[0-9a-f]{16}", found.request_id)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["joy", None]), st.floats(0, 1))
@settings(max_examples=100, derandomize=True, database=None, deadline=None)
def test_any_prediction_comes_back(review: str, label: str | None, confidence: float) -> None:
    receipt = receipts.issue(KEY, review, label, confidence, "m")
    assert receipts.check(receipt, review, [OTHER, KEY])[1:4] == (label, confidence, "m")


def test_it_fits_into_an_address_and_does_not_hold_the_text() -> None:
    receipt = issued("something private")
    assert set(receipt) <= set(ALPHABET)
    assert len(receipt) < 160
    claim = base64.urlsafe_b64decode(receipt.partition(".")[0] + "==")
    assert b"joy" in claim
    assert b"private" not in claim


@given(st.data())
@settings(max_examples=400, derandomize=True, database=None, deadline=None)
def test_no_change_makes_it_prove_anything_else(data: st.DataObject) -> None:
    receipt = issued()
    place = data.draw(st.integers(0, len(receipt) - 1))
    character = data.draw(st.sampled_from(ALPHABET.replace(receipt[place], "")))
    changed = receipt[:place] + character + receipt[place + 1 :]
    # The last character has two bits more than the signature, so that four of them spell the same one.
    accepted = contextlib.nullcontext() if place == len(receipt) - 1 else pytest.raises(receipts.InvalidReceiptError)
    with contextlib.suppress(receipts.InvalidReceiptError), accepted:
        assert receipts.check(changed, "I won", [KEY]) == receipts.check(receipt, "I won", [KEY])


@given(st.text())
@settings(max_examples=200, derandomize=True, database=None, deadline=None)
def test_anything_else_is_invalid_and_no_fault(text: str) -> None:
    encoded = base64.urlsafe_b64encode(text.encode(errors="replace")).decode()
    for receipt in (text, f"{encoded}.{encoded}.{'A' * 43}", f".{encoded}.AAAA.{'A' * 43}"):
        with pytest.raises(receipts.InvalidReceiptError):
            receipts.check(receipt, "I won", [KEY])


def test_text_that_utf_8_cannot_hold_is_invalid_and_no_fault() -> None:
    with pytest.raises(receipts.InvalidReceiptError):
        receipts.check("half a pair \ud800.AAAA", "I won", [KEY])


def test_it_is_good_for_its_text_alone() -> None:
    with pytest.raises(receipts.InvalidReceiptError):
        receipts.check(issued(), "I won.", [KEY])


def test_only_the_keys_that_are_given_prove() -> None:
    for keys in ([OTHER], []):
        with pytest.raises(receipts.InvalidReceiptError):
            receipts.check(issued(), "I won", keys)


def test_a_rotation_keeps_what_the_old_key_signed() -> None:
    old, new = issued(key=OTHER), issued(key=KEY)
    for receipt in (old, new):
        assert receipts.check(receipt, "I won", [KEY, OTHER]).model == MODEL


def test_it_is_good_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = issued()
    later(monkeypatch, receipts.LIFETIME_SECONDS - 2)
    receipts.check(receipt, "I won", [KEY])
    later(monkeypatch, receipts.LIFETIME_SECONDS + 2)
    with pytest.raises(receipts.ExpiredReceiptError):
        receipts.check(receipt, "I won", [KEY])


def test_a_signer_s_clock_that_is_ahead_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = issued()
    now = time.time()
    for module in (receipts, itsdangerous.timed):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now - 300))
    receipts.check(receipt, "I won", [KEY])


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def spy(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(itsdangerous.signer, "hmac", SimpleNamespace(new=hmac.new, compare_digest=spy))
    receipts.check(issued(), "I won", [KEY])
    assert [len(one) for one, _ in compared] == [32]


def test_keys_are_random_and_read_in_order() -> None:
    assert len({receipts.new_key() for _ in range(100)}) == 100
    assert receipts.read_keys(f" {KEY}\n{OTHER} ") == (KEY, OTHER)


@pytest.mark.parametrize("text", ["", "short", "A" * 44, "ä" * 43, f"{'A' * 43} nonsense", f"{'A' * 42}+"])
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="32 bytes in URL-safe base64") as raised:
        receipts.read_keys(text)
    assert not text or text not in str(raised.value)
