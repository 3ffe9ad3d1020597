"""GET /getStats on moto: what the counters add up to is what a recount of the judgements gives."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from botocore.stub import Stubber

import aws
import stats
from generator import catalogue
from shared.counters import Kind

LABELS = list(catalogue.LABELS)
NOTHING = {
    **dict.fromkeys(("answered", "right", "abstained"), 0),
    **dict.fromkeys(("accuracy", "accuracyInterval", "coverage", "coverageInterval")),
}


def test_nothing_counted_yet(cloud, get):
    reply = get(stats)
    assert reply.status == 200
    confusion = reply.json.pop("confusion")
    assert reply.json == {
        "judgements": 0,
        "approved": 0,
        "revised": 0,
        "unprompted": 0,
        **NOTHING,
        "blind": NOTHING,
        "seen": NOTHING,
        "labels": LABELS,
        "models": [],
    }
    assert confusion == {said: dict.fromkeys([*LABELS, "none"], 0) for said in LABELS}


def test_counts_equal_a_recount(cloud, get, post, receipt):
    """Judgements of three models and of none, some of them sent twice, in an order that a fixed seed chose."""
    chance = random.Random(7)
    for number in range(150):
        body = {
            "review": f"text {number % 90}",
            "sentiment": chance.choice(LABELS),
            "judgement": f"00000000-0000-4000-8000-{number:012x}",
        }
        if chance.random() < 0.8:
            classification = chance.choice([body["sentiment"], None, *LABELS])
            model = chance.choice(["a-1", "b-2", "c-3"])
            body["receipt"] = receipt(body["review"], classification, 0.5, model)
        for _ in range(chance.choice([1, 1, 2])):
            assert post(body).status == 200

    recount: dict[str, Counter[str]] = {"": Counter()}
    for item in cloud.items("judgements"):
        said, verdict = item["sentiment"]["S"], item["verdict"]["S"]
        predicted = item.get("classification", {"S": "none"})["S"]
        for model in ("", item.get("model", {"S": "unprompted"})["S"]):
            count = recount.setdefault(model, Counter())
            count.update([verdict, "judgements"] + ([f"{said} {predicted}"] if verdict != "unprompted" else []))
    reply = get(stats).json
    assert [model["model"] for model in reply["models"]] == sorted(set(recount) - {""})
    assert reply["judgements"] == 150
    for model in [reply, *reply["models"]]:
        count = recount[model.get("model", "")]
        for key in ("judgements", "approved", "revised", "unprompted"):
            assert model[key] == count[key]
        told = sum(n for key, n in count.items() if " " in key)
        abstained = sum(n for key, n in count.items() if key.endswith(" none"))
        assert (model["answered"], model["abstained"]) == (told - abstained, abstained)
        assert model["judgements"] == model["answered"] + model["abstained"] + model["unprompted"]
        assert model["accuracy"] == (count["approved"] / (told - abstained) if told - abstained else None)
        cells = {(said, predicted): n for said, row in model["confusion"].items() for predicted, n in row.items()}
        assert {key for key, n in cells.items() if n} == {tuple(key.split()) for key in count if " " in key}
        assert all(n == count[f"{said} {predicted}"] for (said, predicted), n in cells.items())


def test_labels_that_are_no_longer_offered_keep_their_row():
    summary = stats.summary({Kind("love", "love"): 2, Kind("love", "joy"): 1}, ["joy"])
    assert summary["confusion"] == {"joy": {"joy": 0, "none": 0, "love": 1}, "love": {"love": 2}}
    assert (summary["approved"], summary["revised"]) == (2, 1)


def test_error_of_dynamodb_is_a_503(get):
    with Stubber(aws.client("dynamodb")) as dynamodb:
        dynamodb.add_client_error("scan", "InternalServerError")
        reply = get(stats)
    assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")


def test_every_page_of_the_counts_is_read_consistently(get):
    page = {"Items": [{"model": {"S": "a"}, "shard": {"N": "1"}, "joy>joy": {"N": "3"}}]}
    key = {"model": {"S": "a"}, "shard": {"N": "1"}}
    expected = {"TableName": "counts", "ConsistentRead": True}
    with Stubber(aws.client("dynamodb")) as dynamodb:
        dynamodb.add_response("scan", {**page, "LastEvaluatedKey": key}, expected)
        dynamodb.add_response("scan", page, {**expected, "ExclusiveStartKey": key})
        assert get(stats).json["approved"] == 6


def test_an_abstention_is_neither_right_nor_wrong_and_blind_stands_apart():
    counts = {
        Kind("joy", "joy"): 6,
        Kind("joy", "fear"): 1,
        Kind("joy", "fear", "joy", blind=True): 2,
        Kind("none", "none"): 4,
        Kind("none", "fear", "", blind=True): 1,
        Kind("unprompted", "joy"): 5,
    }
    found = stats.summary(counts, ["joy", "fear"])
    assert (found["answered"], found["right"], found["abstained"]) == (9, 8, 5)
    assert (found["accuracy"], found["coverage"]) == (8 / 9, 9 / 14)
    assert (found["blind"]["answered"], found["blind"]["right"], found["blind"]["abstained"]) == (2, 2, 1)
    assert (found["seen"]["answered"], found["seen"]["right"], found["seen"]["abstained"]) == (7, 6, 4)
    assert found["judgements"] == found["approved"] + found["revised"] + found["unprompted"] == 19
    diagonal = sum(row.get(said, 0) for said, row in found["confusion"].items() if said != "none")
    assert diagonal == found["right"]
    assert sum(sum(row.values()) for row in found["confusion"].values()) == found["answered"] + found["abstained"]


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(1, 1, 0.2065, 1.0), (0, 10, 0.0, 0.2775), (81, 263, 0.2553, 0.3662)]
)
def test_intervals_are_those_of_wilson(hits, of, low, high):
    """The last one is Newcombe's example (1998, Statistics in Medicine 17, table I)."""
    assert stats.wilson(hits, of) == pytest.approx([low, high], abs=5e-5)
    assert stats.wilson(0, 0) is None


def test_the_first_word_of_the_blind_sample_counts_there_and_the_last_word_everywhere_else(cloud, get, post, receipt):
    """A user who is shown another prediction and then comes round to it must not make the blind sample look better."""
    mine, other = receipt("I broke it", "guilt"), receipt("I won", "joy")

    def judge(review, proof, number, sentiment, blind=False):
        body = {"review": review, "sentiment": sentiment, "receipt": proof, "blind": blind}
        assert post({**body, "judgement": f"00000000-0000-4000-8000-{number:012x}"}).status == 200

    judge("I broke it", mine, 1, "anger", blind=True)
    judge("I won", other, 2, "anger")
    before = get(stats).json
    assert (before["blind"]["answered"], before["blind"]["right"], before["seen"]["answered"]) == (1, 0, 1)
    for number, (sentiment, blind) in enumerate([("guilt", False), ("fear", True), ("guilt", False)], start=3):
        judge("I broke it", mine, number, sentiment, blind)
    judge("I won", other, 9, "joy", blind=True)  # whoever had seen it cannot judge it blind any more
    after = get(stats).json
    assert (after["blind"]["answered"], after["blind"]["right"]) == (1, 0)
    assert (after["seen"]["answered"], after["seen"]["right"]) == (1, 1)
    assert (after["judgements"], after["answered"], after["right"], after["approved"]) == (2, 2, 2, 2)
    assert after["confusion"]["guilt"]["guilt"] == 1
