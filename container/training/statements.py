"""Plain sentences of our own: feelings named, feelings denied, and facts that move nobody.

The survey has hardly any of them, and people type them all the time. A sentence comes with what it should be taken
for: a named feeling for its label, a denied one for anything but it, a fact for nothing in particular.
"""

from __future__ import annotations

from random import Random

from training import LABELS


def _listed(text: str) -> list[str]:
    return text.split("|")


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
_SUBJECTS = _listed(
    "I am|I was|I feel|I felt|I'm|He is|He was|He feels|She is|She was|She felt|They are|They were|We are|"
    "We were|You are|My mother is|My friend was|Everybody is|My son felt"
)
_DEGREES = ("", "", "", "very ", "so ", "really ", "a bit ", "quite ", "extremely ", "rather ")
_DENIALS = ("not ", "not ", "not at all ", "never ", "no longer ", "not very ", "not really ", "hardly ", "far from ")
_WITHOUT = _listed("I don't|I do not|I did not|I didn't|He doesn't|She does not|They don't|We do not|You don't|I never")
_NOTHING = _listed(
    "There is nothing|I have nothing|She has no reason|There was no reason|You have nothing|There is no need"
)
_ENDS = ("", ".", "!", " today.", " about it.", " now", " because of this.", " with all of that.", " lately")
_THINGS = _listed(
    "table|report|train|file|meeting|office|street|book|version|bridge|kettle|map|list|window|printer|river|shop|"
    "sentence|number|paper|box|market|road|building|page|system|price|colour|clock|library"
)
_FACTS = _listed(
    "is made of wood|starts at nine|is on the second floor|has four parts|weighs two kilos|"
    "is next to the station|was built in 1962|opens on Monday|contains several items|is available online|is blue|"
    "can be found on the left|will be updated next week|consists of three sections|costs about ten euros|"
    "is located in the north|was published last year|has the same size as the other one|"
    "needs to be sent by email|supports new formats"
)
DENIED_JOY = {"anger": 0.2, "disgust": 0.1, "fear": 0.1, "guilt": 0.1, "joy": 0.02, "sadness": 0.38, "shame": 0.1}
SURE = 0.9  # of a named feeling


def statement(random: Random) -> tuple[str, list[float]]:
    """One sentence and what it should be taken for.

    Args:
        random: source of chance.

    Returns:
        The sentence, and a probability for each label.
    """
    even = [1 / len(LABELS)] * len(LABELS)
    kind = random.random()
    if kind < 0.2:
        return f"The {random.choice(_THINGS)} {random.choice(_FACTS)}{random.choice(('.', ''))}", even
    label = random.choice(LABELS)
    word = random.choice(_FEELINGS[label].split()).replace("-", " ")
    if kind < 0.5:
        text = f"{random.choice(_SUBJECTS)} {random.choice(_DEGREES)}{word}{random.choice(_ENDS)}"
        return text, [SURE if other == label else (1 - SURE) / (len(LABELS) - 1) for other in LABELS]
    text = _denied(word, random)
    if label == "joy":
        return text, [DENIED_JOY[other] for other in LABELS]
    # Not afraid may be anything else, glad the more likely.
    rest = {other: 0.02 if other == label else 0.3 if other == "joy" else 0.136 for other in LABELS}
    return text, [rest[other] for other in LABELS]


def _denied(word: str, random: Random) -> str:
    """A sentence in which nobody feels what the word names."""
    end = random.choice(_ENDS)
    kind = random.random()
    if kind < 0.6:
        return _contract(f"{random.choice(_SUBJECTS)} {random.choice(_DENIALS)}{word}{end}", random)
    if kind < 0.8:
        return f"{random.choice(_WITHOUT)} feel {random.choice(_DEGREES)}{word}{end}"
    if kind < 0.9:
        return f"{random.choice(_NOTHING)} to be {word} about{random.choice(('', '.', '!'))}"
    return _contract(f"{random.choice(_SUBJECTS)} not {word} {random.choice(('any more', 'anymore'))}.", random)


def _contract(text: str, random: Random) -> str:
    """Turn "is not" into "isn't" half the time."""
    for long, short in ((" is not ", " isn't "), (" was not ", " wasn't "), (" are not ", " aren't ")):
        if long in text and random.random() < 0.5:
            text = text.replace(long, short, 1)
    return text
