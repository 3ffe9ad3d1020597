"""The site's files as they lie in the folder; no browser is needed here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator import catalogue

SITE = Path(__file__).resolve().parents[2] / "site"
MODULES = sorted(path.name for path in SITE.glob("*.js"))
TEXTS = sorted(path for path in SITE.iterdir() if path.suffix in (".html", ".css", ".js", ".svg"))


def read(name: str) -> str:
    return (SITE / name).read_text(encoding="utf-8")


def test_all_of_it_is_under_60_kb_before_compression() -> None:
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < 61_440


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_address_inside(path: Path) -> None:
    found = re.findall(r"\w+://[^\"'\s]+", path.read_text(encoding="utf-8"))
    # The name of SVG, and this machine: where the laptop cloud lends large exports.
    assert [url for url in found if url not in ("http://www.w3.org/2000/svg", "http://127.0.0.1:*;")] == []


@pytest.mark.parametrize("name", [catalogue.SITE_INDEX, catalogue.SITE_ERROR])
def test_strict_policy(name: str) -> None:
    html = read(name)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    directives = dict(part.strip().split(" ", 1) for part in policy[1].split(";"))
    assert directives["default-src"] == "'none'"
    assert directives.get("script-src", "'self'") == "'self'"
    assert directives["style-src"] == "'self'"
    assert directives["base-uri"] == directives["form-action"] == "'none'"
    assert re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html) is None


def test_every_module_is_used_and_one_round_trip_away() -> None:
    assert re.findall(r'type="module" src="([^"]+)"', read(catalogue.SITE_INDEX)) == ["app.js"]
    imports = {name: set(re.findall(r'from "\./([^"]+)"', read(name))) for name in MODULES}
    assert imports["app.js"] | {"app.js"} == set(MODULES)


@pytest.mark.parametrize("name", ["styles.css", *MODULES])
def test_a_file_can_be_held_in_the_head(name: str) -> None:
    assert len(read(name).splitlines()) < 300


def test_the_picture_for_sharing_has_the_usual_size() -> None:
    png = (SITE / "og.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (1200, 630)
