"""The everyday sentences are balanced, each there once, and share nothing with what is trained on."""

from collections import Counter

from generator import catalogue
from training.evaluation import everyday, regression
from training.texts import examples

RUN = 8  # words in a row


def test_labels_kinds_and_parts_are_balanced() -> None:
    sentences = [one for one in everyday.sentences() if one.part not in ("fresh", "accounts")]
    felt = [one for one in sentences if one.label != everyday.NONE]
    counts = Counter((one.label, one.kind, one.part) for one in felt)
    cells = [
        (label, kind, part)
        for label in catalogue.LABELS
        for kind in ("named", "event")
        for part in ("validation", "test")
    ]
    later = {(label, kind, "later"): 30 for label in catalogue.LABELS for kind in ("named", "event")}
    assert counts == dict.fromkeys(cells, 10) | later
    neutral = [one for one in sentences if one.label == everyday.NONE]
    assert Counter(one.part for one in neutral) == {"validation": 40, "test": 40, "later": 140}


def test_parts_that_were_thinned_out_have_nine_of_each_label_and_more() -> None:
    counts = Counter((one.label, one.part) for one in everyday.sentences() if one.part in ("fresh", "accounts"))
    assert min(counts[label, part] for label in catalogue.LABELS for part in ("fresh", "accounts")) >= 9
    assert counts[everyday.NONE, "fresh"] == 66


def test_each_sentence_is_there_once() -> None:
    texts = Counter(regression.words(one.text) for one in everyday.sentences())
    assert texts.total() == 1248
    assert not [words for words, count in texts.items() if count > 1]


def test_no_training_text_of_our_own_repeats_one() -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = regression.words(text)
        return {words[start : start + RUN] for start in range(max(1, len(words) - RUN + 1))}

    held_out = {run: one.text for one in everyday.sentences() for run in runs(one.text)}
    trained = [text for label, text in examples.to_learn() if label in catalogue.LABELS]
    shared = [(text, held_out[run]) for text in trained for run in runs(text) if run in held_out]
    assert not shared
