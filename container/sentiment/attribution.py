"""Which words moved the model: what is hidden from it, and how that is weighed. Asking the model is in model.py.

The method is occlusion (Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2;
for words Li, Monroe and Jurafsky 2016, "Understanding Neural Networks through Representation Erasure"): the weight of
a word is how much the probability of the likeliest label falls when the model is not shown that word.

Not shown means replaced by the unknown token, not removed. Removing a word moves all words after it to another step
and changes the length that the mean over time is divided by, so the weight would tell of those as well. And the RNN
was trained with words turned into the unknown token at random (word dropout): such a text is of a kind that it knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sentiment.text import UNKNOWN, Tokenizer

MAX_PIECES = 64
# Of a text with each piece hidden once: bounds the time, 75 ms on one core with the shipped model.
MAX_BATCH_TOKENS = 5_000

_SIGNS = (".", ",", "!", "?")


@dataclass(frozen=True)
class Attribution:
    """A word, or several that were hidden together, and its weight.

    Attributes:
        text: the word as it was typed.
        start: its place in the text, in code points.
        end: the place behind it.
        weight: how much the probability of the likeliest label falls without it, -1..1; below 0 it speaks against
            that label; 0 for a word that the model does not know.
    """

    text: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True)
class Piece:
    """What is hidden at once: ``start:end`` in the text, in code points; ``first:last`` among the tokens."""

    start: int
    end: int
    first: int
    last: int


def split(text: str, tokenizer: Tokenizer) -> tuple[list[int], list[Piece]]:
    """Tell a text's words apart, as the tokenizer does.

    A word stands between white space, dashes, slashes, brackets or quotation marks, and the signs around it are not
    part of it; a hashtag is one word, and so is an emoji. What has no letter, no digit and no emoji is no word.

    Args:
        text: any text.
        tokenizer: the model's.

    Returns:
        The ids of the whole text, and the words; so many neighbours in one piece that there are at most
        ``MAX_PIECES``, and no more than ``MAX_BATCH_TOKENS`` in a batch of the text with each piece hidden once.
    """
    tokens: list[int] = []
    words: list[Piece] = []
    for start, end, ids in tokenizer.spans(text):
        first = len(tokens)
        tokens += ids
        if any(tokenizer.vocabulary[place] not in _SIGNS for place in ids):
            words.append(Piece(start, end, first, len(tokens)))
    return tokens, _grouped(words, most=max(1, min(MAX_PIECES, MAX_BATCH_TOKENS // max(1, len(tokens)) - 1)))


def hidden(tokens: Sequence[int], piece: Piece, tokenizer: Tokenizer) -> list[int]:
    """The ids of a text with the words of one piece replaced by the unknown token; signs stay as they are.

    Args:
        tokens: ids of the whole text.
        piece: what to hide.
        tokenizer: the model's.
    """
    inside = (token if tokenizer.vocabulary[token] in _SIGNS else UNKNOWN for token in tokens[piece.first : piece.last])
    return [*tokens[: piece.first], *inside, *tokens[piece.last :]]


def _grouped(words: list[Piece], most: int) -> list[Piece]:
    size = -(-len(words) // most)
    groups = [words[place : place + size] for place in range(0, len(words), size or 1)]
    return [Piece(group[0].start, group[-1].end, group[0].first, group[-1].last) for group in groups]
