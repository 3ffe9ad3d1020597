"""Encoded texts as padded batches of like length. No network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import torch
from torch import Tensor

from sentiment.text import UNKNOWN


def pad(texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """One batch.

    Args:
        texts: ids of each text; an empty one counts as one unknown word.

    Returns:
        Tokens int64 [batch, longest], padded with 0, and lengths int64 [batch].
    """
    filled = [list(ids) or [UNKNOWN] for ids in texts]
    lengths = torch.tensor([len(ids) for ids in filled])
    tokens = torch.zeros((len(filled), int(lengths.max())), dtype=torch.long)
    for row, ids in enumerate(filled):
        tokens[row, : len(ids)] = torch.tensor(ids)
    return tokens, lengths


def places(lengths: Sequence[int], size: int, random: Random | None = None) -> Iterator[list[int]]:
    """Which texts go into which batch: near lengths together, so that little is padding.

    Args:
        lengths: of each text.
        size: texts a batch.
        random: shuffles the batches, and texts of near length; ``None`` keeps to the order of length.

    Yields:
        Places of the texts of one batch.
    """
    jitter = (lambda: random.random() * 4) if random else (lambda: 0.0)
    order = sorted(range(len(lengths)), key=lambda place: lengths[place] + jitter())
    chunks = [order[begin : begin + size] for begin in range(0, len(order), size)]
    if random:
        random.shuffle(chunks)
    yield from chunks
