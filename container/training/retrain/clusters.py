"""Which texts the model reads as one, and which nearly so. Knows no labels.

Two texts are one if the model reads the same words and emoji in them: once slips are corrected and signs left out.
Two texts are near if they share most of their words, where rare words weigh more (weighted Jaccard similarity, Broder
1997): who changes a word of a sentence has not written another one. Texts near to one that came before are of its
cluster (leader clustering: no chains, so that two texts of a cluster are always much alike). To find leaders without
comparing all, a text only looks at those that share one of its rarest words: two sets as similar as that must (prefix
filtering: Chaudhuri, Ganti and Kaushik 2006, "A primitive operator for similarity joins in data cleaning").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from math import log1p

from sentiment.text import UNKNOWN, Tokenizer, is_emoji, tokenize

NEAR = 0.6  # similarity from which two texts are near
COMMON = 50  # words that every text has: they tell little
MOST_COMPARED = 300  # leaders that one text is compared with: of one rare word there may be very many
UNKNOWN_WEIGHT = 1.0  # of a word that the model does not know: little, as they are cheaply made up

Identity = tuple[int, ...]


def words(text: str) -> tuple[str, ...]:
    """The words, numbers and emoji of a text, as they were typed but for case and form.

    Args:
        text: any.
    """
    return tuple(token for token in tokenize(text) if token[-1].isalnum() or is_emoji(token))


def identity(text: str, tokenizer: Tokenizer) -> Identity:
    """What the model reads of a text, without signs and unknown words; empty where it knows none.

    Args:
        text: any.
        tokenizer: of the model.
    """
    vocabulary = tokenizer.vocabulary
    return tuple(
        place
        for place in tokenizer.encode(text)
        if place > UNKNOWN and (vocabulary[place][-1].isalnum() or is_emoji(vocabulary[place]))
    )


@cache
def weight(place: int) -> float:
    """How much a word tells: the logarithm of its rank, as a vocabulary begins with the commonest words.

    Args:
        place: id of the word.
    """
    return log1p(place / COMMON)


def similarity(one: frozenset[int], other: frozenset[int]) -> float:
    """Weighted Jaccard similarity, 0..1.

    Args:
        one: ids of a text.
        other: of another.
    """
    common = sum(map(weight, one & other))
    together = _weight_of(one) + _weight_of(other) - common
    return common / together if together else 1.0


@lru_cache(maxsize=50_000)
def _weight_of(text: frozenset[int]) -> float:
    return sum(map(weight, text))


class Clusters:
    """Texts in the order in which they come, each with its leader."""

    def __init__(self) -> None:
        """Begin without any."""
        self._leaders: list[frozenset[int]] = []
        self._by_word: defaultdict[int, list[int]] = defaultdict(list)

    def near(self, text: Sequence[int]) -> int | None:
        """The number of the nearest leader, if one is near.

        Args:
            text: its identity.
        """
        own = frozenset(text)
        found: dict[int, None] = {}
        for word in _rarest(own):
            found |= dict.fromkeys(self._by_word.get(word, ())[-MOST_COMPARED:])
        best = max(((similarity(own, self._leaders[number]), -number) for number in found), default=(0.0, 0))
        return -best[1] if best[0] >= NEAR else None

    def add(self, text: Sequence[int]) -> int:
        """The number of the leader that a text belongs to: its own if none is near.

        Args:
            text: its identity.
        """
        number = self.near(text)
        if number is None:
            own = frozenset(text)
            number = len(self._leaders)
            self._leaders.append(own)
            for word in _rarest(own):
                self._by_word[word].append(number)
        return number

    @classmethod
    def of(cls, texts: Iterable[str], tokenizer: Tokenizer) -> Clusters:
        """Clusters of texts.

        Args:
            texts: any.
            tokenizer: of the model.
        """
        found = cls()
        for text in texts:
            found.add(identity(text, tokenizer))
        return found


def _rarest(text: frozenset[int]) -> list[int]:
    """The rarest words, of which a near text must share one: without them, less than ``NEAR`` of the weight is left."""
    left = (1 - NEAR) * _weight_of(text)
    found = []
    for word in sorted(text, reverse=True):
        found.append(word)
        left -= weight(word)
        if left < 0:
            break
    return found
