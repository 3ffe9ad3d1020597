"""The RNN's first weights: word vectors from several sources, and GRUs that predict a tuned teacher's states.

Feature distillation: for each word of a text the last GRU's state, through a linear layer that is then thrown away, is
to point where the teacher's states of that word point, in a middle layer and in the last. So word vectors and GRUs
begin knowing how words mean together. No label is shown here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
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
EPOCHS = 5
BATCH = 192
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
    some = random.sample(seen, min(LOOKED_AT, len(seen)))
    mean, main = directions(np.concatenate([view[view.any(axis=1)] for view in states(teacher, some)]))
    sums, counts = (
        np.zeros((len(tokenizer.vocabulary), len(mean) // 2), np.float32),
        np.zeros(len(tokenizer.vocabulary)),
    )
    wanted: list[Halves] = []
    for one, view in zip(seen, states(teacher, seen), strict=True):
        told = np.asarray(view.any(axis=1))
        wanted.append((((view - mean) @ main) * told[:, None]).astype(np.float16))
        places = np.array(one.ids)[told]
        np.add.at(sums, places, view[told][:, len(mean) // 2 :])
        np.add.at(counts, places, 1)
    say(f"states of {len(seen)} texts")
    start = vectors.first_vectors(tokenizer.vocabulary, DIMENSIONS, vectors.drawn_in(sums, counts))
    network = Network(
        torch.from_numpy(start), rnn.UNITS, len(LABELS), DROPOUT, WORD_DROPOUT, rnn.LAYERS, attention=True
    )
    fit(network, [one.ids for one in seen], wanted, random, say)
    return network.cpu().eval()


def fit(
    network: Network,
    texts: Sequence[list[int]],
    wanted: Sequence[Halves],
    random: Random,
    say: Callable[[str], None],
) -> None:
    """Train a network to predict states.

    Args:
        network: changed.
        texts: tokens of each text.
        wanted: of each text the directions of its tokens' states, [tokens, 2 * directions]; zeros where there are none.
        random: source of chance.
        say: told of progress.
    """
    where = "cuda" if torch.cuda.is_available() else "cpu"
    network.to(where).train()
    point = nn.Linear(2 * rnn.UNITS, wanted[0].shape[1]).to(where)
    rest = [*network.forwards.parameters(), *network.backwards.parameters(), *point.parameters()]
    dense = torch.optim.AdamW(rest, lr=RATE, weight_decay=1e-5)
    sparse = torch.optim.SparseAdam([network.embedding.weight], lr=VECTOR_RATE)
    lengths = [len(one) for one in texts]
    step, steps, began = 0, EPOCHS * -(-len(texts) // BATCH), time.monotonic()
    for epoch in range(EPOCHS):
        near = 0.0
        for chosen in batches.places(lengths, BATCH, random):
            for optimiser, rate in ((dense, RATE), (sparse, VECTOR_RATE)):
                optimiser.param_groups[0]["lr"] = rate * pace(step / steps)
                optimiser.zero_grad(set_to_none=True)
            tokens, counts = (one.to(where) for one in batches.pad([texts[place] for place in chosen]))
            found, _ = network.states(tokens, counts)
            goal = stacked([wanted[place] for place in chosen]).to(where)
            has = goal.any(2)
            said, meant = point(found[has]).chunk(2, dim=1), goal[has].chunk(2, dim=1)
            cosines = [nn.functional.cosine_similarity(*pair, dim=1).mean() for pair in zip(said, meant, strict=True)]
            cosine = torch.stack(cosines).mean()
            (1 - cosine).backward()
            nn.utils.clip_grad_norm_(rest, 1.0)
            dense.step()
            sparse.step()
            step, near = step + 1, near + cosine.item()
        left = (time.monotonic() - began) / (epoch + 1) * (EPOCHS - epoch - 1)
        say(f"feature distillation {epoch + 1}/{EPOCHS}: cosine {near * EPOCHS / steps:.3f}; {left:.0f} s left")


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
def states(teacher: Teacher, texts: Sequence[Aligned], at_once: int = 4_096) -> list[Halves]:
    """A teacher's view of each token: the mean over the word pieces that spell it, in both layers side by side.

    Args:
        teacher: tuned.
        texts: aligned.
        at_once: word pieces, padding included, that are read at once.

    Returns:
        Of each text float16 [tokens, 2 * width]; a row of zeros where it has none.
    """
    from training.teacher import tuning

    teacher.train(mode=False)
    where = tuning.device()
    found: list[Halves] = [np.zeros((0, 0), np.float16)] * len(texts)
    for chosen in tuning.groups_of([len(one.pieces) for one in texts], at_once):
        with torch.autocast(where, torch.bfloat16):
            layers = teacher.states(*tuning.pad([texts[place].pieces for place in chosen], where))
        rows = torch.cat(layers, dim=2).float().cpu().numpy()[:, 1:]  # without the begin mark
        for row, place in zip(rows, chosen, strict=True):
            found[place] = gather(row, texts[place].places)
    return found


def gather(states: npt.NDArray[np.float32], places: Sequence[Sequence[int]]) -> Halves:
    """Means over places.

    Args:
        states: [pieces, width].
        places: of each token.

    Returns:
        float16 [tokens, width].
    """
    rows = [states[list(some)].mean(0) if some else np.zeros(states.shape[1], np.float32) for some in places]
    return np.stack(rows).astype(np.float16)


def stacked(rows: Sequence[Halves]) -> Tensor:
    """What is wanted of a batch, padded with zeros.

    Args:
        rows: of each text [tokens, directions].

    Returns:
        float32 [texts, longest, directions].
    """
    goal = np.zeros((len(rows), max(map(len, rows)), rows[0].shape[1]), np.float32)
    for place, row in enumerate(rows):
        goal[place, : len(row)] = row
    return torch.from_numpy(goal)


def directions(views: npt.NDArray[np.float16]) -> tuple[Floats, Floats]:
    """Mean and main directions of both layers' states, scaled to weigh more alike.

    Args:
        views: [tokens, 2 * width].

    Returns:
        [2 * width] and [2 * width, 2 * directions].
    """
    rows = views.astype(np.float32)
    mean = rows.mean(0)
    half = len(mean) // 2
    kept = []
    for part in ((rows - mean)[:, :half], (rows - mean)[:, half:]):
        variances, found = np.linalg.eigh(part.T @ part / len(part))
        scale = np.maximum(variances[::-1][:DIRECTIONS], 1e-6) ** (WHITENING / 2)
        kept.append(found[:, ::-1][:, :DIRECTIONS] / scale)
    main = np.zeros((2 * half, sum(one.shape[1] for one in kept)), np.float32)
    main[:half, : kept[0].shape[1]], main[half:, kept[0].shape[1] :] = kept
    return mean, main


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
