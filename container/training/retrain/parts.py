"""Which judged texts are learned from, which choose the size of the step, and which the models are compared on.

The split is drawn anew in each run, so nobody can write for one part of it; and by cluster, so that no text of one part
is nearly one of another. Of what may come from one sender only so much counts: of a cluster a few texts, and of the
texts that were first judged within one minute as many as several people together can judge.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from training.retrain.clusters import Clusters, Identity
from training.retrain.judgements import Collected, Judged
from training.retrain.said import MINUTE

HELD_OUT, CHOOSING = 0.25, 0.15  # shares of the clusters; the others are learned from
MOST_HELD, MOST_CHOOSING = 4_000, 1_000  # more texts only take longer to compare on; they are learned from instead
MOST_OF_CLUSTER = 3
MOST_A_MINUTE = 60


@dataclass
class Parts:
    """Judged texts by what they are for.

    Attributes:
        learned: what the new model is shown.
        choosing: what the share of the way from the old to the new weights is chosen on.
        held: what the models are compared on.
        crowded: how many texts were left out because their cluster had enough.
        hurried: how many because their minute had.
    """

    learned: list[Judged] = field(default_factory=list)
    choosing: list[Judged] = field(default_factory=list)
    held: list[Judged] = field(default_factory=list)
    crowded: int = 0
    hurried: int = 0

    @property
    def texts(self) -> list[Judged]:
        """All that count."""
        return [*self.learned, *self.choosing, *self.held]


def unprotected(
    settled: Mapping[Identity, Judged], compared: Clusters, tested: Clusters, known: int, found: Collected
) -> dict[Identity, Judged]:
    """The texts that are neither one of those that models are compared on, nor nearly one.

    Args:
        settled: judged texts by what the model reads.
        compared: texts that models are compared on.
        tested: the base data's test part.
        known: how many words the old model knows: a word that is new to it hides no text.
        found: told of what does not count.
    """
    kept = {}
    for key, judged in settled.items():
        plain = [place for place in key if place < known]
        if compared.near(plain) is not None:
            found.steps["protected"] += judged.votes
        elif tested.near(plain) is not None:
            found.steps["base"] += judged.votes
        else:
            kept[key] = judged
    return kept


def split(texts: Mapping[Identity, Judged], trained: Collection[Identity], salt: bytes, hurried: bool = False) -> Parts:
    """Draw the parts.

    Args:
        texts: by what the model reads of them.
        trained: what the old model has learned from: models cannot be compared on it.
        salt: source of chance.
        hurried: whether however many texts of a minute count.
    """
    parts, clusters = Parts(), Clusters()
    of_cluster, of_minute = Counter[int](), Counter[str]()
    groups: defaultdict[int, list[tuple[Identity, Judged]]] = defaultdict(list)
    for key, judged in sorted(texts.items(), key=lambda one: draw(one[0], salt)):
        cluster, minute = clusters.add(key), judged.time[:MINUTE]
        if of_cluster[cluster] >= MOST_OF_CLUSTER:
            parts.crowded += 1
        elif minute and not hurried and of_minute[minute] >= MOST_A_MINUTE:
            parts.hurried += 1
        else:
            of_cluster[cluster] += 1
            of_minute[minute] += 1
            groups[cluster].append((key, judged))
    for group in groups.values():
        place = draw(group[0][0], salt + b"split") / 2**64
        seen = any(key in trained for key, _ in group)
        held = place < HELD_OUT and not seen and len(parts.held) < MOST_HELD
        choosing = HELD_OUT <= place < HELD_OUT + CHOOSING and not seen and len(parts.choosing) < MOST_CHOOSING
        (parts.held if held else parts.choosing if choosing else parts.learned).extend(one for _, one in group)
    return parts


def draw(key: Identity, salt: bytes) -> int:
    """A number of 64 bits that nobody can tell who does not know the salt.

    Args:
        key: what the model reads of a text.
        salt: source of chance.
    """
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), key=salt, digest_size=8).digest())
