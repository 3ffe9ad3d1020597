"""A training run of the RNN: steps, rates, the running average of weights, and all that is kept to go on. No data."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from training.network.distillation import pace
from training.network.epochs import Batch, Epochs
from training.network.rnn import Network


@dataclass(frozen=True)
class Schedule:
    """How a run learns; the values stand in ``train.py``."""

    epochs: int
    rest: float
    vectors: float
    weight_decay: float
    average: float


class Run:
    """A training run between two epochs: all that has to be kept to go on."""

    def __init__(self, network: Network, epochs: Epochs, seed: int, schedule: Schedule) -> None:
        """Begin.

        Args:
            network: to be trained.
            epochs: what to show it.
            seed: source of chance.
            schedule: how it learns.
        """
        self.network = network
        self.epochs = epochs
        self.schedule = schedule
        self.random = Random(seed)
        self.epoch = 0
        self.step = 0
        self.steps = schedule.epochs * epochs.batches_an_epoch()
        self.average = copy.deepcopy(network).eval()
        self.best, self.best_loss = copy.deepcopy(network.state_dict()), math.inf
        self.rest = [parameter for name, parameter in network.named_parameters() if name != "embedding.weight"]
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(self.rest, lr=schedule.rest, weight_decay=schedule.weight_decay),
            torch.optim.SparseAdam([network.embedding.weight], lr=schedule.vectors),
        ]

    def teach_epoch(self) -> None:
        """One pass over the texts."""
        self.network.train()
        for batch in self.epochs.epoch(self.random):
            for optimiser, rate in zip(self.optimisers, (self.schedule.rest, self.schedule.vectors), strict=True):
                optimiser.param_groups[0]["lr"] = rate * pace(self.step / self.steps)
                optimiser.zero_grad(set_to_none=True)
            self.loss(batch).backward()
            nn.utils.clip_grad_norm_(self.rest, 1.0)
            for optimiser in self.optimisers:
                optimiser.step()
            self.step += 1
            self._average_in()
        self.epoch += 1

    @torch.no_grad()
    def _average_in(self) -> None:
        """Polyak averaging; of the first steps little is kept, since they are far from where the run leads."""
        kept = min(self.schedule.average, (1 + self.step) / (10 + self.step))
        for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)

    def averaged(self) -> Network:
        """The network of averaged weights, which is better than the last step's."""
        return self.average

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy against soft targets.

        Args:
            batch: of an epoch.
        """
        device = self.network.output.weight.device
        logits = self.network(batch.tokens.to(device), batch.lengths.to(device))
        return -(batch.targets.to(device) * logits.log_softmax(1)).sum(1).mean()

    def remember(self, loss: float) -> None:
        """Keep the averaged network if it is the best so far.

        Args:
            loss: on validation.
        """
        if loss < self.best_loss:
            self.best, self.best_loss = copy.deepcopy(self.average.state_dict()), loss

    def save(self, path: Path) -> None:
        """Write all that is needed to go on, whole or not at all.

        Args:
            path: file.
        """
        state: dict[str, Any] = {
            "networks": [self.network.state_dict(), self.average.state_dict()],
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "progress": (self.epoch, self.step, self.best, self.best_loss),
            "chance": (self.random.getstate(), torch.get_rng_state()),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a file.

        Args:
            path: what ``save`` wrote.
        """
        state = torch.load(path, weights_only=False)
        for network, kept in zip((self.network, self.average), state["networks"], strict=True):
            network.load_state_dict(kept)
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.epoch, self.step, self.best, self.best_loss = state["progress"]
        self.random.setstate(state["chance"][0])
        torch.set_rng_state(state["chance"][1])
