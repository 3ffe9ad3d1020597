"""What happens inside the network for one text: its tokens, the GRU's states over time, and how they are summed up.

A model file has one output, the probabilities. The states are inside its graph all the same, so for such a request the
file is opened once more, with those two tensors as outputs too, and let go again: whoever asks for a prediction pays
neither time nor memory. Asking the model otherwise is in model.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentiment.text import Tokenizer

# As training/network/export.py names them: the last layer's states, and the weights of the mean by attention.
STATES, ATTENTION = "kept", "attention"
SHOWN = 8  # numbers of a state in each direction
DECIMALS = 4


@dataclass(frozen=True)
class Step:
    """One token, and what the network has made of the text there.

    Attributes:
        token: as the vocabulary has it; ``<unk>`` where it has none.
        start: the place in the text of what became this token, in code points; several tokens may come from one place.
        end: the place behind it.
        attention: its share in the mean that attention weighs, 0..1; all of them add up to 1.
        maxima: its share in the maximum over time: of how many features the greatest value stands here, 0..1.
        states: the shown numbers of the state, each -1..1: first of the GRU that reads forwards, then of the other.
    """

    token: str
    start: int
    end: int
    attention: float
    maxima: float
    states: list[float]


def with_outputs(content: bytes, names: Sequence[str]) -> bytes:
    """A model file whose graph has more outputs; nothing else of it changes.

    Protobuf messages are merged where one is appended to another of its kind (protobuf.dev, "Encoding"): field 7 of
    ModelProto is ``graph``, its field 12 ``output``, whose field 1 is the name (onnx.proto).

    Args:
        content: the file.
        names: tensors of its graph, each of at most 100 bytes, and all together of 100.
    """
    outputs = b"".join(_field(12, _field(1, name.encode())) for name in names)
    return content + _field(7, outputs)


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data  # lengths under 128 take one byte


def steps(text: str, tokenizer: Tokenizer, states: NDArray[np.float32], attention: NDArray[np.float32]) -> list[Step]:
    """What is shown of a text.

    Of each direction the numbers are shown that change most over this text, by their variance: which they are differs
    from text to text, and no number means anything by itself.

    Args:
        text: the text.
        tokenizer: the model's.
        states: of each token, [tokens, both directions].
        attention: of each token, [tokens].
    """
    spans = [(place, start, end) for start, end, ids in tokenizer.spans(text) for place in ids]
    half = states.shape[1] // 2
    moving = states.var(axis=0)
    shown = [side + unit for side in (0, half) for unit in sorted(np.argsort(-moving[side : side + half])[:SHOWN])]
    maxima = np.bincount(states.argmax(axis=0), minlength=len(states)) / states.shape[1]
    return [
        Step(
            tokenizer.vocabulary[token],
            start,
            end,
            round(float(attention[place]), DECIMALS),
            round(float(maxima[place]), DECIMALS),
            [round(float(one), DECIMALS) for one in states[place, shown]],
        )
        for place, (token, start, end) in enumerate(spans)
    ]
