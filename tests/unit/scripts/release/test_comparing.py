"""The rule by which a canary goes on or back."""

from __future__ import annotations

from collections import Counter
from math import comb

import pytest

from scripts.release import comparing
from scripts.release.comparing import Seen


def seen(answers: int = 200, failed: int = 0, milliseconds: int = 5, model: str = "a", judged: int = 0, right: int = 0):
    return Seen(
        Counter({200: answers - failed, 503: failed}), Counter({milliseconds: answers - failed}), {model}, judged, right
    )


def test_fishers_test_is_exact() -> None:
    """Of 10 tasks' answers 3 are bad, all of them among the canary's 4: one of the ways to draw 3 of 10."""
    assert comparing.worse(3, 4, 0, 6) == pytest.approx(comb(4, 3) / comb(10, 3))
    assert comparing.worse(0, 4, 3, 6) == pytest.approx(1)
    assert comparing.worse(1_000, 100_000, 1_000, 900_000) < 1e-12


@pytest.mark.parametrize(("of", "of_before"), [(0, 100), (100, 0), (0, 0)])
def test_without_traffic_on_both_sides_nothing_is_held_against_a_canary(of: int, of_before: int) -> None:
    assert comparing.objections(seen(of_before), seen(of, failed=of, judged=of, model="b")) == []


def test_a_canary_that_serves_like_the_others_has_no_objection() -> None:
    old, new = seen(900, failed=9, judged=90, right=70), seen(300, failed=4, judged=30, right=22, model="b")
    assert comparing.objections(old, new) == []
    assert "22 of 30 judgements agree with it, 70 of 90 with the others" in comparing.summary(old, new)


def test_errors_slowness_and_disagreement_are_each_told_in_words() -> None:
    old = seen(900, judged=90, right=80)
    assert comparing.objections(old, seen(300, failed=9)) == [
        "9 of its 300 predictions failed, and 0 of the others' 900"
    ]
    assert comparing.objections(old, seen(300, milliseconds=120)) == [
        "300 of its 300 answers took more than 100 ms, and 0 of the others' 900"
    ]
    assert comparing.objections(old, seen(300, model="b", judged=30, right=15)) == [
        "people disagreed with 15 of 30 of its predictions, and with 10 of the others' 90"
    ]


def test_nobody_notices_a_few_milliseconds() -> None:
    assert comparing.objections(seen(milliseconds=2), seen(milliseconds=90)) == []


def test_judgements_of_one_model_are_not_told_apart() -> None:
    old, new = seen(judged=90, right=80), seen(judged=30, right=0)
    assert comparing.objections(old, new) == []
    assert "judgements were not compared" in comparing.summary(old, new)


def test_it_takes_more_to_go_back_early() -> None:
    old, new = seen(60), seen(20, failed=4)
    assert comparing.objections(old, new) != []
    assert comparing.objections(old, new, comparing.BEFORE) == []
