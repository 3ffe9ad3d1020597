"""What goes into the bucket of the site, against moto's S3."""

import gzip
import json
import re

import pytest
from moto import mock_aws

from scripts.app import page
from scripts.stage.errors import DeployError
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

SETTINGS = Settings(
    "dev", {"region": "", "image_repository": "", "site_api_url": "", "site_source_url": "", "blind_sample": 5}
)
CARD = {"model": "0123456789ab", "right": 0.75, "answered": 0.8, "threshold": 0.4}
OUTPUTS = {"SiteBucketName": "site", "ApiUrl": "https://api.example"}


@pytest.fixture
def s3(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        cloud = Cloud("dev", region="us-east-1")
        cloud.client("s3").create_bucket(Bucket="site")
        yield cloud


@pytest.fixture(autouse=True)
def card(monkeypatch, tmp_path_factory):
    """A model card whose figures do not change with the model."""
    path = tmp_path_factory.mktemp("card") / "figures.json"
    figures = {
        "model": CARD["model"],
        "accuracy_answered": CARD["right"],
        "answered": CARD["answered"],
        "threshold": 0.4,
    }
    path.write_text(json.dumps({"shipped": figures}))
    monkeypatch.setattr(page, "CARD_FIGURES", path)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "index.html").write_text('<!doctype html><script src="app.js"></script>')
    (tmp_path / "app.js").write_text("export const a = 1")
    (tmp_path / "font.3f2a91bc.woff2").write_bytes(b"font")
    (tmp_path / ".DS_Store").write_bytes(b"junk")
    return tmp_path


def upload(cloud, folder):
    return page.upload(cloud, SETTINGS, OUTPUTS, Reporter(), folder)


def keys(cloud):
    return {entry["Key"] for entry in cloud.client("s3").list_objects_v2(Bucket="site")["Contents"]}


def head(cloud, key):
    answer = cloud.client("s3").head_object(Bucket="site", Key=key)
    return answer["ContentType"], answer["CacheControl"]


def test_the_site_is_uploaded_with_types_and_cache_times(s3, folder):
    app, *others = upload(s3, folder).uploaded
    assert re.fullmatch(r"app\.[0-9a-f]{12}\.js", app)
    assert others == ["config.json", "font.3f2a91bc.woff2", "index.html"]
    assert head(s3, "index.html") == ("text/html; charset=utf-8", "no-cache")
    assert head(s3, "config.json") == ("application/json", "no-cache")
    assert head(s3, app) == ("text/javascript; charset=utf-8", "public, max-age=31536000, immutable")
    assert head(s3, "font.3f2a91bc.woff2") == ("font/woff2", "public, max-age=31536000, immutable")


def test_config_json_holds_what_the_page_must_know(s3, folder):
    upload(s3, folder)
    config = json.loads(s3.client("s3").get_object(Bucket="site", Key="config.json")["Body"].read())
    assert config == {
        "apiUrl": "https://api.example",
        "labels": ["anger", "disgust", "fear", "guilt", "joy", "sadness", "shame"],
        "maxReviewCharacters": 2000,
        "blindSample": 5,
        "sourceUrl": "",
        "card": CARD,
        "stage": "dev",
    }


def test_the_stage_may_say_what_the_page_calls(s3, folder):
    settings = Settings("local", {**SETTINGS.values, "site_api_url": "/api"})
    assert json.loads(page.config_json(settings, OUTPUTS))["apiUrl"] == "/api"


def test_only_what_changed_is_uploaded_and_what_is_gone_is_deleted(s3, folder):
    [app, *_] = upload(s3, folder).uploaded
    assert upload(s3, folder) == page.SiteChange([], [], 4)
    s3.client("s3").put_object(Bucket="site", Key=app, Body=b"changed by hand")
    assert upload(s3, folder).uploaded == [app]
    (folder / "app.js").write_text("export const a = 2")
    (folder / "font.3f2a91bc.woff2").unlink()
    change = upload(s3, folder)
    [new] = set(change.uploaded) - {"index.html"}
    assert change == page.SiteChange([new, "index.html"], [app, "font.3f2a91bc.woff2"], 1)
    assert keys(s3) == {new, "config.json", "index.html"}
    assert page.go_back(s3, OUTPUTS, change)
    assert keys(s3) == {app, "config.json", "font.3f2a91bc.woff2", "index.html"}
    assert app.encode() in s3.client("s3").get_object(Bucket="site", Key="index.html")["Body"].read()


