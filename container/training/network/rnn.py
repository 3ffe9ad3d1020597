"""The RNN itself: word vectors, bidirectional GRUs, three ways of pooling over time, seven logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# The size of the network that is trained; what was tried beside it is in docs/model-log.md.
UNITS = 128  # of each direction of a GRU
LAYERS = 2
FLOOR = 1e-4  # of a probability, before all are made to add up to one


class Network(nn.Module):
    """Reads token ids, right-padded with 0, and gives logits.

    The two directions of a layer are two plain GRUs; the backward one reads each text turned round within its own
    length. So padding always comes after the text, and can change nothing.
    """

    def __init__(
        self,
        vectors: Tensor,
        units: int,
        labels: int,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        layers: int = 1,
        attention: bool = False,
    ) -> None:
        """Build the layers.

        Args:
            vectors: first word vectors, [words, dimensions]; row 0 is padding.
            units: width of each direction of the GRU.
            labels: how many logits.
            dropout: share of features that is dropped before, between and after the GRUs while training.
            word_dropout: share of words that is turned into ``<unk>`` while training.
            layers: of the GRU.
            attention: whether the pooled features have a mean weighted by attention too.
        """
        super().__init__()
        widths = [vectors.shape[1]] + [2 * units] * (layers - 1)
        self.embedding = nn.Embedding.from_pretrained(vectors.clone(), freeze=False, sparse=True)
        self.forwards = nn.ModuleList(nn.GRU(width, units, batch_first=True) for width in widths)
        self.backwards = nn.ModuleList(nn.GRU(width, units, batch_first=True) for width in widths)
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = word_dropout
        self.attention = nn.Linear(2 * units, 1, bias=False) if attention else None
        self.output = nn.Linear((6 if attention else 4) * units, labels)
        self.smoothing = 0.0  # set when the network is calibrated

    def states(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The last GRU's state at each token, both directions side by side.

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
        turned = torch.where(inside, lengths[:, None] - 1 - places, places)[:, :, None]
        states = self.embedding(tokens)
        for forwards, backwards in zip(self.forwards, self.backwards, strict=True):
            read = self.dropout(states)
            onwards, _ = forwards(read)
            back, _ = backwards(read.gather(1, turned.expand_as(read)))
            states = torch.cat([onwards, back.gather(1, turned.expand_as(back))], dim=2)
        return states, inside

    def features(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What the GRU makes of a text: the greatest and the mean activation over time, and the one attended to.

        Args:
            tokens: ids, int64 [batch, length].
            lengths: how many of them are text, int64 [batch], each at least 1.

        Returns:
            float32 [batch, 4 * units], or [batch, 6 * units] with attention.
        """
        states, inside = self.states(tokens, lengths)
        outside = ~inside[:, :, None]
        mean = states.masked_fill(outside, 0.0).sum(1) / lengths[:, None]
        greatest = states.masked_fill(outside, -2.0).amax(1)  # a GRU's state lies within -1..1
        if self.attention is None:
            return torch.cat([greatest, mean], dim=1)
        weights = self.attention(states).masked_fill(outside, -1e4).softmax(1)
        return torch.cat([greatest, mean, (weights * states).sum(1)], dim=1)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Logits of a batch.

        Args:
            tokens: ids, int64 [batch, length].
            lengths: how many of them are text, int64 [batch].

        Returns:
            float32 [batch, labels].
        """
        return self.output(self.dropout(self.features(tokens, lengths)))

    def probabilities(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What is shipped: probabilities without the smoothing that the labels were learned with.

        Args:
            tokens: ids, int64 [batch, length].
            lengths: how many of them are text, int64 [batch].

        Returns:
            float32 [batch, labels].
        """
        return unsmoothed(self(tokens, lengths).softmax(1), self.smoothing)


def unsmoothed(probabilities: Tensor, smoothing: float) -> Tensor:
    """Probabilities without a share that was spread over all labels.

    Args:
        probabilities: [texts, labels].
        smoothing: that share; what is left of a label is ``FLOOR`` at least.
    """
    if not smoothing:
        return probabilities
    left = (probabilities - smoothing / probabilities.shape[1]).clamp(min=FLOOR)
    return left / left.sum(1, keepdim=True)


def quantise(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Word vectors as whole numbers of -127..127 and one scale for each word.

    Args:
        vectors: float32 [words, dimensions].

    Returns:
        int8 [words, dimensions] and float32 [words, 1], whose product is near the vectors.
    """
    scales = vectors.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
    return (vectors / scales).round().to(torch.int8), scales
