"""A whole training run, small: from rows to an artefact that the service reads; interrupted and gone on with."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")
pytest.importorskip("onnx", reason="onnx is not installed: `make train-env` installs it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed: `make train-env` installs it")

import numpy as np  # noqa: E402

from sentiment.model import Model  # noqa: E402
from training import LABELS, train  # noqa: E402
from training.evaluation import evaluate, robustness  # noqa: E402
from training.network import distillation, rnn, ship, vectors  # noqa: E402
from training.network.epochs import Distilled  # noqa: E402
from training.network.optimisation import Run  # noqa: E402
from training.teacher import soft_labels  # noqa: E402
from training.texts import corpus, data, emoji, examples, people  # noqa: E402

pytestmark = pytest.mark.torch
CLUES = dict(zip(LABELS, ("shout", "slime", "dark", "stole", "won", "died", "blushed"), strict=True))

PHASE = train.Phase(6, 0.03, 0.03, 0.9, 0, 0, 1, 0, statements=0, tied=True)


@pytest.fixture
def rows() -> list[data.Row]:
    return [
        data.Row(
            f"{label}{number}",
            f"When we {CLUES[label]} story {'abcdefghij'[number % 10] * 3} {number}",
            label,
            {"COUN": str(number % 2), "SEX": "1", "RELI": "1"},
        )
        for label in LABELS
        for number in range(60)
    ]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Word vectors from chance, for few words, and few short epochs."""
    words = [".", "when", "we", "story", *CLUES.values()]
    table = np.random.default_rng(0).normal(size=(len(words), 8)).astype(np.float32)
    monkeypatch.setattr(vectors, "glove", lambda: (words, table))
    monkeypatch.setattr(vectors, "wordpieces", lambda: ({"[UNK]": 0, "we": 1}, table[:2]))
    for name, value in {"WORDS": 40, "DIMENSIONS": 8}.items():
        monkeypatch.setattr(distillation, name, value)
    monkeypatch.setattr(rnn, "UNITS", 8)
    for name, value in {"BATCH": 16, "JOINED": 20, "NOISE": 1}.items():
        monkeypatch.setattr(train, name, value)
    for name in ("ALONE", "LAST"):
        monkeypatch.setattr(train, name, PHASE)
    monkeypatch.setattr(examples, "to_learn", lambda: [("joy", "we won story"), ("none", "we we story")])
    monkeypatch.setattr(examples, "to_choose_by", lambda: [("joy", "we won"), ("sadness", "we died")])
    monkeypatch.setattr(vectors, "everyday_words", lambda: ["won", "slime"])
    monkeypatch.setattr(emoji, "known", lambda: ["\U0001f622"])
    monkeypatch.setattr(evaluate, "ANSWERS", Path("none"))
    monkeypatch.setattr(people, "names", lambda: [])
    monkeypatch.setattr(people, "identities", lambda: [])


