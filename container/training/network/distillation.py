"""The RNN's first weights: word vectors from several sources, and GRUs that predict a tuned teacher's states.

Feature distillation: for each word of a text the last GRU's state, through a linear layer that is then thrown away, is
to point where the teacher's states of that word point, in a middle layer and in the last. So word vectors and GRUs
begin knowing how words mean together. No label is shown here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sentiment.text import UNKNOWN, Tokenizer, tokenize
from training import LABELS
from training.network import batches, rnn, vectors
from training.network.rnn import Network
from training.network.vectors import Floats
from training.texts import emoji

if TYPE_CHECKING:
    from training.teacher.encoder import Teacher

# --- settings -----------------------------------------------------------------------------------------------------
WORDS = 26_000  # vocabulary without emoji: as int8 of 128 numbers, 3.3 MB of the artefact
DIMENSIONS = 128  # of a word vector
DIRECTIONS = 128  # of each layer's states, to be predicted
WHITENING = 0.5  # 0: directions weigh as much as they vary; 1: all alike
LOOKED_AT = 4_000  # texts whose states tell the main directions
WARM_UP = 0.15  # share of all steps in which the rates rise; then they fall along a cosine
EPOCHS = 14
BATCH = 384
RATE = 4e-3
VECTOR_RATE = 1.5e-3
DROPOUT = 0.1
WORD_DROPOUT = 0.05
# ------------------------------------------------------------------------------------------------------------------
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Aligned:
    """A text of which teacher and RNN see the same words.

    Attributes:
        ids: tokens of the RNN.
        pieces: word pieces of the teacher.
        places: of each token those of its pieces; none where the teacher has no view of it.
    """

    ids: list[int]
    pieces: list[int]
    places: list[list[int]]


@dataclass(frozen=True)
class Goals:
    """What is to be predicted of each token of some texts.

    Attributes:
        rows: main directions of the teacher's states, float16 [tokens, 2 * directions]; zeros where it has no view.
        begins: row of each text's first token, int64 [texts].
        lengths: how many tokens each text has, int64 [texts].
    """

    rows: Tensor
    begins: Tensor
    lengths: Tensor

    def of(self, chosen: Sequence[int]) -> Tensor:
        """Those of a batch, padded with zeros.

        Args:
            chosen: which texts.

        Returns:
            float32 [texts, longest, 2 * directions].
        """
        some = torch.tensor(chosen, device=self.rows.device)
        lengths = self.lengths[some][:, None]
        places = torch.arange(int(lengths.max()), device=self.rows.device)
        found = self.rows[(self.begins[some][:, None] + places).clamp(max=len(self.rows) - 1)]
        return found.float() * (places < lengths)[:, :, None]


def distil(
    tokenizer: Tokenizer, texts: Sequence[str], teacher: Teacher, seed: int, say: Callable[[str], None]
) -> Network:
    """Make word vectors and GRUs predict the teacher's states.

    Args:
        tokenizer: of the network.
        texts: without test parts.
        teacher: tuned.
        seed: source of chance.
        say: told of progress.

    Returns:
        A network whose output layer has learned nothing yet, on the CPU.
    """
    torch.manual_seed(seed)
    random = Random(seed)
    seen = aligned(tokenizer, texts, teacher)
    goals, taught = asked(teacher, seen, len(tokenizer.vocabulary), random)
    say(f"states of {len(seen)} texts")
    start = vectors.first_vectors(tokenizer.vocabulary, DIMENSIONS, taught)
    network = Network(
        torch.from_numpy(start), rnn.UNITS, len(LABELS), DROPOUT, WORD_DROPOUT, rnn.LAYERS, attention=True
    )
    fit(network, [one.ids for one in seen], goals, random, say)
    return network.cpu().eval()


def asked(teacher: Teacher, seen: Sequence[Aligned], words: int, random: Random) -> tuple[Goals, Floats]:
    """What a teacher makes of texts.

    Args:
        teacher: tuned.
        seen: texts of which it sees the words.
        words: size of the vocabulary.
        random: source of chance.

    Returns:
        What is to be predicted, and the teacher's mean view of each word in its last layer, [words, width].
    """
    some = random.sample(seen, min(LOOKED_AT, len(seen)))
    mean, main = directions(torch.cat([view[view.any(1)] for _, view in states(teacher, some)]))
    lengths = torch.tensor([len(one.ids) for one in seen])
    begins = lengths.cumsum(0) - lengths
    where, half = mean.device, len(mean) // 2
    rows = torch.zeros((int(lengths.sum()), main.shape[1]), dtype=torch.float16, device=where)
    sums, counts = torch.zeros((words, half), device=where), torch.zeros(words, device=where)
    for chosen, view in states(teacher, seen):
        told = view.any(1)
        at = torch.cat([torch.arange(int(lengths[place])) + begins[place] for place in chosen]).to(where)
        ids = torch.tensor([word for place in chosen for word in seen[place].ids], device=where)
        rows[at] = (((view - mean) @ main) * told[:, None]).half()
        sums.index_add_(0, ids, view[:, half:])
        counts.index_add_(0, ids, told.float())
    taught = vectors.drawn_in(sums.cpu().numpy(), counts.cpu().numpy())
    return Goals(rows, begins.to(where), lengths.to(where)), taught


def fit(network: Network, texts: Sequence[list[int]], goals: Goals, random: Random, say: Callable[[str], None]) -> None:
    """Train a network to predict states.

    Args:
        network: changed.
        texts: tokens of each text.
        goals: of the same texts; the network is moved to where they are.
        random: source of chance.
        say: told of progress.
    """
    where = goals.rows.device
    network.to(where).train()
    point = nn.Linear(2 * rnn.UNITS, goals.rows.shape[1]).to(where)
    rest = [*network.forwards.parameters(), *network.backwards.parameters(), *point.parameters()]
    dense = torch.optim.AdamW(rest, lr=RATE, weight_decay=1e-5)
    sparse = torch.optim.SparseAdam([network.embedding.weight], lr=VECTOR_RATE)
    lengths = [len(one) for one in texts]
    step, steps, began = 0, EPOCHS * -(-len(texts) // BATCH), time.monotonic()
    for epoch in range(EPOCHS):
        near = torch.zeros((), device=where)
        for chosen in batches.places(lengths, BATCH, random):
            for optimiser, rate in ((dense, RATE), (sparse, VECTOR_RATE)):
                optimiser.param_groups[0]["lr"] = rate * pace(step / steps)
                optimiser.zero_grad(set_to_none=True)
            tokens, counts = (one.to(where) for one in batches.pad([texts[place] for place in chosen]))
            found, _ = network.states(tokens, counts)
            goal = goals.of(chosen)
            has = goal.any(2)
            said, meant = point(found[has]).chunk(2, dim=1), goal[has].chunk(2, dim=1)
            cosines = [nn.functional.cosine_similarity(*pair, dim=1).mean() for pair in zip(said, meant, strict=True)]
            cosine = torch.stack(cosines).mean()
            (1 - cosine).backward()
            nn.utils.clip_grad_norm_(rest, 1.0)
            dense.step()
            sparse.step()
            step += 1
            near += cosine.detach()
        left = (time.monotonic() - began) / (epoch + 1) * (EPOCHS - epoch - 1)
        say(f"feature distillation {epoch + 1}/{EPOCHS}: cosine {near.item() * EPOCHS / steps:.3f}; {left:.0f} s left")


def aligned(tokenizer: Tokenizer, texts: Sequence[str], teacher: Teacher) -> list[Aligned]:
    """Texts of which both see some of the same words.

    Args:
        tokenizer: of the network.
        texts: any.
        teacher: whose word pieces.
    """
    from training.teacher.encoder import align

    found = []
    for text, pieces in zip(texts, teacher.pieces([emoji.spoken(text) for text in texts]), strict=True):
        tokens, ids = tokenize(text), tokenizer.encode(text) or [UNKNOWN]
        places = align(tokens, teacher.spelled(pieces)) if len(tokens) == len(ids) else []
        if any(places):
            found.append(Aligned(ids, pieces, places))
    return found


@torch.inference_mode()
def states(teacher: Teacher, texts: Sequence[Aligned], at_once: int = 8_192) -> Iterator[tuple[list[int], Tensor]]:
    """A teacher's view of each token: the mean over the word pieces that spell it, in both layers side by side.

    Args:
        teacher: tuned.
        texts: aligned.
        at_once: word pieces, padding included, that are read at once.

    Yields:
        Places of some texts, and float32 [their tokens, 2 * width]; a row of zeros where the teacher has no view.
    """
    from training.teacher import tuning

    teacher.train(mode=False)
    where = tuning.device()
    for chosen in tuning.groups_of([len(one.pieces) for one in texts], at_once):
        with torch.autocast(where, torch.bfloat16):
            layers = teacher.states(*tuning.pad([texts[place].pieces for place in chosen], where))
        flat = torch.cat(layers, dim=2).float()
        longest = flat.shape[1]
        tokens = [some for place in chosen for some in texts[place].places]
        first = [row * longest + 1 for row, place in enumerate(chosen) for _ in texts[place].places]  # a mark begins
        owner = [token for token, some in enumerate(tokens) for _ in some]
        source = [begin + piece for begin, some in zip(first, tokens, strict=True) for piece in some]
        counts = torch.tensor([max(len(some), 1) for some in tokens], device=where)
        sums = torch.zeros((len(tokens), flat.shape[2]), device=where)
        sums.index_add_(0, torch.tensor(owner, device=where), flat.flatten(0, 1)[torch.tensor(source, device=where)])
        yield chosen, sums / counts[:, None]


def directions(views: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and main directions of both layers' states, scaled to weigh more alike.

    Args:
        views: float32 [tokens, 2 * width].

    Returns:
        [2 * width] and [2 * width, 2 * directions].
    """
    mean = views.mean(0)
    kept = []
    for part in (views - mean).chunk(2, dim=1):
        variances, found = torch.linalg.eigh(part.T @ part / len(part))
        scale = variances.flip(0)[:DIRECTIONS].clamp(min=1e-6) ** (WHITENING / 2)
        kept.append(found.flip(1)[:, :DIRECTIONS] / scale)
    return mean, torch.block_diag(*kept)


def parameters(network: Network) -> list[Tensor]:
    """All parameters but the word vectors, in the order in which they are put down.

    Args:
        network: any.
    """
    return [parameter for name, parameter in network.named_parameters() if name != "embedding.weight"]


def pack(network: Network) -> Halves:
    """All but the word vectors in one row of numbers.

    Args:
        network: any.
    """
    return torch.cat([one.detach().cpu().flatten() for one in parameters(network)]).numpy().astype(np.float16)


@torch.no_grad()
def unpack(network: Network, row: Halves) -> None:
    """Put them back.

    Args:
        network: of the same shape; changed.
        row: what ``pack`` gave.
    """
    begin = 0
    for parameter in parameters(network):
        some = row[begin : begin + parameter.numel()].astype(np.float32)
        parameter.copy_(torch.from_numpy(some).view_as(parameter))
        begin += parameter.numel()


def pace(progress: float) -> float:
    """Share of the full learning rate.

    Args:
        progress: 0..1 of all steps.
    """
    if progress < WARM_UP:
        return max(progress / WARM_UP, 0.04)
    return max((1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2, 1e-4)
