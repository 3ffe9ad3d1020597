"""Texts about suicide, self-harm or violence: which ones they are. What the service does about them is in app.py.

Whoever writes such a text needs a person, not a guess at a label, so these are recognised without the model, by
patterns, one sentence of the text at a time. The patterns are for people to review, in training/care/patterns.toml;
patterns.json is made of them (`make care`). Where it is in doubt whether somebody is in danger now, the patterns take
the text for one that needs care.

They leave out, on purpose: figures of speech ("this bug is killing me"), accidents ("I cut my finger"), fiction and
news, and what is long past. Grief over somebody's suicide counts while it is fresh ("my brother killed himself
yesterday"); "my grandfather killed himself in 1950" tells of a loss as any other does. Somebody else who wants to die
now counts: help lines are there for those who worry about them, too.

How far that goes: five lists of phrasings were written one after another, each before the rules were adjusted to it. Of
608 plain ones 507 were found; of 192, 150, 76 and 44 written after the rounds that followed 120, 102, 49 and 40, where
the rules before all of these rounds find 115, 92, 45 and 40. The three in the middle have many unusual phrasings, the
last has the most usual ones. All five are part of the tests now. Of 120 plain phrasings by an author who saw none of
this, and which were measured after all rounds, 98 are found (95 before them), of 60 hints 13 (11); 4 of 250 everyday
texts in the same words are taken (4), for which no pattern was adjusted. Of 60, 100 and 100 by three more, 54, 77 and
81 were found, and of 60 near misses each 1, 1 and 3 taken, before the rules were adjusted to these; of the 120, no more
are found by that. To drop rules whose texts others find, too, lost 4 to 8 % of phrasings that had not decided what was
dropped; so they stay. Of 7,502 texts of ISEAR 15 are taken, most of which do tell of a rape or an attack; of 54,263
comments of GoEmotions 64, and of 36,895 accounts and utterances of EmpatheticDialogues 40.
"""

from __future__ import annotations

from collections.abc import Iterator

from sentiment.care.patterns import FINDS, RULE_OF, RULES, Rule
from sentiment.care.spelling import sentences

TOPICS = tuple(dict.fromkeys(rule.topic for rule in RULES))


def needed(text: str) -> bool:
    """Whether a text is about suicide, self-harm, or violence that somebody may do or is in danger of.

    Takes time in proportion to the length of the text, and raises nothing for any string that Python can hold.

    Args:
        text: any text, of any length.
    """
    return next(topics(text), None) is not None


def topics(text: str) -> Iterator[str]:
    """What a text is about, of ``TOPICS``, once for each rule that applies to a sentence of it.

    Args:
        text: any text, of any length.
    """
    for sentence, words in sentences(text):
        applied: Rule | None = None
        for number in FINDS.candidates(words):
            rule = RULE_OF[number]
            if rule is not applied and FINDS.patterns[number].search(sentence):
                applied = rule
                if rule.unless is None or not rule.unless.search(sentence):
                    yield rule.topic
