"""Text to token ids, the same way in training and in the service. No model here, and only the standard library."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

PAD, UNKNOWN = 0, 1
SPECIAL = ("<pad>", "<unk>")

# "didn't" is "did n't" and "mother's" is "mother 's", as in the text that GloVe was trained on. Letters of other
# scripts are words too, though never known ones; all other signs say nothing about feelings and are left out.
_TOKEN = re.compile(r"n't\b|'(?:s|m|re|ve|ll|d)\b|[a-z]+(?=n't\b)|[^\W\d_]+|[0-9]+|[.,!?]")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"))
# Negation is half the meaning, so it is also seen where the apostrophe was forgotten.
_FORGOTTEN = re.compile(r"\b(do|does|did|is|was|were|are|has|have|had|ca|could|would|should|wo)nt\b")
# Words that are mended when they are mistyped: long enough to be recognised, and not so many that it takes time.
_MENDED = range(5, 16)
_MOST_MENDED = 16
_COMMON = 10_000  # only words as common as this one are meant by a mistyped one
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# A feeling often lies in a repeated letter ("sooo"); words do not: three and more of one letter become two.
_REPEATED = re.compile(r"(.)\1{2,}", re.DOTALL)


def tokenize(text: str) -> list[str]:
    """Split a text into lower-case words, numbers and the signs ``. , ! ?``.

    Linear in the length of the text, and without an exception for any string that Python can hold.

    Args:
        text: any text, of any length.

    Returns:
        The tokens in order; an empty list when there is none.
    """
    # Marks go before decomposition too: Python sorts a run of them in quadratic time.
    plain = _without_marks(unicodedata.normalize("NFKD", _without_marks(text.translate(_APOSTROPHES))).lower())
    plain = _FORGOTTEN.sub(r"\1n't", _REPEATED.sub(r"\1\1", plain))
    return _TOKEN.findall(plain)


def _without_marks(text: str) -> str:
    if text.isascii():  # nearly every review is, and this halves the time
        return text
    return "".join(sign for sign in text if not unicodedata.combining(sign))


class Tokenizer:
    """Turns texts into the ids that the model reads.

    Attributes:
        vocabulary: every known token; its place is its id. The first two are ``<pad>`` and ``<unk>``.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Index a vocabulary.

        Args:
            vocabulary: tokens by id, beginning with ``<pad>`` and ``<unk>``.

        Raises:
            ValueError: it does not begin with the two special tokens.
        """
        if tuple(vocabulary[:2]) != SPECIAL:
            raise ValueError(f"a vocabulary begins with {SPECIAL}, this one with {tuple(vocabulary[:2])}")
        self.vocabulary = tuple(vocabulary)
        self._ids = {token: place for place, token in enumerate(self.vocabulary)}

    def encode(self, text: str) -> list[int]:
        """Ids of a text's tokens; ``UNKNOWN`` for those not in the vocabulary, nor one slip away from a word of it.

        Args:
            text: any text.

        Returns:
            One id for each token; empty for a text without any (the model needs at least one: give it ``[UNKNOWN]``).
        """
        ids, mended = [], 0
        for token in tokenize(text):
            place = self._ids.get(token, UNKNOWN)
            if place == UNKNOWN and len(token) in _MENDED and token.isascii() and mended < _MOST_MENDED:
                place = self._mend(token)
                mended += 1
            ids.append(place)
        return ids

    def _mend(self, word: str) -> int:
        """The commonest word that is one slip away: a letter too many, too few, wrong, or changed round with its next.

        A vocabulary stands in the order of how common its words are, so that is the lowest id.
        """
        halves = [(word[:cut], word[cut:]) for cut in range(len(word) + 1)]
        slips = [left + right[1:] for left, right in halves if right]
        slips += [left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1]
        slips += [left + letter + right[1:] for left, right in halves if right for letter in _LETTERS]
        slips += [left + letter + right for left, right in halves for letter in _LETTERS]
        best = min((self._ids[slip] for slip in slips if slip in self._ids), default=_COMMON)
        return best if UNKNOWN < best < _COMMON else UNKNOWN

    def has_known_word(self, ids: Sequence[int]) -> bool:
        """Whether at least one id is a known word: signs and numbers alone say nothing about a feeling.

        Args:
            ids: what ``encode`` returned.
        """
        return any(place > UNKNOWN and self.vocabulary[place].strip("'").isalpha() for place in ids)
