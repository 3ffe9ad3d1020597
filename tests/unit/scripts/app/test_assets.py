"""Names that carry content: what is renamed, where names change alike, and what happens to what is not understood."""

import posixpath
import re

import pytest

from scripts.app import page
from scripts.app.assets import with_hashes
from scripts.stage.errors import DeployError

INDEX = b'<link href="styles.css"><script src="app.js"></script><a href="/">home</a><a href="#top">up</a>'
SITE = {
    "index.html": INDEX,
    "error.html": b'<link href="/styles.css">',
    "app.js": b'import { a } from "./lib/a.js"; import "./b.js"; import x from "bare";',
    "lib/a.js": b'export { b } from "../b.js"; const lazy = () => import("./c.js");',
    "lib/c.js": b"export {}",
    "b.js": b"export const b = 1",
    "styles.css": b'@import "more.css"; p { background: url(dot.svg); }',
    "more.css": b"",
    "dot.svg": b"<svg/>",
    "robots.txt": b"",
}


def plain(key):
    return re.sub(r"\.[0-9a-f]{12}(?=\.)", "", key)


def changed(before, after):
    """Keys without their hashes of what has another name after a change."""
    return {plain(key) for key in with_hashes(before).keys() - with_hashes(after).keys()}


def test_all_that_pages_lead_to_is_renamed_and_named_alike():
    made = with_hashes(SITE)
    assert {plain(key) for key in made} == set(SITE)
    assert {key for key in made if key in SITE} == {"index.html", "error.html", "robots.txt"}
    named = {
        (plain(key), posixpath.normpath(posixpath.join("/", posixpath.dirname(key), name.decode()))[1:])
        for key, body in made.items()
        for name in re.findall(rb"[\w/.]+\.[0-9a-f]{12}\.\w+", body)
    }
    assert {target for _, target in named} <= made.keys()
    assert {(key, plain(target)) for key, target in named} == {
        ("index.html", "styles.css"),
        ("index.html", "app.js"),
        ("error.html", "styles.css"),
        ("app.js", "lib/a.js"),
        ("app.js", "b.js"),
        ("lib/a.js", "b.js"),
        ("lib/a.js", "lib/c.js"),
        ("styles.css", "more.css"),
        ("styles.css", "dot.svg"),
    }


def test_the_same_content_has_the_same_names():
    assert with_hashes(SITE) == with_hashes(dict(reversed(SITE.items())))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("lib/c.js", {"lib/c.js", "lib/a.js", "app.js"}),
        ("dot.svg", {"dot.svg", "styles.css"}),
        ("index.html", set()),
        ("app.js", {"app.js"}),
    ],
)
def test_a_change_renames_what_leads_to_it_and_nothing_else(key, expected):
    assert changed(SITE, {**SITE, key: SITE[key] + b"\n"}) == expected


def test_modules_may_import_each_other_in_a_circle():
    circle = {**SITE, "b.js": b'import "./app.js"'}
    assert {plain(key) for key in with_hashes(circle)} == set(SITE)
    assert changed(circle, {**circle, "app.js": circle["app.js"] + b"\n"}) == {"app.js", "b.js", "lib/a.js"}


@pytest.mark.parametrize(
    ("key", "text"), [("app.js", b'; picture.src = "dot.svg"'), ("index.html", b"<img src='dot.svg'>")]
)
def test_a_name_that_is_not_understood_is_an_error(key, text):
    with pytest.raises(DeployError, match=rf"{key} refers to dot\.svg"):
        with_hashes({**SITE, key: SITE[key] + text})


def test_a_text_in_another_encoding_is_named():
    with pytest.raises(DeployError, match=r"styles\.css is not in UTF-8"):
        with_hashes({**SITE, "styles.css": b"\xff"})


def test_every_part_of_our_own_site_can_be_kept_for_ever():
    files = {file.name: file.read_bytes() for file in page.SITE_DIR.iterdir()}
    made = with_hashes(files)
    asked = {key for key in made if page.cache_control(key) == page.ASK_EACH_TIME}
    # Pages, and the numbers of help lines: who has an old copy would call one that is gone.
    assert asked == {key for key in files if key.endswith((".html", ".json"))}
