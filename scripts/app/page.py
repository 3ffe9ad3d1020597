"""Uploads the website to its bucket: only what changed, with the right types and cache times; deletes the rest."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator import catalogue
from scripts import ROOT
from scripts.app.assets import PAGE, with_hashes
from scripts.stage.errors import DeployError
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

SITE_DIR = ROOT / "site"
CARD_FIGURES = ROOT / "container" / "model" / "figures.json"
# Browsers ask each time whether a page has changed; a 304 reply is short.
ASK_EACH_TIME = "no-cache"
# A file whose name carries its content's hash (app.3f2a91bc0d4e.js) can be cached indefinitely.
FOREVER_CACHE = "public, max-age=31536000, immutable"
# The same on every machine: the operating system's own list of types must not matter.
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
# A bucket compresses nothing itself, and every browser takes gzip; pages stay as they are, for every other program.
COMPRESSED = (".css", ".js", ".svg")
GZIP_MARK = b"\x1f\x8b"
# What an upload sets beside the content. A file carries it, so that changed rules upload the same content again.
RULES_KEY = "rules"
RULES = hashlib.sha256(repr((ASK_EACH_TIME, FOREVER_CACHE, CONTENT_TYPES)).encode()).hexdigest()[:16]
SITE = next(stack.site for stack in catalogue.STACKS if stack.site)


@dataclass(frozen=True)
class SiteChange:
    """What an upload did.

    Attributes:
        uploaded: keys that were uploaded.
        deleted: keys that were deleted.
        unchanged: how many files were left as they were.
        first: whether this is the first upload.
        before: the previous objects under those keys.
    """

    uploaded: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    unchanged: int = 0
    first: bool = False
    before: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def changed(self) -> bool:
        """Whether anything was uploaded or deleted."""
        return bool(self.uploaded or self.deleted)


def api_url(settings: Settings, outputs: Mapping[str, str]) -> str:
    """The API's address as config.json has it: absolute, or relative to the page."""
    return settings.site_api_url or outputs["ApiUrl"]


def config_json(settings: Settings, outputs: Mapping[str, str]) -> bytes:
    """The page's configuration, as the file that it reads.

    Args:
        settings: the stage's settings.
        outputs: outputs of the stage's stacks.
    """
    config = {
        "apiUrl": api_url(settings, outputs),
        "labels": list(catalogue.LABELS),
        "maxReviewCharacters": catalogue.MAX_REVIEW_CHARACTERS,
        "blindSample": settings.values["blind_sample"],
        "sourceUrl": settings.values["site_source_url"],
        "card": _card(),
        "stage": settings.stage,
    }
    return (json.dumps(config, indent=2) + "\n").encode()


def _card() -> dict[str, Any]:
    """Figures of the model card: shares of the test texts answered and, of those, right; the least confidence."""
    figures = json.loads(CARD_FIGURES.read_text(encoding="utf-8"))["shipped"]
    return {
        "model": figures["model"],
        "right": figures["accuracy_answered"],
        "answered": figures["answered"],
        "threshold": figures["threshold"],
    }


def content(settings: Settings, outputs: Mapping[str, str], folder: Path = SITE_DIR) -> dict[str, bytes]:
    """Every file of the site by its key, as it is uploaded: config.json too, parts named by content and compressed.

    Raises:
        DeployError: the folder has no index page, or a file refers to another in a way that is not supported.
    """
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    }
    if catalogue.SITE_INDEX not in files:
        raise DeployError(
            f"{folder} has no {catalogue.SITE_INDEX}.", "Is the checkout complete? `git status` shows what is missing."
        )
    parts = {key: _compressed(key, body) for key, body in with_hashes(files).items()}
    return {**parts, catalogue.SITE_CONFIG: config_json(settings, outputs)}


def _compressed(key: str, body: bytes) -> bytes:
    return gzip.compress(body, mtime=0) if _is_hashed(key) and key.endswith(COMPRESSED) else body


