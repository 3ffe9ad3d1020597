"""Plain sentences of our own in which a "not" matters: feelings denied, one denied for another, and false denials.

A denied feeling should not be taken for itself; nor should every "not" or "never" be taken for a denial ("I have never
been so scared"). Both are made from templates, so that the RNN learns the pattern and not the sentence.
"""

from __future__ import annotations

import re
from random import Random

from training import LABELS

Targets = dict[str, float]


def listed(text: str) -> list[str]:
    """Parts of a text between its bars.

    Args:
        text: such as ``"one|two"``.
    """
    return text.split("|")


# What stirs a feeling, what it is called, and what people have to say of it; the adjectives are in statements.py.
_VERBS = {
    "anger": "anger annoy infuriate irritate enrage",
    "disgust": "disgust revolt sicken nauseate repel",
    "fear": "scare frighten terrify worry alarm",
    "guilt": "burden",
    "joy": "please delight cheer excite thrill",
    "sadness": "sadden depress hurt upset disappoint",
    "shame": "embarrass humiliate shame",
}
_NOUNS = {
    "anger": "anger|rage|resentment|fury",
    "disgust": "disgust|revulsion|nausea",
    "fear": "fear|panic|anxiety|dread",
    "guilt": "guilt|remorse|regret",
    "joy": "joy|happiness|pleasure|delight",
    "sadness": "sadness|sorrow|grief|misery",
    "shame": "shame|embarrassment|humiliation",
}
_DONE = {
    "anger": "get angry|lose my temper|shout at anyone|mind at all|hold it against them",
    "disgust": "find it disgusting|feel sick|have to look away",
    "fear": "panic|tremble|worry about it|fear anything|run away",
    "guilt": "regret it|regret a thing|blame myself|do anything wrong|feel responsible",
    "joy": "enjoy it|laugh|look forward to it|like the present",
    "sadness": "cry|weep|miss them|mourn|feel down",
    "shame": "blush|feel embarrassed|hide my face|mind being seen",
}
_PEOPLE = listed(
    "the boy|my father|our neighbour|her sister|Maria|Tom|my grandmother|the old man|his wife|the teacher|"
    "my best friend|the whole team|the girl|my boss|nurse Anna|their son"
)
_SUBJECTS = listed("I am|I was|he is|he was|she is|she was|they are|they were|we are|we were|you are")
_SEEMING = listed("feel|felt|seem|seemed|look|looked|sound|sounded|get|got")
_NOTS = (
    *("not", "not", "not", "not at all", "not really", "not even a bit", "not in the least", "not that", "not very"),
    *("never", "no longer", "hardly", "far from", "anything but", "not one bit", "not exactly", "by no means"),
)
_ABOUT = listed(
    "|||.|.|!| about it| at all| any more| anymore| now| today| when they told me| when it was over| of the dog|"
    " of him| about what happened| about the money| with her| after the meeting| this time| when the train left"
)
_NOBODY = listed("Nobody|No one|None of us|None of them|Neither of us|Not one of the children")
_NEEDLESS = listed(
    "There is no need to be|There's no reason to be|I have no reason to be|You don't have to be|"
    "She saw no reason to be|I refuse to be|He stopped being|I am done being|"
    "It is nothing to be|I can't say I was|I wouldn't say that I am|"
    "I don't think she is|I doubt that he was|It is not true that I was|Do not be|Don't be|I never said I was"
)
_WITHOUTS = listed("without|with no|free of|without any|not out of")
_CLAUSES = listed(
    "I told them everything|she opened the letter|we walked home|he gave the speech|I answered|they left the house|"
    "I looked at the picture|he came back"
)
_STILL = listed(
    "I have never been so {word} in my life|I've never felt so {word}|never been so {word}|"
    "She had never been more {word}|I can't help being {word}|I couldn't help feeling {word}|"
    "I could not stop being {word}|"
    "I was so {word} that I could not speak|I'm so {word} I can't sleep|He was so {word} that he didn't eat|"
    "I couldn't be more {word}|Nobody was as {word} as me|I don't know why I am so {word}|"
    "I am not just {word}, I am very {word}|Not a day goes by when I am not {word}|"
    "I was {word} because they did not come|She is {word} because he never called|"
    "I don't think I have ever been this {word}|It is no wonder that she is {word}|I won't deny that I was {word}|"
    "There is no way not to be {word}|You have no idea how {word} I am|I could not hide how {word} I was|"
    "I didn't expect to be so {word}|He can't believe how {word} he is|no wonder I'm {word}"
)
# What is said of a statement that is false; the statement may itself be a denial.
_SAID = listed(
    "Nobody can say|Nobody can say that|No one could claim that|It is not true that|It isn't true that|I never said|"
    "I would never say|It would be wrong to say|It would be a lie to say that|It's a lie that|Don't tell me|"
    "Don't tell me that|Don't say|I doubt that|I don't believe|I don't believe that|You can't tell me|"
    "There is no way|You can't say that|She never told us that|I refuse to say that|It is wrong that"
)
_SAID_OF = listed("I am|I was|I was|I'm|he is|he was|she is|she was|they are|they were|we were|you are|you were")
_INSTEAD = listed(
    "{person} not {word}, {person} {other}|{person} not {word} but {other}|{person} {other}, not {word}|"
    "{person} not {word} any more, just {other}|{person} more {other} than {word}|"
    "At first {person} {word}, but now only {other}|{person} no longer {word}, now {other}"
)
DENIED_JOY: Targets = {
    "anger": 0.2,
    "disgust": 0.1,
    "fear": 0.1,
    "guilt": 0.1,
    "joy": 0.02,
    "sadness": 0.38,
    "shame": 0.1,
}


