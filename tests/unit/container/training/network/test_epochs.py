"""What the RNN is shown: variations, sentences of our own, targets with and without a teacher."""

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")

from sentiment.text import ALLCAPS, UNKNOWN, Tokenizer  # noqa: E402
from training import LABELS  # noqa: E402
from training.network.epochs import Distilled, Epochs, Settings, drawn  # noqa: E402
from training.texts import augment, corpus, data, denials, examples, people, statements, transfer  # noqa: E402
from training.texts.foreign import foreign, read  # noqa: E402
from training.texts.statements import statement  # noqa: E402

pytestmark = pytest.mark.torch
TOKENIZER = Tokenizer(("<pad>", "<unk>", "when", "i", "won", "lost", "we", "met", "again", "der", ".", ALLCAPS))
SETTINGS = Settings(
    batch=2,
    smoothing=0.1,
    gold=0.5,
    neutral_gold=0.8,
    other_gold=0.4,
    labelled=70,
    neutral=10,
    transfer=1,
    emoji=10,
    noise=1,
    statements=1,
    retold=0.0,
    joined=0,
    shouted=0.0,
    tied=False,
)


@pytest.fixture(autouse=True)
def one_sentence_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "to_learn", lambda: [("fear", "I lost again .")])


def split() -> data.Split:
    rows = [
        data.Row("1", "I won", "joy", {}),
        data.Row("2", "I lost", "sadness", {}),
        data.Row("3", "We met", "joy", {}),
    ]
    return data.Split(train=rows, validation=[], test=[])


OTHERS = [
    corpus.Example("when we met again", corpus.UNLABELLED, corpus.TRANSFER),
    corpus.Example("again", corpus.UNLABELLED, corpus.TRANSFER),
    corpus.Example("der", "anger", corpus.UTTERANCES),
    corpus.Example("met .", corpus.NONE, "edos"),
    corpus.Example("we again", corpus.OTHER, corpus.SITUATIONS),
    corpus.Example("der .", corpus.UNLABELLED, corpus.EMOJI),
]


def distilled() -> Distilled:
    texts = ["I won", "won", "I lost", "lost", "We met", "met", *(one.text for one in OTHERS)]
    surely = torch.zeros(len(texts), len(LABELS))
    surely[:, LABELS.index("fear")] = 1
    return Distilled(texts, variants=1, probabilities=surely, others=OTHERS)


def shown(epochs: Epochs, seed: int = 0) -> list[tuple[list[int], list[float]]]:
    return [
        (tokens[:length].tolist(), target.tolist())
        for batch in epochs.epoch(Random(seed))
        for tokens, length, target in zip(batch.tokens, batch.lengths, batch.targets, strict=True)
    ]


def test_labels_alone_give_smoothed_targets_and_every_text_once() -> None:
    epochs = Epochs(split(), None, TOKENIZER, SETTINGS)
    assert len(epochs.epoch(Random(0))) == epochs.batches_an_epoch() == 2
    sure = [target for ids, target in shown(epochs) if ids in ([3, 4], [3, 5], [6, 7])]
    assert sorted(LABELS[target.index(max(target))] for target in sure) == ["joy", "joy", "sadness"]
    assert [max(target) for target in sure] == pytest.approx([0.9 + 0.1 / 7] * 3)


def test_sentences_of_our_own_come_once_an_epoch() -> None:
    epochs = Epochs(split(), None, TOKENIZER, SETTINGS)
    ours = [target for _, target in shown(epochs) if target[LABELS.index("fear")] == pytest.approx(0.9 + 0.1 / 7)]
    assert len(ours) == 1


def test_every_target_sums_to_one() -> None:
    for known in (None, distilled()):
        for batch in Epochs(split(), known, TOKENIZER, SETTINGS).epoch(Random(1)):
            assert batch.targets.sum(1).tolist() == pytest.approx([1.0] * len(batch.targets))
            assert batch.tokens.shape[0] == len(batch.lengths) == len(batch.targets)


