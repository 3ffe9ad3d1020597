"""Receipts at POST /setSentiment: what they prove, what they do not, and that keys can be replaced without a gap."""

from __future__ import annotations

import time
import uuid
from types import SimpleNamespace

import pytest
from botocore.stub import Stubber
from itsdangerous import base64_decode, base64_encode

import aws
import parameters
from shared import receipts
from tests.unit.lambda_src.conftest import ENVIRONMENT, KEY

NAME = ENVIRONMENT["RECEIPT_KEY_PARAMETER"]
REVIEW = "I broke it"
CLAIM = {"classification": "joy", "confidence": 1, "model": "invented"}


def judgement(**fields: object) -> dict[str, object]:
    return {"review": REVIEW, "sentiment": "guilt", "judgement": str(uuid.uuid4()), **fields}


def other_key(name: str = "b") -> str:
    return (name * 42) + "A"


def signed_with(key: str) -> str:
    return receipts.issue(receipts.read_keys(key)[0], REVIEW, "guilt", 0.75, "gru-1")


def set_keys(cloud: SimpleNamespace, *keys: str) -> None:
    cloud.ssm.put_parameter(Name=NAME, Value=" ".join(keys), Type="SecureString", Overwrite=True)


def stored(cloud: SimpleNamespace) -> dict[str, str]:
    (item,) = cloud.items("judgements")
    return {name: next(iter(value.values())) for name, value in item.items()}


def test_what_is_stored_is_what_the_receipt_proves_and_not_what_the_client_says(cloud, post, receipt):
    assert post(judgement(receipt=receipt(REVIEW), prediction=CLAIM)).json["verdict"] == "approved"
    item = stored(cloud)
    assert (item["classification"], item["confidence"], item["model"]) == ("guilt", "0.75", "gru-0123456789ab")


def swapped(receipt: str) -> str:
    """The same receipt with another claim and the old signature."""
    claim, _, rest = receipt.partition(".")
    forged = base64_encode(base64_decode(claim).replace(b"guilt", b"shame"))
    return f"{forged.decode()}.{rest}"


FORGED = {
    "for another text": lambda give: give("I broke that"),
    "with another label": lambda give: swapped(give(REVIEW)),
    "with another key": lambda give: signed_with(other_key()),
    "cut short": lambda give: give(REVIEW)[:-1],
    "longer": lambda give: give(REVIEW) + "A",
    "without a signature": lambda give: give(REVIEW).partition(".")[0],
    "no claim": lambda give: "bm90aGluZw.a0nSAA." + "A" * 43,
    "an empty list": lambda give: "W10.a0nSAA." + "A" * 43,
    "empty": lambda give: "",
    "any text": lambda give: "ö \ud800",
    "of 16 kB": lambda give: "x" * 15_000,
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_receipt_proves_nothing_and_the_judgement_is_kept(cloud, post, receipt, forge):
    reply = post(judgement(receipt=forge(receipt), prediction=CLAIM))
    assert (reply.status, reply.json["verdict"]) == (200, "unprompted")
    item = stored(cloud)
    assert item["receipt"] == "invalid"
    assert not {"classification", "confidence", "model", "question"} & item.keys()
    (count,) = cloud.items("counts")
    assert count["model"]["S"] == "unprompted"


@pytest.mark.parametrize("fields", [{}, {"prediction": CLAIM}])
def test_without_a_receipt_old_clients_are_served_and_count_as_unprompted(cloud, post, fields):
    assert post(judgement(**fields)).json["verdict"] == "unprompted"
    item = stored(cloud)
    assert item["receipt"] == "missing"
    assert "model" not in item


def test_invented_models_do_not_grow_the_counts(cloud, post):
    for number in range(40):
        post(judgement(prediction={**CLAIM, "model": f"invented-{number}"}))
    assert {item["model"]["S"] for item in cloud.items("counts")} == {"unprompted"}


def test_a_receipt_expires_after_a_day(cloud, post, receipt, monkeypatch):
    shown = receipt(REVIEW)
    now = time.time()
    monkeypatch.setattr(receipts, "time", SimpleNamespace(time=lambda: now + receipts.LIFETIME_SECONDS + 1))
    assert post(judgement(receipt=shown)).json["verdict"] == "unprompted"
    assert stored(cloud)["receipt"] == "expired"


def test_what_was_proved_first_stays_when_the_receipt_expires_before_it_is_sent_again(
    cloud, post, receipt, monkeypatch
):
    sent = judgement(receipt=receipt(REVIEW))
    first = post(sent)
    now = time.time()
    monkeypatch.setattr(receipts, "time", SimpleNamespace(time=lambda: now + receipts.LIFETIME_SECONDS + 1))
    assert post(sent).json == first.json
    assert (first.json["verdict"], stored(cloud)["receipt"]) == ("approved", "valid")


def test_answers_to_one_reply_share_its_question_and_asking_again_makes_another(cloud, post, receipt):
    shown = receipt(REVIEW)
    for receipt_of_reply in (shown, shown, receipt(REVIEW)):
        post(judgement(receipt=receipt_of_reply))
    requests = [item["question"]["S"] for item in cloud.items("judgements")]
    assert len(requests) == 3
    assert len(set(requests)) == 2


# --- keys -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """The clock of what is kept of SSM."""
    made = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(parameters, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def verdict(post, receipt: str) -> str:
    return post(judgement(receipt=receipt)).json["verdict"]


def test_a_rotation_has_no_gap(cloud, post, clock):
    """Both keys are good from the moment at which the new one signs, although the old keys are remembered."""
    before = signed_with(KEY)
    assert verdict(post, before) == "approved"
    set_keys(cloud, other_key(), KEY)
    clock.now += 0.3  # before any task can have started with the new key, even on a fast laptop
    assert verdict(post, signed_with(other_key())) == "approved"
    assert verdict(post, before) == "approved"
    set_keys(cloud, other_key("c"), other_key())
    clock.now += 61
    assert verdict(post, before) == "unprompted"
    assert verdict(post, signed_with(other_key())) == "approved"


def test_a_revoked_key_is_worth_nothing_after_a_minute(cloud, post, clock):
    assert verdict(post, signed_with(KEY)) == "approved"
    set_keys(cloud, other_key())
    clock.now += 61
    assert verdict(post, signed_with(KEY)) == "unprompted"


def test_made_up_keys_do_not_make_us_ask_for_each(cloud, post, clock, monkeypatch):
    asked = []
    get = aws.client("ssm").get_parameter

    def remember(**options):
        asked.append(options)
        return get(**options)

    monkeypatch.setattr(aws.client("ssm"), "get_parameter", remember)
    for number in range(20):
        assert verdict(post, signed_with(other_key("bcde"[number % 4]))) == "unprompted"
    assert len(asked) == 1


def test_a_stage_without_keys_stores_all_the_same(cloud, post, receipt):
    cloud.ssm.delete_parameter(Name=NAME)
    assert verdict(post, receipt(REVIEW)) == "unprompted"
    assert stored(cloud)["receipt"] == "invalid"


def test_keys_that_cannot_be_read_just_now_are_worth_waiting_for(cloud, post, receipt):
    with Stubber(aws.client("ssm")) as ssm:
        ssm.add_client_error("get_parameter", "ThrottlingException")
        reply = post(judgement(receipt=receipt(REVIEW)))
    assert reply.status == 503
    assert cloud.items("judgements") == cloud.items("counts") == []
