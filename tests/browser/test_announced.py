"""What a screen reader hears after each action: everything once, and nothing is left out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]

LISTEN = """() => {
    const LIVE = '[role="status"], [role="alert"], [aria-live]';
    window.heard = [];
    const observer = new MutationObserver((records) => {
        const places = records.map(({ target }) => target.nodeType === 1 ? target : target.parentElement);
        const changed = new Set(places.map((place) => place?.closest(LIVE)));
        for (const region of changed) if (region?.textContent.trim()) window.heard.push(region.innerText.trim());
    });
    for (const region of document.querySelectorAll(LIVE)) {
        observer.observe(region, { childList: true, characterData: true, subtree: true });
    }
}"""


def heard(page: Page) -> list[str]:
    """What live regions have said since the last call."""
    page.wait_for_timeout(150)
    return page.evaluate("window.heard.splice(0)")


def test_each_action_is_said_once(visitor: Visitor) -> None:
    page = visitor.page
    page.evaluate(LISTEN)
    label = visitor.ask_and_wait(unique("I was so happy for her"))
    said = [words for words in heard(page) if "This sounds like" in words]
    assert len(said) == 1
    assert said[0].startswith(f"This sounds like {label}.")
    assert "sure" in said[0]
    page.clock.install()  # the moment in which a judgement can be taken back does not pass by itself
    visitor.say_it_is("fear")
    assert heard(page) == [f"Saving: fear (you corrected {label})."]
    page.click("#undo")
    assert heard(page) == ["Taken back."]
    visitor.say_it_is("joy")
    visitor.send_at_once()
    expect(page.locator("#outcome")).to_contain_text("Saved")
    assert [words.split(":")[0] for words in heard(page)] == ["Saving", "Saved"]


def test_the_accessibility_tree_tells_the_pressed_choice(visitor: Visitor) -> None:
    page = visitor.page
    label = visitor.ask_and_wait(unique("I was so happy for her"))
    group = page.get_by_role("group", name="Is that right?")
    expect(group.get_by_role("button")).to_have_count(8)
    expect(group.get_by_role("button", name=f"Yes, {label}")).to_have_attribute("aria-pressed", "false")
    visitor.say_it_is("shame")
    assert "shame" in group.get_by_role("button", pressed=True).inner_text()
    expect(group.get_by_role("button", pressed=True)).to_have_count(1)


def test_forced_colours_tell_the_pressed_choice_without_hue(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page(forced_colors="active")
    visitor.ask_and_wait(unique("I was so happy for her"))
    visitor.say_it_is("shame")
    mark = "(element) => getComputedStyle(element.querySelector('.name'), '::before').content"
    assert visitor.page.locator('#chart [aria-pressed="true"]').evaluate(mark) == '"✓ "'
    assert visitor.page.locator('#chart [aria-pressed="false"]').first.evaluate(mark) == "none"
    visitor.screenshot("forced-colors-judged")
