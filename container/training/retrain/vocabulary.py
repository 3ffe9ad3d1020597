"""Words and emoji that the model does not know and people use: each gets a vector of its own, to be learned.

It begins as the vector of ``<unk>``, so that the network says what it said before until it has learned the word.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

import torch

from sentiment.text import UNKNOWN, Tokenizer, is_emoji, tokenize
from training.network.rnn import Network

TEXTS = 5  # in which a word must be used
SENDERS = 3  # from which it must come, as far as that is known: texts that first came in different minutes
MOST = 500  # new words a retraining: 132 bytes of the model each


def unknown(texts: Iterable[tuple[str, str]], tokenizer: Tokenizer, emoji_only: bool = False) -> list[str]:
    """Words that are used often enough, by enough senders, and that the model does not know; the commonest first.

    Args:
        texts: minute in which it came ("" where that is not known, then each counts as a sender of its own), and text.
        tokenizer: of the model.
        emoji_only: leave out words, which may be names: a model's file shows its words to everybody.
    """

    @lru_cache(maxsize=20_000)
    def new(token: str) -> bool:
        word = is_emoji(token) or (token.isalpha() and not emoji_only)
        return word and tokenizer.encode(token) == [UNKNOWN]

    used: defaultdict[str, int] = defaultdict(int)
    minutes: defaultdict[str, set[str]] = defaultdict(set)
    for number, (minute, text) in enumerate(texts):
        for token in {token for token in tokenize(text) if new(token)}:
            used[token] += 1
            if len(minutes[token]) < SENDERS:
                minutes[token].add(minute or f"text {number}")
    often = [token for token in used if used[token] >= TEXTS and len(minutes[token]) >= SENDERS]
    return sorted(often, key=lambda token: (-used[token], token))[:MOST]


def grown(network: Network, tokenizer: Tokenizer, new: Sequence[str]) -> tuple[Network, Tokenizer]:
    """The same network and tokenizer with more words.

    Args:
        network: stays as it is.
        tokenizer: its tokenizer.
        new: words that it does not know.

    Returns:
        A network that gives every text the answers of the old one, and its tokenizer.
    """
    if not new:
        return network, tokenizer
    larger = copy.deepcopy(network)
    vectors = network.embedding.weight.detach()
    larger.embedding = torch.nn.Embedding.from_pretrained(
        torch.cat([vectors, vectors[UNKNOWN].expand(len(new), -1)]), freeze=False, sparse=True
    )
    return larger, Tokenizer([*tokenizer.vocabulary, *new])
