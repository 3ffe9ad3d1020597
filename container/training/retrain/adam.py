"""Adam (Kingma and Ba 2015), also for word vectors, of which a step changes few: those alone are then updated.

torch has both, but they load its compiler, which takes 70 MiB; a retraining has to fit beside a million judgements.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import torch
from torch import Tensor

MEAN, SQUARE = 0.9, 0.999  # how much of the running mean and of the running mean square is kept
LEAST = 1e-8  # of the denominator


class Adam:
    """The optimiser of some weights, each with a gradient that is dense or sparse.

    Args:
        weights: what is learned.
    """

    def __init__(self, weights: Iterable[Tensor]) -> None:
        self._weights = [(each, torch.zeros_like(each), torch.zeros_like(each)) for each in weights]
        self._steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Change the weights by their gradients, and forget these.

        Args:
            rate: the learning rate.
        """
        self._steps += 1
        unbiased = sqrt(1 - SQUARE**self._steps)
        size = rate / (1 - MEAN**self._steps)
        for weight, mean, square in self._weights:
            gradient, weight.grad = weight.grad, None
            if gradient is None:
                continue
            if gradient.is_sparse:
                gradient = gradient.coalesce()
                rows, values = gradient.indices()[0], gradient.values()
                mean[rows] = mean[rows].lerp_(values, 1 - MEAN)
                square[rows] = square[rows].lerp_(values.square(), 1 - SQUARE)
                weight[rows] -= size * mean[rows] / (square[rows].sqrt_() / unbiased + LEAST)
            else:
                mean.lerp_(gradient, 1 - MEAN)
                square.lerp_(gradient.square(), 1 - SQUARE)
                weight.addcdiv_(mean, square.sqrt().div_(unbiased).add_(LEAST), value=-size)
