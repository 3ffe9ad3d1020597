"""Other people's texts: read, parted, and rid of what a test part holds."""

from pathlib import Path

import pytest

from training import LABELS
from training.texts import corpus, data
from training.texts.corpus import Example

ROW = data.Row("1", "When we lost the long way home in the dark wood", "fear", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("goemotions", "emobank", corpus.FOLDER):
        (tmp_path / name).mkdir()
    parts = {"train": "I won the race\t17\ta\n", "dev": "My own joke\t1\tc\n", "test": ""}
    for name, lines in parts.items():
        (tmp_path / "goemotions" / f"{name}.tsv").write_text(lines, "utf-8")
    (tmp_path / "emobank" / "emobank.csv").write_text("id,text\n1,They ran away\n", "utf-8")
    for name in (*corpus.WEIGHTS, corpus.TRANSFER):
        write(tmp_path, name, [f"anger\tthey shouted at {name}\tfurious"])
    situations = [f"{label}\ta {label} day number {number}\t{label}" for label in LABELS for number in range(40)]
    write(tmp_path, corpus.SITUATIONS, situations)
    return tmp_path


def write(folder: Path, name: str, lines: list[str]) -> None:
    text = "\n".join(["label\ttext\tsource_label", *lines]) + "\n"
    (folder / corpus.FOLDER / f"{name}.tsv").write_text(text, encoding="utf-8")


def test_a_tenth_of_the_situations_is_held_out_and_a_tenth_to_choose_by(folder: Path) -> None:
    found = corpus.read(folder, [])
    parts = [[one.text for one in part] for part in (found.train, found.validation, found.test)]
    assert all(10 < len(part) < 50 for part in parts[1:])
    assert not set(parts[0]) & {*parts[1], *parts[2]} and not set(parts[1]) & set(parts[2])
    assert len([one for one in found.train if one.source == corpus.SITUATIONS]) == 280 - len(parts[1]) - len(parts[2])
    again = corpus.read(folder, [])
    assert (again.train, again.test) == (found.train, found.test)


def test_what_shares_eight_words_with_a_test_part_is_left_out(folder: Path) -> None:
    tenth = corpus.read(folder, []).test[0].text
    write(
        folder,
        corpus.UTTERANCES,
        [
            "fear\tso we lost the long way home in the dark wood\tafraid",
            f"joy\t{tenth.upper()}!\tjoyful",
            "joy\twe lost our way\tjoyful",
            "joy\tWe lost our way!\tjoyful",
        ],
    )
    texts = [one.text for one in corpus.read(folder, [ROW]).train if one.source == corpus.UTTERANCES]
    assert texts == ["we lost our way"]


def test_comments_that_are_held_out_are_not_read(folder: Path) -> None:
    texts = [one.text for one in corpus.read(folder, []).train]
    assert "I won the race" in texts and "They ran away" in texts and "My own joke" not in texts


def test_some_shorter_texts_are_given_emoji_always_alike(folder: Path) -> None:
    first, second = (corpus.Texts.read([ROW], folder) for _ in range(2))
    assert first == second
    adorned = [one for one in first.others if one.source == corpus.EMOJI]
    assert 20 < len(adorned) < 100 and not any(one.text.isascii() for one in adorned)
    assert first.told[0][0] == ROW.text and len(first.told[0]) == 4
    assert first.to_learn([0])[4:] == [one.text for one in first.others]


@pytest.mark.parametrize(
    ("example", "target"),
    [
        (Example("", "joy", "x"), [0, 0, 0, 0, 1, 0, 0]),
        (Example("", "shame", "x", "ashamed"), [0, 0, 0, 0.45, 0, 0, 0.55]),
        (Example("", "none", "x"), [1 / 7] * 7),
        (Example("", "other", "x"), None),
        (Example("", "", "x"), None),
    ],
)
def test_targets(example: Example, target: list[float] | None) -> None:
    assert corpus.target(example, 0.0) == target


def test_a_missing_or_broken_file_is_named(folder: Path) -> None:
    write(folder, "edos", ["pride\tI won\tproud"])
    with pytest.raises(data.DataError, match=r"edos\.tsv, line 2"):
        corpus.read(folder, [])
    (folder / corpus.FOLDER / "edos.tsv").unlink()
    with pytest.raises(data.DataError, match=r"there is no .*edos\.tsv"):
        corpus.read(folder, [])