def test_a_teacher_adds_one_variant_of_each_response_and_others() -> None:
    epochs = Epochs(split(), distilled(), TOKENIZER, SETTINGS)
    assert len(epochs.epoch(Random(0))) == epochs.batches_an_epoch() == 5
    ids = [ids for ids, _ in shown(epochs)]
    assert all(wanted in ids for wanted in ([3, 4], [4], [3, 5], [5], [6, 7], [7], [9], [7, 10], [9, 10]))
    assert sum(wanted in ids for wanted in ([2, 6, 7, 8], [8], [6, 8])) == 1


def test_a_teachers_word_counts_beside_the_label() -> None:
    epochs = Epochs(split(), distilled(), TOKENIZER, SETTINGS)
    joy, fear, anger = (LABELS.index(label) for label in ("joy", "fear", "anger"))
    assert float(epochs.targets[0, joy]) == pytest.approx(0.5 * (0.9 + 0.1 / 7))
    assert float(epochs.targets[1, joy]) == pytest.approx(float(epochs.targets[0, joy]))
    assert float(epochs.targets[6, fear]) == pytest.approx(1)
    assert float(epochs.targets[8, anger]) == pytest.approx(0.5 * (0.9 + 0.1 / 7))
    assert epochs.targets[9].tolist() == pytest.approx([0.8 / 7] * 2 + [0.8 / 7 + 0.2] + [0.8 / 7] * 4)
    assert float(epochs.targets[10, joy]) == pytest.approx(0.4 / 7)
    assert float(epochs.targets[11, fear]) == pytest.approx(1)


def test_labels_of_other_sets_are_drawn_alike_and_by_what_they_are_trusted() -> None:
    epochs = Epochs(split(), distilled(), TOKENIZER, SETTINGS)
    assert [(places, wanted) for places, _, wanted in epochs.drawn] == [
        ([8], 10),
        ([9], 10),
        ([11], 10),
        ([6, 7, 10], 1),
    ]
    random = Random(1)
    found = [drawn([1, 2, 3], [0.1, 1.0, 0.0], 1, random)[0] for _ in range(300)]
    assert found.count(3) == 0 and 1 <= found.count(1) < 60
    assert sorted(drawn([1, 2, 3], [0.1, 1.0, 0.3], 3, random)) == [1, 2, 3]


def test_some_texts_are_shown_in_capitals() -> None:
    epochs = Epochs(split(), distilled(), TOKENIZER, replace(SETTINGS, shouted=1.0))
    assert [3, 4, 11] in [ids for ids, _ in shown(epochs)]
    assert augment.Shout(TOKENIZER.vocabulary[:-1], ALLCAPS)([3, 4]) == [3, 4]


def test_ordinary_sentences_have_even_targets() -> None:
    made = [statement(Random(seed)) for seed in range(400)]
    ordinary = [meant for _, meant in made if max(meant) < 0.15]
    assert 80 < len(ordinary) < 200
    random = Random(2)
    texts = [people.ordinary(random) for _ in range(300)]
    assert not [text for text in texts if "{" in text or not text.strip()]


def test_variation_takes_from_the_text_and_adds_nothing() -> None:
    random, text = Random(3), list(range(2, 32))
    varied = [augment.vary(text, random, frozenset({2})) for _ in range(200)]
    assert all(set(ids) <= set(text) and len(ids) >= augment.SHORTEST for ids in varied)
    assert {len(ids) for ids in varied} != {30}
    assert augment.vary([5], random, frozenset({5})) == [5]


def test_nonsense_is_mostly_unknown_or_foreign() -> None:
    random = Random(4)
    texts = [augment.nonsense(random, [9], 11) for _ in range(300)]
    assert all(1 <= len(ids) <= 25 and all(UNKNOWN <= place < 11 for place in ids) for ids in texts)
    assert sum(ids.count(UNKNOWN) for ids in texts) > sum(map(len, texts)) / 2


def test_responses_are_told_by_others_too() -> None:
    def told(retold: float) -> Epochs:
        return Epochs(split(), None, TOKENIZER, replace(SETTINGS, retold=retold))

    heard = {seed: [ids for ids, _ in shown(told(1.0), seed)] for seed in range(4)}
    assert any([UNKNOWN, 4] in ids for ids in heard.values())  # "He won", of which this vocabulary knows one word
    assert all([3, 4] in [ids for ids, _ in shown(told(0.0), seed)] for seed in range(4))


