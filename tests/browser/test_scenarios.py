"""The three scenarios that the app exists for: approve an answer, correct one, and download what people said."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import PREFILLED, Visitor, unique

pytestmark = [pytest.mark.browser, pytest.mark.cloud]


def other_than(label: str) -> str:
    return "joy" if label != "joy" else "fear"


def test_the_box_is_prefilled_and_enter_asks(visitor: Visitor) -> None:
    page = visitor.page
    expect(page.locator("#text")).to_have_value(PREFILLED)
    visitor.screenshot("idle")
    page.press("#text", "Enter")
    expect(page.locator("#link")).to_be_visible()
    expect(page.locator("#sentence")).to_have_text(re.compile("^(This sounds like |I can.t tell)"))
    expect(page.locator("#chart .share").nth(3)).to_have_text(re.compile(r"^\d+%$"))


def test_scenario_one_submit_and_approve(visitor: Visitor) -> None:
    text = unique("I feel guilty because I lied to my mother")
    label = visitor.ask_and_wait(text)
    expect(visitor.page.locator("#sentence")).to_have_text(f"This sounds like {label}.")
    visitor.screenshot("answer")
    visitor.page.click("#chart .top")
    assert visitor.outcome("Saving: ") == f"Saving: {label} (you agreed)."
    assert visitor.outcome() == f"Saved: {label} (you agreed)."
    visitor.screenshot("approved")
    assert [row["sentiment"] for row in visitor.stored(text)] == [label]


def test_scenario_two_submit_and_revise_to_joy(visitor: Visitor) -> None:
    text = unique("I was so ashamed that I could not look at anybody")
    label = visitor.ask_and_wait(text)
    assert label != "joy"
    visitor.say_it_is("joy")
    expect(visitor.page.locator('#chart button[data-label="joy"]')).to_have_attribute("aria-pressed", "true")
    visitor.send_at_once()
    assert visitor.outcome() == f"Saved: joy (you corrected {label})."
    visitor.screenshot("revised")
    assert [row["sentiment"] for row in visitor.stored(text)] == ["joy"]


def test_scenario_three_download_and_find_both(visitor: Visitor) -> None:
    page = visitor.page
    approved, revised = unique("We lost our dog and I cried"), unique('He said "no"; I was angry,\nvery angry')
    first = visitor.ask_and_wait(approved)
    page.click("#chart .top")
    visitor.send_at_once()
    second = other_than(visitor.ask_and_wait(revised))
    visitor.say_it_is(second)  # still held: the download sends it first
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "sentiment.csv"
    expect(page.locator("#download-state")).to_contain_text("Downloaded")
    with download.value.path().open(encoding="utf-8", newline="") as file:
        said = {row["review"]: row["sentiment"] for row in csv.DictReader(file)}
    assert said[approved] == first
    assert said[revised] == second


def test_seven_confidences_in_stable_order_add_up(visitor: Visitor) -> None:
    visitor.ask_and_wait(unique("I was afraid of the huge spider"))
    rows = visitor.page.locator("#chart button:has(.bar)")
    names = [str(row.get_attribute("data-label")) for row in rows.all()]
    assert names == ["anger", "disgust", "fear", "guilt", "joy", "sadness", "shame"]
    shares = [int(share.rstrip("%")) for share in rows.locator(".share").all_inner_texts()]
    assert abs(sum(shares) - 100) <= 3  # each is rounded
    boxes = [bar.bounding_box() for bar in rows.locator(".bar").all()]
    assert len({box and box["width"] for box in boxes}) == 1
    winner = names[shares.index(max(shares))]
    assert visitor.page.locator("#chart .top .name").inner_text() == f"Yes, {winner}"
    assert visitor.page.locator("#sentence strong").inner_text() == winner


def test_a_model_that_cannot_tell_says_so_and_can_be_told(visitor: Visitor) -> None:
    text = unique("xqzzk vvbrt")
    visitor.ask(text)
    expect(visitor.page.locator("#sentence")).to_have_text(re.compile("^I can.t tell.$"))
    expect(visitor.page.locator("#chart .top")).to_be_hidden()
    visitor.screenshot("cannot-tell")
    visitor.say_it_is("disgust")
    visitor.send_at_once()
    assert visitor.outcome() == "Saved: disgust (the model could not tell)."
    assert [row["sentiment"] for row in visitor.stored(text)] == ["disgust"]


def test_figures_and_the_visit_follow_a_judgement(visitor: Visitor) -> None:
    page = visitor.page
    expect(page.locator("#visit")).to_have_text("None yet.")
    text = unique("I was happy when my brother got the job")
    label = visitor.ask_and_wait(text)
    page.click("#chart .top")
    visitor.send_at_once()
    visitor.outcome()
    entry = page.locator("#visit li").first
    expect(entry).to_contain_text(text)
    expect(entry).to_contain_text(f"{label} (you agreed). Saved.")
    expect(page.locator("#stats .headline")).to_contain_text("judged answers")
    diagonal = page.locator(f'#stats tr[data-label="{label}"] td.right')
    expect(diagonal).not_to_be_empty()
    before = int(diagonal.inner_text())
    visitor.ask_and_wait(text)
    page.click("#chart .top")
    visitor.send_at_once()
    expect(diagonal).to_have_text(str(before + 1))
    page.select_option("#revision", index=1)
    expect(page.locator("#stats table")).to_be_visible()
    page.reload()
    visitor.wait_until_ready()
    expect(page.locator("#visit li")).to_have_count(2)
