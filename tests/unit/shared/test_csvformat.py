"""The CSV format: what a spreadsheet sees, and that reading gives back whatever was written."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared import csvformat

# Texts made of what matters to the format, and any others that UTF-8 can hold.
TRICKY = st.text(alphabet="'=+-@;,\t\r\n\" a\0\ufeff\u00a0\uff1d", max_size=12)
TEXTS = TRICKY | st.text(st.characters(codec="utf-8"))


def written(*rows: dict[str, str]) -> str:
    return csvformat.header() + "".join(map(csvformat.write_row, rows))


def read(text: str) -> list[dict[str, str]]:
    return list(csvformat.read_rows(io.StringIO(text, newline="")))


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(csvformat.COLUMNS, TEXTS)), max_size=4))
def test_reading_gives_back_what_was_written(rows):
    assert read(written(*rows)) == rows


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(csvformat.COLUMNS, TRICKY)), max_size=2))
def test_a_file_on_disk_gives_back_what_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "sentiment.csv"
    path.write_bytes(written(*rows).encode())
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csvformat.read_rows(file)) == rows


@given(TEXTS)
@example("'=1")
@example("''=1")
@example("' =1")
@example("\n=1")
@example("'\t")
@example(";';=")
def test_restore_undoes_neutralise(text):
    assert csvformat.restore(csvformat.neutralise(text)) == text


@given(TEXTS | st.text(alphabet="'=-;\t\r\n ", max_size=12))
def test_no_cell_begins_a_formula_wherever_a_spreadsheet_splits(text):
    for cell in re.split("[;\t\r\n]", csvformat.neutralise(text)):
        assert not cell.lstrip(" \0\u00a0\ufeff").startswith((*"=+-@", *"\uff1d\uff0b\uff0d\uff20"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('=HYPERLINK("http://example.org")', '\'=HYPERLINK("http://example.org")'),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        ("'=1", "''=1"),
        ("well;=1", "well;'=1"),
        ("well\n=1", "well\n'=1"),
        ("well\r=1", "well\r'=1"),
        ("well\t=1", "well\t'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("'tis fine", "'tis fine"),
        ("1 + 1 = 2", "1 + 1 = 2"),
        ("me@example.org", "me@example.org"),
    ],
)
def test_an_apostrophe_goes_before_formulas_and_nothing_else(text, cell):
    assert csvformat.neutralise(text) == cell


def test_lines_end_as_rfc_4180_says_and_cells_are_quoted_where_needed():
    row = {"id": "a1", "review": 'a "b", c\nd', "sentiment": "joy"}
    assert written(row) == (
        "id,review,sentiment,judgement,verdict,classification,confidence,model,time,receipt,question,blind,second\r\n"
        'a1,"a ""b"", c\nd",joy,,,,,,,,,,\r\n'
    )


def test_a_file_of_the_original_app_and_one_saved_by_a_spreadsheet_are_read():
    assert read("id,review,sentiment\n1,=x,joy\n") == [{"id": "1", "review": "=x", "sentiment": "joy"}]
    assert read("\ufeffid,review,sentiment\r\n") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the columns must begin with id,review,sentiment"),
        ("review,id,sentiment\r\n", "line 1: the columns must begin"),
        ("id,review,sentiment\r\n1,two\r\n", "line 2: 3 cells expected, 2 found"),
        ("id,review,sentiment\r\n\r\n", "line 2: 3 cells expected, 0 found"),
        ('id,review,sentiment\r\n1,"cut', "line 2: unexpected end of data"),
    ],
)
def test_another_file_is_refused_with_its_line(text, message):
    with pytest.raises(ValueError, match=message):
        read(text)


@pytest.mark.parametrize(
    "number",
    ["1234567890123456", "12e4567890123456", "0123456789012345", "1E5"],  # pragma: allowlist secret
)
def test_ids_that_a_spreadsheet_takes_for_numbers_are_marked_and_read_back(number):
    row = {"id": number, "review": number, "sentiment": "joy", "question": number, "model": number, "confidence": "0.5"}
    text = written(row)
    assert text.count(f"'{number}") == 3
    assert f",{number},joy" in text, "a text is left as it is"
    (found,) = csvformat.read_rows(io.StringIO(text, newline=""))
    assert {name: value for name, value in found.items() if value} == row


@pytest.mark.parametrize("cell", ["q123456789012345", "12a4", "'tis"])
def test_other_ids_are_left_alone(cell):
    row = {"id": "a", "review": cell, "sentiment": "joy", "question": cell}
    (found,) = csvformat.read_rows(io.StringIO(written(row), newline=""))
    assert (found["review"], found["question"]) == (cell, cell)
    assert written(row).count(cell) == 2


@pytest.mark.parametrize("review", ["=1+1", "'=1+1", "a;=b", "plain", "'tis"])
def test_the_raw_form_has_every_cell_as_it_is_and_is_known_by_its_header(review):
    row = {"id": "1234567890123456", "review": review, "sentiment": "joy"}
    text = csvformat.header(raw=True) + csvformat.write_row(row, raw=True)
    assert text.startswith("id,review,sentiment,") and text.split("\r\n")[0].endswith(",second,raw")
    assert f"1234567890123456,{review},joy" in text
    (found,) = csvformat.read_rows(io.StringIO(text, newline=""))
    assert {name: value for name, value in found.items() if value} == row
