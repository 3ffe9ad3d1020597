"""The network and its export: padding changes nothing, and ONNX Runtime says what torch says."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")
pytest.importorskip("onnx", reason="onnx is not installed: `make train-env` installs it")

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402

from sentiment.model import Model  # noqa: E402
from training import LABELS  # noqa: E402
from training.network import batches, export  # noqa: E402
from training.network.rnn import Network, quantise, unsmoothed  # noqa: E402

pytestmark = pytest.mark.torch
WORDS = ("<pad>", "<unk>", *(f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"))


@pytest.fixture(params=[(1, False), (2, True)], ids=["one layer", "two layers and attention"])
def network(request: pytest.FixtureRequest) -> Network:
    layers, attention = request.param
    torch.manual_seed(1)
    vectors = torch.randn(len(WORDS), 12)
    vectors[0] = 0
    made = Network(vectors, 6, len(LABELS), dropout=0.5, word_dropout=0.5, layers=layers, attention=attention).eval()
    made.smoothing = 0.1 * (layers - 1)
    whole, scales = quantise(made.embedding.weight.detach())
    made.embedding.weight.data = whole * scales
    return made


@pytest.fixture
def texts() -> list[list[int]]:
    random = np.random.default_rng(2)
    return [random.integers(1, len(WORDS), length).tolist() for length in (1, 7, 2, 30, 13, 1, 400)]


@pytest.fixture
def artefact(network: Network, tmp_path: Path) -> Path:
    (tmp_path / "sentiment-000000000000.onnx").write_bytes(b"an earlier model")
    return export.save(network, WORDS, LABELS, 0.4, {"seed": 1}, tmp_path)


def test_padding_changes_nothing(network: Network, texts: list[list[int]]) -> None:
    together = network(*batches.pad(texts))
    alone = torch.cat([network(*batches.pad([text])) for text in texts])
    assert torch.allclose(together, alone, atol=1e-6)


def test_both_directions_read_the_whole_text(network: Network) -> None:
    first, last, middle = (network(*batches.pad([ids])) for ids in ([5, 3, 4], [2, 3, 5], [2, 5, 4]))
    assert not torch.allclose(first, last) and not torch.allclose(last, middle)


def test_word_dropout_is_for_training_only(network: Network) -> None:
    batch = batches.pad([[3, 4, 5, 6]])
    assert torch.equal(network(*batch), network(*batch))
    network.train()
    assert not torch.equal(network(*batch), network(*batch))


def test_what_smoothing_spread_over_all_labels_is_taken_back() -> None:
    meant = torch.tensor([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]])
    smoothed = 0.9 * meant + 0.1 / 3
    assert torch.allclose(unsmoothed(smoothed, 0.1), meant, atol=1e-3)
    assert torch.equal(unsmoothed(smoothed, 0.0), smoothed)
    assert float(unsmoothed(torch.tensor([[0.99, 0.005, 0.005]]), 0.1).min()) > 0


def test_quantised_vectors_stay_near() -> None:
    vectors = torch.randn(50, 16)
    whole, scales = quantise(vectors)
    assert whole.dtype == torch.int8
    assert (whole * scales - vectors).abs().max() <= vectors.abs().max() / 254 + 1e-6


def test_the_artefact_says_what_torch_says(network: Network, artefact: Path, texts: list[list[int]]) -> None:
    tokens, lengths = batches.pad(texts)
    session = onnxruntime.InferenceSession(artefact, providers=["CPUExecutionProvider"])
    [found] = session.run(["probabilities"], {"tokens": tokens.numpy(), "lengths": lengths.numpy()})
    assert np.allclose(found, network.probabilities(tokens, lengths).detach().numpy(), atol=1e-5)
    for row, text in enumerate(texts):
        single = {"tokens": np.array([text]), "lengths": np.array([len(text)])}
        assert np.allclose(session.run(None, single)[0][0], found[row], atol=1e-6)


def test_the_artefact_replaces_the_last_one_and_carries_what_it_needs(artefact: Path) -> None:
    assert [path.name for path in artefact.parent.glob("*.onnx")] == [artefact.name]
    metadata = onnxruntime.InferenceSession(artefact).get_modelmeta().custom_metadata_map
    assert json.loads(metadata["labels"]) == list(LABELS)
    assert metadata["vocabulary"].split("\n") == list(WORDS)
    assert json.loads(metadata["threshold"]) == 0.4
    assert json.loads(metadata["card"]) == {"seed": 1}


def test_the_artefact_can_be_read_back_into_torch(network: Network, artefact: Path, texts: list[list[int]]) -> None:
    batch = batches.pad(texts)
    again = export.load(artefact)
    assert torch.allclose(again(*batch), network(*batch), atol=1e-5)
    assert again.smoothing == pytest.approx(network.smoothing)


def test_the_same_network_gives_the_same_file(network: Network, artefact: Path, tmp_path: Path) -> None:
    again = export.save(network, WORDS, LABELS, 0.4, {"seed": 1}, tmp_path / "again")
    assert (again.name, again.read_bytes()) == (artefact.name, artefact.read_bytes())


def test_the_service_reads_the_artefact(artefact: Path) -> None:
    prediction = Model.find(artefact.parent).predict("worda wordb, wordc")
    assert sum(prediction.scores.values()) == pytest.approx(1, abs=1e-4)
    assert set(prediction.scores) == set(LABELS)
