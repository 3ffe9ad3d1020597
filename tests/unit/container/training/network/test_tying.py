"""Identities, names and numbers share a vector each, so that one in place of another changes nothing."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")

from sentiment.text import Tokenizer  # noqa: E402
from training import LABELS  # noqa: E402
from training.network import batches, tying  # noqa: E402
from training.network.rnn import Network  # noqa: E402
from training.texts import people  # noqa: E402

pytestmark = pytest.mark.torch
WORDS = ("<pad>", "<unk>", "met", "ahmed", "7", "french", "maria", "42", "muslim", "poor")


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer(tying.extended(WORDS))


def test_a_vocabulary_is_extended_by_all_that_it_lacks(tokenizer: Tokenizer) -> None:
    assert tokenizer.vocabulary[: len(WORDS)] == WORDS
    assert {*people.names(), *people.identities()} <= {*tokenizer.vocabulary}
    assert len(set(tokenizer.vocabulary)) == len(tokenizer.vocabulary)
    assert len(people.names()) > 200 and len(people.identities()) > 60


def test_texts_are_shown_with_the_representatives(tokenizer: Tokenizer) -> None:
    tied = tying.Tied(tokenizer.vocabulary)
    one, other = (tied(tokenizer.encode(text)) for text in ("French Maria met 42 poor", "Muslim Ahmed met 7 poor"))
    assert one == other
    assert one[2] == WORDS.index("met") and one[4] == WORDS.index("poor")
    assert tying.Tied(())([1, 2, 3]) == [1, 2, 3]


def test_swapping_them_changes_no_prediction(tokenizer: Tokenizer) -> None:
    tied = tying.Tied(tokenizer.vocabulary)
    start = torch.randn(len(tokenizer.vocabulary), 8)
    network = Network(start, 4, len(LABELS)).eval()

    def said(text: str) -> list[float]:
        return network(*batches.pad([tokenizer.encode(text)])).tolist()[0]

    assert said("French Maria met 42") != said("Hindu Zoe met 7")
    tied.average(network, known=len(WORDS))
    vectors = network.embedding.weight.detach()
    assert torch.allclose(vectors[tokenizer.encode("zoe")[0]], start[[3, 6]].mean(0))
    assert said("French Maria met 42") == said("Hindu Zoe met 7")
    vectors[tied.groups[1][0]] += 1
    assert said("Maria met Zoe") != said("Maria met Ahmed")
    tied.copy(network)
    assert said("Maria met Zoe") == said("Maria met Ahmed")
