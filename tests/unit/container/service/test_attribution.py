"""Which words moved the model: that the split is the tokenizer's, and that the weights are what they claim to be."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import numpy as np
import pytest
import yaml
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment import attribution
from sentiment.model import Model
from sentiment.text import UNKNOWN, Tokenizer
from tests.unit.container.service.support import CONTAINER

VOCABULARY = ("<pad>", "<unk>", ".", ",", "!", "?", "i", "do", "n't", "'s", "cry", "a", "13", "nt", "'", "x", "1")
TOKENIZER = Tokenizer(VOCABULARY)
PARTS = st.sampled_from(list("aix.,!?'\u2019\u2026\u0301 \n-/\u2014();\"_1") + ["dont", "n't", "'s", "13", "\u2488"])
TEXTS = st.text(st.characters(codec=None, categories=None), max_size=60) | st.lists(PARTS, max_size=30).map("".join)


def words(text: str) -> list[str]:
    return [text[piece.start : piece.end] for piece in attribution.split(text, TOKENIZER)[1]]


@settings(max_examples=400)
@given(TEXTS)
def test_each_word_has_its_own_tokens_of_the_whole_text(text: str) -> None:
    tokens, pieces = attribution.split(text, TOKENIZER)
    assert tokens == TOKENIZER.encode(text)
    ends = [0] + [place for piece in pieces for place in (piece.start, piece.end)] + [len(text)]
    assert ends == sorted(ends)
    assert all(piece.start < piece.end and piece.first < piece.last for piece in pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't cry.", ["I", "don't", "cry"]),
        ("'Cry!' \u2014 \u201cI\u201d, (she) said\u2026", ["Cry", "I", "she", "said"]),
        ("joy/fear, half-asleep", ["joy", "fear", "half", "asleep"]),
        ("\U0001f600 caf\u00e9 cafe\u0301 13:45", ["\U0001f600", "caf\u00e9", "cafe\u0301", "13:45"]),
        ("... - !? https://example.com/love", []),
        ("I&#39;m #SoSad:( @joy", ["I&#39;m", "#SoSad", ":("]),
        ("", []),
    ],
)
def test_words_are_as_they_were_typed_without_the_signs_around_them(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_hiding_a_word_keeps_its_signs_and_the_length() -> None:
    tokens, (first, second) = (
        attribution.split("I don't, cry!", TOKENIZER)[0],
        attribution.split("I, cry!", TOKENIZER)[1],
    )
    assert tokens == [6, 7, 8, 3, 10, 4]
    short = TOKENIZER.encode("I, cry!")
    assert attribution.hidden(short, first, TOKENIZER) == [UNKNOWN, 3, 10, 4]
    assert attribution.hidden(short, second, TOKENIZER) == [6, 3, UNKNOWN, 4]


@pytest.mark.parametrize("count", [1, 63, 64, 65, 127, 129, 400, 1_000])
def test_a_long_text_is_split_into_few_pieces_that_leave_no_word_out(count: int) -> None:
    text = " ".join(["cry"] * count)
    tokens, pieces = attribution.split(text, TOKENIZER)
    assert 1 <= len(pieces) <= attribution.MAX_PIECES
    assert (len(pieces) + 1) * len(tokens) <= attribution.MAX_BATCH_TOKENS
    assert [place for piece in pieces for place in range(piece.first, piece.last)] == list(range(count))
    assert (len(pieces) == count) is (count <= attribution.MAX_PIECES)


def test_a_text_of_signs_alone_is_bounded_too() -> None:
    tokens, pieces = attribution.split("cry " + ".," * 10_000, TOKENIZER)
    assert (len(tokens), len(pieces)) == (20_001, 1)


def test_a_weight_is_how_far_the_likeliest_label_falls_without_the_word(model: Model) -> None:
    text = "I was happy until I was afraid."
    scores = model.predict(text).scores
    best = max(scores, key=scores.__getitem__)
    found = {one.text: one for one in model.explain(text)}
    for word in ("happy", "afraid"):
        without = model.predict(text.replace(word, "qwxzvb")).scores[best]
        assert found[word].weight == pytest.approx(scores[best] - without, abs=1e-5)
        assert found[word].weight != 0
    assert any(one.weight > 0 for one in found.values())


def test_a_word_that_the_model_does_not_know_has_no_weight(model: Model) -> None:
    known, unknown = model.explain("happy qwxzvb")
    assert (unknown.text, unknown.weight) == ("qwxzvb", 0)
    assert known.weight != 0


@pytest.mark.parametrize("text", ["", "!", "qwxzvb 12 34.", "https://example.com/love"])
def test_without_a_known_word_nothing_has_a_weight(model: Model, text: str) -> None:
    assert all(one.weight == 0 for one in model.explain(text))


def test_the_words_are_asked_about_in_one_batch(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []
    session = model._session

    class Watched:
        def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            shapes.append(inputs["tokens"].shape)
            return session.run(names, inputs)

    monkeypatch.setattr(model, "_session", Watched())
    model.explain("I was so happy, qwxzvb")
    assert shapes == [(5, 6)]


def described() -> dict[str, Any]:
    """The answer's schema in the API's description."""
    document = yaml.safe_load((CONTAINER.parent / "docs/api/openapi.yaml").read_text(encoding="utf-8"))
    return {**document["components"]["schemas"]["Answer"], "components": document["components"]}


def test_the_description_of_the_api_knows_the_bound() -> None:
    assert described()["properties"]["attribution"]["maxItems"] == attribution.MAX_PIECES


def ask(client: FlaskClient, **fields: object) -> dict[str, Any]:
    answer = client.post("/predict", data=json.dumps(fields), content_type="application/json")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


def test_an_answer_carries_them_on_request_alone(client: FlaskClient) -> None:
    review = " \U0001f600 I was happy\u2026 "
    plain = ask(client, review=review)
    assert ask(client, review=review, explain=False) == plain
    explained = ask(client, review=review, explain=True)
    jsonschema.validate(explained, described())
    found = explained.pop("attribution")
    assert explained == plain
    assert [list(one) for one in found] == [["text", "start", "end", "weight"]] * 4
    trimmed = str(plain["review"])
    assert [trimmed[one["start"] : one["end"]] for one in found] == [one["text"] for one in found]
    assert [one["text"] for one in found] == ["\U0001f600", "I", "was", "happy"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip))
def test_any_text_can_be_explained(client: FlaskClient, text: str) -> None:
    answer = ask(client, review=text, explain=True)
    for one in answer["attribution"]:
        assert str(answer["review"])[one["start"] : one["end"]] == one["text"]
        assert -1 <= one["weight"] <= 1
