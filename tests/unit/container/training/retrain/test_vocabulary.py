"""Words that people use and the model does not know: which get a vector, and what it does."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")

from sentiment.text import SPECIAL, Tokenizer  # noqa: E402
from training import LABELS  # noqa: E402
from training.network.rnn import Network  # noqa: E402
from training.retrain import finetune, vocabulary  # noqa: E402
from training.retrain.finetune import Lesson  # noqa: E402

TOKENIZER = Tokenizer([*SPECIAL, "we", "are", "so", "today", "\U0001f389"])


def used(word: str, texts: int, minutes: int) -> list[tuple[str, str]]:
    return [(f"2026-01-01T00:{number % minutes:02}", f"we are {word} today {number}") for number in range(texts)]


@pytest.mark.parametrize(
    ("texts", "new"),
    [
        (used("frabjous", 5, 3), ["frabjous"]),
        (used("Frabjous!", 5, 3), ["frabjous"]),
        (used("frabjous", 4, 4), []),  # too seldom
        (used("frabjous", 500, 2), []),  # of two senders, as far as anybody knows
        ([("", text) for _, text in used("frabjous", 5, 1)], ["frabjous"]),  # nobody knows when
        (used("\U0001fae8", 5, 3), ["\U0001fae8"]),
        (used("\U0001f389", 5, 3), []),  # known
        (used("todya", 5, 3), []),  # a slip that is corrected
        (used("12345", 5, 3), []),
        (used("#frabjous", 5, 3), []),
        (used("<b> http://frabjous.com", 5, 3), []),
        ([("", "frabjous " * 500)], []),
    ],
)
def test_a_word_that_several_people_use_often_is_new(texts: list[tuple[str, str]], new: list[str]) -> None:
    assert vocabulary.unknown(texts, TOKENIZER) == new
    assert vocabulary.unknown(texts, TOKENIZER, emoji_only=True) == [one for one in new if not one.isalpha()]


def test_the_commonest_come_first_and_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "MOST", 2)
    texts = used("rare", 5, 3) + used("commonest", 9, 3) + used("frequent", 7, 3)
    assert vocabulary.unknown(texts, TOKENIZER) == ["commonest", "frequent"]


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(torch.randn(7, 8), 6, len(LABELS)).eval()


def test_a_grown_network_says_what_the_old_one_said(network: Network) -> None:
    grown, tokenizer = vocabulary.grown(network, TOKENIZER, ["frabjous"])
    text = "we are so frabjous today"
    assert TOKENIZER.encode(text)[3] == 1 and tokenizer.encode(text)[3] == 7
    before, after = (
        finetune.answers(one, [Lesson(reader.encode(text))])
        for one, reader in ((network, TOKENIZER), (grown, tokenizer))
    )
    assert torch.equal(before, after)
    assert vocabulary.grown(network, TOKENIZER, []) == (network, TOKENIZER)
    assert len(network.embedding.weight) == 7


def test_new_words_and_emoji_are_learned_and_the_others_stay(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RATE": 0.02, "VECTOR_RATE": 0.05, "TRUST": 1.0}.items():
        monkeypatch.setattr(finetune, name, value)
    grown, tokenizer = vocabulary.grown(network, TOKENIZER, ["frabjous", "\U0001fae8"])
    meant = (("frabjous", ("joy",)), ("\U0001fae8", ("fear",)))
    judged = [
        Lesson(tokenizer.encode(f"{start} {word}"), label, 1.0) for word, label in meant for start in ("we", "so") * 9
    ]
    network = finetune.tune(grown, judged, [Lesson(tokenizer.encode("we are today"))], 0)
    said = finetune.answers(network, [Lesson(tokenizer.encode(f"today {word}")) for word, _ in meant])
    assert [LABELS[place] for place in said.argmax(1)] == ["joy", "fear"]
