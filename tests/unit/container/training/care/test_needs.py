"""The words that patterns need: no pattern matches where the index does not name it, and the file is fresh."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sentiment import care
from sentiment.care import patterns, spelling
from sentiment.index import Index
from training.care import compile as made
from training.care.needs import clauses
from training.evaluation import everyday

TEXTS = Path(__file__).parents[2] / "service" / "care.tsv"
WORDS = ("kill", "i", "my", "the", "me", "want", "he", "them", "end", "die", "bridge", "cut", "hits", "9", "a*", "of")
PIECES = int(os.environ.get("PIECES", "10000"))  # texts that are generated from patterns; 100,000 take half a minute
parser: Any = getattr(re, "_parser")  # noqa: B009


def test_the_file_is_what_the_patterns_make(tmp_path: Path) -> None:
    """Otherwise: make care."""
    made.write(tmp_path / "patterns.json")
    same = (tmp_path / "patterns.json").read_bytes() == patterns.FILE.read_bytes()
    assert same, "run `make care`"  # to show how half a megabyte differs takes minutes


def test_every_pattern_needs_some_word() -> None:
    read = json.loads(patterns.FILE.read_text(encoding="utf-8"))
    finds = [find for *_, found in read["rules"] for find in found]
    assert len(finds) > 500
    assert all(len(find) > 1 for find in finds)
    assert all(len(phrase) > 2 for phrase in read["phrases"])
    assert all(read["clauses"])


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("kill(?:ing)? myself", [{"kill", "killing"}, {"myself"}]),
        (r"suicid\w*", [{"suicid~"}]),
        (r"(?:my \w+ )?dies", [{"dies"}]),
        (r".{0,9}dies", []),
        (r".{0,9} dies", [{"dies"}]),
        (r".{0,9}\bdies", [{"dies"}]),
        ("un ?aliv(?:e|ing)", [{"alive", "aliving", "unalive", "unaliving"}, {"un", "unalive", "unaliving"}]),
        (r"(?:a|\w+)", []),
        (r"the (?:old )?(?:dog|cats?)(?= bark)", [{"cat", "cats", "dog"}, {"the"}]),
        (r"(?:no )*more", [{"more"}]),
        (r"(?:no ){1,9}more", [{"more"}]),  # of what is repeated, nothing is known of its neighbours
        (r"age \d+", [{"age"}]),
        (r"[0-9x] of", [{"of"}, set("0123456789x")]),
    ],
)
def test_needs_are_read_off_a_pattern(pattern: str, needed: list[set[str]]) -> None:
    found = clauses(pattern, len)
    assert sorted(map(sorted, found)) == sorted(map(sorted, needed))


@pytest.mark.parametrize("index", [patterns.FINDS, patterns.PHRASES], ids=["rules", "phrases"])
def test_no_pattern_matches_without_its_words(index: Index) -> None:
    """On texts made from each pattern: what it can match, as it stands and among other words."""
    chance = random.Random(7)
    matches = 0
    for number, pattern in enumerate(index.patterns):
        parsed = list(parser.parse(pattern._source))
        for _ in range(PIECES // len(index.patterns)):
            sentence = sample(parsed, chance)
            if chance.random() < 0.5:
                sentence = " ".join([*chance.choices(WORDS, k=2), sentence, *chance.choices(WORDS, k=2)])
            if pattern.search(sentence):
                matches += 1
                assert number in index.candidates(patterns.CLAUSES.words_of(sentence)), (pattern._source, sentence)
    assert matches > PIECES / 3


def test_the_index_changes_no_answer() -> None:
    texts = [line.partition("\t")[2] for line in TEXTS.read_text(encoding="utf-8").splitlines()[1::4]]
    for text in [*texts, *(one.text for one in everyday.sentences()[::4])]:
        assert list(care.topics(text)) == topics_without_index(text), text


def topics_without_index(text: str) -> list[str]:
    found = []
    for sentence, _ in unindexed_sentences(text):
        for rule in patterns.RULES:
            finds = [find for find, of in zip(patterns.FINDS.patterns, patterns.RULE_OF, strict=True) if of is rule]
            if any(find.search(sentence) for find in finds) and not (rule.unless and rule.unless.search(sentence)):
                found.append(rule.topic)
    return found


def unindexed_sentences(text: str) -> Sequence[tuple[str, object]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spelling.PHRASES, "candidates", lambda words: list(range(len(patterns.PHRASES.patterns))))
        return list(spelling.sentences(text))


def sample(nodes: list[Any], chance: random.Random) -> str:
    """A text that a parsed pattern can match, apart from what it asks of the words around it."""
    return "".join(sample_of_node(kind, value, chance) for kind, value in nodes)


def sample_of_node(kind: Any, value: Any, chance: random.Random) -> str:
    if kind is parser.LITERAL:
        return chr(value)
    if kind is parser.ANY:
        return chance.choice("abcs   ")
    if kind is parser.IN:
        return sample_of_set(value, chance)
    if kind is parser.SUBPATTERN:
        return sample(list(value[-1]), chance)
    if kind is parser.BRANCH:
        return sample(list(chance.choice(value[1])), chance)
    if kind in (parser.MAX_REPEAT, parser.MIN_REPEAT):
        times = chance.randint(value[0], min(value[1], value[0] + 4))
        return "".join(sample(list(value[2]), chance) for _ in range(times))
    assert kind in (parser.AT, parser.ASSERT, parser.ASSERT_NOT), kind
    return ""


def sample_of_set(members: list[Any], chance: random.Random) -> str:
    kind, value = chance.choice(members)
    if kind is parser.CATEGORY:
        return chance.choice("0123456789" if value is parser.CATEGORY_DIGIT else "abcdefgs")
    return chr(chance.randint(*value)) if kind is parser.RANGE else chr(value)
