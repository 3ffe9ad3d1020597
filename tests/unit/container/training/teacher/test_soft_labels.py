"""The teacher from empty to its soft labels, with a small stand-in for its encoder, and the RNN that uses them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")
pytest.importorskip("onnx", reason="onnx is not installed: `make train-env` installs it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed: `make train-env` installs it")

import numpy as np  # noqa: E402

from sentiment.text import tokenize  # noqa: E402
from training import LABELS, train  # noqa: E402
from training.evaluation import evaluate, robustness  # noqa: E402
from training.network import distillation, vectors  # noqa: E402
from training.teacher import encoder, probe, soft_labels  # noqa: E402
from training.texts import data, examples, transfer  # noqa: E402

pytestmark = pytest.mark.torch
CLUES = dict(zip(LABELS, ("shout", "slime", "dark", "stole", "won", "died", "blushed"), strict=True))
GROUPS = dict.fromkeys(data.GROUPS, "1")
WORDS = [".", "when", "we", "story", "saw", "it", *CLUES.values()]
TABLE = np.random.default_rng(0).normal(size=(len(WORDS), 8)).astype(np.float32)


class Small(encoder.Encoder):
    """Stands in for the encoder: the same few numbers for each word, and an interruption when told to."""

    def __init__(self, chunks: int = 1_000) -> None:
        self.left = chunks

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        table = dict(zip(WORDS, TABLE, strict=True))
        nothing = np.zeros(8, np.float32)
        rows = [[table.get(token, nothing) for token in tokenize(text)] for text in texts]
        return [np.array(row, np.float16).reshape(-1, 8) for row in rows]


@pytest.fixture
def rows() -> list[data.Row]:
    return [
        data.Row(f"{label}{number}", f"When we {clue} story {'abcdefghij'[number % 10] * 3}", label, GROUPS)
        for label, clue in CLUES.items()
        for number in range(40)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Other texts, in the form of GoEmotions and EmoBank."""
    (tmp_path / "goemotions").mkdir()
    (tmp_path / "emobank").mkdir()
    for part in ("train", "dev", "test"):
        lines = [f"We saw {part} story {number}\t{(17, 27)[number % 2]}\tx" for number in range(20)]
        (tmp_path / "goemotions" / f"{part}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "emobank" / "emobank.csv").write_text("id,text\n1,We saw it again.\n", "utf-8")
    return tmp_path


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "glove", lambda: (WORDS, TABLE))
    monkeypatch.setattr(vectors, "wordpieces", lambda: ({"[UNK]": 0, "we": 1}, TABLE[:2]))
    monkeypatch.setattr(examples, "read", lambda: (("joy", "we won it"), ("none", "it it it")))
    monkeypatch.setattr(examples, "is_held_out", lambda text: False)
    monkeypatch.setattr(robustness, "held_out", robustness.elsewhere)
    monkeypatch.setattr(evaluate, "ANSWERS", Path("none"))
    settings: dict[ModuleType, dict[str, float]] = {
        distillation: {"WORDS": 40, "DIMENSIONS": 8, "UNITS": 8, "DIRECTIONS": 4, "EPOCHS": 2},
        probe: {"UNITS": 16, "EPOCHS": 8, "BATCH": 16, "RATE": 1e-2, "DROPOUT_IN": 0.0, "DROPOUT_OUT": 0.0},
        train: {"EPOCHS": 8, "BATCH": 16, "STATEMENTS": 0, "RATE": 0.03, "VECTOR_RATE": 0.03, "AVERAGE": 0.9},
        encoder: {"CHUNK": 64},
    }
    for module, values in settings.items():
        for name, value in values.items():
            monkeypatch.setattr(module, name, value)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    for module in (soft_labels, train):
        monkeypatch.setattr(module, "say", lines.append)
    return lines


def test_from_empty_to_a_trained_model(
    rows: list[data.Row], folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "Encoder", lambda folder: Small())
    monkeypatch.setattr(data, "read", lambda path: rows)
    out = folder / "out"
    command = ["teacher", "--data", str(folder / "isear.csv"), "--seeds", "0", "--out", str(out)]
    monkeypatch.setattr("sys.argv", command)
    assert soft_labels.main() == 0
    assert any("accuracy on validation 1.000" in line for line in said)
    learned = out / "soft-labels-0.npz"
    assert learned.stat().st_size < 100_000
    assert not any(CLUES["joy"].encode() in file.read_bytes() for file in [learned])

    monkeypatch.setattr("sys.argv", [*command[:3], "--soft-labels", str(learned), "--out", str(folder / "model")])
    assert train.main() == 0
    assert list((folder / "model").glob("sentiment-*.onnx"))
    assert "accuracy 1.000" in said[-1]
    monkeypatch.setattr("sys.argv", [*command[:3], "--seed", "1", "--soft-labels", str(learned), "--out", str(folder)])
    assert train.main() == 2
    assert "speaks of other texts" in said[-1]


