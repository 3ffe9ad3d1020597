"""A small transformer that learns labels on what the encoder makes of each token. The teacher's own network."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import torch
from torch import Tensor, nn

from training import LABELS
from training.network import batches
from training.network.vectors import Floats
from training.teacher.encoder import Halves

# --- settings -----------------------------------------------------------------------------------------------------
UNITS = 256
HEADS = 4
EPOCHS = 5
BATCH = 64
RATE = 8e-4
WEIGHT_DECAY = 0.05
DROPOUT_IN, DROPOUT_INSIDE, DROPOUT_OUT = 0.3, 0.2, 0.5
# ------------------------------------------------------------------------------------------------------------------


class Reader(nn.Module):
    """One transformer layer, four views of attention and the maximum over tokens, one hidden layer."""

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        """Build it.

        Args:
            mean: of the encoder's numbers, [width].
            deviation: of the same.
        """
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation + 0.05)
        self.first = nn.Sequential(nn.Dropout(DROPOUT_IN), nn.Linear(len(mean), UNITS), nn.LayerNorm(UNITS))
        self.layer = nn.TransformerEncoderLayer(
            UNITS, HEADS, 2 * UNITS, DROPOUT_INSIDE, batch_first=True, norm_first=True
        )
        self.views = nn.Linear(UNITS, HEADS)
        self.last = nn.Sequential(
            nn.Linear((HEADS + 1) * UNITS, UNITS), nn.ReLU(), nn.Dropout(DROPOUT_OUT), nn.Linear(UNITS, len(LABELS))
        )

    def forward(self, states: Tensor, inside: Tensor) -> Tensor:
        """Logits.

        Args:
            states: of the encoder, float32 [texts, tokens, width].
            inside: which of them are no padding, bool [texts, tokens].
        """
        read = self.layer(self.first((states - self.mean) / self.deviation), src_key_padding_mask=~inside)
        outside = ~inside[:, :, None]
        attention = self.views(read).masked_fill(outside, -1e4).softmax(1)
        seen = torch.einsum("btv,btu->bvu", attention, read).flatten(1)
        logits: Tensor = self.last(torch.cat([seen, read.masked_fill(outside, -1e4).amax(1)], dim=1))
        return logits


def stack(texts: Sequence[Halves], device: str = "cpu") -> tuple[Tensor, Tensor]:
    """A batch.

    Args:
        texts: of each text [tokens, width]; one without tokens counts as one of zeros.
        device: where to.

    Returns:
        States float32 [texts, longest, width] and which are no padding, bool [texts, longest].
    """
    lengths = [max(len(text), 1) for text in texts]
    states = np.zeros((len(texts), max(lengths), texts[0].shape[1]), np.float32)
    for row, text in enumerate(texts):
        states[row, : len(text)] = text
    inside = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return torch.from_numpy(states).to(device), inside.to(device)


def fit(texts: Sequence[Halves], targets: Floats, seed: int) -> Reader:
    """Train one reader.

    Args:
        texts: of each text [tokens, width].
        targets: probabilities, [texts, labels].
        seed: source of chance.
    """
    torch.manual_seed(seed)
    random = Random(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    some = np.concatenate([np.asarray(text, np.float32) for text in texts[:1000]])
    reader = Reader(torch.from_numpy(some.mean(0)), torch.from_numpy(some.std(0))).to(device)
    wanted = torch.from_numpy(targets).to(device)
    lengths = [len(text) for text in texts]
    optimiser = torch.optim.AdamW(reader.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(texts) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    reader.train()
    for _ in range(EPOCHS):
        for chosen in batches.places(lengths, BATCH, random):
            said = reader(*stack([texts[place] for place in chosen], device)).log_softmax(1)
            loss = -(wanted[chosen] * said).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return reader.eval()


@torch.inference_mode()
def label(reader: Reader, texts: Sequence[Halves]) -> Floats:
    """Probabilities of texts, in their order.

    Args:
        reader: trained.
        texts: of each text [tokens, width].

    Returns:
        float32 [texts, labels].
    """
    device = str(next(reader.parameters()).device)
    found = np.zeros((len(texts), len(LABELS)), np.float32)
    for chosen in batches.places([len(text) for text in texts], BATCH):
        said = reader(*stack([texts[place] for place in chosen], device)).softmax(1)
        found[chosen] = said.cpu().numpy()
    return found
