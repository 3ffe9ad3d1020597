"""What one text is in whatever spelling, and which judgements an erasure covers."""

from __future__ import annotations

import pytest

from shared import erasure
from shared.reviews import text_id

TEXT = "Café: I said NO"
NOW, LATER = "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z"


@pytest.mark.parametrize(
    "spelling",
    ["Cafe\u0301: I said NO", "café: i said no", "  Café:\n I\u00a0said  NO ", "Ca\u200bfé:\u2060 I said NO\ufeff",
     "Cafe\u200d\u0301: I said NO", "Ｃａｆé: I said NO", "Caf\u00ade\u0301: I said NO\ufe0f", "Café: I \u017faid NO",
     "Café: I said NO\u3164"],
)  # fmt: skip
def test_spellings_that_look_alike_are_one_text(spelling):
    assert spelling != TEXT
    assert erasure.text_mark(spelling) == erasure.text_mark(TEXT)


@pytest.mark.parametrize("apostrophe", ["\u2019", "\u2018", "\u02bc", "\u2032", "`", "\u00b4", "\uff07"])
@pytest.mark.parametrize(("opening", "closing"), [("\u201c", "\u201d"), ("\u201e", "\u201c"), ("\uff02", "\uff02")])
@pytest.mark.parametrize("dash", ["\u2013", "\u2014", "\u2010", "\u2212"])
def test_a_phone_types_other_signs_than_a_keyboard(apostrophe, opening, closing, dash):
    typed = f"I don{apostrophe}t {dash} {opening}never{closing} {dash} lie"
    assert erasure.text_mark(typed) == erasure.text_mark('I don\'t - "never" - lie')


@pytest.mark.parametrize("other", ["Cafe: I said NO", "Café I said NO", "Café: I saidNO", "", "\ud800"])
def test_other_texts_are_others(other):
    assert erasure.text_mark(other) != erasure.text_mark(TEXT)


def test_an_erasure_covers_what_came_until_then_by_text_id_or_question():
    for mark in (erasure.text_mark("CAFÉ: i said no"), erasure.id_mark(text_id(TEXT)), erasure.request_mark("q1")):
        assert erasure.covered({mark: NOW}, TEXT, "q1", NOW)
        assert erasure.covered({mark: NOW}, TEXT, "q1", "")
        assert not erasure.covered({mark: NOW}, TEXT, "q1", LATER)
        assert not erasure.covered({mark: NOW}, "else", "q2", NOW)
    assert not erasure.covered({erasure.request_mark(""): NOW}, TEXT, "q1", NOW)


def test_a_list_has_old_lines_and_new_ones_and_the_latest_time_holds():
    mark = erasure.text_mark(TEXT)
    lines = [f"{text_id(TEXT)}\t{NOW}\n", f"{mark}\t{LATER}\n", f"{mark}\t{NOW}\n"]
    assert erasure.read_list(lines) == {erasure.id_mark(text_id(TEXT)): NOW, mark: LATER}
    with pytest.raises(ValueError):
        erasure.read_list(["nonsense\n"])