def anything_but(label: str) -> Targets:
    """What a denied feeling should be taken for: not itself, glad the more likely, but never surely.

    Args:
        label: of the feeling.
    """
    if label == "joy":
        return DENIED_JOY
    return {other: 0.02 if other == label else 0.3 if other == "joy" else 0.136 for other in LABELS}


def denied(label: str, word: str, random: Random) -> str:
    """A sentence in which nobody feels what is named.

    Args:
        label: of the feeling.
        word: adjective that names it.
        random: source of chance.
    """
    about, kind = random.choice(_ABOUT), random.random()
    if kind < 0.4:
        text = f"{_who(random)} {random.choice(_NOTS)} {word}{about}"
    elif kind < 0.55:
        text = f"{_person(random)} {_does_not(random)} {random.choice(_SEEMING[::2])} {word}{about}"
    elif kind < 0.63:
        text = f"{random.choice(_NOBODY)} {random.choice(('is', 'was', 'felt', 'seemed'))} {word}{about}"
    elif kind < 0.73:
        text = f"{random.choice(_NEEDLESS)} {word}{about}"
    elif kind < 0.83:
        verb, whom = random.choice(_VERBS[label].split()), random.choice(("me", "her", "him", "us", "them", "anyone"))
        text = f"{random.choice(('It', 'That', 'This', 'The news', 'He'))} {_does_not(random)} {verb} {whom}{about}"
    elif kind < 0.92:
        noun = random.choice(listed(_NOUNS[label]))
        text = _without(noun, random) + about
    else:
        done = random.choice(listed(_DONE[label]))
        text = f"{_person(random)} {random.choice((_does_not(random), 'never had to', 'would never'))} {done}{about}"
    return _styled(text, random)


def _without(noun: str, random: Random) -> str:
    feels = random.choice(("I feel", "I felt", "She feels", "He felt", "There is", "There was"))
    sign, whose = random.choice(("trace", "sign", "hint")), random.choice(("her", "his"))
    return random.choice(
        (
            f"{feels} no {noun}",
            f"{random.choice(_CLAUSES)} {random.choice(_WITHOUTS)} {noun}",
            f"There was no {sign} of {noun} in {whose} face",
            f"{_person(random)} {_does_not(random)} feel any {noun}",
        )
    )


def instead(word: str, other: str, random: Random) -> str:
    """A sentence in which somebody feels one thing and not another.

    Args:
        word: adjective that names what is not felt.
        other: adjective that names what is.
        random: source of chance.
    """
    return _styled(random.choice(_INSTEAD).format(person=random.choice(_SUBJECTS), word=word, other=other), random)


def still(word: str, random: Random) -> str:
    """A sentence with a negation in it in which somebody does feel what is named.

    Args:
        word: adjective that names it.
        random: source of chance.
    """
    return _styled(random.choice(_STILL).format(word=word), random)


def said(word: str, false: bool, random: Random) -> str:
    """A sentence that says of a statement that it is false: of a feeling, or of its denial.

    Args:
        word: adjective that names the feeling.
        false: whether the statement is the denial, so that the feeling is there.
        random: source of chance.
    """
    who = random.choice(_SAID_OF)
    degree = random.choice(("", "", "", "very ", "really ", "a bit ", "so "))
    return _styled(
        f"{random.choice(_SAID)} {who} {'not ' if false else ''}{degree}{word}{random.choice(_ABOUT)}", random
    )


def _who(random: Random) -> str:
    """Somebody, and a form of "be", "feel" or "seem"."""
    if random.random() < 0.65:
        return random.choice(_SUBJECTS)
    return f"{random.choice(_PEOPLE)} {random.choice(('is', 'was', 'is', 'was', 'felt', 'seemed', 'looked'))}"


def _person(random: Random) -> str:
    return random.choice((*_PEOPLE, "I", "I", "I", "he", "she", "they", "we"))


def _does_not(random: Random) -> str:
    return random.choice(
        ("did not", "didn't", "didn't", "does not", "doesn't", "don't", "won't", "never did", "could not")
    )


def _styled(text: str, random: Random) -> str:
    """Contracted half the time, and with a capital letter most of the time."""
    if random.random() < 0.5:
        text = re.sub(r"\b(is|was|are|were) not\b", r"\1n't", text)
    if random.random() < 0.2:
        text = re.sub(r"\b(I) am\b", r"\1'm", text, count=1)
    return text[:1].upper() + text[1:] if random.random() < 0.85 else text.lower()
