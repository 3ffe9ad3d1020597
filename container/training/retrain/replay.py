"""Texts on which a retrained model should go on saying what it said: all made here or in the repository."""

from __future__ import annotations

from random import Random

from sentiment.text import Tokenizer
from training.retrain.finetune import Lesson
from training.texts import augment, examples
from training.texts.statements import statement

STATEMENTS = 600
SENTENCES = 3_000  # of our own, in which the model is at its best: of 500, retraining undoes that first
NEUTRAL = 1_000  # more of them without emotion, so that it goes on leaving these unanswered
STRINGS = 900
NONSENSE = 150


def texts(tokenizer: Tokenizer, random: Random) -> list[Lesson]:
    """Replay without any data set.

    Args:
        tokenizer: of the model.
        random: source of chance.
    """
    words = len(tokenizer.vocabulary)
    foreign = [place for word in sorted(augment.FOREIGN) for place in tokenizer.encode(word) if place > 1]
    made = [tokenizer.encode(statement(random)[0]) for _ in range(STATEMENTS)]
    own = examples.to_learn()
    made += [tokenizer.encode(text) for _, text in random.sample(own, SENTENCES)]
    neutral = [text for label, text in own if label == examples.NONE]
    made += [tokenizer.encode(text) for text in random.sample(neutral, NEUTRAL)]
    made += [augment.nonsense(random, foreign, words) for _ in range(NONSENSE)]
    made += [_string(words, random) for _ in range(STRINGS)]
    return [Lesson(ids) for ids in made if ids]


def _string(words: int, random: Random) -> list[int]:
    """Words strung together, the common ones more often, as in real texts: what each word does is kept by them."""
    return [2 + int((words - 2) * random.random() ** 4) for _ in range(random.randrange(3, 30))]
