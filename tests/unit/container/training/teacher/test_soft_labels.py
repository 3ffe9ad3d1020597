"""The teacher from empty to its soft labels, with a small stand-in for its encoder, and the RNN that uses them."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")
pytest.importorskip("onnx", reason="onnx is not installed: `make train-env` installs it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed: `make train-env` installs it")

import numpy as np  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from sentiment.text import tokenize  # noqa: E402
from training import LABELS, train  # noqa: E402
from training.evaluation import evaluate, robustness  # noqa: E402
from training.network import distillation, rnn, vectors  # noqa: E402
from training.teacher import encoder, soft_labels, tuning  # noqa: E402
from training.texts import corpus, data, emoji, examples, people  # noqa: E402

pytestmark = pytest.mark.torch
CLUES = dict(zip(LABELS, ("shout", "slime", "dark", "stole", "won", "died", "blushed"), strict=True))
GROUPS = dict.fromkeys(data.GROUPS, "1")
WORDS = [".", "when", "we", "story", "saw", "it", *CLUES.values()]
PHASE = train.Phase(8, 0.03, 0.03, 0.9, 70, 10, 50, 10, statements=0, tied=True)
TABLE = np.random.default_rng(0).normal(size=(len(WORDS), 8)).astype(np.float32)


class Small(encoder.Teacher):
    """Stands in for the encoder: the words themselves as pieces, a table of vectors, and one layer on their mean."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.table = nn.Embedding.from_pretrained(torch.from_numpy(np.concatenate([TABLE, TABLE[:3] * 0])), freeze=True)
        self.output = nn.Linear(8, len(LABELS))

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        ends = len(WORDS) + 2
        return [[ends, *(WORDS.index(w) if w in WORDS else ends - 1 for w in tokenize(t)), ends] for t in texts]

    def spelled(self, pieces: Sequence[int]) -> list[str]:
        return [WORDS[piece] if piece < len(WORDS) else "[UNK]" for piece in pieces[1:-1]]

    def states(self, ids: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
        return self.table(ids), self.table(ids) * 2

    def forward(self, ids: Tensor, inside: Tensor) -> Tensor:
        return self.output((self.table(ids) * inside[:, :, None]).sum(1))

    def groups(self, rate: float) -> list[dict[str, Any]]:
        return [{"params": list(self.output.parameters()), "lr": rate}]


@pytest.fixture
def rows() -> list[data.Row]:
    return [
        data.Row(f"{label}{number}", f"When we {clue} story {'abcdefghij'[number % 10] * 3}", label, GROUPS)
        for label, clue in CLUES.items()
        for number in range(40)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Other texts, in the form of their files."""
    for name in ("goemotions", "emobank", corpus.FOLDER):
        (tmp_path / name).mkdir()
    for part in ("train", "dev", "test"):
        lines = [f"We saw {part} story {number}\t{(17, 27)[number % 2]}\tx" for number in range(20)]
        (tmp_path / "goemotions" / f"{part}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "emobank" / "emobank.csv").write_text("id,text\n1,We saw it again.\n", "utf-8")
    for name in (*corpus.WEIGHTS, corpus.TRANSFER):
        lines = [
            f"{label}\tit {clue} {name} {number}\t{label}" for label, clue in CLUES.items() for number in range(30)
        ]
        (tmp_path / corpus.FOLDER / f"{name}.tsv").write_text("\n".join(["label\ttext\tdetail", *lines]), "utf-8")
    return tmp_path


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "glove", lambda: (WORDS, TABLE))
    monkeypatch.setattr(vectors, "wordpieces", lambda: ({"[UNK]": 0, "we": 1}, TABLE[:2]))
    monkeypatch.setattr(examples, "read", lambda *_: (("joy", "we won it"), ("none", "it it it")))
    monkeypatch.setattr(examples, "to_choose_by", lambda: [("joy", "we won it")])
    monkeypatch.setattr(vectors, "everyday_words", lambda: [])
    monkeypatch.setattr(examples, "is_held_out", lambda text: False)
    monkeypatch.setattr(robustness, "held_out", robustness.out_of_domain)
    monkeypatch.setattr(evaluate, "ANSWERS", Path("none"))
    monkeypatch.setattr(emoji, "known", lambda: ["\U0001f622"])
    settings: dict[ModuleType, dict[str, Any]] = {
        distillation: {"WORDS": 40, "DIMENSIONS": 8, "DIRECTIONS": 4, "EPOCHS": 2},
        rnn: {"UNITS": 8},
        soft_labels: {"FOLDS": 2, "EACH": 30, "NEUTRAL": 5, "FIRST_RATE": 0.3, "SECOND_RATE": 0.3, "AGAIN": 4},
        train: {"BATCH": 16, "JOINED": 20, "NOISE": 1, "FIRST": replace(PHASE, tied=False), "LAST": PHASE},
        people: {"names": lambda: ["ada"], "identities": lambda: []},
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
    monkeypatch.setattr(soft_labels, "Teacher", lambda folder: Small())
    monkeypatch.setattr(data, "read", lambda path: rows)
    out = folder / "out"
    command = ["teacher", "--data", str(folder / "isear.csv"), "--seeds", "0", "--out", str(out)]
    monkeypatch.setattr("sys.argv", command)
    assert soft_labels.main() == 0
    assert any("accuracy on validation 1.000" in line for line in said), said
    learned = out / "soft-labels-0.npz"
    assert learned.stat().st_size < 100_000
    assert not any(CLUES["joy"].encode() in file.read_bytes() for file in [learned])

    monkeypatch.setattr("sys.argv", [*command[:3], "--soft-labels", str(learned), "--out", str(folder / "model")])
    assert train.main() == 0
    assert list((folder / "model").glob("sentiment-*.onnx"))
    assert "accuracy 1.000" in said[-1]
    monkeypatch.setattr("sys.argv", [*command[:3], "--seed", "1", "--soft-labels", str(learned), "--out", str(folder)])
    assert train.main() == 2
    assert "was made for other texts" in said[-1]


def test_says_that_it_learns_from_labels_alone_and_how_not_to(
    rows: list[data.Row], folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = train.argparse.Namespace(soft_labels=None, texts=None, data=folder / "isear.csv")
    assert train.find(rows, data.split(rows, 77), 77, options) is None
    assert "labels alone" in said[-1] and "make teacher" in said[-1] and "SEED=77" in said[-1]
    options.soft_labels = folder / "none.npz"
    with pytest.raises(data.DataError, match="make teacher"):
        train.find(rows, data.split(rows, 77), 77, options)


def test_tuned_teachers_are_kept_and_not_tuned_again(
    rows: list[data.Row], folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folds = soft_labels.Folds(Small, corpus.Texts.read(rows, folder), folder)
    first = folds.first_stage(0)
    monkeypatch.setattr(tuning, "tune", None)
    again = folds.first_stage(0)
    assert all(torch.equal(one, other) for one, other in zip(first.parameters(), again.parameters(), strict=True))


def test_no_text_is_labelled_by_a_teacher_that_saw_its_label(
    rows: list[data.Row], folder: Path, said: list[str]
) -> None:
    folds = soft_labels.Folds(Small, corpus.Texts.read(rows, folder), folder)
    split, place = data.split(rows, 0), {row.key: number for number, row in enumerate(rows)}
    before, _, _ = folds.label(split, place, 0)
    first = split.train[0]
    other = next(label for label in LABELS if label != first.label)
    lied = data.Split([data.Row(first.key, "", other, {}), *split.train[1:]], split.validation, [])
    after, _, _ = folds.label(lied, place, 0)
    assert np.array_equal(before[:4], after[:4])  # of the first row, whose fold is another's
    assert not np.array_equal(before[4:8], after[4:8])
    drawn = folds.pool.draw(0, 1000, 0, 1)
    outside = [pieces for pieces, fold in zip(folds.others, folds.pool.folds, strict=True) if fold]
    assert len(drawn.pieces) > 100 and all(pieces in outside for pieces in drawn.pieces)


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


def test_weights_come_back_as_they_were_packed() -> None:
    first, second = (train.Network(torch.zeros(3, 8), 8, 7, layers=2, attention=True) for _ in range(2))
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
        encoder.Teacher(tmp_path)


def test_what_is_committed_are_numbers_and_a_checksum() -> None:
    file = Path(soft_labels.__file__).with_name("soft-labels-0.npz")
    assert file.stat().st_size < 8_000_000
    with np.load(file) as stored:
        kinds = {name: stored[name].dtype.kind for name in stored.files}
        assert kinds.pop("digest") == "U" and len(str(stored["digest"])) == 64
        assert set(kinds.values()) <= {"u", "i", "f"}
        assert stored["probabilities"].sum(1).min() > 250
