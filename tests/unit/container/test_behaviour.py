"""The behaviour suite: the shipped model keeps its limits, and every check can fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import pytest

from generator import catalogue
from sentiment.model import Model, Prediction
from training.evaluation import behaviour, everyday, regression
from training.texts import examples

KINDS = {kind["name"]: kind for kind in behaviour.kinds()}
LABELS = tuple(catalogue.LABELS)


@cache
def shipped() -> dict[str, behaviour.Result]:
    return {result.kind: result for result in behaviour.run(Model.find(behaviour.MODEL))}


class Reader:
    """Predicts the label that a function reads in a text, the next label half as likely."""

    def __init__(self, label: Callable[[str], str | None]) -> None:
        self._label = label

    def predict(self, text: str) -> Prediction:
        label = self._label(text)
        scores = dict.fromkeys(LABELS, 0.02)
        if label:
            scores |= {label: 0.6, LABELS[(LABELS.index(label) + 1) % len(LABELS)]: 0.3}
        return Prediction(label, max(scores.values()), scores)


@pytest.mark.parametrize("name", KINDS)
def test_the_shipped_model_keeps_the_limit(name: str) -> None:
    result = shipped()[name]
    assert result.passed, f"{result.failures} of {result.cases} fail, such as {result.examples}"


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_tells_right_from_wrong(name: str) -> None:
    kind = KINDS[name]
    right, wrong = _perfect(kind), _opposite(kind)
    good, bad = (next(result for result in behaviour.run(model) if result.kind == name) for model in (right, wrong))
    assert good.failures == 0, good.examples
    assert bad.failures > 0.4 * bad.cases
    assert bad.limit is None or not bad.passed


def _perfect(kind: dict[str, object]) -> Reader:
    """A model that passes the kind: it knows the label of each case, or predicts nothing at all."""
    cases = kind.get("cases")
    if not isinstance(cases, dict) or kind["check"] == "is not":
        return Reader(lambda text: None)
    labels = {text: label for label, texts in cases.items() for text in texts}
    if kind["check"] == "both":
        return Both(labels)
    return Reader(labels.get)


class Both(Reader):
    def __init__(self, labels: dict[str, str]) -> None:
        self._labels = labels

    def predict(self, text: str) -> Prediction:
        scores = dict.fromkeys(LABELS, 0.02) | dict.fromkeys(self._labels.get(text, "").split(), 0.45)
        return Prediction(None, 0.45, scores)


def _opposite(kind: dict[str, object]) -> Reader:
    """A model that fails the kind: it says what it should not, or another thing for every text."""
    if kind["check"] in {"is not", "is", "likeliest", "both"}:
        cases = kind["cases"]
        assert isinstance(cases, dict)
        step = 0 if kind["check"] == "is not" else 2
        wrong = {
            text: LABELS[(LABELS.index(label.split()[0]) + step) % len(LABELS)]
            for label, texts in cases.items()
            for text in texts
        }
        return Reader(wrong.get)
    seen: dict[str, str] = {}
    return Reader(lambda text: seen.setdefault(text, LABELS[len(seen) % len(LABELS)]))


def test_limits_are_not_under_their_goals() -> None:
    assert [kind["name"] for kind in KINDS.values() if kind.get("limit", 0) < kind.get("goal", 0)] == []
    assert [kind["name"] for kind in KINDS.values() if ("limit" in kind) != ("goal" in kind)] == []


def test_forty_identities_and_sixty_names() -> None:
    words = [kind["words"] for kind in KINDS.values() if kind["check"] == "abstains"]
    assert [len(set(some)) for some in words] == [40, 60]


def test_no_text_is_learned_from_or_repeated() -> None:
    texts = [text for kind in KINDS.values() for pair in kind.get("pairs", []) for text in pair]
    texts += [text for kind in KINDS.values() for some in kind.get("cases", {}).values() for text in some]
    assert len(texts) == len(set(texts)) > 300
    learned = {regression.words(text) for _, text in (*examples.read(), *examples.read(examples.TYPED))}
    judged = {regression.words(one.text) for one in everyday.sentences()}
    assert [text for text in texts if regression.words(text) in learned | judged] == []


def test_changes_change_what_they_say() -> None:
    assert behaviour.CHANGES["full stop"]("I'm sad.") == "I'm sad"
    assert behaviour.CHANGES["full stop"]("I'm sad") == "I'm sad."
    assert behaviour.CHANGES["full stop"]("I'm sad!") == "I'm sad!"
    assert behaviour.CHANGES["entities"]('I\'m sad & "low"') == "I&#39;m sad &amp; &quot;low&quot;"
    assert behaviour.CHANGES["entities"]("so sad today") == "so&nbsp;sad today"
    assert behaviour.CHANGES["first letter"]("I'm") == "i'm"


def test_the_cards_section_has_a_row_a_kind() -> None:
    rows = json.loads(json.dumps(behaviour.figures(shipped().values())))
    section = behaviour.section(rows)
    assert [name for name in KINDS if f"| {name} | {shipped()[name].cases} |" not in section] == []
    assert "| reported | reported |" in section
