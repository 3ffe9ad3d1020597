"""Texts changed a little, and texts that say nothing: what the survey lacks and other people's texts will have."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from sentiment.text import UNKNOWN

SHORTEST = 4  # a piece of a text keeps at least so many words


def vary(ids: Sequence[int], random: Random, openers: frozenset[int]) -> list[int]:
    """One of many ways in which the same account could have been written.

    A window of it, without its opener ("When I ..." opens two thirds of the survey and no other text), with two
    neighbours swapped. The label is taken to stand.

    Args:
        ids: token ids of the text.
        random: source of chance.
        openers: ids of the words that open accounts of the survey, such as "when".

    Returns:
        New ids, never empty where the text was not.
    """
    changed = list(ids)
    if len(changed) > SHORTEST and changed[0] in openers and random.random() < 0.5:
        changed = changed[1:]
    if len(changed) > 2 * SHORTEST and random.random() < 0.5:
        begin = random.randrange(len(changed) // 3)
        end = random.randrange(max(begin + SHORTEST, 2 * len(changed) // 3), len(changed) + 1)
        changed = changed[begin:end]
    if len(changed) > SHORTEST and random.random() < 0.3:
        place = random.randrange(len(changed) - 1)
        changed[place], changed[place + 1] = changed[place + 1], changed[place]
    return changed


def ended(ids: Sequence[int], stop: int, enders: frozenset[int]) -> list[int]:
    """A text without its full stop, or with one where it had none; other signs at its end stay.

    Args:
        ids: token ids of the text.
        stop: id of the full stop.
        enders: ids of other signs that end a sentence.

    Returns:
        New ids, never empty where the text was not.
    """
    if ids and ids[-1] == stop:
        return list(ids[:-1]) or list(ids)
    return list(ids) if ids and ids[-1] in enders else [*ids, stop]


class Shout:
    """Puts a text into capitals: what the tokenizer leaves of them is a mark behind each word that is long enough."""

    def __init__(self, vocabulary: Sequence[str], mark: str) -> None:
        """Find the words.

        Args:
            vocabulary: token of each id.
            mark: token that stands for capitals.
        """
        self._mark = vocabulary.index(mark) if mark in vocabulary else 0
        self._long = [len(token) > 2 and token.isalpha() for token in vocabulary]

    def __call__(self, ids: Sequence[int]) -> list[int]:
        """The text in capitals; as it is where the vocabulary has no mark.

        Args:
            ids: of the text.
        """
        if not self._mark:
            return list(ids)
        plain = [one for one in ids if one != self._mark]
        return [part for one in plain for part in ((one, self._mark) if self._long[one] else (one,))]


# Small words of other languages that stand in English vocabularies too: a text of such words is not English.
_FOREIGN = (
    "der die das und ich ist nicht ein eine mit von den dem auf sich war wir sie le la les des et je est dans que "
    "qui pas une pour il elle nous vous sur avec el los las y en es un una por con se su lo al del no me mi di "
    "che e per non sono i gli della het een van de ik dat niet is op te zijn er maar o os da do em um uma para "
    "como mais"
)
FOREIGN = frozenset(_FOREIGN.split())


def nonsense(random: Random, strewn: Sequence[int], words: int) -> list[int]:
    """A text from which no feeling can be told: unknown words, among them words of other languages or stray ones.

    Args:
        random: source of chance.
        strewn: ids of words of other languages.
        words: size of the vocabulary.

    Returns:
        1 to 25 ids.
    """
    length = random.choice((1, 2, 3, 5, 8, 13, 25))
    known = random.choice((0.0, 0.1, 0.3, 0.6))
    foreign = bool(strewn) and random.random() < 0.6
    return [
        (random.choice(strewn) if foreign else random.randrange(2, words)) if random.random() < known else UNKNOWN
        for _ in range(length)
    ]
