"""Atheris on the text cleaner: inputs are bred for new paths through its code. Run by `make fuzz`, not by pytest.

It has to hold for every text: tokens are lower-case words, numbers or signs; ids are of the vocabulary; and space
between two texts keeps their tokens apart. Options are libFuzzer's, such as ``-runs=1000 -seed=1``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2] / "container"))
with atheris.instrument_imports(include=["sentiment"]):
    from sentiment.text import SPECIAL, Tokenizer, tokenize

TOKEN = re.compile(r"n't|'(?:s|m|re|ve|ll|d)|[^\W\d_]+|[0-9]+|[.,!?]")
VOCABULARY = (*SPECIAL, "the", "happy", "friend", "school", "did", "n't", ".", "!")
TOKENIZER = Tokenizer(VOCABULARY)


def check(data: bytes) -> None:
    """What has to hold for every text."""
    provider = atheris.FuzzedDataProvider(data)
    text = provider.ConsumeUnicode(len(data))
    tokens = tokenize(text)
    assert all(TOKEN.fullmatch(token) for token in tokens), tokens
    assert all(0 < place < len(VOCABULARY) for place in TOKENIZER.encode(text))
    half = len(text) // 2
    assert tokenize(text[:half] + " " + text[half:]) == tokenize(text[:half]) + tokenize(text[half:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
