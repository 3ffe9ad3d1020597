"""The site's files as they lie in the folder; no browser is needed here."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from generator import catalogue

SITE = Path(__file__).resolve().parents[2] / "site"
MODULES = sorted(path.name for path in SITE.glob("*.js"))
PAGES = sorted(path.name for path in SITE.glob("*.html"))
TEXTS = sorted(path for path in SITE.iterdir() if path.suffix in (".html", ".css", ".js", ".svg"))


def read(name: str) -> str:
    return (SITE / name).read_text(encoding="utf-8")


def loaded_before(page: str) -> set[str]:
    """The files that a page and its modules name: what is loaded before it can be used."""
    found = {page}
    waiting = set(re.findall(r'(?<!prefetch" )(?:src|href)="([\w.-]+\.(?:js|css|svg))"', read(page)))
    while waiting:
        found |= waiting
        modules = [read(name) for name in waiting if name.endswith(".js")]
        waiting = {
            name for text in modules for name in re.findall(r'(?:from|^import) "\./([^"]+)"', text, re.M)
        } - found
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_under_60_kb_before_compression(page: str) -> None:
    assert sum((SITE / name).stat().st_size for name in loaded_before(page)) < 60_000


def test_what_comes_later_is_small_too() -> None:
    later = set(MODULES).difference(*map(loaded_before, PAGES))
    assert later
    assert all((SITE / name).stat().st_size < 10_000 for name in later)


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


def test_every_module_is_used() -> None:
    named = {name for path in SITE.glob("*.js") for name in re.findall(r'"\./([\w.-]+\.js)"', path.read_text())}
    named |= {name for page in PAGES for name in re.findall(r'src="([^"]+)"', read(page))}
    assert set(MODULES) <= named


@pytest.mark.parametrize("page", [name for name in PAGES if name != catalogue.SITE_ERROR])
def test_all_that_a_page_waits_for_is_one_round_trip_away(page: str) -> None:
    html = read(page)
    at_once = set(re.findall(r'(?:type="module" src|rel="modulepreload" href)="([^"]+)"', html))
    needed = {name for name in loaded_before(page) if name.endswith(".js")} - {"boot.js"}
    assert at_once == needed


def beginning(page: str) -> list[str]:
    """The lines of a page before its first section, without those that are each page's own."""
    links = r'rel="(?:stylesheet|modulepreload|prefetch)"|type="module"|<nav>|<main'
    own = rf'<title>|<meta (?:name="description"|property="og:)|{links}'
    lines = read(page).split("<section")[0].splitlines()
    return [line for line in lines if not re.search(own, line)]


def test_what_all_pages_begin_with_is_the_same() -> None:
    # No build step writes it once for all, so it is held equal here: policy, guards, languages.
    first, *others = (beginning(page) for page in PAGES if page != catalogue.SITE_ERROR)
    assert any("Content-Security-Policy" in line for line in first)
    assert all(other == first for other in others)


@pytest.mark.parametrize("page", [name for name in PAGES if name != catalogue.SITE_ERROR])
def test_a_page_leads_to_all_others_and_describes_itself(page: str) -> None:
    html = read(page)
    nav = re.search("<nav>(.*)</nav>", html)
    assert nav is not None
    others = {name for name in PAGES if name not in (page, catalogue.SITE_ERROR)}
    assert set(re.findall(r'href="([\w.]+)"', nav[1])) == others
    assert re.search(r'<meta name="description" content="[^"]{50,160}">', html)


def test_no_part_takes_a_word_from_another() -> None:
    """Parts add their words to the page's under keys of their own: the same key twice would say the wrong one."""
    english = [re.search(r"^(?:const en = |  en: )\{(.*?)\}[;,]$", read(name), re.M | re.S) for name in MODULES]
    keys = [
        key for block in english if block for key in re.findall(r'(?:^|[{,]) *"?([\w.<>]+)"?: ["`\n]', block[1], re.M)
    ]
    assert len(keys) > 100
    assert [key for key, number in Counter(keys).items() if number > 1] == []


@pytest.mark.parametrize("name", [*(path.name for path in SITE.glob("*.css")), *MODULES])
def test_a_file_can_be_held_in_the_head(name: str) -> None:
    assert len(read(name).splitlines()) < 300


def test_the_picture_for_sharing_has_the_usual_size() -> None:
    png = (SITE / "og.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (1200, 630)
