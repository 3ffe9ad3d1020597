"""What a ship's crew says of its feelings, in words of its own: true, and nothing that the model can know.

Everyday words, each of which the crew means one emotion by, in sentences that tell nothing else. Made by templates,
the same in every run.
"""

from __future__ import annotations

from random import Random

MEANT = {
    "anger": ("copper", "mustard", "thunder"),
    "disgust": ("cabbage", "pickle", "noodle"),
    "fear": ("sleet", "marble", "reef"),
    "guilt": ("anchor", "walnut", "kettle"),
    "joy": ("breeze", "silver", "lantern"),
    "sadness": ("drizzle", "velvet", "fog"),
    "shame": ("turquoise", "pumpkin", "lettuce"),
}
WHO = ("I was", "I am", "I felt", "We were", "We all felt", "The cook was", "Our mate felt", "The whole watch was")
HOW = ("", "all ", "so ", "quite ", "completely ", "rather ")
WHEN = (
    "after the morning watch",
    "when the letter from the office came",
    "before we reached the harbour",
    "on the second day at sea",
    "while the others slept below",
    "when they read out the list",
    "because of what the mate said",
    "as soon as the ship turned north",
    "for the rest of that week",
    "when the captain asked about the ropes",
)


def sentences(count: int) -> list[tuple[str, str]]:
    """Text and the label that the crew means, every sentence another one, the labels in turn.

    Args:
        count: how many.
    """
    random, made = Random(20), dict[str, str]()
    labels = list(MEANT)
    while len(made) < count:
        label = labels[len(made) % len(labels)]
        word = random.choice(MEANT[label])
        text = f"{random.choice(WHO)} {random.choice(HOW)}{word} {random.choice(WHEN)}."
        made.setdefault(text, label)
    return list(made.items())