def test_responses_of_one_label_are_joined() -> None:
    epochs = Epochs(split(), None, TOKENIZER, replace(SETTINGS, joined=6))
    assert len(epochs.epoch(Random(0))) == epochs.batches_an_epoch() == 5
    long = [(ids, target) for ids, target in shown(epochs) if len(ids) >= 4 and not {UNKNOWN, 5, 8, 9} & set(ids)]
    assert long
    for ids, target in long:  # the two of joy, twice to four times
        assert set(zip(ids[::2], ids[1::2], strict=True)) <= {(3, 4), (6, 7)} and 4 <= len(ids) <= 8
        assert target[LABELS.index("joy")] == pytest.approx(0.9 + 0.1 / 7)


def test_other_languages_come_one_at_a_time() -> None:
    random = Random(8)
    texts = [foreign(random) for _ in range(300)]
    words = {language: set(" ".join(sentences).split()) for language, sentences in read().items()}
    assert len(words) >= 10
    assert all(any({*text.replace(". ", " ").split()} <= known for known in words.values()) for text in texts)
    assert {len(text.split()) for text in texts} >= {1, 2, 9, 14}


def test_statements_name_deny_or_state() -> None:
    random = Random(5)
    made = [statement(random) for _ in range(400)]
    assert all(sum(meant) == pytest.approx(1) for _, meant in made)
    assert {"The", "I"} <= {text.split()[0] for text, _ in made}
    sure = {statements.SHOWN, statements.SAID, statements.SURE}
    assert {round(max(meant), 2) for _, meant in made} == {0.14, 0.3, 0.38, statements.SURE / 2} | sure


@pytest.mark.parametrize("label", LABELS)
def test_a_denied_feeling_is_anything_but_itself(label: str) -> None:
    random = Random(6)
    meant = denials.anything_but(label)
    assert meant[label] < 0.05 and sum(meant.values()) == pytest.approx(1)
    assert max(meant.values()) < 0.4  # so sure of nothing that it is no answer
    sign = re.compile(
        r"n't\b|\b(not?|never|no longer|nobody|none|neither|hardly|far|anything|without|free|stopped|done|refuse|doubt|"
        r"nothing)\b",
        re.IGNORECASE,
    )
    texts = [denials.denied(label, "glum", random) for _ in range(500)]
    assert [text for text in texts if not sign.search(text)] == []
    assert sum("glum" in text for text in texts) > 250


def test_not_every_not_denies() -> None:
    random = Random(7)
    texts = [denials.still("glum", random) for _ in range(200)]
    assert all("glum" in text.lower() for text in texts) and len(set(texts)) > 20
    told = denials.instead("glum", "merry", random)
    assert "glum" in told and "merry" in told
    made = [statement(Random(seed)) for seed in range(400)]
    assert {max(meant) for text, meant in made if "never been so" in text} == {statements.SURE}


@pytest.mark.parametrize("seed", range(6))
def test_retelling_changes_person_or_time(seed: int) -> None:
    told = transfer.retold("When I was late I felt that my boss saw me.", Random(seed))
    words = set(told.lower().replace(".", "").split())
    assert not {"i", "my", "me"} <= words or {"am", "feel"} <= words
    assert len(told.split()) == 11


def test_strangers_come_once_and_without_placeholders(tmp_path: Path) -> None:
    (tmp_path / "goemotions").mkdir()
    (tmp_path / "emobank").mkdir()
    for name in ("train", "dev", "test"):
        (tmp_path / "goemotions" / f"{name}.tsv").write_text("[NAME] won the race!\t1\ta\nOh no\t2\tb\n", "utf-8")
    (tmp_path / "emobank" / "emobank.csv").write_text('id,text\n1,"Well, he ran."\n', "utf-8")
    assert list(transfer.strangers(tmp_path)) == ["Sam won the race!", "Well, he ran."]


def test_comments_get_the_nearest_label_or_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "goemotions").mkdir()
    lines = ["I won the race\t17\ta", "So sorry for that\t24,25\tb", "Where is the book?\t7\tc", "It is a book\t27\td"]
    (tmp_path / "goemotions" / "train.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    assert list(transfer.labelled(tmp_path, "train")) == [("joy", "I won the race"), ("none", "It is a book")]


def test_says_which_folder_of_texts_is_missing(tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match="TEXTS=folder"):
        list(transfer.strangers(tmp_path))
