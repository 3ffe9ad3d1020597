"""Erasing a text, against moto: all pages of judgements, copies in any state, and what is refused."""

from __future__ import annotations

import re

import pytest
from moto import mock_aws

from scripts.judgements import checksum, erasures, forget
from scripts.stage.errors import DeployError
from scripts.stage.session import Cloud
from shared import erasure
from shared.reviews import text_id

OUTPUTS = {
    "JudgementsTableName": "judgements",
    "LedgerTableName": "ledger",
    "ExportsTableName": "exports",
    "ExportBucketName": "exports",
}
KEYS = {"judgements": ("id", "judgement"), "ledger": ("kind", "id"), "exports": ("id",)}
TEXT, OTHER = "=what I said; twice", "what another said"


@pytest.fixture
def cloud(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        made = Cloud("dev", region="us-east-1")
        for name, keys in KEYS.items():
            table(made, name, keys)
        made.client("s3").create_bucket(Bucket="exports")
        yield made


def table(cloud, name, keys):
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)],
    )


def put(cloud, text, number, into="judgements"):
    for judgement in range(number):
        item = {"id": {"S": text_id(text)}, "judgement": {"S": str(judgement)}, "review": {"S": text}}
        cloud.client("dynamodb").put_item(TableName=into, Item=item)


def forget_text(cloud, text, copies, known):
    return forget.forget(cloud, OUTPUTS, forget.Wanted(text_id(text), text), copies, known)


def left(cloud):
    return {item["review"]["S"] for item in cloud.client("dynamodb").scan(TableName="judgements")["Items"]}


def test_all_judgements_of_the_text_go_and_no_other(cloud, tmp_path):
    put(cloud, TEXT, 60)  # more than one deletion takes
    put(cloud, OTHER, 2)
    cloud.client("dynamodb").put_item(TableName="exports", Item={"id": {"S": "export"}})
    cloud.client("s3").put_object(Bucket="exports", Key="exports/1/sentiment.csv", Body=b"text")
    cloud.client("s3").create_multipart_upload(Bucket="exports", Key="exports/2/sentiment.csv")
    done = forget_text(cloud, f"  {TEXT}\n", (), tmp_path / "list")
    assert (done.judgements, done.exports, done.files) == (60, 1, [])
    assert left(cloud) == {OTHER}
    assert cloud.client("dynamodb").scan(TableName="exports")["Items"] == [], "an export under way is called off"
    assert "Uploads" not in cloud.client("s3").list_multipart_uploads(Bucket="exports")
    assert re.fullmatch(
        rf"{text_id(TEXT)}\t\d{{4}}-.*Z\n{erasure.text_mark(TEXT)}\t.*Z\n", (tmp_path / "list").read_text()
    )


def test_doing_it_again_is_harmless(cloud, tmp_path):
    for judgements in (1, 0):
        put(cloud, TEXT, judgements)
        done = forget_text(cloud, TEXT, (), tmp_path / "list")
        assert done.judgements == judgements


def test_copies_are_cleaned_by_id_and_by_text(cloud, tmp_path):
    copy, clean, missing = (tmp_path / name for name in ("copy.csv", "clean.csv", "missing.csv"))
    rows = [("id", "review", "sentiment"), (text_id(TEXT), "cut", "joy"), ("x", f"'{TEXT}", "joy")]
    copy.write_bytes("".join(f"{','.join(row)}\r\n" for row in [*rows, ("y", f"'={OTHER}", "joy")]).encode())
    clean.write_bytes(b"id,review,sentiment\r\n")
    done = forget_text(cloud, TEXT, (copy, clean, missing), tmp_path / "list")
    assert done.files == [str(copy)]
    assert copy.read_bytes() == f"id,review,sentiment\r\ny,'={OTHER},joy\r\n".encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.csv", "copy.csv", "list"]


