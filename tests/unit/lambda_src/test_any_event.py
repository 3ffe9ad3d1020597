"""Whatever the gateway hands over, every function answers in time and never with a fault of its own."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import export
import record
import stats
from generator import catalogue

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PREDICTIONS = st.fixed_dictionaries(
    {
        "classification": st.sampled_from([*catalogue.LABELS, None]) | ANYTHING,
        "confidence": st.floats() | ANYTHING,
        "model": st.text(max_size=70),
    }
)
# Near enough to a receipt to get past its shape, some of them.
RECEIPTS = ANYTHING | st.builds("{}.{}".format, st.from_regex(r"[\w-]{1,40}", fullmatch=True), st.just("A" * 43))
# Near enough to a judgement to get past the first checks.
JUDGEMENTS = st.fixed_dictionaries(
    {"review": st.text(st.characters()) | ANYTHING, "sentiment": st.sampled_from(catalogue.LABELS) | ANYTHING},
    optional={
        "judgement": st.uuids(allow_nil=True).map(str) | ANYTHING,
        "prediction": PREDICTIONS | ANYTHING,
        "receipt": RECEIPTS,
    },
)
BODIES = (JUDGEMENTS | ANYTHING).map(json.dumps) | st.text(st.characters())
VALUES = st.text(st.characters()) | st.text(st.characters()).map("application/json; charset*=".__add__)
HEADERS = st.dictionaries(st.sampled_from(["content-type", "Content-Type", "authorization"]), VALUES, max_size=2)
EVENTS = st.one_of(
    st.fixed_dictionaries({"headers": st.just({"content-type": "application/json"}), "body": BODIES}),
    st.fixed_dictionaries(
        {
            "headers": st.just({"content-type": "application/json"}),
            "body": BODIES.map(lambda text: base64.b64encode(text.encode(errors="replace")).decode()),
            "isBase64Encoded": st.just(True),
        }
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "headers": HEADERS | ANYTHING,
            "body": BODIES | ANYTHING,
            "isBase64Encoded": ANYTHING,
            "requestContext": ANYTHING,
            "routeKey": ANYTHING,
        },
    ),
    ANYTHING,
)


@pytest.mark.parametrize("module", [record, export, stats], ids=lambda module: module.__name__)
# The table fills from example to example, which is harmless here: no answer depends on what is stored.
@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(event=EVENTS)
def test_any_event_gets_an_answer_under_500(cloud, module, event):
    reply = module.handler(event, None)
    assert 200 <= reply["statusCode"] < 500
    json.dumps(reply).encode()
    assert isinstance(reply["body"], str)
