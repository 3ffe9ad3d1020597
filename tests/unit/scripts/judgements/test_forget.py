"""Erasing a text, against moto: all pages of judgements, copies in any state, and what is refused."""

from __future__ import annotations

import re

import pytest
from moto import mock_aws

from scripts.judgements import forget
from scripts.stage.errors import DeployError
from scripts.stage.session import Cloud
from shared.reviews import text_id

OUTPUTS = {"JudgementsTableName": "judgements", "ExportsTableName": "exports", "ExportBucketName": "exports"}
TEXT, OTHER = "=what I said; twice", "what another said"


@pytest.fixture
def cloud(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        made = Cloud("dev", region="us-east-1")
        for table, keys in {"judgements": ("id", "judgement"), "exports": ("id",)}.items():
            made.client("dynamodb").create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
            )
        made.client("s3").create_bucket(Bucket="exports")
        yield made


def put(cloud, text, number):
    for judgement in range(number):
        item = {"id": {"S": text_id(text)}, "judgement": {"S": str(judgement)}, "review": {"S": text}}
        cloud.client("dynamodb").put_item(TableName="judgements", Item=item)


def left(cloud):
    return {item["review"]["S"] for item in cloud.client("dynamodb").scan(TableName="judgements")["Items"]}


def test_all_judgements_of_the_text_go_and_no_other(cloud, tmp_path):
    put(cloud, TEXT, 60)  # more than one deletion takes
    put(cloud, OTHER, 2)
    cloud.client("dynamodb").put_item(TableName="exports", Item={"id": {"S": "export"}})
    cloud.client("s3").put_object(Bucket="exports", Key="exports/1/sentiment.csv", Body=b"text")
    cloud.client("s3").create_multipart_upload(Bucket="exports", Key="exports/2/sentiment.csv")
    done = forget.forget(cloud, OUTPUTS, text_id(f"  {TEXT}\n"), copies=(), known=tmp_path / "list")
    assert (done.judgements, done.exports, done.files) == (60, 1, [])
    assert left(cloud) == {OTHER}
    assert cloud.client("dynamodb").scan(TableName="exports")["Items"] == [], "an export under way is called off"
    assert "Uploads" not in cloud.client("s3").list_multipart_uploads(Bucket="exports")
    assert re.fullmatch(rf"{text_id(TEXT)}\t\d{{4}}-.*Z\n", (tmp_path / "list").read_text())


def test_doing_it_again_is_harmless(cloud, tmp_path):
    for judgements in (1, 0):
        put(cloud, TEXT, judgements)
        done = forget.forget(cloud, OUTPUTS, text_id(TEXT), copies=(), known=tmp_path / "list")
        assert done.judgements == judgements


def test_copies_are_cleaned_by_id_and_by_text(cloud, tmp_path):
    copy, clean, missing = (tmp_path / name for name in ("copy.csv", "clean.csv", "missing.csv"))
    rows = [("id", "review", "sentiment"), (text_id(TEXT), "cut", "joy"), ("x", f"'{TEXT}", "joy")]
    copy.write_bytes("".join(f"{','.join(row)}\r\n" for row in [*rows, ("y", f"'={OTHER}", "joy")]).encode())
    clean.write_bytes(b"id,review,sentiment\r\n")
    done = forget.forget(cloud, OUTPUTS, text_id(TEXT), (copy, clean, missing), tmp_path / "list")
    assert done.files == [str(copy)]
    assert copy.read_bytes() == f"id,review,sentiment\r\ny,'={OTHER},joy\r\n".encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.csv", "copy.csv", "list"]


def test_a_copy_that_cannot_be_read_is_named_and_left(cloud, tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(b"id,review,sentiment\r\n1,\xff,joy\r\n")
    with pytest.raises(DeployError, match=r"copy\.csv cannot be cleaned"):
        forget.forget(cloud, OUTPUTS, text_id(TEXT), (copy,), tmp_path / "list")
    assert copy.read_bytes() == b"id,review,sentiment\r\n1,\xff,joy\r\n"