def test_a_copy_that_cannot_be_read_is_named_and_left(cloud, tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(b"id,review,sentiment\r\n1,\xff,joy\r\n")
    with pytest.raises(DeployError, match=r"copy\.csv cannot be cleaned"):
        forget_text(cloud, TEXT, (copy,), tmp_path / "list")
    assert copy.read_bytes() == b"id,review,sentiment\r\n1,\xff,joy\r\n"


@pytest.mark.parametrize(("quoted", "goes"), [("WHAT I  said\\; \\*twice\\*", True), (OTHER, False)])
def test_a_report_that_quotes_the_text_goes(cloud, tmp_path, quoted, goes):
    """It is Markdown, in which signs of the text have a backslash before them."""
    report = tmp_path / "report.md"
    report.write_text(f"## Ties\n\n- {quoted} (joy 1, anger 1)\n")
    text = "what I said; *twice*"
    done = forget.forget(cloud, OUTPUTS, forget.Wanted(text_id(text), text), (), tmp_path / "list", report)
    assert report.exists() is not goes
    assert [place.erased for place in done.places if str(report) in place.name] == [int(goes)]


def test_a_report_is_left_to_the_operator_where_only_the_id_is_known(cloud, tmp_path):
    report = tmp_path / "report.md"
    report.write_text("- something (joy 1, anger 1)\n")
    done = forget.forget(cloud, OUTPUTS, forget.Wanted(text_id(TEXT)), (), tmp_path / "list", report)
    assert report.exists() and any(str(report) in each for each in done.left)


SPELLINGS = ("Café, I SAID", "cafe\u0301, i said", " Café,  I\u00a0SAID", "Ca\u200bfé, I SAID", "Café, I said\ufe0f")


@pytest.mark.parametrize("by_id", [True, False])
def test_every_spelling_goes(cloud, tmp_path, by_id):
    for spelling in SPELLINGS:
        put(cloud, spelling, 1)
    put(cloud, OTHER, 1)
    first = SPELLINGS[0]
    wanted = forget.identify(cloud, OUTPUTS, text_id(first)) if by_id else forget.Wanted(text_id(first), first)
    done = forget.forget(cloud, OUTPUTS, wanted, (), tmp_path / "list")
    assert (done.judgements, left(cloud)) == (5, {OTHER})


def test_an_id_that_nothing_is_known_of_is_remembered_as_such(cloud, tmp_path):
    wanted = forget.identify(cloud, OUTPUTS, text_id(TEXT))
    done = forget.forget(cloud, OUTPUTS, wanted, (), tmp_path / "list")
    assert any("name it with --text" in each for each in done.left)
    assert erasures.read(cloud, OUTPUTS).keys() == {erasure.id_mark(text_id(TEXT))}


def test_the_ledger_has_the_erasure_with_the_servers_time(cloud, tmp_path, monkeypatch):
    def answer(**_):
        return {"ResponseMetadata": {"HTTPHeaders": {"date": "Sat, 31 Jan 2026 12:00:00 GMT"}}}

    monkeypatch.setattr(cloud.client("dynamodb"), "describe_table", answer)
    forget_text(cloud, TEXT, (), tmp_path / "list")
    time = "2026-01-31T12:00:00.999Z"
    assert erasures.read(cloud, OUTPUTS) == {erasure.text_mark(TEXT): time, erasure.id_mark(text_id(TEXT)): time}


def test_copies_of_the_table_and_interrupted_exports_are_looked_at_too(cloud, tmp_path):
    table(cloud, "judgements-restored-20260101000000", KEYS["judgements"])
    put(cloud, TEXT, 2, "judgements-restored-20260101000000")
    for name in ("export", "export-raw"):
        cloud.client("dynamodb").put_item(TableName="exports", Item={"id": {"S": name}})
    copy = tmp_path / "judgements.csv"
    parts = tmp_path / "judgements.csv.parts"
    parts.mkdir()
    (parts / "1.csv").write_text(TEXT)
    done = forget_text(cloud, TEXT, (copy,), tmp_path / "list")
    found = {place.name.partition(",")[0].rpartition("/")[2]: place.erased for place in done.places}
    assert found == {
        "table judgements": 0,
        "table judgements-restored-20260101000000": 2,
        "exports in progress": 2,
        "bucket exports": 0,
        "judgements.csv.parts": 1,
    }
    assert not parts.exists()
    assert any("point-in-time recovery of judgements, until 20" in each for each in done.left)


def test_a_cleaned_copy_has_a_new_checksum(cloud, tmp_path):
    copy = tmp_path / "judgements.csv"
    copy.write_bytes(f"id,review,sentiment\r\n{text_id(TEXT)},cut,joy\r\n".encode())
    checksum.write(copy, checksum.digest(copy))
    forget_text(cloud, TEXT, (copy,), tmp_path / "list")
    assert checksum.side_file(copy).read_text() == f"{checksum.digest(copy)}  judgements.csv\n"
