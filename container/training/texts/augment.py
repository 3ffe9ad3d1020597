"""Texts changed a little, and texts that say nothing: what the survey lacks and other people's texts will have."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from sentiment.text import UNKNOWN

SHORTEST = 4  # a piece of a text keeps at least so many words


def vary(ids: Sequence[int], random: Random, openers: frozenset[int]) -> list[int]:
    """One of many ways in which the same account could have been written.

    A window of it, without its opener ("When I ..." opens two thirds of the survey and no text elsewhere), with two
    neighbours changed round. The label is taken to stand.

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
