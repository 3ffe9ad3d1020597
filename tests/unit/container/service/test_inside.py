"""What is shown of the network's inside: that it is what the prediction was made of, and that nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import numpy as np
import onnxruntime
import pytest
from flask.testing import FlaskClient

from sentiment import inside
from sentiment.model import Model
from sentiment.settings import MODEL_DIRECTORY
from sentiment.turns import explanation_price
from tests.unit.container.service.test_attribution import described

TEXT = "I was so happyy at the party, until my DOG died"


def ask(client: FlaskClient, **fields: object) -> dict[str, Any]:
    answer = client.post("/predict", data=json.dumps(fields), content_type="application/json")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


def tensors(model: Model, *names: str) -> list[np.ndarray]:
    """Tensors of the graph for the text, straight from the file."""
    (path,) = MODEL_DIRECTORY.glob("*.onnx")
    content = inside.with_outputs(path.read_bytes(), names)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    tokens = model._tokenizer.encode(TEXT)
    return session.run(list(names), {"tokens": np.array([tokens]), "lengths": np.array([len(tokens)])})


def test_the_features_that_decide_are_made_of_what_is_shown(model: Model) -> None:
    """The states and the attention, pooled as the page says, are the last layer's input; its output is the answer."""
    states, attention, features, probabilities = tensors(model, "kept", "attention", "features", "probabilities")
    states, attention = states[:, 0], attention[:, 0]
    pooled = np.concatenate([states.max(0), states.mean(0), (attention * states).sum(0)])
    assert pooled == pytest.approx(features[0], abs=1e-5)
    assert probabilities[0] == pytest.approx(list(model.predict(TEXT).scores.values()), abs=1e-5)
    found = model.look_inside(TEXT)
    assert [one.attention for one in found] == pytest.approx(attention[:, 0], abs=1e-4)
    winners = [(states.argmax(0) == place).mean() for place in range(len(found))]
    assert [one.maxima for one in found] == pytest.approx(winners, abs=1e-4)
    assert sum(one.attention for one in found) == pytest.approx(1, abs=1e-2)


def test_the_shown_numbers_are_those_that_change_most_in_each_direction(model: Model) -> None:
    (states,) = (one[:, 0] for one in tensors(model, "kept"))
    shown = np.array([one.states for one in model.look_inside(TEXT)])
    half = states.shape[1] // 2
    for side, columns in ((states[:, :half], shown[:, :8]), (states[:, half:], shown[:, 8:])):
        variances = np.sort(side.var(0))
        assert np.sort(columns.var(0)) == pytest.approx(variances[-8:], abs=1e-3)
        assert all(np.isclose(side, column[:, None], atol=1e-4).all(0).any() for column in columns.T)


def test_each_token_says_where_it_comes_from(model: Model) -> None:
    found = model.look_inside(TEXT + " qwxzvb")
    from_text = [(one.token, (TEXT + " qwxzvb")[one.start : one.end]) for one in found]
    assert ("happy", "happyy") in from_text
    assert [part for token, part in from_text if token == "<unk>"] == ["qwxzvb"]
    assert [part for _, part in from_text].count("DOG") == 2  # the word, and the mark of its capitals


def test_an_answer_carries_it_on_request_alone(client: FlaskClient) -> None:
    answer = ask(client, review=TEXT, explain="inside")
    jsonschema.validate(answer, described())
    assert len(answer.pop("inside")) >= 11
    assert answer == ask(client, review=TEXT, explain=True)


@pytest.mark.parametrize("text", ["!", "qwxzvb 12 34.", "https://example.com/love"])
def test_where_the_network_is_not_asked_there_is_nothing_to_see(client: FlaskClient, text: str) -> None:
    assert ask(client, review=text, explain="inside")["inside"] == []


def test_a_text_that_needs_care_is_not_looked_into(client: FlaskClient) -> None:
    answer = ask(client, review="I want to kill myself", explain="inside")
    assert answer["care"] is True
    assert "inside" not in answer


def test_the_longest_text_has_its_price(client: FlaskClient) -> None:
    text = "a " * 1_000
    assert len(ask(client, review=text, explain="inside")["inside"]) == 1_000
    assert explanation_price(text, inside=True) > explanation_price(text)
