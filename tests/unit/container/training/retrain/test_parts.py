"""Which texts are learned, which choose and which are compared on: by cluster, anew in each run, and only so many."""

from __future__ import annotations

from collections import Counter

from sentiment.text import SPECIAL, Tokenizer
from training.retrain import parts
from training.retrain.clusters import Clusters, Identity
from training.retrain.judgements import Collected, Judged

FIRST = 5_000  # id of the first word


def texts(count: int, time: str = "", label: str = "joy") -> dict[Identity, Judged]:
    """Texts of which no two are alike."""
    return {
        tuple(range(FIRST + 5 * number, FIRST + 5 * number + 5)): Judged(f"text {number}", label, 1, 1, time=time)
        for number in range(count)
    }


def named(some: list[Judged]) -> set[str]:
    return {one.text for one in some}


def test_every_text_has_one_part_and_shares_are_kept() -> None:
    found = parts.split(texts(2_000), (), b"salt")
    assert len(found.texts) == len(named(found.texts)) == 2_000
    assert abs(len(found.held) / 2_000 - parts.HELD_OUT) < 0.03
    assert abs(len(found.choosing) / 2_000 - parts.CHOOSING) < 0.03


def test_the_parts_are_drawn_anew_with_each_salt() -> None:
    held = [named(parts.split(texts(200), (), salt).held) for salt in (b"1", b"1", b"2")]
    assert held[0] == held[1] != held[2]


def test_the_variants_of_a_text_are_in_one_part_and_few() -> None:
    all_ = texts(100)
    for key in list(all_):
        for number in range(6):
            all_[(*key, number)] = Judged(f"{all_[key].text} again {number}", "joy", 1, 1)
    found = parts.split(all_, (), b"salt")
    for part in (found.learned, found.choosing, found.held):
        assert set(Counter(one.text.split(" again")[0] for one in part).values()) <= {3}
    origins = [{one.text.split(" again")[0] for one in part} for part in (found.learned, found.choosing, found.held)]
    assert sum(map(len, origins)) == len(set().union(*origins)) == 100
    assert (len(found.texts), found.crowded) == (100 * parts.MOST_OF_CLUSTER, 400)


def test_a_minute_has_only_so_many_texts() -> None:
    flood = texts(500, "2026-01-01T00:00:30.000Z")
    slow = {
        tuple(place + 1_000_000 for place in key): Judged(f"slow {number}", "joy", 1, 1, time=f"2026-02-01T00:{number}")
        for number, key in enumerate(texts(50))
    }
    found = parts.split(flood | slow, (), b"salt")
    assert sum(one.text.startswith("slow") for one in found.texts) == 50
    assert len(found.texts) == 50 + parts.MOST_A_MINUTE
    assert found.hurried == 500 - parts.MOST_A_MINUTE
    assert len(parts.split(flood, (), b"salt", hurried=True).texts) == 500
    assert len(parts.split(texts(500), (), b"salt").texts) == 500  # nobody knows when


def test_what_the_old_model_has_learned_is_not_compared_on() -> None:
    all_ = texts(200)
    found = parts.split(all_, set(all_), b"salt")
    assert (len(found.learned), found.held, found.choosing) == (200, [], [])


def test_of_very_many_texts_some_are_compared_on_and_the_rest_learned() -> None:
    some, many = parts.split(texts(100), (), b"salt"), parts.split(texts(30_000), (), b"salt")
    assert len(many.held) <= parts.MOST_HELD + parts.MOST_OF_CLUSTER
    assert len(many.choosing) <= parts.MOST_CHOOSING + parts.MOST_OF_CLUSTER
    assert len(many.texts) == 30_000
    assert len(some.texts) == 100


def test_what_is_compared_on_is_never_learned_and_a_new_word_hides_nothing() -> None:
    words = [f"word{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(200)]
    tokenizer = Tokenizer([*SPECIAL, *words])
    text, tested = " ".join(words[100:108]), " ".join(words[120:128])
    compared, part = Clusters.of([text], tokenizer), Clusters.of([tested], tokenizer)
    key = tuple(range(102, 110))
    settled = {
        key: Judged("the text", "joy", 1, 2),
        (*key[:-1], 50): Judged("a word of it is another", "joy", 1, 1),
        (*key, *range(202, 230)): Judged("words beside it that are new", "joy", 1, 1),
        tuple(range(122, 130)): Judged("of the test part", "joy", 1, 1),
        tuple(range(140, 148)): Judged("another", "joy", 1, 1),
    }
    found = Collected()
    kept = parts.unprotected(settled, compared, part, len(tokenizer.vocabulary), found)
    assert [one.text for one in kept.values()] == ["another"]
    assert (found.steps["protected"], found.steps["base"]) == (4, 1)
