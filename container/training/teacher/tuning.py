"""Tuning a teacher and asking it: optimiser, schedule and batches of word pieces. Which texts, is in soft_labels.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training import LABELS
from training.network import batches
from training.teacher.encoder import PADDING

BATCH = 32
WEIGHT_DECAY = 0.01
WARM_UP = 0.1  # share of all steps in which the rate rises; then it falls to nothing along a line
ASKED = 8_192  # word pieces, padding included, that are asked about at once
Floats = npt.NDArray[np.float32]
Pieces = list[list[int]]


class Tuned(Protocol):
    """What is tuned: see ``encoder.Teacher``."""

    def __call__(self, ids: Tensor, inside: Tensor) -> Tensor:
        """Logits."""

    def groups(self, rate: float) -> list[dict[str, Any]]:
        """Parameters with their learning rates."""

    def train(self, mode: bool = True) -> Any:
        """Switch dropout."""


@dataclass(frozen=True)
class Epoch:
    """What one pass shows.

    Attributes:
        pieces: word pieces of each text.
        targets: probabilities, float32 [texts, labels].
        weights: how much each text counts, float32 [texts].
    """

    pieces: Pieces
    targets: Floats
    weights: Floats

    def beside(self, other: Epoch) -> Epoch:
        """Both together.

        Args:
            other: what to show too.
        """
        targets, weights = np.concatenate([self.targets, other.targets]), np.concatenate([self.weights, other.weights])
        return Epoch([*self.pieces, *other.pieces], targets, weights)

    def some(self, count: int, seed: int) -> Epoch:
        """A part, drawn by chance.

        Args:
            count: how many, if there are so many.
            seed: source of chance.
        """
        places = np.random.default_rng(seed).permutation(len(self.pieces))[:count]
        return Epoch([self.pieces[place] for place in places], self.targets[places], self.weights[places])


def device() -> str:
    """Where to compute: a GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def tune(teacher: Tuned, epochs: Sequence[Epoch], rate: float, seed: int, tell: Callable[[str], None]) -> None:
    """Teach a teacher, in bfloat16 where that is precise enough.

    Args:
        teacher: changed.
        epochs: what to show.
        rate: highest learning rate of the topmost layer.
        seed: source of chance.
        tell: told of progress.
    """
    torch.manual_seed(seed)
    random = Random(seed)
    where = device()
    optimiser = torch.optim.AdamW(teacher.groups(rate), weight_decay=WEIGHT_DECAY)
    rates = [group["lr"] for group in optimiser.param_groups]
    steps = sum(-(-len(epoch.pieces) // BATCH) for epoch in epochs)
    step = 0
    teacher.train()
    for number, epoch in enumerate(epochs, start=1):
        targets, weights = (torch.from_numpy(array).to(where) for array in (epoch.targets, epoch.weights))
        lengths = [len(one) for one in epoch.pieces]
        for chosen in batches.places(lengths, BATCH, random):
            share = min(1.0, (step + 1) / (WARM_UP * steps)) * (steps - step) / steps
            for group, top in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = top * share
            with torch.autocast(where, torch.bfloat16):
                logits = teacher(*pad([epoch.pieces[place] for place in chosen], where))
            losses = -(targets[chosen] * logits.float().log_softmax(1)).sum(1)
            optimiser.zero_grad(set_to_none=True)
            ((losses * weights[chosen]).sum() / weights[chosen].sum()).backward()
            optimiser.step()
            step += 1
        tell(f"epoch {number} of {len(epochs)}")


def pad(pieces: Pieces, where: str = "cpu") -> tuple[Tensor, Tensor]:
    """A batch of word pieces.

    Args:
        pieces: of each text.
        where: device.

    Returns:
        Ids int64 [texts, longest] and which are no padding, bool [texts, longest].
    """
    lengths = torch.tensor([len(one) for one in pieces])
    ids = torch.full((len(pieces), int(lengths.max())), PADDING, dtype=torch.long)
    for row, one in enumerate(pieces):
        ids[row, : len(one)] = torch.tensor(one)
    inside = torch.arange(ids.shape[1]) < lengths[:, None]
    return ids.to(where), inside.to(where)


@torch.inference_mode()
def label(teacher: Tuned, pieces: Pieces) -> Floats:
    """Probabilities of texts, in their order.

    Args:
        teacher: tuned.
        pieces: word pieces of each text.

    Returns:
        float32 [texts, labels].
    """
    teacher.train(mode=False)
    where = device()
    found = np.zeros((len(pieces), len(LABELS)), np.float32)
    for chosen in groups_of([len(one) for one in pieces], ASKED):
        with torch.autocast(where, torch.bfloat16):
            logits = teacher(*pad([pieces[place] for place in chosen], where))
        found[chosen] = logits.float().softmax(1).cpu().numpy()
    return found


def groups_of(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Places of texts of near length that make no more than so many pieces together, padding included.

    Args:
        lengths: of each text.
        most: pieces; a single text may have more.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    found: list[list[int]] = []
    for place in order:
        if found and (len(found[-1]) + 1) * lengths[place] <= most:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def smoothed(targets: npt.NDArray[Any], smoothing: float) -> Floats:
    """Targets with a share spread over all labels.

    Args:
        targets: [texts, labels].
        smoothing: that share.
    """
    spread: Floats = ((1 - smoothing) * targets + smoothing / len(LABELS)).astype(np.float32)
    return spread
