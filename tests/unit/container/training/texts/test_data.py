"""Cleaning and splitting of ISEAR, on small rows written for these tests; on the real file where it is at hand."""

import json
import os
from pathlib import Path

import pytest

from generator import catalogue
from training import LABELS
from training.texts import data


def line(key: str, text: str, label: str = "joy", **columns: str) -> str:
    fields = dict.fromkeys(data.COLUMNS.split("|"), "1") | {"MYKEY": key, "SIT": text, "Field1": label} | columns
    return "|".join(fields.values()) + "|"


def isear(folder: Path, *lines: str, header: str = data.COLUMNS + "|") -> Path:
    path = folder / "isear.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_labels_are_the_catalogues() -> None:
    assert LABELS == catalogue.LABELS


def test_reads_key_text_label_and_groups(tmp_path: Path) -> None:
    path = isear(tmp_path, line("017", "I found my keys.", "joy", COUN="5", SEX="2", RELI="3"))
    groups = {"COUN": "5", "SEX": "2", "RELI": "3"}
    assert data.read(path, sha256=None) == [data.Row("017", "I found my keys.", "joy", groups)]


@pytest.mark.parametrize(
    ("raw", "fixed"),
    [
        ("I met á my sister.", "I met my sister."),
        ("The bus came |  late.", "The bus came late."),
        ('They called me \\lazy\\"".', 'They called me "lazy".'),
        ('He said \\never\\""', 'He said "never"'),
        ("  Two   spaces ", "Two spaces"),
    ],
)
def test_fixes_texts(tmp_path: Path, raw: str, fixed: str) -> None:
    [row] = data.read(isear(tmp_path, line("1", raw)), sha256=None)
    assert (row.key, row.text) == ("1", fixed)


@pytest.mark.parametrize(
    "text",
    [
        "[ No response.]",
        "NO RESPONSE",
        "[ Never experienced.]",
        "[ The same as in shame.]",
        "Does not apply.",
        "[ Do not remember any incident.]",
        "[ I have not felt this emotion in my life.]",
        "Nothing.",
        "[ ]",
        "",
    ],
)
def test_drops_answers_that_tell_of_no_event(tmp_path: Path, text: str) -> None:
    assert data.read(isear(tmp_path, line("1", text)), sha256=None) == []


@pytest.mark.parametrize(
    "text",
    [
        "[ An unfair punishment.]",
        "Nobody answered when I called.",
        "Same as above - friends who torture animals.",
        "I do not remember his name, and he noticed it in front of all the others, who laughed at me for a whole week.",
        "Never again will I go there.",
        "No reply came to my letter, and she had promised to write before the summer's end, so I went to see her.",
    ],
)
def test_keeps_accounts_that_only_begin_so(tmp_path: Path, text: str) -> None:
    assert [row.text for row in data.read(isear(tmp_path, line("1", text)), sha256=None)] == [text]


def test_says_where_the_data_is_found_when_it_is_missing(tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match=r"no file .*nowhere.*py_isear_dataset"):
        data.read(tmp_path / "nowhere.csv")


def test_refuses_another_file(tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match=r"not the file .*sha256 is [0-9a-f]{64}, expected 370110ff"):
        data.read(isear(tmp_path, line("1", "I slept.")))


def test_refuses_changed_columns(tmp_path: Path) -> None:
    path = isear(tmp_path, line("1", "I slept."), header=data.COLUMNS.replace("Field1", "LABEL"))
    with pytest.raises(data.DataError, match=r"differ in \['Field1', 'LABEL'\]"):
        data.read(path, sha256=None)


def test_refuses_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "isear.csv").write_bytes(b"")
    with pytest.raises(data.DataError, match="other columns"):
        data.read(tmp_path / "isear.csv", sha256=None)


def test_refuses_an_unknown_label(tmp_path: Path) -> None:
    path = isear(tmp_path, line("1", "I slept."), line("2", "I woke.", "boredom"))
    with pytest.raises(data.DataError, match=r"line 3: unknown label 'boredom'"):
        data.read(path, sha256=None)


def test_refuses_a_line_that_is_cut_short(tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match=r"line 2: 3 columns"):
        data.read(isear(tmp_path, "1|2|3"), sha256=None)


def rows(per_label: int) -> list[data.Row]:
    return [
        data.Row(f"{label}-{number}", f"{label} story {number // 2 if number < 20 else number}!", label, {})
        for label in LABELS
        for number in range(per_label)
    ]


def test_splits_into_72_8_20_with_every_row_once_and_labels_alike() -> None:
    everything = rows(100)
    split = data.split(everything, seed=0)
    parts = (split.train, split.validation, split.test)
    assert sorted(row.key for part in parts for row in part) == sorted(row.key for row in everything)
    for part, share in zip(parts, (72, 8, 20), strict=True):
        assert all(abs(count - share) <= 3 for count in data.counts(part).values())


def test_keeps_the_same_words_on_one_side() -> None:
    for seed in range(5):
        split = data.split(rows(60), seed)
        texts = [{row.text.lower() for row in part} for part in (split.train, split.validation, split.test)]
        assert not (texts[0] & texts[1] or texts[0] & texts[2] or texts[1] & texts[2])


def test_a_seed_names_one_split() -> None:
    everything = rows(30)
    assert data.split(everything, 1) == data.split(everything, 1)
    assert data.split(everything, 1).test != data.split(everything, 2).test


@pytest.mark.skipif("ISEAR" not in os.environ, reason="ISEAR=path/to/isear.csv is not set: real data not checked")
def test_the_real_file_gives_the_counts_that_the_card_states() -> None:
    found = data.read(Path(os.environ["ISEAR"]))
    assert len(found) == 7502
    assert sorted(data.counts(found).values()) == [1047, 1058, 1065, 1080, 1080, 1084, 1088]
    assert not any(mark in row.text for row in found for mark in "á|\\")


SPLITS = json.loads(Path(data.__file__).with_name("splits.json").read_text(encoding="utf-8"))


def test_the_published_splits_hold_the_rows_of_the_shipped_model() -> None:
    model = Path(data.__file__).parents[2] / "model" / "split.json"
    shipped = json.loads(model.read_text(encoding="utf-8"))
    published = SPLITS[str(shipped["seed"])]
    assert {part: " ".join(shipped[part]) for part in ("validation", "test")} == published


@pytest.mark.skipif("ISEAR" not in os.environ, reason="ISEAR=path/to/isear.csv is not set: real data not checked")
def test_the_real_file_splits_as_published() -> None:
    rows = data.read(Path(os.environ["ISEAR"]))
    for seed, published in SPLITS.items():
        split = data.split(rows, int(seed))
        for part in ("validation", "test"):
            assert " ".join(sorted(row.key for row in getattr(split, part))) == published[part]
