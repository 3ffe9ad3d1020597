"""The counters: which item and attribute a judgement adds to, and what all shards hold together."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from shared import counters
from shared.counters import Kind


def test_shards_are_stable_and_shared_evenly() -> None:
    assert counters.shard("0b0ff5b2-6f0c-4c39-9a52-d1f1cf7e6f0d") == 5
    chance = random.Random(7)
    used = Counter(counters.shard(f"{chance.getrandbits(128):032x}") for _ in range(16_000))
    assert set(used) == set(range(16))
    assert max(used.values()) < 1_200


def test_shards_of_a_model_add_up() -> None:
    items = [
        {"model": {"S": "a"}, "shard": {"N": "1"}, "joy>joy": {"N": "3"}, "joy>fear": {"N": "1"}},
        {"model": {"S": "a"}, "shard": {"N": "2"}, "joy>joy": {"N": "4"}},
        {"model": {"S": "b"}, "shard": {"N": "1"}, counters.counter(Kind(counters.NONE, "joy")): {"N": "2"}},
    ]
    assert counters.tally(items) == {
        "a": {Kind("joy", "joy"): 7, Kind("joy", "fear"): 1},
        "b": {Kind("none", "joy"): 2},
    }


def test_names_of_counters_are_read_back():
    kinds = [
        Kind("joy", "fear"),
        Kind("none", "none", "", blind=True),
        Kind("joy", "fear", "joy", blind=True),
        Kind("a", "b", "c"),
        Kind("joy", "fear", first=True),
        Kind("joy", "fear", "joy", after=True),
    ]
    item = {"model": {"S": "a"}, "shard": {"N": "1"}, **{counters.counter(kind): {"N": "1"} for kind in kinds}}
    assert counters.counter(kinds[0]) == "joy>fear"
    assert counters.tally([item]) == {"a": dict.fromkeys(kinds, 1)}


def test_what_was_taken_back_leaves_nothing():
    items = [
        {"model": {"S": "a"}, "shard": {"N": "1"}, "joy>joy": {"N": "-1"}, "joy>fear": {"N": "0"}},
        {"model": {"S": "a"}, "shard": {"N": "2"}, "joy>joy": {"N": "1"}},
        {"model": {"S": "b"}, "shard": {"N": "2"}, "joy>joy": {"N": "0"}},
    ]
    assert counters.tally(items) == {}


@pytest.mark.parametrize(
    ("said", "before", "now"),
    [
        (Kind("joy", "fear"), (), ("joy>fear", "")),
        (Kind("joy", "fear", blind=True), (), ("joy>fear~blind", "")),
        (Kind("joy", "fear", blind=True), ("joy>joy",), ("joy>fear", "")),
        (Kind("joy", "fear"), ("joy>joy~blind",), ("joy>fear~after", "joy>joy~first")),
        (Kind("joy", "joy"), ("joy>joy~blind",), ("joy>joy~after", "joy>joy~first")),
        (Kind("joy", "joy", "fear"), ("joy>fear~after", "joy>joy~first"), ("joy>joy+fear~after", "joy>joy~first")),
    ],
)
def test_a_question_moves_from_counter_to_counter(said: Kind, before: tuple[str, ...], now: tuple[str, str]) -> None:
    """Entries from before there were first words name one counter, a blind one or not."""
    assert counters.counted(said, *before) == now
