"""The RNN itself: word vectors, one bidirectional GRU, max and mean over time, seven logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """Reads token ids, right-padded with 0, and gives logits.

    The two directions are two plain GRUs; the backward one reads each text turned round within its own length. So
    padding always comes after the text, and can change nothing.
    """

    def __init__(
        self, vectors: Tensor, units: int, labels: int, dropout: float = 0.0, word_dropout: float = 0.0
    ) -> None:
        """Build the layers.

        Args:
            vectors: first word vectors, [words, dimensions]; row 0 is padding.
            units: width of each direction of the GRU.
            labels: how many logits.
            dropout: share of features that is dropped before and after the GRU while training.
            word_dropout: share of words that is turned into ``<unk>`` while training.
        """
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors.clone(), freeze=False, sparse=True)
        self.forwards = nn.GRU(vectors.shape[1], units, batch_first=True)
        self.backwards = nn.GRU(vectors.shape[1], units, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = word_dropout
        self.output = nn.Linear(4 * units, labels)

    def states(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The GRU's state at each token, both directions side by side.

        Args:
            tokens: ids, int64 [batch, length].
            lengths: how many of them are text, int64 [batch], each at least 1.

        Returns:
            float32 [batch, length, 2 * units], and which of them are no padding, bool [batch, length].
        """
        places = torch.arange(tokens.shape[1], device=tokens.device)
        inside = places < lengths[:, None]
        if self.training and self.word_dropout:
            dropped = torch.rand(tokens.shape, device=tokens.device) < self.word_dropout
            tokens = tokens.masked_fill(dropped & inside, 1)
        vectors = self.dropout(self.embedding(tokens))
        turned = torch.where(inside, lengths[:, None] - 1 - places, places)[:, :, None]
        forwards, _ = self.forwards(vectors)
        backwards, _ = self.backwards(vectors.gather(1, turned.expand_as(vectors)))
        backwards = backwards.gather(1, turned.expand_as(backwards))
        return torch.cat([forwards, backwards], dim=2), inside

    def features(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What the GRU makes of a text: the greatest and the mean activation over time.

        Args:
            tokens: ids, int64 [batch, length].
            lengths: how many of them are text, int64 [batch], each at least 1.

        Returns:
            float32 [batch, 4 * units].
        """
        states, inside = self.states(tokens, lengths)
        states = states.masked_fill(~inside[:, :, None], 0.0)
        mean = states.sum(1) / lengths[:, None]
        greatest = states.masked_fill(~inside[:, :, None], -2.0).amax(1)  # a GRU's state lies within -1..1
        return torch.cat([greatest, mean], dim=1)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Logits of a batch.

        Args:
            tokens: ids, int64 [batch, length].
            lengths: how many of them are text, int64 [batch].

        Returns:
            float32 [batch, labels].
        """
        return self.output(self.dropout(self.features(tokens, lengths)))


def quantise(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Word vectors as whole numbers of -127..127 and one scale for each word.

    Args:
        vectors: float32 [words, dimensions].

    Returns:
        int8 [words, dimensions] and float32 [words, 1], whose product is near the vectors.
    """
    scales = vectors.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
    return (vectors / scales).round().to(torch.int8), scales
