"""Plain sentences of our own: feelings named, feelings denied, and facts that move nobody.

The survey has hardly any of them, and people type them all the time. A sentence comes with what it should be taken
for: a named feeling for its label, a denied one for anything but it, a fact for nothing in particular.
"""

from __future__ import annotations

from random import Random

from training import LABELS
from training.texts import denials, emoji, people
from training.texts.denials import listed

_FEELINGS = {
    "anger": "angry furious annoyed mad outraged irritated enraged livid cross resentful",
    "disgust": "disgusted revolted grossed-out repelled nauseated sickened appalled",
    "fear": "afraid scared frightened terrified anxious worried nervous panicked petrified",
    "guilt": "guilty remorseful sorry at-fault to-blame regretful conscience-stricken",
    "joy": "happy glad delighted joyful thrilled cheerful pleased proud overjoyed content excited relieved grateful",
    "sadness": "sad unhappy heartbroken depressed lonely miserable gloomy down grieving sorrowful disappointed",
    "shame": "ashamed embarrassed humiliated mortified disgraced shamefaced",
}
_MORE = "happiness joyous shameful embarrassing embarrassment disgusting fearful frightening fright sadly angrily"
# Words that name a feeling, and mean little else.
NAMES = frozenset(" ".join((*LABELS, *_FEELINGS.values(), _MORE)).split()) - {"down", "cross", "content"}
_SUBJECTS = listed(
    "I am|I was|I feel|I felt|I'm|He is|He was|He feels|She is|She was|She felt|They are|They were|We are|"
    "We were|You are|My mother is|My friend was|Everybody is|My son felt"
)
_BOTH = listed(
    "{who} {word} and {other}|{who} both {word} and {other}|{who} {word} but also {other}|{who} {word}, and {other} too"
    "|{who} half {word}, half {other}|{who} {word} about the one thing and {other} about the other"
)
_DEGREES = ("", "", "", "very ", "so ", "really ", "a bit ", "quite ", "extremely ", "rather ")
_ENDS = ("", ".", "!", " today.", " about it.", " now", " because of this.", " with all of that.", " lately")
_THINGS = listed(
    "table|report|train|file|meeting|office|street|book|version|bridge|kettle|map|list|window|printer|river|shop|"
    "sentence|number|paper|box|market|road|building|page|system|price|colour|clock|library"
)
_FACTS = listed(
    "is made of wood|starts at nine|is on the second floor|has four parts|weighs two kilos|"
    "is next to the station|was built in 1962|opens on Monday|contains several items|is available online|is blue|"
    "can be found on the left|will be updated next week|consists of three sections|costs about ten euros|"
    "is located in the north|was published last year|has the same size as the other one|"
    "needs to be sent by email|supports new formats"
)
# Of a named feeling, of one that an emoji shows, and of one whose denial is said to be false.
SURE, SHOWN, SAID = 0.9, 0.7, 0.8


def statement(random: Random) -> tuple[str, list[float]]:
    """One sentence and what it should be taken for.

    Args:
        random: source of chance.

    Returns:
        The sentence, and a probability for each label.
    """
    kind = random.random()
    even = [1 / len(LABELS)] * len(LABELS)
    if kind < 0.3:
        return people.ordinary(random), even
    if kind < 0.4:
        return _with_emoji(random)
    kind = (kind - 0.4) / 0.6
    if kind < 0.08:
        return f"The {random.choice(_THINGS)} {random.choice(_FACTS)}{random.choice(('.', ''))}", even
    label = random.choice(LABELS)
    word = _word(label, random)
    if kind < 0.4:
        if random.random() < 0.15:  # who it is changes nothing
            who = people.somebody(random)
            return f"{who} {random.choice(('is', 'was', 'felt', 'seemed'))} {word}{random.choice(_ENDS)}", _surely(
                label
            )
        return f"{random.choice(_SUBJECTS)} {random.choice(_DEGREES)}{word}{random.choice(_ENDS)}", _surely(label)
    if kind < 0.5:
        return denials.still(word, random), _surely(label)
    if kind < 0.6:
        other = random.choice([one for one in LABELS if one != label])
        if kind < 0.54:
            return _both(word, _word(other, random), random), [
                SURE / 2 if one in (label, other) else (1 - SURE) / (len(LABELS) - 2) for one in LABELS
            ]
        return denials.instead(word, _word(other, random), random), _surely(other)
    targets = denials.anything_but(label)
    if kind < 0.72:
        if random.random() < 0.5:
            return denials.said(word, True, random), _surely(label, SAID)
        return denials.said(word, False, random), [targets[other] for other in LABELS]
    return denials.denied(label, word, random), [targets[other] for other in LABELS]


def _both(word: str, other: str, random: Random) -> str:
    """A sentence in which two emotions are felt."""
    return random.choice(_BOTH).format(who=random.choice(_SUBJECTS), word=word, other=other) + random.choice(_ENDS)


def _with_emoji(random: Random) -> tuple[str, list[float]]:
    """An ordinary sentence, or nothing, with an emoji that says how it is meant."""
    label = random.choice((*LABELS, emoji.NONE))
    signs = [sign for sign, (meant, _) in emoji.table().items() if meant == label] or ["\U0001f614"]
    if label == "guilt":  # no emoji says it
        label = "sadness"
    sign = random.choice(signs)
    sign *= random.choice((1, 1, 1, 2, 3))
    text = "" if random.random() < 0.15 else people.ordinary(random).rstrip(" .") + random.choice((" ", " ", ""))
    return f"{text}{sign}", [1 / len(LABELS)] * len(LABELS) if label == emoji.NONE else _surely(label, SHOWN)


def _word(label: str, random: Random) -> str:
    """An adjective, the commoner ones more often: they stand first."""
    words = _FEELINGS[label].split()
    return words[int(len(words) * random.random() ** 2)].replace("-", " ")


def _surely(label: str, sure: float = SURE) -> list[float]:
    return [sure if other == label else (1 - sure) / (len(LABELS) - 1) for other in LABELS]
