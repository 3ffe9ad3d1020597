"""The documentation site as `make docs` built it, and its navigation."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, expect

from scripts import ROOT
from scripts.docs import site_hook

SITE = ROOT / "build" / "site"
OUTSIDE = re.compile(r"^https?://(?!127\.0\.0\.1)")


@pytest.fixture(scope="module")
def site() -> Path:
    if not (SITE / "index.html").is_file():
        pytest.skip("NO SITE TO LOOK AT: `make docs` builds it, and `make check` does that before the tests")
    return SITE


def test_every_page_is_on_the_site(site: Path) -> None:
    pages = [page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md") if page.name != "slides.md"]

    assert len(pages) > 25
    assert [page for page in pages if not (site / page.with_suffix(".html")).is_file()] == []


def test_the_site_asks_nobody_else(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in ("index.html", "walkthrough/16-load-balancer.html", "pictures/index.html", "reference/api.html"):
        page.goto((site / name).as_uri())
    assert len(asked) > 10
    assert [url for url in asked if OUTSIDE.match(url)] == []


def test_the_api_is_rendered_from_the_document(site: Path, browser: Browser) -> None:
    # Swagger UI fetches the document, which browsers allow over HTTP only.
    page = browser.new_page()
    page.route(
        "http://127.0.0.1/**", lambda route: route.fulfill(path=site / route.request.url.split("/", 3)[3].split("?")[0])
    )
    page.goto("http://127.0.0.1/reference/api.html")

    frame = page.frame_locator("iframe.swagger-ui-iframe")
    expect(frame.get_by_text("/getSentiment").first).to_be_visible(timeout=30_000)


def test_the_navigation_has_every_page_once_and_in_order() -> None:
    pages = [
        "decisions.md",
        "index.md",
        "new.md",
        "reference/api.md",
        "reference/commands.md",
        "reference/costs.md",
        "slides.md",
        "stacks/data.md",
        "stacks/index.md",
        "stacks/network.md",
    ]

    assert site_hook.navigation(pages) == [
        {"Home": "index.md"},
        {"Stacks": ["stacks/index.md", "stacks/network.md", "stacks/data.md"]},
        {"Reference": ["reference/commands.md", "reference/api.md", "reference/costs.md"]},
        {"Background": ["decisions.md"]},
        {"More": ["new.md"]},
    ]


def test_links_out_of_docs_become_names_of_files(caplog: pytest.LogCaptureFixture) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="stacks/data.md"), meta={})
    config = {"docs_dir": str(ROOT / "docs")}

    def rewritten(text: str) -> str:
        return site_hook.on_page_markdown(text, page=page, config=config)

    assert rewritten("[home](../index.md#top)") == "[home](../index.md#top)"
    assert rewritten("[settings](../../scripts/stages.toml)") == "settings (`scripts/stages.toml`)"
    assert not caplog.records
    rewritten("[gone](../../scripts/gone.toml)")
    assert "links to scripts/gone.toml, which is not there" in caplog.text


CONSOLE = """<div class="language-console highlight"><pre><span></span><code><span class="gp">$ </span>curl -s \\
    -d '{"a": 1}'
<span class="go">{"b": 2}</span>
# fails, on purpose
<span class="gp">$ </span>make plan
</code></pre></div>"""


def test_a_copy_button_copies_commands_without_prompts_and_outputs() -> None:
    page = site_hook.on_page_content(CONSOLE + '<div class="language-yaml highlight"><pre>a: $ 1</pre></div>')

    assert page.startswith(
        '<div data-copy="curl -s \\&#10;    -d &#x27;{&quot;a&quot;: 1}&#x27;&#10;make plan" class="language-console'
    )
    assert page.count("data-copy") == 1


def test_on_the_site_the_copy_button_puts_commands_into_the_clipboard(site: Path, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route(
        "http://127.0.0.1/**", lambda route: route.fulfill(path=site / route.request.url.split("/", 3)[3].split("?")[0])
    )
    # The theme copies through a hidden field; what is selected when it asks for the copy is what is copied.
    page.add_init_script(
        "document.addEventListener('copy', () => { window.copied = String(document.activeElement.value) })"
    )
    page.goto("http://127.0.0.1/walkthrough/13-lambda.html")
    block = page.locator("div.language-console").filter(has_text="sentiment plan").first
    block.locator("button[data-clipboard-target]").click()
    page.wait_for_function("window.copied !== undefined")
    assert page.evaluate("window.copied") == "sentiment plan --stage local"
    context.close()


LESSON = """# 7: Something

<!-- quote: templates/data.yaml JudgementsTable -->
<!-- end quote -->
<!-- quote: lambda_src/record.py store -->
<!-- end quote -->
`requestId` and `word`

```diff title="scripts/stages.toml"
 [local]
 left_alone = 1
+task_memory = 256
```
"""
GLOSSARY = "| task | x | [7](07-x.md) |\n| `!Ref` | y | [7](07-x.md) |\n| key | z | [8](08-y.md) |\n"


def test_a_lesson_is_found_by_the_terms_that_it_explains_and_by_what_it_edits_and_quotes() -> None:
    assert site_hook.subjects("07-x.md", LESSON, GLOSSARY) == [
        *("task", "`!Ref`", "stages.toml", "task_memory", "JudgementsTable", "requestId"),
    ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("OIDC", "walkthrough/31-pipelines"),
        ("getSentiment", "reference/api"),
        ("setSentiment", "reference/api"),
        ("stats.py", "walkthrough/13-lambda"),
        ("!GetAtt", "walkthrough/00b-templates"),
        ("security group", "walkthrough/00c-networks"),
        ("least privilege", "walkthrough/15-iam"),
        ("HEALTH_PATH", "walkthrough/16-load-balancer"),
        ("change set", "walkthrough/19-cloudformation"),
        ("task_memory", "walkthrough/25-ecs"),
        ("JudgementsTable", "walkthrough/28-dynamodb"),
        ("requestId", "walkthrough/30-microservices"),
        ("LaunchTemplate", "walkthrough/20-auto-scaling"),
    ],
)
def test_a_search_finds_parts_of_names_and_lessons_first(site: Path, browser: Browser, words: str, found: str) -> None:
    page = browser.new_page()
    page.route(
        "http://127.0.0.1/**", lambda route: route.fulfill(path=site / route.request.url.split("/", 3)[3].split("?")[0])
    )
    page.goto("http://127.0.0.1/index.html")
    page.locator("input.md-search__input").fill(words)
    first = page.locator(".md-search-result__item a.md-search-result__link").first
    first.wait_for(state="attached")
    assert found in str(first.get_attribute("href"))


def test_on_a_phone_a_picture_keeps_the_width_that_its_texts_need(site: Path, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.route(
        "http://127.0.0.1/**", lambda route: route.fulfill(path=site / route.request.url.split("/", 3)[3].split("?")[0])
    )
    page.goto("http://127.0.0.1/pictures/index.html")
    page.wait_for_function("[...document.images].every(image => image.complete)")
    shown = page.locator("a > img[src$='.svg']").evaluate_all(
        "images => images.map(image => [image.getBoundingClientRect().width, Math.min(image.naturalWidth, 688)])"
    )

    assert len(shown) == (ROOT / "docs" / "pictures" / "index.md").read_text().count("[![")
    assert all(width >= needed - 1 for width, needed in shown)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "the pictures scroll, the page does not"