def test_says_that_it_learns_from_labels_alone_and_how_not_to(
    rows: list[data.Row], folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = train.argparse.Namespace(soft_labels=None, texts=None, data=folder / "isear.csv")
    assert train.find(rows, data.split(rows, 77), 77, options) is None
    assert "labels alone" in said[-1] and "make teacher" in said[-1] and "SEED=77" in said[-1]
    options.soft_labels = folder / "none.npz"
    with pytest.raises(data.DataError, match="make teacher"):
        train.find(rows, data.split(rows, 77), 77, options)


def test_an_interrupted_pass_goes_on_where_it_stopped(tmp_path: Path) -> None:
    texts = [f"we saw {word}" for word in WORDS * 10]
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        encoder.states(texts, tmp_path, said.append, lambda: Small(2))
    read = encoder.states(texts, tmp_path, said.append, lambda: Small(1))
    assert said[-1] == "encoded 3 of 3 chunks; 0 s left"
    whole = Small().encode(texts)
    assert len(read) == len(texts) and read.lengths == [len(one) for one in whole]
    assert all(np.array_equal(read[place], whole[place]) for place in range(len(texts)))


def test_readers_are_kept_and_not_trained_again(
    rows: list[data.Row], folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = transfer.Texts.read(rows, folder)
    monkeypatch.setattr(encoder, "Encoder", lambda folder: Small())
    encoded = soft_labels.encode(texts, folder / "out")
    split, place = data.split(rows, 0), {row.key: number for number, row in enumerate(rows)}
    first, _ = soft_labels.teach(split, place, encoded, 0, folder / "out")
    monkeypatch.setattr(probe, "fit", None)
    again, _ = soft_labels.teach(split, place, encoded, 0, folder / "out")
    assert np.array_equal(first, again)


def test_no_row_is_labelled_by_a_reader_that_saw_it(
    rows: list[data.Row], folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "Encoder", lambda folder: Small())
    encoded = soft_labels.encode(transfer.Texts.read(rows, folder), folder / "out")
    split, place = data.split(rows, 0), {row.key: number for number, row in enumerate(rows)}
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    before, _ = soft_labels.teach(split, place, encoded, 0, folder / "a")
    first = split.train[0]
    other = next(label for label in LABELS if label != first.label)
    lied = data.Split([data.Row(first.key, "", other, {}), *split.train[1:]], split.validation, [])
    after, _ = soft_labels.teach(lied, place, encoded, 0, folder / "b")
    assert np.array_equal(before[:4], after[:4])
    assert not np.array_equal(before[4:8], after[4:8])


@pytest.mark.parametrize(
    ("tokens", "pieces", "places"),
    [
        (["i", "did", "n't", "cry"], ["i", "didn", "'", "t", "cry"], [[0], [1], [1, 2, 3], [4]]),
        (["unhappy", "."], ["un", "##happy", "."], [[0, 1], [2]]),
        (["a", "日本", "b"], ["a", "[UNK]", "b"], [[0], [], [2]]),
        ([], [], []),
    ],
)
def test_tokens_find_the_pieces_that_spell_them(tokens: list[str], pieces: list[str], places: list[list[int]]) -> None:
    assert encoder.align(tokens, pieces) == places


def test_the_gru_comes_back_as_it_was_packed() -> None:
    first, second = (train.Network(torch.zeros(3, 8), 8, 7) for _ in range(2))
    distillation.unpack(second, distillation.pack(first))
    assert all(
        torch.allclose(one, other, atol=1e-3)
        for one, other in zip(distillation.parameters(first), distillation.parameters(second), strict=True)
    )


def test_words_are_spelled_with_the_longest_pieces() -> None:
    pieces = {"un": 0, "happy": 1, "##happ": 2, "##happy": 3, "##y": 4, "u": 5}
    assert vectors.spell("unhappy", pieces) == [0, 3]
    assert vectors.spell("happy", pieces) == [1]
    assert vectors.spell("unkind", pieces) == []


def test_says_which_command_installs_a_missing_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match="make train-env"):
        vectors.package("no_such_package_of_vectors")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(data.DataError, match="make teacher-env"):
        encoder.Encoder(tmp_path)


def test_what_is_committed_are_numbers_and_a_checksum() -> None:
    file = Path(soft_labels.__file__).with_name("soft-labels-0.npz")
    assert file.stat().st_size < 4_000_000
    with np.load(file) as stored:
        kinds = {name: stored[name].dtype.kind for name in stored.files}
        assert kinds.pop("digest") == "U" and len(str(stored["digest"])) == 64
        assert set(kinds.values()) <= {"u", "i", "f"}
        assert stored["probabilities"].sum(1).min() > 250
