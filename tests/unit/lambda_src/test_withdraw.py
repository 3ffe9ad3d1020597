"""POST /withdraw on moto: whoever holds the receipt takes back what was said with it, and nobody else."""

from __future__ import annotations

import pytest

import withdraw
from shared import counters, erasure
from shared.counters import Kind
from shared.reviews import text_id
from tests.unit.lambda_src.conftest import post_event, read

TEXT, MODEL = "I broke it", "gru-0123456789ab"


@pytest.fixture
def take_back():
    return lambda **body: read(withdraw.handler(post_event(body), None))


def judge(post, shown, number=0, sentiment="joy", **more):
    judgement = f"00000000-0000-4000-8000-{number:012x}"
    return post({"review": TEXT, "sentiment": sentiment, "receipt": shown, "judgement": judgement, **more})


def test_all_judgements_of_the_question_go_with_their_count_and_others_stay(cloud, post, receipt, take_back):
    mine, other = receipt(TEXT), receipt(TEXT)
    judge(post, mine, 1)
    judge(post, mine, 2, "fear", second="shame", blind=True)
    judge(post, other, 3, "guilt")
    reply = take_back(review=f" {TEXT}", receipt=mine)
    assert (reply.status, reply.json) == (200, {"id": text_id(TEXT), "withdrawn": 2})
    assert [item["judgement"]["S"][-1] for item in cloud.items("judgements")] == ["3"]
    assert counters.tally(cloud.items("counts")) == {MODEL: {Kind("guilt", "guilt"): 1}}
    again = take_back(review=TEXT, receipt=mine)
    assert again.json["withdrawn"] == 0
    assert counters.tally(cloud.items("counts")) == {MODEL: {Kind("guilt", "guilt"): 1}}


def test_the_first_word_of_the_blind_sample_goes_too(cloud, post, receipt, take_back):
    mine = receipt(TEXT)
    judge(post, mine, 1, blind=True)
    judge(post, mine, 2, "fear")
    assert sum(counters.tally(cloud.items("counts"))[MODEL].values()) == 2
    assert take_back(review=TEXT, receipt=mine).json["withdrawn"] == 2
    assert counters.tally(cloud.items("counts")) == {}


def test_who_has_withdrawn_a_word_has_seen_the_prediction(cloud, post, receipt, take_back):
    mine = receipt(TEXT)
    judge(post, mine, 1, blind=True)
    take_back(review=TEXT, receipt=mine)
    assert judge(post, mine, 2, "guilt", blind=True).status == 200
    (item,) = cloud.items("judgements")
    assert "blind" not in item
    assert counters.tally(cloud.items("counts")) == {MODEL: {Kind("guilt", "guilt"): 1}}


def test_more_judgements_than_a_transaction_takes(cloud, post, receipt, take_back):
    mine = receipt(TEXT)
    for number in range(205):
        judge(post, mine, number)
    assert take_back(review=TEXT, receipt=mine).json["withdrawn"] == 205
    assert cloud.items("judgements") == []
    assert counters.tally(cloud.items("counts")) == {}


def test_a_late_copy_is_refused_and_a_new_judgement_taken(cloud, post, receipt, take_back):
    mine = receipt(TEXT)
    judge(post, mine, 1)
    take_back(review=TEXT, receipt=mine, judgement="00000000-0000-4000-8000-000000000002")
    assert judge(post, mine, 1).status == judge(post, mine, 2).status == 410
    assert judge(post, mine, 3).status == 200
    assert judge(post, mine, 1).status == 410, "still"
    erased = {item["id"]["S"]: item["time"]["S"] for item in cloud.items("ledger") if item["kind"]["S"] == "erased"}
    (item,) = cloud.items("judgements")
    assert not erasure.covered(erased, TEXT, item["question"]["S"], item["time"]["S"])
    assert counters.tally(cloud.items("counts")) == {MODEL: {Kind("guilt", "joy"): 1}}


def test_copies_elsewhere_are_covered_by_the_erasure(cloud, post, receipt, take_back):
    mine = receipt(TEXT)
    judge(post, mine)
    (item,) = cloud.items("judgements")
    take_back(review=TEXT, receipt=mine)
    erased = {item["id"]["S"]: item["time"]["S"] for item in cloud.items("ledger") if item["kind"]["S"] == "erased"}
    assert erasure.covered(erased, TEXT, item["question"]["S"], item["time"]["S"])
    assert not erasure.covered(erased, TEXT, "q0123456789abcdef", item["time"]["S"])


def test_judgements_from_before_the_ledger_are_taken_out_one_by_one(cloud, post, receipt, take_back):
    mine = receipt(TEXT)
    judge(post, mine, 1)
    (old,) = cloud.items("judgements")
    (entry,) = cloud.items("ledger")
    cloud.dynamodb.delete_item(TableName="ledger", Key={name: entry[name] for name in ("kind", "id")})
    cloud.dynamodb.put_item(TableName="judgements", Item={**old, "judgement": {"S": "older"}})
    (count,) = cloud.items("counts")
    cloud.dynamodb.put_item(TableName="counts", Item={**count, "guilt>joy": {"N": "2"}})
    assert take_back(review=TEXT, receipt=mine).json["withdrawn"] == 2
    assert counters.tally(cloud.items("counts")) == {}


def test_an_old_receipt_is_good_for_this(cloud, receipt, take_back, monkeypatch):
    mine = receipt(TEXT)
    monkeypatch.setattr("shared.receipts.time.time", lambda: 4e9)
    assert take_back(review=TEXT, receipt=mine).status == 200


def test_only_the_receipt_of_this_text_opens_it(cloud, post, receipt, take_back):
    judge(post, receipt(TEXT))
    for wrong in ("x", "", receipt("I broke it!")):
        reply = take_back(review=TEXT, receipt=wrong)
        assert (reply.status, reply.json["title"]) == (403, "Forbidden")
    assert len(cloud.items("judgements")) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"review": TEXT}, {"review": TEXT, "receipt": 1}, {"review": "", "receipt": "x"},
     {"review": TEXT, "receipt": "x", "judgement": "1"}, {"review": TEXT, "receipt": "x", "who": "me"}],
)  # fmt: skip
def test_bad_input_is_refused_in_words(cloud, take_back, body):
    reply = take_back(**body)
    assert reply.status == 400
    assert len(reply.json["detail"]) > 15
