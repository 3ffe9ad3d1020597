"""The texts that models are compared on: which nobody may teach, and which nobody can know."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.model import Model
from sentiment.text import Tokenizer
from training.evaluation import everyday, regression, robustness
from training.retrain import gate
from training.retrain.clusters import identity
from training.texts import data

OWN = [("joy", f"{first} {second} {third} at last") for first in ("Grandma", "Robin", "Nobody", "Everyone")
       for second in ("planted", "baked", "sold", "painted") for third in ("radishes", "bread", "boats", "fences",
       "cabbages", "doors", "kites")]  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Model.find(Path(__file__).parents[5] / "container" / "model")._tokenizer


def test_half_of_the_operator_s_own_is_drawn_anew(tokenizer: Tokenizer) -> None:
    drawn = [gate.drawn(OWN, [], [], tokenizer, seed).hidden for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == len(OWN) // 2 >= gate.FEWEST_HIDDEN
    assert set(drawn[0]) <= set(OWN)


def test_too_few_are_none(tokenizer: Tokenizer) -> None:
    assert gate.drawn(OWN[:90], [], [], tokenizer, 1).hidden == []


def test_rows_that_somebody_has_judged_or_nearly_are_not_compared_on(tokenizer: Tokenizer) -> None:
    rows = [data.Row(str(number), text, label, {}) for number, (label, text) in enumerate(OWN)]
    judged = [identity(f"{text} again", tokenizer) for _, text in OWN[: len(OWN) // 2]]
    hidden = gate.drawn(OWN, rows, judged, tokenizer, 1).hidden
    assert len(hidden) <= (len(OWN) + len(OWN) // 2) // 2


def test_the_rest_is_in_the_repository(tokenizer: Tokenizer) -> None:
    drawn = gate.drawn([], [], [], tokenizer, 1)
    assert "A Swedish man sat next to me." in drawn.people and "Sean lives on our street." in drawn.people
    found = drawn.all
    assert list(found) == [gate.REGRESSION, gate.EVERYDAY]
    assert len(found[gate.REGRESSION]) == 210
    assert len(found[gate.EVERYDAY]) == 140


def test_whatever_models_are_compared_on_is_protected(tokenizer: Tokenizer) -> None:
    protected = gate.protected(OWN, tokenizer)
    typed = [
        *regression.sentences(),
        *robustness.out_of_domain(),
        *OWN,
        *((one.label, one.text) for one in everyday.sentences()),
        *(("", text) for text in gate.people()),
    ]
    read = [identity(text, tokenizer) for _, text in typed]
    assert sum(not one for one in read) == 5  # other languages and noise: of these the model reads nothing
    assert all(protected.near(one) is not None for one in read if one)


def test_the_operator_s_own_sentences_are_read(tmp_path: Path) -> None:
    path = tmp_path / "own.tsv"
    path.write_text("joy\tWe won\n\nanger\tThey\tlied\n", encoding="utf-8")
    assert gate.read(path) == [("joy", "We won"), ("anger", "They\tlied")]
    assert gate.read(None) == []


@pytest.mark.parametrize("line", ["We won", "pride\tWe won", "joy"])
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "own.tsv"
    path.write_text(f"joy\tWe won\n{line}\n", encoding="utf-8")
    with pytest.raises(data.DataError, match=r"own\.tsv, line 2: expected one of anger, "):
        gate.read(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.tsv").write_bytes(b"joy\tna\xefve")
    for name in ("none.tsv", "latin.tsv"):
        with pytest.raises(data.DataError, match=f"{name} cannot be read"):
            gate.read(tmp_path / name)
