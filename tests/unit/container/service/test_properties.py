from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

# All of Unicode, lone surrogates included, and texts around the limit.
TEXTS = st.text(st.characters(), max_size=2_000) | st.builds(
    lambda part, times: (part * times)[:2_000], st.text(st.characters(), min_size=1, max_size=9), st.just(2_000)
)

NO_OBJECTS = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=TEXTS)
def test_any_text_gets_a_prediction_or_a_reason(client: FlaskClient, text: str) -> None:
    answer = client.post("/predict", data=json.dumps({"review": text}), content_type="application/json")
    if answer.status_code == 200:
        document = json.loads(answer.data)
        assert document["review"] == text.strip()
        assert 0 <= document["confidence"] <= 1
        assert sum(document["scores"].values()) == pytest.approx(1, abs=1e-5)
    else:
        assert answer.status_code in (400, 413)
        assert json.loads(answer.data)["detail"]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(body=st.binary(max_size=300) | NO_OBJECTS.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_get_a_reason(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/predict", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert json.loads(answer.data)["detail"]
