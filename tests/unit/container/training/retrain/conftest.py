"""What tests of retraining share: CSV files of judgements, sentences to judge, and a small model that knows nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared import csvformat
from shared.reviews import text_id

START = datetime(2026, 1, 1, tzinfo=UTC)  # of the first judgement; each comes a minute after the one before
SENTENCES = Path(__file__).parents[4] / "data" / "players.tsv"
WriteCsv = Callable[[Iterable[dict[str, str]]], Path]
COLUMNS = tuple(dict.fromkeys([*csvformat.COLUMNS, "second"]))


@pytest.fixture(scope="session")
def sentences() -> list[tuple[str, str]]:
    """Text and label of 301 sentences such as the players of a game write; no model has learned from them."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    return [(text, label) for label, _, text in (line.partition("\t") for line in lines)]


@pytest.fixture
def write_csv(tmp_path: Path) -> WriteCsv:
    """Writes judgements as the export does; what a row does not say is made up so that it counts."""

    def write(rows: Iterable[dict[str, str]]) -> Path:
        path = tmp_path / "judgements.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(COLUMNS) + "\r\n")
            for number, row in enumerate(rows):
                whole = judgement(number) | {"id": text_id(row["review"])} | row
                file.write(csvformat._line([csvformat.neutralise(whole[column]) for column in COLUMNS]))
        return path

    return write


def judgement(number: int) -> dict[str, str]:
    return {
        "judgement": str(uuid.UUID(int=number)),
        "blind": "",
        "verdict": "revised",
        "classification": "",
        "confidence": "0.4",
        "model": "0123456789ab",
        "time": (START + timedelta(minutes=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "receipt": "valid",
        "question": f"question {number}",
        "second": "",
    }


@pytest.fixture
def model_folder(tmp_path: Path, sentences: list[tuple[str, str]]) -> Path:
    """A folder with a model of few units and drawn weights, that knows the words of the sentences."""
    import torch

    from training import LABELS
    from training.evaluation.regression import sentences as protected
    from training.evaluation.regression import words
    from training.network import export
    from training.network.rnn import Network, quantise

    torch.manual_seed(3)
    texts = [text for text, _ in sentences] + [text for _, text in protected()]
    known = sorted({word for text in texts for word in words(text)})
    vocabulary = ["<pad>", "<unk>", *known]
    vectors = torch.randn(len(vocabulary), 12) * 0.4
    vectors[0] = 0
    whole, scales = quantise(vectors)
    network = Network(whole * scales, 12, len(LABELS)).eval()
    folder = tmp_path / "model"
    export.save(network, vocabulary, LABELS, 0.3, {"task": "tests"}, folder)
    return folder
