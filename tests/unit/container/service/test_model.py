from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from generator import catalogue
from sentiment.model import Model, ModelError
from sentiment.settings import MODEL_DIRECTORY
from tests.unit.container.service.support import write_model

Change = Callable[[str, str], Model]


def test_the_shipped_model_knows_the_catalogue_s_labels(model: Model) -> None:
    assert model.labels == catalogue.LABELS


def test_its_revision_is_in_its_file_s_name(model: Model) -> None:
    assert [path.name for path in MODEL_DIRECTORY.glob("*.onnx")] == [f"sentiment-{model.revision}.onnx"]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I was overjoyed when I passed my exam and all my friends celebrated with me.", "joy"),
        ("My grandmother died and I could not stop crying at her funeral.", "sadness"),
        ("I was alone in the dark forest and heard someone walking behind me.", "fear"),
    ],
)
def test_it_tells_plain_feelings_apart(model: Model, text: str, label: str) -> None:
    prediction = model.predict(text)
    assert prediction.classification == label
    assert prediction.confidence == prediction.scores[label] == max(prediction.scores.values())
    assert sum(prediction.scores.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["", "zzqxv wqzzk", "https://example.com/love", "12 34", "...!?", "Ωχ τι κρίμα"])
def test_without_a_known_word_it_cannot_tell(model: Model, text: str) -> None:
    prediction = model.predict(text)
    assert prediction.classification is None
    assert prediction.confidence == 0
    assert set(prediction.scores) == set(catalogue.LABELS)
    assert len(set(prediction.scores.values())) == 1
    assert sum(prediction.scores.values()) == pytest.approx(1, abs=1e-5)


def test_below_its_threshold_it_cannot_tell_but_shows_what_it_saw(changed_model: Change) -> None:
    prediction = changed_model("threshold", "1.0001").predict("I was so happy to see my friend again")
    assert prediction.classification is None
    assert 0 < prediction.confidence == max(prediction.scores.values())


def test_at_its_threshold_it_tells(changed_model: Change) -> None:
    assert changed_model("threshold", "0").predict("I was so happy to see my friend again").classification


@pytest.mark.parametrize(
    ("key", "value"),
    [("threshold", "high"), ("labels", "anger, joy"), ("card", "[1]"), ("vocabulary", "just\nwords")],
)
def test_metadata_that_cannot_be_read_is_refused(changed_model: Change, key: str, value: str) -> None:
    with pytest.raises(ModelError, match="metadata"):
        changed_model(key, value)


def test_a_model_that_was_changed_is_refused(tmp_path: Path) -> None:
    (shipped,) = MODEL_DIRECTORY.glob("*.onnx")
    content = bytearray(shipped.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / shipped.name).write_bytes(content)
    with pytest.raises(ModelError, match="damaged or was changed"):
        Model.find(tmp_path)


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a graph"):
        Model(write_model(tmp_path, b"no graph"))


def test_a_name_without_a_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sentiment-latest.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match="not named"):
        Model.find(tmp_path)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds: none"):
        Model.find(tmp_path)


def test_a_folder_with_two_models_is_refused(tmp_path: Path) -> None:
    first, second = write_model(tmp_path, b"1"), write_model(tmp_path, b"2")
    with pytest.raises(ModelError) as error:
        Model.find(tmp_path)
    assert first.name in str(error.value)
    assert second.name in str(error.value)
