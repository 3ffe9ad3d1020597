"""What the RNN is shown in each epoch: encoded texts with their targets, from labels alone or with a teacher's help."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from sentiment.text import UNKNOWN, Tokenizer
from training import LABELS, augment, batches, data, metrics
from training.statements import statement
from training.teacher import Knowledge


@dataclass(frozen=True)
class Settings:
    """How lessons are made; the values stand in ``train.py``."""

    batch: int
    smoothing: float
    gold: float
    strangers: int
    nonsense: int
    statements: int


@dataclass(frozen=True)
class Batch:
    """One step's worth.

    Attributes:
        tokens: int64 [texts, length].
        lengths: int64 [texts].
        targets: float32 [texts, labels].
        vectors: what the body should say of the first of them, [some texts, directions]; None without a teacher.
    """

    tokens: Tensor
    lengths: Tensor
    targets: Tensor
    vectors: Tensor | None


class Lessons:
    """All texts of one split's training, encoded once."""

    def __init__(
        self, split: data.Split, knowledge: Knowledge | None, tokenizer: Tokenizer, settings: Settings
    ) -> None:
        """Encode and work out targets.

        Args:
            split: only its training rows are used.
            knowledge: what a teacher says of them and of other texts.
            tokenizer: of the network to be trained.
            settings: how lessons are made.

        Raises:
            DataError: the knowledge is of another split.
        """
        self.settings = settings
        self.tokenizer = tokenizer
        self.words = len(tokenizer.vocabulary)
        self.openers = frozenset(tokenizer.encode("when"))
        self.foreign = [
            place for word in sorted(augment.FOREIGN) for place in tokenizer.encode(word) if place != UNKNOWN
        ]
        truth = torch.from_numpy(metrics.truth(split.train))
        gold = torch.nn.functional.one_hot(truth, len(LABELS)).float()
        gold = gold * (1 - settings.smoothing) + settings.smoothing / len(LABELS)
        self.accounts = len(gold)
        self.vectors: Tensor | None = None
        if knowledge is None:
            self.texts = [tokenizer.encode(row.text) for row in split.train]
            self.targets, self.variants = gold, 0
            return
        if [row.key for row in split.train] != knowledge.keys.tolist():
            raise data.DataError("the teacher's knowledge is of another split: make it anew with this seed")
        self.texts = [tokenizer.encode(text) for text in knowledge.texts.tolist()]
        self.vectors = torch.from_numpy(knowledge.vectors).float()
        self.targets = torch.from_numpy(knowledge.probabilities).float()
        known = knowledge.accounts_with_variants
        self.variants = known // self.accounts - 1
        repeated = gold.repeat_interleave(self.variants + 1, dim=0)
        self.targets[:known] = settings.gold * repeated + (1 - settings.gold) * self.targets[:known]

    def batches_an_epoch(self) -> int:
        """How many steps an epoch takes."""
        others = len(self.texts) - self.accounts * (self.variants + 1)
        texts = self.accounts * (2 if self.variants else 1) + min(self.settings.strangers, others)
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

    def epoch(self, random: Random) -> list[Batch]:
        """Batches of one epoch, in random order.

        Args:
            random: source of chance.
        """
        chosen = self._chosen(random)
        accounts = set(chosen[: self.accounts])
        shown = [
            augment.vary(self.texts[place], random, self.openers) if place in accounts else self.texts[place]
            for place in chosen
        ]
        made = []
        for members in batches.places([len(ids) for ids in shown], self.settings.batch, random):
            empty = [augment.nonsense(random, self.foreign, self.words) for _ in range(self.settings.nonsense)]
            plain = [statement(random) for _ in range(self.settings.statements)]
            added = [*empty, *(self.tokenizer.encode(text) for text, _ in plain)]
            tokens, lengths = batches.pad([*(shown[member] for member in members), *added])
            places = torch.tensor([chosen[member] for member in members])
            even = [[1 / len(LABELS)] * len(LABELS)] * len(empty)
            targets = torch.tensor([*even, *(meant for _, meant in plain)]).view(-1, len(LABELS))
            vectors = None if self.vectors is None else self.vectors[places]
            made.append(Batch(tokens, lengths, torch.cat([self.targets[places], targets]), vectors))
        return made