def upload(
    cloud: Cloud, settings: Settings, outputs: Mapping[str, str], reporter: Reporter, folder: Path = SITE_DIR
) -> SiteChange:
    """Make the bucket contain exactly the site.

    Pages are uploaded after their parts, the index page last; obsolete files are deleted after that, so that no
    visitor gets a page whose parts are missing.

    Args:
        cloud: where.
        settings: the stage's settings.
        outputs: outputs of the stage's stacks.
        reporter: told what was done.
        folder: where the site is.

    Returns:
        What was done.
    """
    client, bucket = cloud.client("s3"), outputs[SITE.bucket]
    wanted = content(settings, outputs, folder)
    there = _there(client, bucket)
    changed = {key for key, body in wanted.items() if there.get(key) != _tag(body)}
    gone = sorted(there.keys() - wanted.keys())
    before = {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in there.keys() & {*changed, *gone}}
    _put(client, bucket, {key: wanted[key] for key in changed})
    _delete(client, bucket, gone)
    change = SiteChange(sorted(changed), gone, len(wanted) - len(changed), not there, before)
    _invalidate(cloud, outputs, change)
    reporter.note(f"site: {len(changed)} files uploaded, {len(gone)} deleted, {change.unchanged} unchanged")
    return change


def go_back(cloud: Cloud, outputs: Mapping[str, str], change: SiteChange) -> bool:
    """Restore the site to what it was before an upload.

    Args:
        cloud: where.
        outputs: outputs of the stage's stacks.
        change: what the upload did.

    Returns:
        Whether anything was restored; the files of a first upload stay, since there was no site before.
    """
    if change.first or not change.changed:
        return False
    client, bucket = cloud.client("s3"), outputs[SITE.bucket]
    _put(client, bucket, change.before)
    _delete(client, bucket, sorted(set(change.uploaded) - change.before.keys()))
    _invalidate(cloud, outputs, change)
    return True


def _put(client: Any, bucket: str, files: dict[str, bytes]) -> None:
    for key in sorted(files, key=lambda key: (key == catalogue.SITE_INDEX, key.endswith(PAGE), key)):
        client.put_object(
            Bucket=bucket,
            Key=key,
            Body=files[key],
            ContentType=content_type(key),
            **({"ContentEncoding": "gzip"} if files[key].startswith(GZIP_MARK) else {}),
            CacheControl=cache_control(key),
            Metadata={RULES_KEY: RULES},
        )


def _delete(client: Any, bucket: str, gone: list[str]) -> None:
    for start in range(0, len(gone), 1000):  # the most that delete_objects takes
        batch = [{"Key": key} for key in gone[start : start + 1000]]
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise DeployError(f"{first['Key']} could not be deleted from {bucket}: {first.get('Message', '')}")


def content_type(key: str) -> str:
    """The media type of a file by its name."""
    suffix = Path(key).suffix.lower()
    return CONTENT_TYPES.get(suffix) or mimetypes.guess_type(key)[0] or "application/octet-stream"


def cache_control(key: str) -> str:
    """How long browsers and CloudFront may keep a file."""
    return FOREVER_CACHE if _is_hashed(key) else ASK_EACH_TIME


def _there(client: Any, bucket: str) -> dict[str, str]:
    """Key to entity tag of everything in the bucket; "" for every file that was uploaded under other rules.

    The index page is uploaded after all other files, so the rules that it carries hold for those too.
    """
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    found = {entry["Key"]: str(entry["ETag"]) for page in pages for entry in page.get("Contents", [])}
    index = catalogue.SITE_INDEX
    if index in found and client.head_object(Bucket=bucket, Key=index)["Metadata"].get(RULES_KEY) == RULES:
        return found
    return dict.fromkeys(found, "")


def _tag(body: bytes) -> str:
    """S3's entity tag of a body: its MD5, if the bucket encrypts with S3's own keys (S3 API reference, Object)."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _invalidate(cloud: Cloud, outputs: Mapping[str, str], change: SiteChange) -> None:
    distribution = outputs.get(SITE.distribution, "")
    if not distribution or not change.changed:
        return
    cloud.client("cloudfront").create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={
            # One wildcard path counts as one path, of which a thousand a month are free.
            "Paths": {"Quantity": 1, "Items": ["/*"]},
            "CallerReference": f"{catalogue.PROJECT}-{time.time_ns()}",
        },
    )


def _is_hashed(key: str) -> bool:
    return any(re.fullmatch(r"[0-9a-f]{8,}", part) for part in Path(key).name.split(".")[1:-1])
