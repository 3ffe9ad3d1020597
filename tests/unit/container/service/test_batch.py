"""Many predictions in one request: each is the one that its text gets alone."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient

from sentiment.app import create_app
from sentiment.model import BUCKET_TOKENS, Model, runs
from sentiment.settings import Settings
from sentiment.turns import Turns
from shared import receipts
from shared.limits import MAX_BATCH_BODY_BYTES, MAX_REVIEW_CHARACTERS, MAX_REVIEWS

KEY = receipts.new_key()
PATH = "/predict/batch"
LAST_DIGIT = 2e-6  # of scores: sums of floats in another order
WORDS = "I was so happy sad ashamed afraid of my friend who did not come back qwxz . , ! 😀 été"


@pytest.fixture(scope="module")
def signing(model: Model) -> FlaskClient:
    return create_app(Settings(receipt_key=KEY), model).test_client()


def texts(count: int, seed: int = 1) -> list[str]:
    """Texts of 1 to 120 words, some of them with no word that the model knows."""
    random = Random(seed)
    return [" ".join(random.choices(WORDS.split(), k=random.randint(1, 120))) for _ in range(count)]


def ask(client: FlaskClient, reviews: Any, status: int = 200) -> Any:
    answer = client.post(PATH, json={"reviews": reviews})
    assert answer.status_code == status, answer.text
    return json.loads(answer.data)


def test_each_prediction_is_the_one_that_its_text_gets_alone(signing: FlaskClient) -> None:
    reviews = [*texts(90), "  I was happy \n", "qwxz vbnm", "I want to kill myself", "x" * MAX_REVIEW_CHARACTERS]
    predictions = ask(signing, reviews)["predictions"]
    assert len(predictions) == len(reviews)
    for review, prediction in zip(reviews, predictions, strict=True):
        alone = signing.post("/predict", json={"review": review}).get_json()
        assert list(prediction) == list(alone)
        proofs = [
            receipts.check(one.pop("receipt"), review.strip(), [KEY])[1:4]
            for one in (prediction, alone)
            if "receipt" in one
        ]
        assert [proof[::2] for proof in proofs] in ([], [(alone["classification"], alone["model"])] * 2)
        assert [proof[1] for proof in proofs] in ([], [prediction["confidence"], alone["confidence"]])
        for name in ("scores", "confidence"):
            assert prediction.pop(name) == pytest.approx(alone.pop(name), abs=LAST_DIGIT)
        assert prediction == alone
    assert predictions[92]["care"] is True


def test_a_text_that_is_refused_has_its_problem_in_its_place(client: FlaskClient) -> None:
    refused = {1: (7, 400, "must be a string"), 2: (" ", 400, "is empty"), 4: ("x" * 2_001, 413, "2,001 characters")}
    reviews: list[Any] = ["I was happy"] * 6
    for place, (value, _, _) in refused.items():
        reviews[place] = value
    predictions = ask(client, reviews)["predictions"]
    for place, prediction in enumerate(predictions):
        if place in refused:
            assert prediction["status"] == refused[place][1]
            assert set(prediction) == {"type", "title", "status", "detail"}
            assert refused[place][2] in prediction["detail"]
            alone = client.post("/predict", json={"review": refused[place][0]})
            assert json.loads(alone.data) == prediction
        else:
            assert prediction["review"] == "I was happy"


def test_a_request_without_a_single_good_text_is_answered(client: FlaskClient) -> None:
    assert [one["status"] for one in ask(client, [None, ""])["predictions"]] == [400, 400]


@pytest.mark.parametrize(
    ("reviews", "status", "hint"),
    [
        ("I was happy", 400, "must be a list"),
        (None, 400, "must be a list"),
        ({"0": "happy"}, 400, "must be a list"),
        ([], 400, "reviews is empty"),
        (["happy"] * (MAX_REVIEWS + 1), 413, "101 texts; send at most 100"),
    ],
    ids=["a text", "null", "an object", "none", "too many"],
)
def test_what_is_no_list_of_1_to_100_texts_is_refused(
    client: FlaskClient, reviews: Any, status: int, hint: str
) -> None:
    assert hint in ask(client, reviews, status)["detail"]


def test_explanations_are_not_given_for_many(client: FlaskClient) -> None:
    answer = client.post(PATH, json={"reviews": ["happy"], "explain": True})
    assert (answer.status_code, "explain" in answer.text) == (400, True)


def test_the_longest_texts_fit_however_they_are_escaped(client: FlaskClient) -> None:
    emoji = "😀" * MAX_REVIEW_CHARACTERS
    body = json.dumps({"reviews": [emoji] * MAX_REVIEWS}, indent=4)
    assert "\\ud83d" in body
    answer = client.post(PATH, data=body, content_type="application/json")
    assert answer.status_code == 200, answer.text
    assert {one["review"] for one in json.loads(answer.data)["predictions"]} == {emoji}
    answer = client.post(PATH, data=body.ljust(MAX_BATCH_BODY_BYTES + 1), content_type="application/json")
    assert answer.status_code == 413
    assert f"at most {MAX_BATCH_BODY_BYTES:,} bytes" in answer.text


def test_others_may_go_first_between_any_two_texts(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(Turns, "_give_way", lambda turns: asked.append(turns))
    ask(create_app(Settings(), model).test_client(), ["qwxz vbnm"] * 50)  # which are read, but no network is run
    assert len(asked) >= 2 * 49, "once while each is searched for patterns, once while it is read into tokens"


def test_runs_hold_each_text_once_with_little_padding() -> None:
    random = Random(2)
    lengths = [random.choice([1, 7, 8, 9, 30, 31, 400, 1_200]) for _ in range(200)] + [9_000]
    found = list(runs(lengths))
    assert sorted(place for run in found for place in run) == list(range(len(lengths)))
    for run in found:
        within = [lengths[place] for place in run]
        assert max(within) - min(within) < BUCKET_TOKENS
        assert len(within) == 1 or len(within) * max(within) <= 5_000
    assert len(found) < 40
    assert list(runs([])) == []
