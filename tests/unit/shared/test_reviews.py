"""The id of a text. What a review may be is tested through both servers, in test_refusals.py."""

from __future__ import annotations

import hashlib

import pytest

from shared.reviews import review, text_id


@pytest.mark.parametrize("text", ["I won", "  I won \n", "\u2003I won\u00a0"])
def test_the_id_is_the_md5_of_the_trimmed_text(text: str) -> None:
    assert text_id(text) == hashlib.md5(b"I won", usedforsecurity=False).hexdigest()
    assert text_id(review(text)) == text_id(text)


def test_a_text_that_no_review_can_be_has_an_id_too() -> None:
    assert len(text_id("half a pair \ud800")) == 32
