"""How the page fits its window and its reader's settings; axe and the eye judge the rest (build/screenshots/)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

NARROW = {"width": 320, "height": 640}
SIZES = [NARROW, {"width": 768, "height": 1024}, {"width": 1280, "height": 900}, {"width": 3840, "height": 2160}]


def no_sideways_scroll(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_nothing_scrolls_sideways(open_page: Callable[..., Visitor], size: dict[str, int]) -> None:
    visitor = open_page(viewport=size)
    assert no_sideways_scroll(visitor.page)
    label = visitor.ask_and_wait(unique("I felt guilty because I yelled at my son " + "w" * 60))
    assert no_sideways_scroll(visitor.page)
    visitor.say_it_is("joy" if label != "joy" else "fear")
    visitor.send_at_once()
    visitor.outcome()
    expect(visitor.page.locator("#stats table")).to_be_visible()
    assert no_sideways_scroll(visitor.page)
    visitor.screenshot(f"width-{size['width']}")


@pytest.mark.parametrize("width", [320, 1280])
def test_text_twice_as_large_still_fits(open_page: Callable[..., Visitor], width: int) -> None:
    visitor = open_page(viewport={"width": width, "height": 800}, locale="de-DE", bypass_csp=True)
    visitor.page.add_style_tag(content=":root { font-size: 200% !important }")
    visitor.ask_and_wait(unique("I felt guilty because I yelled at my son"))
    visitor.page.click("#chart .top")
    visitor.outcome("Wird gespeichert")
    visitor.screenshot(f"large-text-{width}")
    assert no_sideways_scroll(visitor.page)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("dark", {"color_scheme": "dark"}),
        ("contrast", {"contrast": "more"}),
        ("dark-contrast", {"contrast": "more", "color_scheme": "dark"}),
        ("forced-colors", {"forced_colors": "active"}),
        ("phone-dark", {"color_scheme": "dark", "viewport": NARROW, "has_touch": True}),
    ],
)
def test_readers_settings_change_the_look(open_page: Callable[..., Visitor], name: str, settings: dict) -> None:
    plain, visitor = open_page(), open_page(**settings)
    look = "(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))"
    assert visitor.page.evaluate(look) != plain.page.evaluate(look)
    visitor.ask_and_wait(unique("I feel guilty about it"))
    expect(visitor.page.locator("#stats .headline")).to_be_visible()
    visitor.screenshot(name)


def test_reduced_motion_stops_every_movement(open_page: Callable[..., Visitor]) -> None:
    moving = "getComputedStyle(document.querySelector('.bar > span')).transitionDuration"
    assert open_page().page.evaluate(moving) != "0s"
    assert open_page(reduced_motion="reduce").page.evaluate(moving) == "0s"


def test_printing_leaves_the_answer(visitor: Visitor) -> None:
    page = visitor.page
    visitor.ask_and_wait(unique("I feel guilty about it"))
    page.emulate_media(media="print")
    expect(page.locator("#sentence")).to_be_visible()
    expect(page.locator("#chart")).to_be_visible()
    expect(page.locator("#submit")).to_be_hidden()
    visitor.screenshot("print")


def late(route: Route) -> None:
    """A reply as on a slow line: a browser takes what moves in the half second after a key for what the key does."""
    time.sleep(0.6)
    route.continue_()


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_the_answer_takes_its_place_without_a_jump(open_page: Callable[..., Visitor], width: int) -> None:
    visitor = open_page(viewport={"width": width, "height": 900})
    page = visitor.page
    page.route("**/*Sentiment", late)
    page.evaluate(
        """() => {
            window.shifts = [];
            const observer = new PerformanceObserver((list) => window.shifts.push(...list.getEntries()
                .filter((entry) => !entry.hadRecentInput).map(({ value, sources }) => [value, ...sources.map(
                    ({ node, previousRect, currentRect }) => [node?.outerHTML, previousRect, currentRect])])));
            observer.observe({ type: "layout-shift", buffered: true });
        }"""
    )
    expect(page.locator("#stats .revision")).to_be_visible()
    text = unique("I feel guilty about it")
    page.fill("#text", text)
    # A frame is shown before Enter is pressed: what moves within half a second of a key does not count.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    visitor.ask_and_wait(text)
    page.click("#chart .top")
    visitor.outcome()
    assert page.evaluate("window.shifts") == []


# --- axe -----------------------------------------------------------------------------------------------------


def violations(page: Page) -> list[str]:
    """What axe finds, each as "rule: element"; its rules for WCAG 2.2 AA and its best practices."""
    found = Axe().run(page).response["violations"]
    return [f"{violation['id']}: {node['html']}" for violation in found for node in violation["nodes"]]


@pytest.mark.parametrize(
    "settings",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark", "locale": "de-DE", "viewport": NARROW},
        {"color_scheme": "dark", "contrast": "more"},
    ],
    ids=["light", "dark-german-narrow", "contrast"],
)
def test_axe_finds_nothing_in_any_look(open_page: Callable[..., Visitor], settings: dict) -> None:
    # axe is put into the page as a script, which the page's own policy rightly forbids; nothing moves meanwhile.
    visitor = open_page(bypass_csp=True, reduced_motion="reduce", **settings)
    page = visitor.page
    expect(page.locator("#stats .revision")).to_be_visible()
    visitor.ask_and_wait(unique("I was disgusted by the rotten food"))
    page.click("#chart .top")
    visitor.send_at_once()
    expect(page.locator('#visit li[data-state="saved"]')).to_be_visible()
    assert violations(page) == []


def test_axe_finds_nothing_in_any_state(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page(bypass_csp=True, reduced_motion="reduce")
    page = visitor.page
    visitor.expect_failed_requests()
    assert violations(page) == []
    visitor.ask_and_wait(unique("I was disgusted by the rotten food"))
    assert violations(page) == []
    visitor.ask("  ")
    expect(page.locator("#notice")).not_to_be_empty()
    page.route("**/getcsv", lambda route: route.fulfill(status=401, json={}))
    page.click("#download")
    expect(page.locator("#token-input")).to_be_focused()
    assert violations(page) == []
    page.goto("/no/such/page")
    assert violations(page) == []


def test_axe_would_find_something(open_page: Callable[..., Visitor]) -> None:
    page = open_page(bypass_csp=True).page
    page.evaluate("document.querySelector('h1 label').removeAttribute('for')")
    assert any(violation.startswith("label") for violation in violations(page))


def test_results_are_announced(visitor: Visitor) -> None:
    visitor.ask_and_wait(unique("I was so happy for her"))
    expect(visitor.page.locator("[role=status]", has=visitor.page.locator("#sentence"))).to_contain_text("sure")
    for name in ("outcome", "notice", "download-state"):
        expect(visitor.page.locator(f"#{name}")).to_have_attribute("role", "status")
    label = visitor.page.locator("#chart button.top")
    expect(label).to_have_accessible_name(
        f"{label.locator('.name').inner_text()} {label.locator('.share').inner_text()}"
    )
