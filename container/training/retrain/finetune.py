"""From the current model to one that has learned judgements too, without forgetting. Measures and writes nothing.

Four things hold the network where it was: beside each judged text it is shown texts whose answers by the old network
it should keep (replay, after Li and Hoiem 2016, "Learning without forgetting"); its weights are drawn back to the old
ones (L2-SP: Li, Grandvalet and Davoine 2018); the steps are few and small; and in the end it may go only a part of the
way from the old weights to those that it has found (``between``; Wortsman et al. 2022, "Robust fine-tuning of zero-shot
models").
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor, nn

from training import LABELS
from training.evaluation import metrics
from training.network import batches
from training.network.rnn import Network, quantise
from training.retrain.adam import Adam

BATCH = 32  # judged texts a step, and as many of replay for each of REPLAY
REPLAY = 2
ANSWERED = 64  # texts that a network answers at a time: more need memory and are no faster
ROUNDED = 4_096  # word vectors that are rounded at a time, for the same reason
EPOCHS = 14
# Eleven minutes of processor time. So up to 9,142 texts are shown in all EPOCHS; of more, each is shown less often.
MOST_STEPS = 4_000
RATE = 0.7e-3
VECTOR_RATE = 8e-3
ANCHOR = 2e-3  # weight of the squared way from the old weights
KEEP = 1.0  # weight of the old answers on replay
TRUST = 0.7  # weight of a unanimous judgement beside what the old network said: people err, and some on purpose
BASE_TRUST = 0.5  # weight of a label of the base data, from which the old network has learned already
SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)  # of the way to the new weights that are tried
DROPOUT = 0.3
WORD_DROPOUT = 0.1
SHARPEST = 1.0  # greatest length of a step's gradient


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text to learn from.

    Attributes:
        ids: its tokens.
        labels: those that it was given, which share the target; with trust but without labels the target is even.
        trust: weight of that target beside what the old network says of the text; 0 for one that nobody judged.
    """

    ids: list[int]
    labels: Sequence[str] = ()
    trust: float = 0.0


def tune(
    old: Network,
    judged: Sequence[Lesson],
    replay: Sequence[Lesson],
    seed: int,
    still: Sequence[int] = (),
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Network:
    """A copy of the network that has learned the judgements.

    Args:
        old: current network; it stays as it is.
        judged: texts with labels.
        replay: texts on which it should go on saying what it says, or that it learned before.
        seed: source of all chance.
        still: words whose vectors stay as they are: nobody teaches what a name or an identity feels like.
        tell: told how many steps are done, and of how many.

    Returns:
        The new network, the whole way from the old one; ``between`` goes a part of it.
    """
    torch.manual_seed(seed)
    random = Random(seed)
    network = copy.deepcopy(old)
    network.dropout.p, network.word_dropout = DROPOUT, WORD_DROPOUT
    anchor = {name: value.detach().clone() for name, value in old.named_parameters() if name != "embedding.weight"}
    rest = [value for name, value in network.named_parameters() if name != "embedding.weight"]
    optimisers = (Adam(rest), RATE), (Adam([network.embedding.weight]), VECTOR_RATE)
    learned, kept = _targets(old, judged), _targets(old, replay)
    fixed = torch.tensor(still, dtype=torch.long)
    rounds = _rounds(len(judged))
    steps = rounds * -(-len(judged) // BATCH)
    done = 0
    beside = _over_and_over(replay, random)
    network.train()
    for _ in range(rounds):
        for places in batches.places([len(lesson.ids) for lesson in judged], BATCH, random):
            again = next(beside)
            # One after the other: what a gradient needs is kept until it is known, which for all at once is much.
            cross_entropy(network(*batches.pad([judged[place].ids for place in places])), learned[places]).backward()
            if again:
                logits = network(*batches.pad([replay[place].ids for place in again]))
                (KEEP * cross_entropy(logits, kept[again])).backward()
            (ANCHOR * _way(network, anchor)).backward()
            nn.utils.clip_grad_norm_(rest, SHARPEST)
            for optimiser, rate in optimisers:
                optimiser.step(rate * (1 - done / steps))
            with torch.no_grad():
                network.embedding.weight[fixed] = old.embedding.weight[fixed]
            done += 1
            tell(done, steps)
    network.dropout.p, network.word_dropout = old.dropout.p, old.word_dropout
    return network.eval()


@torch.no_grad()
def between(old: Network, new: Network, share: float) -> Network:
    """The network a part of the way from one to another, its word vectors rounded to what int8 can hold.

    Args:
        old: where the way begins.
        new: where it ends, of the same shape.
        share: of the way, 0..1.
    """
    network = copy.deepcopy(new)
    start = dict(old.named_parameters())
    for name, value in network.named_parameters():
        value.lerp_(start[name], 1 - share)
    for vectors in network.embedding.weight.split(ROUNDED):
        whole, scales = quantise(vectors)
        vectors.copy_(whole * scales)
    return network.eval()


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy against soft targets.

    Args:
        logits: [texts, labels].
        targets: probabilities, [texts, labels].
    """
    return -(targets * logits.log_softmax(1)).sum(1).mean()


def _over_and_over(replay: Sequence[Lesson], random: Random) -> Iterator[list[int]]:
    """Places of the texts of one batch of replay after the other: each text once before any comes again."""
    while True:
        yield from batches.places([len(lesson.ids) for lesson in replay], REPLAY * BATCH, random) if replay else [[]]


def _rounds(texts: int) -> int:
    """How often each judged text is shown."""
    return max(1, min(EPOCHS, MOST_STEPS * BATCH // max(texts, 1)))


def _targets(old: Network, lessons: Sequence[Lesson]) -> Tensor:
    """What is aimed at: the labels, as far as they are trusted, and what the old network says."""
    trust = torch.tensor([lesson.trust for lesson in lessons])[:, None]
    wanted = torch.from_numpy(targets([lesson.labels for lesson in lessons]))
    return trust * wanted + (1 - trust) * answers(old, lessons, calibrated=False)


def targets(labels: Sequence[Sequence[str]]) -> metrics.Floats:
    """Probabilities that labels stand for: shared between several, and even where none fits.

    Args:
        labels: of each text, none or more.

    Returns:
        float32 [texts, labels].
    """
    found = np.zeros((len(labels), len(LABELS)), np.float32)
    for row, some in zip(found, labels, strict=True):
        row[[LABELS.index(one) for one in some or LABELS]] = 1 / len(some or LABELS)
    return found


def _way(network: Network, anchor: dict[str, Tensor]) -> Tensor:
    """Squared way of the weights from the old ones; word vectors are held by their low rate and by replay alone."""
    return torch.stack(
        [
            (value - anchor[name]).square().sum()
            for name, value in network.named_parameters()
            if name != "embedding.weight"
        ]
    ).sum()


@torch.inference_mode()
def answers(network: Network, lessons: Sequence[Lesson], calibrated: bool = True) -> Tensor:
    """What a network says of texts.

    Args:
        network: not in training.
        lessons: [texts].
        calibrated: whether to undo the smoothing of labels; what is learned from is smoothed.

    Returns:
        Probabilities, [texts, labels].
    """
    found = torch.zeros(len(lessons), len(LABELS))
    for places in batches.places([len(lesson.ids) for lesson in lessons], ANSWERED):
        tokens, lengths = batches.pad([lessons[place].ids for place in places])
        found[places] = network.probabilities(tokens, lengths) if calibrated else network(tokens, lengths).softmax(1)
    return found