def test_a_first_upload_stays_when_a_release_goes_back(s3, folder):
    change = upload(s3, folder)
    assert change.first
    there = keys(s3)
    assert not page.go_back(s3, OUTPUTS, change)
    assert keys(s3) == there


def test_an_unchanged_site_costs_two_calls_however_many_files_it_has(s3, folder):
    upload(s3, folder)
    calls = []
    s3.client("s3").meta.events.register("provide-client-params.s3", lambda model, **_: calls.append(model.name))
    upload(s3, folder)
    assert calls == ["ListObjectsV2", "HeadObject"]


def test_other_types_or_cache_times_upload_the_same_content_again(s3, folder, monkeypatch):
    upload(s3, folder)
    monkeypatch.setattr(page, "RULES", "others")
    assert len(upload(s3, folder).uploaded) == 4
    assert upload(s3, folder).unchanged == 4


def test_no_visitor_gets_a_page_whose_parts_are_missing(s3, folder):
    """The new index page comes after all that it names, and what the old one names goes after that."""
    (folder / "error.html").write_text("<p>")
    upload(s3, folder)
    (folder / "app.js").write_text("export const a = 2")
    (folder / "error.html").write_text("<b>")
    calls = []
    client = s3.client("s3")
    client.meta.events.register(
        "provide-client-params.s3",
        lambda params, model, **_: calls.append((model.name, params.get("Key", ""))),
    )
    change = upload(s3, folder)
    [new] = set(change.uploaded) - {"index.html", "error.html"}
    writes = [call for call in calls if call[0] in {"PutObject", "DeleteObjects"}]
    assert writes == [
        ("PutObject", new),
        ("PutObject", "error.html"),
        ("PutObject", "index.html"),
        ("DeleteObjects", ""),
    ]


def test_more_files_than_one_page_or_one_deletion_takes_are_deleted(s3, folder):
    client = s3.client("s3")
    for number in range(1005):
        client.put_object(Bucket="site", Key=f"old/{number}", Body=b"")
    assert len(upload(s3, folder).deleted) == 1005
    assert "Contents" not in client.list_objects_v2(Bucket="site", Prefix="old/")


def test_a_folder_without_an_index_page_is_refused(s3, tmp_path):
    with pytest.raises(DeployError, match=r"index\.html"):
        upload(s3, tmp_path)


def test_cloudfront_forgets_what_changed_and_only_then(cloud):
    stub = cloud.stub("cloudfront")
    stub.add_response("create_invalidation", {})
    page._invalidate(cloud, {"DistributionId": "E1"}, page.SiteChange(["index.html"], [], 0))
    page._invalidate(cloud, {"DistributionId": "E1"}, page.SiteChange([], [], 3))
    page._invalidate(cloud, {}, page.SiteChange(["index.html"], [], 0))


def test_parts_lie_compressed_and_come_back_as_they_were(s3, folder):
    [app, *_] = upload(s3, folder).uploaded
    stored = s3.client("s3").get_object(Bucket="site", Key=app)
    assert stored["ContentEncoding"] == "gzip"
    assert gzip.decompress(stored["Body"].read()) == b"export const a = 1"
    assert "ContentEncoding" not in s3.client("s3").get_object(Bucket="site", Key="index.html")
    (folder / "app.js").write_text("export const a = 2")
    page.go_back(s3, OUTPUTS, upload(s3, folder))
    back = s3.client("s3").get_object(Bucket="site", Key=app)
    assert back["ContentEncoding"] == "gzip"
    assert gzip.decompress(back["Body"].read()) == b"export const a = 1"
