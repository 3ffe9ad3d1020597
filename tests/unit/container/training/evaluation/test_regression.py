"""The regression set is what it says, and nothing that is trained on holds any of it."""

import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from generator import catalogue
from training.evaluation import regression
from training.texts import data, statements

TRAINING = regression.FILE.parent


def test_thirty_sentences_a_label_each_once() -> None:
    labels = Counter(label for label, _ in regression.sentences())
    assert labels == dict.fromkeys(catalogue.LABELS, 30)
    assert len({regression.words(text) for _, text in regression.sentences()}) == sum(labels.values())


def test_a_sentence_is_found_whole_in_part_and_retyped() -> None:
    _, text = regression.sentences()[0]
    inside = "So there: " + " ".join(text.split()[2:9]) + " and so on"
    assert regression.shared([text, text.upper().replace(",", " - "), inside, "Another text"]) == [
        text,
        text.upper().replace(",", " - "),
        inside,
    ]


def test_no_text_of_the_repository_that_is_trained_on_shares_any() -> None:
    """Other sentences lie in files beside it, a text a line, whatever else the line holds."""
    files = [
        file for file in TRAINING.rglob("*") if file.suffix in {".tsv", ".txt", ".csv"} and file != regression.FILE
    ]
    assert TRAINING / "out_of_domain.tsv" in files
    texts = [
        part for file in files for line in file.read_text(encoding="utf-8").splitlines() for part in line.split("\t")
    ]
    assert regression.shared(texts) == []


def test_no_made_statement_shares_any() -> None:
    random = Random(0)
    assert regression.shared(statements.statement(random)[0] for _ in range(5_000)) == []


@pytest.mark.skipif(not os.environ.get("DATA"), reason="needs ISEAR: DATA=path/to/isear.csv")
def test_no_account_shares_any() -> None:
    assert regression.shared(row.text for row in data.read(Path(os.environ["DATA"]))) == []
