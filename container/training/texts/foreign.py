"""Texts in other languages with Latin letters, from sentences of our own: what the RNN is to stay silent on.

Half of their words are unknown to it; the others look like English ones ("glad", "kind", "die") or like slips of such,
and are fixed. So single ones of them must not decide. ``foreign.tsv`` holds language and sentence.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

FILE = Path(__file__).with_name("foreign.tsv")


@cache
def read() -> dict[str, tuple[str, ...]]:
    """Sentences of each language, in the order of the file."""
    found: dict[str, tuple[str, ...]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        language, _, text = line.partition("\t")
        found[language] = (*found.get(language, ()), text)
    return found


def foreign(random: Random) -> str:
    """A text of one other language: a sentence or two, or its words in any order.

    Args:
        random: source of chance.
    """
    sentences = random.choice(tuple(read().values()))
    if random.random() < 0.4:
        return ". ".join(random.choices(sentences, k=random.choice((1, 1, 2))))
    return " ".join(random.choices(" ".join(sentences).split(), k=random.choice((1, 2, 3, 4, 6, 9, 14))))
