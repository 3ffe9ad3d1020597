"""Tokens that share one vector, so that one in place of another changes no prediction: identities, names, numbers.

Who somebody is, what they are called and how many there were says nothing about what anybody feels; what a large corpus
says of it is prejudice or chance. Replacing identity terms by one token is the plainest remedy that Dixon et al. 2018
("Measuring and Mitigating Unintended Bias in Text Classification") speak of; here they stay apart in the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from training.network.rnn import Network
from training.texts import people


def extended(vocabulary: Sequence[str]) -> list[str]:
    """A vocabulary with all identities and names at its end that it lacked.

    Args:
        vocabulary: token of each id.
    """
    return list(dict.fromkeys([*vocabulary, *people.names(), *people.identities()]))


class Tied:
    """Groups of tokens, each with one representative."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Find them.

        Args:
            vocabulary: token of each id.
        """
        place = {token: number for number, token in enumerate(vocabulary)}
        numbers = [token for token in vocabulary if token.isdigit()]
        groups = (numbers, people.names(), people.identities())
        self.groups = [sorted({place[token] for token in group if token in place}) for group in groups]
        self._first = {one: group[0] for group in self.groups for one in group}

    def __call__(self, ids: Sequence[int]) -> list[int]:
        """A text with the representative in place of each.

        Args:
            ids: of the text.
        """
        return [self._first.get(one, one) for one in ids]

    @torch.no_grad()
    def average(self, network: Network, known: int) -> None:
        """Give all of a group the mean of their vectors.

        Args:
            network: changed.
            known: so many first tokens have a vector of their own to begin with.
        """
        vectors = network.embedding.weight
        for group in self.groups:
            if some := [one for one in group if one < known]:
                vectors[group] = vectors[some].mean(0)

    @torch.no_grad()
    def copy(self, network: Network) -> None:
        """Give all of a group the representative's vector.

        Args:
            network: changed.
        """
        vectors = network.embedding.weight
        for group in self.groups:
            if group:
                vectors[group] = vectors[group[0]].clone()
