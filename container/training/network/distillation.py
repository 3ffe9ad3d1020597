"""The RNN's body before any label: word vectors from several sources, and a GRU that says what an encoder says.

For each word of a text the GRU's state is to point where the encoder's view of that word points. So word vectors and
GRU begin knowing how words mean together. Nothing here knows an emotion.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sentiment.text import UNKNOWN, Tokenizer
from training import LABELS
from training.network import batches, vectors
from training.network.rnn import Network
from training.network.vectors import Floats
from training.teacher.encoder import Halves

# --- settings -----------------------------------------------------------------------------------------------------
WORDS = 26_000  # vocabulary: as int8 of 128 numbers, 3.3 MB of the artefact
DIMENSIONS = 128  # of a word vector
UNITS = 128  # of each direction of the GRU; 256 took three times as long for half a point
DIRECTIONS = 128  # of the encoder's numbers, to be imitated
WHITENING = 0.5  # 0: directions weigh as much as they vary; 1: all alike
WARM_UP = 0.15  # share of all steps in which the rates rise; then they fall along a cosine
EPOCHS = 5
BATCH = 64
RATE = 4e-3
VECTOR_RATE = 1e-3
DROPOUT = 0.1
WORD_DROPOUT = 0.05
# ------------------------------------------------------------------------------------------------------------------
Seen = tuple[str, Halves]  # a text, and the encoder's view of each of its tokens


def imitate(tokenizer: Tokenizer, seen: Sequence[Seen], seed: int, say: Callable[[str], None]) -> Network:
    """Teach word vectors and GRU what the encoder says of each word.

    Args:
        tokenizer: of the network.
        seen: texts with the encoder's view.
        seed: source of chance.
        say: told of progress.

    Returns:
        A network whose output layer has learned nothing yet.
    """
    torch.manual_seed(seed)
    random = Random(seed)
    ids = [tokenizer.encode(text) or [UNKNOWN] for text, _ in seen]
    usable = [place for place, (_, states) in enumerate(seen) if len(states) == len(ids[place])]
    views = [seen[place][1] for place in usable]
    texts = [ids[place] for place in usable]
    start = vectors.first_vectors(
        tokenizer.vocabulary, DIMENSIONS, vectors.in_context(texts, views, len(tokenizer.vocabulary))
    )
    mean, main = directions(views)
    wanted = [((view.astype(np.float32) - mean) @ main).astype(np.float16) for view in views]
    told = [np.asarray(view.any(axis=1)) for view in views]
    network = Network(torch.from_numpy(start), UNITS, len(LABELS), DROPOUT, WORD_DROPOUT)
    point = nn.Linear(2 * UNITS, DIRECTIONS)
    rest = [*network.forwards.parameters(), *network.backwards.parameters(), *point.parameters()]
    dense = torch.optim.AdamW(rest, lr=RATE, weight_decay=1e-5)
    sparse = torch.optim.SparseAdam([network.embedding.weight], lr=VECTOR_RATE)
    lengths = [len(one) for one in texts]
    step, steps, began = 0, EPOCHS * -(-len(texts) // BATCH), time.monotonic()
    network.train()
    for epoch in range(EPOCHS):
        near = 0.0
        for chosen in batches.places(lengths, BATCH, random):
            for optimiser, rate in ((dense, RATE), (sparse, VECTOR_RATE)):
                optimiser.param_groups[0]["lr"] = rate * pace(step / steps)
                optimiser.zero_grad(set_to_none=True)
            tokens, counts = batches.pad([texts[place] for place in chosen])
            states, _ = network.states(tokens, counts)
            goal, has = spread([wanted[place] for place in chosen], [told[place] for place in chosen])
            cosine = nn.functional.cosine_similarity(point(states[has]), goal[has], dim=1).mean()
            (1 - cosine).backward()
            nn.utils.clip_grad_norm_(rest, 1.0)
            dense.step()
            sparse.step()
            step, near = step + 1, near + cosine.item()
        left = (time.monotonic() - began) / (epoch + 1) * (EPOCHS - epoch - 1)
        say(f"imitation {epoch + 1}/{EPOCHS}: cosine {near * EPOCHS / steps:.3f}; {left:.0f} s left")
    return network.eval()


def spread(rows: Sequence[Halves], told: Sequence[npt.NDArray[np.bool_]]) -> tuple[Tensor, Tensor]:
    """What is wanted of a batch, padded.

    Args:
        rows: of each text [tokens, directions].
        told: of each text, which tokens have a goal, [tokens].

    Returns:
        float32 [texts, longest, directions] and bool [texts, longest].
    """
    longest = max(map(len, rows))
    goal = np.zeros((len(rows), longest, rows[0].shape[1]), np.float32)
    has = np.zeros((len(rows), longest), bool)
    for place, row in enumerate(rows):
        goal[place, : len(row)] = row
        has[place, : len(row)] = told[place]
    return torch.from_numpy(goal), torch.from_numpy(has)


def directions(views: Sequence[Halves], texts: int = 5_000) -> tuple[Floats, Floats]:
    """Mean and main directions of the encoder's numbers, scaled to weigh more alike.

    Args:
        views: of each text [tokens, width].
        texts: so many are looked at.

    Returns:
        [width] and [width, directions].
    """
    some = np.concatenate([view[view.any(axis=1)] for view in views[:texts]]).astype(np.float32)
    mean = some.mean(0)
    some -= mean
    variances, found = np.linalg.eigh(some.T @ some / len(some))
    kept = found[:, ::-1][:, :DIRECTIONS]
    scaled = kept / np.maximum(variances[::-1][:DIRECTIONS], 1e-6) ** (WHITENING / 2)
    return mean, scaled.astype(np.float32)


def parameters(network: Network) -> list[Tensor]:
    """The GRU's parameters in the order in which they are put down.

    Args:
        network: any.
    """
    return [parameter for side in (network.forwards, network.backwards) for _, parameter in side.named_parameters()]


def pack(network: Network) -> npt.NDArray[np.float16]:
    """The GRU in one row of numbers.

    Args:
        network: any.
    """
    return torch.cat([parameter.detach().flatten() for parameter in parameters(network)]).numpy().astype(np.float16)


@torch.no_grad()
def unpack(network: Network, row: npt.NDArray[np.float16]) -> None:
    """Put the GRU's weights back.

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
