"""What the RNN is shown in each epoch: encoded texts with their targets, from labels alone or with a teacher's help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from sentiment.text import ALLCAPS, UNKNOWN, Tokenizer
from training import LABELS
from training.network import batches
from training.network.tying import Tied
from training.texts import augment, corpus, data, examples, transfer
from training.texts.foreign import foreign
from training.texts.noise import noise_example
from training.texts.statements import statement

Encoded = tuple[list[int], list[float]]  # ids of a text and its target
Shown = tuple[list[int], Tensor]  # the same, the target as a row of a tensor
COPIES = 3  # of each response, retold by chance
OWN_RETOLD = 0.15  # share of the sentences of our own that are shown in the third person or the present tense
ENDED = 0.3  # share of them that lose their full stop, or get one


@dataclass(frozen=True)
class Settings:
    """How epochs are made; the values stand in ``train.py``."""

    batch: int
    smoothing: float
    gold: float
    neutral_gold: float
    other_gold: float
    labelled: int
    neutral: int
    transfer: int
    emoji: int
    noise: int
    statements: int
    retold: float
    joined: int
    shouted: float
    tied: bool


@dataclass(frozen=True)
class Distilled:
    """What a teacher adds to the rows of a split.

    Attributes:
        texts: each training response followed by its variants; then the others.
        variants: how many of them a response has.
        probabilities: soft labels of the texts, float32 [texts, labels].
        others: the others, with their own labels.
    """

    texts: list[str]
    variants: int
    probabilities: Tensor
    others: Sequence[corpus.Example]


@dataclass(frozen=True)
class Batch:
    """One step's worth.

    Attributes:
        tokens: int64 [texts, length].
        lengths: int64 [texts].
        targets: float32 [texts, labels].
    """

    tokens: Tensor
    lengths: Tensor
    targets: Tensor


class Epochs:
    """All texts of one split's training, encoded once."""

    def __init__(
        self, split: data.Split, distilled: Distilled | None, tokenizer: Tokenizer, settings: Settings
    ) -> None:
        """Encode and work out targets.

        Args:
            split: only its training rows are used.
            distilled: what a teacher says of them and of other texts.
            tokenizer: of the network to be trained.
            settings: how epochs are made.
        """
        self.settings = settings
        self.tokenizer = tokenizer
        self.tied: Callable[[list[int]], list[int]] = Tied(tokenizer.vocabulary) if settings.tied else list
        self.words = len(tokenizer.vocabulary)
        self.openers = frozenset(tokenizer.encode("when"))
        self.foreign = [
            place for word in sorted(augment.FOREIGN) for place in tokenizer.encode(word) if place != UNKNOWN
        ]
        (self.stop,) = tokenizer.encode(".")
        self.enders = frozenset(tokenizer.encode("! ?"))
        self.shout = augment.Shout(tokenizer.vocabulary, ALLCAPS)
        gold = torch.tensor([examples.target(row.label, settings.smoothing) for row in split.train])
        self.responses = len(gold)
        chance = Random(0)
        self.retold = [[self._ids(transfer.retold(row.text, chance)) for _ in range(COPIES)] for row in split.train]
        self.labels = [row.label for row in split.train]
        self.own = [
            (self._ids(text), self._ids(transfer.retold(text, chance)), examples.target(label, settings.smoothing))
            for label, text in examples.to_learn()
        ]
        self.drawn: list[tuple[list[int], list[float], int]] = []  # places, their odds, how many an epoch
        if distilled is None:
            self.texts = [self._ids(row.text) for row in split.train]
            self.targets, self.variants = gold, 0
            return
        self.texts = [self._ids(text) for text in distilled.texts]
        self.targets = distilled.probabilities.clone()
        self.targets /= self.targets.sum(1, keepdim=True).clamp(min=1e-6)
        self.variants = distilled.variants
        known = self.responses * (self.variants + 1)
        repeated = gold.repeat_interleave(self.variants + 1, dim=0)
        self.targets[:known] = settings.gold * repeated + (1 - settings.gold) * self.targets[:known]
        self._weigh_in(distilled.others, known)

    def _ids(self, text: str) -> list[int]:
        return self.tied(self.tokenizer.encode(text) or [UNKNOWN])

    def _weigh_in(self, others: Sequence[corpus.Example], first: int) -> None:
        """Mix the others' own labels into their targets, and sort them into what is drawn from."""
        settings = self.settings
        kinds: dict[str, list[tuple[int, float]]] = {}
        for place, one in enumerate(others, start=first):
            target = corpus.target(one, settings.smoothing)
            trust = corpus.WEIGHTS.get(one.source, corpus.FORUM_WEIGHT)
            kind = "emoji" if one.source == corpus.EMOJI else corpus.NONE if one.label == corpus.NONE else ""
            if one.label in LABELS:
                share = settings.gold * trust
                kind = one.label if one.source in corpus.WEIGHTS else ""
            elif one.label == corpus.NONE:
                share = settings.neutral_gold
            else:
                share = settings.other_gold if one.label == corpus.OTHER else 0.0
                target = [1 / len(LABELS)] * len(LABELS)
            if share and target is not None:
                self.targets[place] = share * torch.tensor(target) + (1 - share) * self.targets[place]
            kinds.setdefault(kind, []).append((place, trust if one.label in LABELS and kind else 1.0))
        wanted = {corpus.NONE: settings.neutral, "emoji": settings.emoji, "": settings.transfer}
        for kind in (*LABELS, *wanted):
            places, odds = zip(*kinds.get(kind, [(0, 0.0)]), strict=True)
            if any(odds):
                self.drawn.append((list(places), list(odds), wanted.get(kind, settings.labelled // len(LABELS))))

    def batches_an_epoch(self) -> int:
        """How many steps an epoch takes."""
        texts = self.responses * (2 if self.variants else 1) + self.settings.joined
        texts += sum(min(wanted, len(places)) for places, _, wanted in self.drawn)
        return -(-texts // self.settings.batch)

    def _chosen(self, random: Random) -> list[int]:
        """Places of this epoch's texts: each response, one variant of each, and some of each kind of the others."""
        step = self.variants + 1
        chosen = [response * step for response in range(self.responses)]
        if self.variants:
            chosen += [response * step + random.randint(1, self.variants) for response in range(self.responses)]
        for places, odds, wanted in self.drawn:
            chosen += drawn(places, odds, min(wanted, len(places)), random)
        return chosen

    def _besides(self, random: Random, steps: int) -> list[Encoded]:
        """What comes beside: sentences of our own, statements, noise."""
        even = examples.target(examples.NONE, 0)
        found: list[Encoded] = [
            (self._styled(told if random.random() < OWN_RETOLD else ids, random), target)
            for ids, told, target in self.own
        ]
        for _ in range(steps * self.settings.noise):
            found.append((augment.nonsense(random, self.foreign, self.words), even))
            found.append((self._ids(noise_example(random, examples.STREWN)), even))
            found.append((self._ids(foreign(random)), even))
        for _ in range(steps * self.settings.statements):
            text, target = statement(random)
            found.append((self._ids(text), target))
        random.shuffle(found)
        return found

    def _styled(self, ids: list[int], random: Random) -> list[int]:
        """A sentence of our own, sometimes a little changed: how it ends and whether it shouts says nothing."""
        if random.random() < 0.5:
            ids = augment.vary(ids, random, self.openers)
        if random.random() < ENDED:
            ids = augment.ended(ids, self.stop, self.enders)
        return self.shout(ids) if random.random() < self.settings.shouted else ids

    def epoch(self, random: Random) -> list[Batch]:
        """Batches of one epoch, in random order.

        Args:
            random: source of chance.
        """
        shown = [(self._told(place, random), self.targets[place]) for place in self._chosen(random)]
        shown += [self._joined(random) for _ in range(self.settings.joined)]
        parts = list(batches.places([len(ids) for ids, _ in shown], self.settings.batch, random))
        besides = self._besides(random, len(parts))
        return [
            self._batch([shown[member] for member in members], added)
            for members, added in zip(parts, dealt(besides, len(parts)), strict=True)
        ]

    def _told(self, place: int, random: Random) -> list[int]:
        """A text as it is shown this time: responses a little changed; some of all in capitals."""
        response, variant = divmod(place, self.variants + 1)
        ids = self.texts[place]
        if response < self.responses and not variant:
            retold = random.random() < self.settings.retold
            ids = augment.vary(random.choice(self.retold[response]) if retold else ids, random, self.openers)
        return self.shout(ids) if random.random() < self.settings.shouted else ids

    def _joined(self, random: Random) -> Shown:
        """Two to four responses of one label as one long text."""
        first = random.randrange(self.responses)
        same = [first]
        for _ in range(random.randint(1, 3)):
            other = random.randrange(self.responses)
            while self.labels[other] != self.labels[first]:
                other = random.randrange(self.responses)
            same.append(other)
        places = [response * (self.variants + 1) for response in same]
        return [one for place in places for one in self.texts[place]], self.targets[places].mean(0)

    def _batch(self, shown: Sequence[Shown], added: Sequence[Encoded]) -> Batch:
        tokens, lengths = batches.pad([ids for ids, _ in [*shown, *added]])
        targets = torch.tensor([target for _, target in added]).view(-1, len(LABELS))
        return Batch(tokens, lengths, torch.cat([torch.stack([target for _, target in shown]), targets]))


def drawn(places: Sequence[int], odds: Sequence[float], count: int, random: Random) -> list[int]:
    """Some of the places, none twice, by their odds (Efraimidis and Spirakis 2006).

    Args:
        places: to draw from.
        odds: of each.
        count: how many.
        random: source of chance.
    """
    keys = [(random.random() ** (1 / one), place) for place, one in zip(places, odds, strict=True) if one > 0]
    return [place for _, place in sorted(keys, reverse=True)[:count]]


def dealt(items: Sequence[Encoded], hands: int) -> list[Sequence[Encoded]]:
    """Deal out items like cards.

    Args:
        items: in random order.
        hands: among how many.
    """
    return [items[hand::hands] for hand in range(hands)]
