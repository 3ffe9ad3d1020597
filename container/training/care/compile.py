"""Turns the reviewed patterns (patterns.toml) into what the service reads, with the words that each of them needs."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from sentiment.index import HEAD, STEM
from training.care.needs import Clause, clauses
from training.evaluation import everyday

PATTERNS = Path(__file__).with_name("patterns.toml")
SHIPPED = Path(__file__).parents[2] / "sentiment" / "care" / "patterns.json"
_LARGEST = 100  # words in a second clause; larger ones are hardly ever of use


def compiled() -> dict[str, Any]:
    """Words, phrases and rules as care.py reads them.

    Returns:
        ``words``: each slip with its right spelling; ``phrases``: pattern, replacement, clauses; ``rules``: topic,
        pattern that excludes (or None), patterns that find, each with its clauses; ``clauses``: numbers of words, in
        ``needed``.
    """
    read = tomllib.loads(PATTERNS.read_text(encoding="utf-8"))
    numbers: dict[Clause, int] = {}

    def needs(pattern: str) -> list[int]:
        first, *others = clauses(pattern, _frequency)  # none without: checked by the tests
        kept = [first, *(one for one in others[:1] if len(one) <= _LARGEST)]
        return [numbers.setdefault(one, len(numbers)) for one in kept]

    phrases = [[found, meant, *needs(found)] for found, meant in read["phrases"].items()]
    rules = []
    for topic, found in read.items():
        for rule in found if isinstance(found, list) else []:
            lines = [_filled(line, read["groups"]) for line in rule["find"]]
            finds = [[one, *needs(one)] for line in lines for one in _alternatives(line)]
            unless = [_filled(line, read["groups"]) for line in rule.get("unless", [])]
            rules.append([topic, "|".join(unless) or None, finds])
    words = sorted(set().union(*numbers))
    return {
        "words": _slips(**read["slips"]) | read["words"],
        "phrases": phrases,
        "rules": rules,
        "needed": words,
        "clauses": [sorted(map(words.index, clause)) for clause in numbers],
    }


def _slips(of: list[str], real: list[str]) -> dict[str, str]:
    """Words with a letter too few, a letter twice or two letters in the wrong order, each with the right one."""
    found: dict[str, str] = {}
    for word in of:
        parts = [(word[:at], word[at:]) for at in range(1, len(word))]
        slips = {before + after[1:] for before, after in parts if len(after) > 1}
        slips |= {before + before[-1] + after for before, after in parts}
        slips |= {before[:-1] + after[0] + before[-1] + after[1:] for before, after in parts}
        found |= {slip: word for slip in sorted(slips) if slip not in (*of, *real) and not _frequencies()[slip]}
    return found


def _filled(pattern: str, groups: dict[str, str]) -> str:
    while found := re.search(r"<([a-z_]+)>", pattern):
        pattern = pattern.replace(found[0], groups[found[1]])
    return pattern


def _alternatives(pattern: str) -> Iterator[str]:
    """The alternatives of a pattern at its top level."""
    depth, start, sets, at = 0, 0, False, 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 1
        elif sets:
            sets = sign != "]"
        elif sign == "[":
            sets = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and not depth:
            yield pattern[start:at]
            start = at + 1
        at += 1
    yield pattern[start:]


@cache
def _frequencies() -> Counter[str]:
    found: Counter[str] = Counter()
    for sentence in everyday.sentences():
        for word in set(re.findall(r"[a-z0-9]+", sentence.text.lower().replace("'", ""))):
            found[word] += 1
            found.update({word[:length] + STEM for length in range(HEAD, len(word) + 1)})
    return found


def _frequency(word: str) -> int:
    return 10 * _frequencies()[word] + 1  # whole, so that no sum of them depends on their order


def write(file: Path) -> None:
    """Write them to a file, a rule a line."""
    parts = [f"{json.dumps(key)}:{_lines(value)}" for key, value in compiled().items()]
    file.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


def _lines(value: Any) -> str:
    if isinstance(value, dict) or isinstance(value[0], str):
        return json.dumps(value, separators=(",", ":"))
    return "[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in value) + "]"


if __name__ == "__main__":
    write(SHIPPED)