def test_learns_ships_and_measures(rows: list[data.Row], tmp_path: Path) -> None:
    split = data.split(rows, 0)
    network, tokenizer = train.train(split, 0)
    path = ship.ship(network, tokenizer, split, 0, 0.2, tmp_path, "in a test")
    figures = evaluate.write(tmp_path, rows)["shipped"]
    assert figures["accuracy"] > 0.9
    assert figures["model"] == path.stem.removeprefix("sentiment-")
    assert sum(map(sum, figures["confusion"])) == len(split.test) == figures["texts"]
    assert sum(count for count, _ in figures["groups"]["country"].values()) == len(split.test)
    card = (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert figures["model"] in card and f"{figures['accuracy']:.3f}" in card
    assert (tmp_path / "confusion.png").read_bytes().startswith(b"\x89PNG")
    model = Model.find(tmp_path)
    assert model.predict("When we won story aaa 1").classification == "joy"
    assert model.predict("1234 ...").classification is None
    assert model.card["test"]["accuracy"] == pytest.approx(figures["accuracy"], abs=0.01)
    keys = json.loads((tmp_path / ship.SPLIT_FILE).read_text(encoding="utf-8"))
    assert not set(keys["train"]) & set(keys["test"])
    assert not (set(keys["train"]) | set(keys["test"])) & set(keys["validation"])


def test_follows_a_teacher_against_the_labels(rows: list[data.Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "GOLD", 0.0)
    whole = data.split(rows, 0)
    renamed = [replace(row, label=LABELS[(LABELS.index(row.label) + 1) % len(LABELS)]) for row in whole.validation]
    split = replace(whole, validation=renamed)
    swapped = np.zeros((len(split.train), len(LABELS)), np.float32)
    for number, row in enumerate(split.train):
        swapped[number, (LABELS.index(row.label) + 1) % len(LABELS)] = 1
    even = np.full((1, len(LABELS)), 1 / 7, np.float32)
    texts = [text for row in split.train for text in (row.text, row.text.lower())] + ["we we story"]
    probabilities = torch.from_numpy(np.concatenate([swapped.repeat(2, axis=0), even]))
    others = [corpus.Example(texts[-1], corpus.UNLABELLED, corpus.TRANSFER)]
    known = soft_labels.vocabulary(texts, 40)
    network = train.Network(torch.randn(len(known), 8) * 0.4, 8, len(LABELS), layers=2, attention=True)
    begun = soft_labels.pack("", network, known, probabilities.numpy())
    distilled = Distilled(texts, 1, probabilities, others)
    network, tokenizer = train.train(split, 0, train.Help(begun, distilled))
    said = ship.predict(network, tokenizer, [row.text for row in split.test]).argmax(1)
    wanted = [(LABELS.index(row.label) + 1) % len(LABELS) for row in split.test]
    assert (said == wanted).mean() > 0.9


def test_the_same_seed_gives_the_same_network(rows: list[data.Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "ALONE", replace(PHASE, epochs=2))
    first, second = (train.train(data.split(rows, 0), 7)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_goes_on_after_an_interruption_as_if_there_had_been_none(
    rows: list[data.Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "ALONE", replace(PHASE, epochs=4))
    split = data.split(rows, 0)
    whole = train.train(split, 0)[0].state_dict()
    checkpoint = tmp_path / "build" / "checkpoint.pt"
    teach = Run.teach_epoch

    def interrupted(run: Run) -> None:
        if run.epoch == 2:
            raise KeyboardInterrupt
        teach(run)

    monkeypatch.setattr(Run, "teach_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train.train(split, 0, checkpoint=checkpoint)
    monkeypatch.setattr(Run, "teach_epoch", teach)
    resumed = train.train(split, 0, checkpoint=checkpoint)[0].state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_missing_file_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["train", "--data", str(tmp_path / "isear.csv")])
    assert train.main() == 2
    assert "error: there is no file" in capsys.readouterr().err


def test_evaluation_refuses_a_card_that_does_not_hold(
    rows: list[data.Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "ALONE", replace(PHASE, epochs=1))
    split = data.split(rows, 0)
    monkeypatch.setattr(robustness, "comments", lambda folder: robustness.out_of_domain())
    situations = corpus.Corpus([], [], [corpus.Example("We won.", "joy", corpus.SITUATIONS)])
    monkeypatch.setattr(corpus, "read", lambda folder, rows: situations)
    ship.ship(*train.train(split, 0), split, 0, 0.2, tmp_path, "in a test")
    evaluate.write(tmp_path, rows, tmp_path)
    monkeypatch.setattr(data, "read", lambda path: rows)
    monkeypatch.setattr("sys.argv", ["evaluate", "--data", "isear.csv", "--model", str(tmp_path)])
    assert evaluate.main() == 0
    file = tmp_path / evaluate.FIGURES_FILE
    figures = json.loads(file.read_text(encoding="utf-8"))
    figures["shipped"]["accuracy"] += 0.1
    file.write_text(json.dumps(figures), encoding="utf-8")
    assert evaluate.main() == 1
    assert "shipped accuracy: the card says" in capsys.readouterr().err
