"""What the RNN is shown in each epoch: encoded texts with their targets, from labels alone or with a teacher's help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from sentiment.text import UNKNOWN, Tokenizer
from training import LABELS
from training.network import batches
from training.texts import augment, data, examples, transfer
from training.texts.foreign import foreign
from training.texts.noise import gibberish
from training.texts.statements import statement

Told = tuple[list[int], list[float]]  # ids of a text and its target
Shown = tuple[list[int], Tensor]  # the same, the target as a row of a tensor
COPIES = 3  # of each account, retold by chance


@dataclass(frozen=True)
class Settings:
    """How lessons are made; the values stand in ``train.py``."""

    batch: int
    smoothing: float
    gold: float
    strangers: int
    comments: int
    comment_gold: float
    nonsense: int
    statements: int
    retold: float
    joined: int


@dataclass(frozen=True)
class Taught:
    """What a teacher adds to the rows of a split.

    Attributes:
        texts: each training account followed by its variants; then strangers.
        variants: how many of them an account has.
        probabilities: soft labels of the texts, float32 [texts, labels].
        comments: label and text of forum comments; their labels are noisy.
    """

    texts: list[str]
    variants: int
    probabilities: Tensor
    comments: list[tuple[str, str]]


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


class Lessons:
    """All texts of one split's training, encoded once."""

    def __init__(self, split: data.Split, taught: Taught | None, tokenizer: Tokenizer, settings: Settings) -> None:
        """Encode and work out targets.

        Args:
            split: only its training rows are used.
            taught: what a teacher says of them and of other texts.
            tokenizer: of the network to be trained.
            settings: how lessons are made.
        """
        self.settings = settings
        self.tokenizer = tokenizer
        self.words = len(tokenizer.vocabulary)
        self.openers = frozenset(tokenizer.encode("when"))
        self.foreign = [
            place for word in sorted(augment.FOREIGN) for place in tokenizer.encode(word) if place != UNKNOWN
        ]
        gold = torch.tensor([examples.target(row.label, settings.smoothing) for row in split.train])
        self.accounts = len(gold)
        chance = Random(0)
        self.retold = [[self._ids(transfer.retold(row.text, chance)) for _ in range(COPIES)] for row in split.train]
        self.labels = [row.label for row in split.train]
        self.own = [
            (self._ids(text), examples.target(label, settings.smoothing)) for label, text in examples.to_learn()
        ]
        self.comments: dict[str, list[Told]] = {}
        if taught is None:
            self.texts = [tokenizer.encode(row.text) for row in split.train]
            self.targets, self.variants = gold, 0
            return
        self.texts = [tokenizer.encode(text) for text in taught.texts]
        self.targets = taught.probabilities.clone()
        self.variants = taught.variants
        known = self.accounts * (self.variants + 1)
        repeated = gold.repeat_interleave(self.variants + 1, dim=0)
        self.targets[:known] = settings.gold * repeated + (1 - settings.gold) * self.targets[:known]
        for label, text in taught.comments:
            told = (self._ids(text), examples.target(label, 1 - settings.comment_gold))
            self.comments.setdefault(label, []).append(told)

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text) or [UNKNOWN]

    def batches_an_epoch(self) -> int:
        """How many steps an epoch takes."""
        others = len(self.texts) - self.accounts * (self.variants + 1)
        texts = self.accounts * (2 if self.variants else 1) + min(self.settings.strangers, others)
        texts += self.settings.joined
        return -(-texts // self.settings.batch)

    def _chosen(self, random: Random) -> list[int]:
        """Places of this epoch's texts: each account, one variant of each, and some strangers."""
        step = self.variants + 1
        chosen = [account * step for account in range(self.accounts)]
        if self.variants:
            chosen += [account * step + random.randint(1, self.variants) for account in range(self.accounts)]
            others = range(self.accounts * step, len(self.texts))
            chosen += random.sample(others, min(self.settings.strangers, len(others)))
        return chosen

    def _besides(self, random: Random, steps: int) -> list[Told]:
        """What comes beside the survey: sentences of our own, comments of each label alike, statements, nonsense."""
        even = examples.target(examples.NONE, 0)
        found: list[Told] = [
            (augment.vary(ids, random, self.openers) if random.random() < 0.5 else ids, target)
            for ids, target in self.own
        ]
        each = self.settings.comments // (len(LABELS) + 1)
        for some in self.comments.values():
            found += random.sample(some, min(each, len(some)))
        for _ in range(steps * self.settings.nonsense):
            found.append((augment.nonsense(random, self.foreign, self.words), even))
            found.append((self._ids(gibberish(random, examples.STREWN)), even))
            found.append((self._ids(foreign(random)), even))
        for _ in range(steps * self.settings.statements):
            text, target = statement(random)
            found.append((self._ids(text), target))
        random.shuffle(found)
        return found

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
        """A text as it is shown this time: accounts a little changed, some of them retold; others as they are."""
        account, variant = divmod(place, self.variants + 1)
        if account >= self.accounts or variant:
            return self.texts[place]
        retold = random.random() < self.settings.retold
        return augment.vary(random.choice(self.retold[account]) if retold else self.texts[place], random, self.openers)

    def _joined(self, random: Random) -> Shown:
        """Two to four accounts of one label as one long text."""
        first = random.randrange(self.accounts)
        same = [first]
        for _ in range(random.randint(1, 3)):
            other = random.randrange(self.accounts)
            while self.labels[other] != self.labels[first]:
                other = random.randrange(self.accounts)
            same.append(other)
        places = [account * (self.variants + 1) for account in same]
        return [one for place in places for one in self.texts[place]], self.targets[places].mean(0)

    def _batch(self, shown: Sequence[Shown], added: Sequence[Told]) -> Batch:
        tokens, lengths = batches.pad([ids for ids, _ in [*shown, *added]])
        targets = torch.tensor([target for _, target in added]).view(-1, len(LABELS))
        return Batch(tokens, lengths, torch.cat([torch.stack([target for _, target in shown]), targets]))


def dealt(items: Sequence[Told], hands: int) -> list[Sequence[Told]]:
    """Deal out items like cards.

    Args:
        items: in random order.
        hands: among how many.
    """
    return [items[hand::hands] for hand in range(hands)]
