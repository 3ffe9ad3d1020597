"""The teacher, without its encoder: heads that never saw what they label, and a pass that goes on where it stopped."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")

import numpy as np  # noqa: E402

from training import LABELS, data, encoder, teacher, vectors  # noqa: E402

pytestmark = pytest.mark.torch


def made_up(per_label: int) -> tuple[data.Split, dict[str, np.ndarray]]:
    random = np.random.default_rng(0)
    centres = random.normal(size=(len(LABELS), 16)) * 2
    rows, seen = [], {}
    for place, label in enumerate(LABELS):
        for number in range(per_label):
            rows.append(data.Row(f"{label}{number}", "", label, {}))
            seen[rows[-1].key] = (centres[place] + random.normal(size=(2, 16))).astype(np.float32)
    random.shuffle(rows)  # type: ignore[arg-type]
    return data.Split(train=rows[50:], validation=rows[:50], test=[]), seen


def test_heads_learn_what_the_encoder_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    split, seen = made_up(60)
    strangers = np.stack([seen[row.key][0] for row in split.validation])
    own, given, judged = teacher.teach(split, seen, strangers, seed=0)
    assert own.shape == (len(split.train), 2, len(LABELS))
    assert own.sum(2) == pytest.approx(np.ones(own.shape[:2]), abs=1e-4)
    truth = [LABELS.index(row.label) for row in split.train]
    assert (own[:, 0].argmax(1) == truth).mean() > 0.9
    assert np.allclose(given, judged, atol=1e-5)


def test_no_row_is_labelled_by_a_head_that_saw_it() -> None:
    split, seen = made_up(20)
    before, _, _ = teacher.teach(split, seen, np.zeros((1, 16), np.float32), seed=0)
    first = split.train[0]
    other = next(label for label in LABELS if label != first.label)
    lied = data.Split([data.Row(first.key, "", other, {}), *split.train[1:]], split.validation, [])
    after, _, _ = teacher.teach(lied, seen, np.zeros((1, 16), np.float32), seed=0)
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


def test_knowledge_comes_back_as_it_was_written(tmp_path: Path) -> None:
    known = teacher.Knowledge(
        texts=np.array(["a b", "c"]),
        keys=np.array(["1"]),
        probabilities=np.ones((2, 7), np.float32),
        accounts_with_variants=1,
        vectors=np.ones((2, 4), np.float32),
        words=np.array(["a"]),
        word_vectors=np.ones((1, 3), np.float32),
    )
    known.save(tmp_path / "made" / "knowledge.npz")
    again = teacher.Knowledge.load(tmp_path / "made" / "knowledge.npz")
    assert again.accounts_with_variants == 1
    assert all(np.array_equal(value, vars(again)[name]) for name, value in vars(known).items())


def test_says_how_to_make_knowledge_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match="make teacher"):
        teacher.Knowledge.load(tmp_path / "none.npz")


class Counter:
    """Stands in for the encoder (0.4 GB): writes each text's length, and stops when told to."""

    def __init__(self, chunks: int) -> None:
        self.left = chunks

    def encode(self, texts: list[str]) -> np.ndarray:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return np.array([[len(text)] for text in texts], np.float16)


def test_an_interrupted_pass_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "CHUNK", 2)
    texts, said = ["a", "bb", "ccc", "dddd", "eeeee"], []
    with pytest.raises(KeyboardInterrupt):
        encoder.features(texts, tmp_path, said.append, Counter(2))  # type: ignore[arg-type]
    one_more = Counter(1)
    assert encoder.features(texts, tmp_path, said.append, one_more)[:, 0].tolist() == [1, 2, 3, 4, 5]  # type: ignore[arg-type]
    assert said[-1] == "encoded 3 of 3 chunks; 0 s left"
    assert encoder.features(texts, tmp_path, said.append, one_more).shape == (5, 1)  # type: ignore[arg-type]


def test_words_are_spelled_with_the_longest_pieces() -> None:
    pieces = {"un": 0, "happy": 1, "##happ": 2, "##happy": 3, "##y": 4, "u": 5}
    assert vectors.spell("unhappy", pieces) == [0, 3]
    assert vectors.spell("happy", pieces) == [1]
    assert vectors.spell("unkind", pieces) == []


def test_says_which_command_installs_a_missing_package() -> None:
    with pytest.raises(data.DataError, match="make train-env"):
        vectors.package("no_such_package_of_vectors")
