"""The three functions on moto's DynamoDB, S3 and SSM: tables and bucket like those of the data stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

import aws
import parameters
import record
from generator import catalogue
from shared import receipts

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",  # pragma: allowlist secret
    "JUDGEMENTS_TABLE": "judgements",
    "COUNTS_TABLE": "counts",
    "LEDGER_TABLE": "ledger",
    "EXPORTS_TABLE": "exports",
    "EXPORT_WRITER": "the-writer",
    "EXPORT_BUCKET": "exports-of-a-test",
    "EXPORT_TOKEN_PARAMETER": "",
    "LABELS": ",".join(catalogue.LABELS),
    "JUDGEMENT_DAYS": "0",
    "RECEIPT_KEY_PARAMETER": catalogue.receipt_key_name("test"),
}
KEY = "YSBrZXkgb2YgdGVzdHMsIGFuZCBvZiB0ZXN0cyBvbmw"  # pragma: allowlist secret


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # The clients stay from test to test, as they do from request to request: making one takes a third of a second.
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    parameters._read.clear()


@pytest.fixture
def cloud() -> Iterator[SimpleNamespace]:
    """All tables and the bucket, and clients to look into them."""
    with mock_aws():
        dynamodb = aws.client("dynamodb")
        make_table(dynamodb, "judgements", catalogue.JUDGEMENTS_KEY, ("S", "S"))
        make_table(dynamodb, "counts", catalogue.COUNTS_KEY, ("S", "N"))
        make_table(dynamodb, "ledger", catalogue.LEDGER_KEY, ("S", "S"))
        make_table(dynamodb, "exports", catalogue.EXPORTS_KEY, ("S",))
        s3 = aws.client("s3")
        s3.create_bucket(
            Bucket=ENVIRONMENT["EXPORT_BUCKET"], CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        ssm = aws.client("ssm")
        ssm.put_parameter(Name=ENVIRONMENT["RECEIPT_KEY_PARAMETER"], Value=KEY, Type="SecureString")
        yield SimpleNamespace(dynamodb=dynamodb, s3=s3, ssm=ssm, items=lambda table: all_items(dynamodb, table))


@pytest.fixture
def receipt() -> Callable[..., str]:
    """Gives the receipt that the service would, for a review and what the model says of it."""

    def give(
        review: str, classification: str | None = "guilt", confidence: float = 0.75, model: str = "gru-0123456789ab"
    ) -> str:
        return receipts.issue(receipts.read_keys(KEY)[0], review, classification, confidence, model)

    return give


def make_table(dynamodb: Any, name: str, key: tuple[str, ...], types: tuple[str, ...]) -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in zip(key, types, strict=True)
        ],
        KeySchema=[
            {"AttributeName": attribute, "KeyType": kind}
            for attribute, kind in zip(key, ("HASH", "RANGE"), strict=False)
        ],
    )


@pytest.fixture
def post() -> Callable[..., SimpleNamespace]:
    """Sends a body (or a whole event) to record and gives back its reply, its JSON parsed."""

    def send(body: Any = None, content_type: str | None = "application/json", event: Any = None) -> SimpleNamespace:
        return read(record.handler(post_event(body, content_type) if event is None else event, None))

    return send


@pytest.fixture
def get() -> Callable[..., SimpleNamespace]:
    """Calls the handler of a module and gives back its reply, its JSON parsed."""

    def send(
        module: Any, headers: dict[str, str] | None = None, context: Any = None, query: dict[str, str] | None = None
    ) -> SimpleNamespace:
        of_gateway = {"requestId": "request-1"}
        event = {"version": "2.0", "routeKey": "GET /x", "headers": headers or {}, "requestContext": of_gateway}
        return read(module.handler({**event, **({"queryStringParameters": query} if query else {})}, context))

    return send


def post_event(body: Any, content_type: str | None = "application/json") -> dict[str, Any]:
    headers = {} if content_type is None else {"content-type": content_type}
    return {
        "version": "2.0",
        "routeKey": "POST /setSentiment",
        "headers": headers,
        "requestContext": {"requestId": "request-1"},
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def read(reply: dict[str, Any]) -> SimpleNamespace:
    kind = reply["headers"].get("content-type", "")
    parsed = json.loads(reply["body"]) if "json" in kind else None
    return SimpleNamespace(status=reply["statusCode"], headers=reply["headers"], json=parsed, raw=reply)


def all_items(dynamodb: Any, table: str) -> list[dict[str, Any]]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]
