"""The OpenAPI document is valid, says what the catalogue says, and describes what the functions really reply."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate

import export
import stats
from generator import catalogue

DOCUMENT = yaml.safe_load((Path(__file__).parents[3] / "docs/api/openapi.yaml").read_text(encoding="utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """The object itself, where a reference to it stands."""
    while "$ref" in node:
        path = node["$ref"].removeprefix("#/").split("/")
        node = DOCUMENT
        for name in path:
            node = node[name]
    return node


def conforms(value: Any, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def test_document_is_valid_openapi():
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_routes_are_those_of_the_catalogue():
    expected = {(function.method, function.path) for function in catalogue.FUNCTIONS}
    expected |= {catalogue.PREDICT_ROUTE, catalogue.BATCH_ROUTE}
    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == expected


def test_labels_and_limits_are_those_of_the_catalogue():
    assert tuple(SCHEMAS["Label"]["enum"]) == catalogue.LABELS
    assert set(SCHEMAS["Answer"]["properties"]["scores"]["required"]) == set(catalogue.LABELS)
    assert SCHEMAS["Review"]["maxLength"] == catalogue.MAX_REVIEW_CHARACTERS
    # A first character, those between, and a last one.
    assert f"{{0,{catalogue.MAX_REVIEW_CHARACTERS - 2}}}" in SCHEMAS["SentReview"]["pattern"]
    text = " ".join(DOCUMENT["info"]["description"].split())
    assert f"{catalogue.MAX_BODY_BYTES:,} bytes" in text
    assert f"{catalogue.MAX_BATCH_BODY_BYTES:,} bytes" in text
    assert f"{catalogue.MAX_REVIEW_CHARACTERS:,} characters" in text
    assert SCHEMAS["Batch"]["properties"]["reviews"]["maxItems"] == catalogue.MAX_REVIEWS
    assert SCHEMAS["Answers"]["properties"]["predictions"]["maxItems"] == catalogue.MAX_REVIEWS


def examples() -> list[Any]:
    found = []
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            described = list(operation["responses"].items()) + [("request", operation.get("requestBody", {}))]
            for status, response in described:
                for media in resolved(response).get("content", {}).values():
                    for name, example in media.get("examples", {}).items():
                        found.append(pytest.param(example["value"], media["schema"], id=f"{path} {status} {name}"))
    return found


@pytest.mark.parametrize(("value", "schema"), examples())
def test_examples_are_what_their_schemas_say(value, schema):
    conforms(value, schema)


@pytest.mark.parametrize("name", ["revised", "unprompted"])
def test_examples_of_judgements_are_accepted(cloud, post, name):
    media = DOCUMENT["paths"]["/setSentiment"]["post"]["requestBody"]["content"]["application/json"]
    reply = post(media["examples"][name]["value"])
    assert reply.status == 200
    conforms(reply.json, SCHEMAS["Stored"])


def test_stored_example_is_the_reply_to_the_request_example(cloud, post, receipt):
    operation = DOCUMENT["paths"]["/setSentiment"]["post"]
    sent = operation["requestBody"]["content"]["application/json"]["examples"]["revised"]["value"]
    promised = operation["responses"]["200"]["content"]["application/json"]["examples"]["revised"]["value"]
    prediction = sent["prediction"]
    genuine = receipt(sent["review"], *(prediction[name] for name in ("classification", "confidence", "model")))
    assert len(genuine) == len(sent["receipt"])
    assert post({**sent, "receipt": genuine}).json == promised


def test_errors_and_statistics_are_as_described(cloud, get, post):
    conforms(post({}).json, SCHEMAS["Problem"])
    post({"review": "I won", "sentiment": "joy"})
    conforms(get(stats).json, SCHEMAS["Statistics"])
    assert set(DOCUMENT["paths"]["/getcsv"]["get"]["responses"]["200"]["content"]) == {
        "application/json",
        export.CONTENT_TYPE,
    }


@pytest.mark.parametrize(
    ("review", "good"),
    [
        ("x", True),
        ("  x\n", True),
        ("x" * 2_000, True),
        (" " * 50 + "x" * 2_000 + "\n", True),
        ("x" * 2_001, False),
        ("", False),
        (" \t", False),
        ("a\0b", False),
    ],
)
def test_schema_of_a_review_says_what_the_function_does(cloud, post, review, good):
    validator = jsonschema.Draft202012Validator(SCHEMAS["SentReview"])
    assert validator.is_valid(review) is good
    assert (post({"review": review, "sentiment": "joy"}).status == 200) is good


def test_white_space_of_the_schema_is_what_is_trimmed():
    validator = jsonschema.Draft202012Validator(SCHEMAS["SentReview"])
    characters = [chr(number) for number in range(1, 0x10000) if not 0xD800 <= number < 0xE000]
    assert [c for c in characters if not validator.is_valid(c)] == [c for c in characters if c.isspace()]
