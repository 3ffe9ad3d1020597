"""A text as the patterns see it: sentences in lower case, one space between words, one spelling of each word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sentiment.care.patterns import CLAUSES, MEANT, PHRASES, WORDS

_APOSTROPHES = re.compile("['`\u2018\u2019\u201b\u00b4\u02bc\u2032\uff07]")  # people type all of them
_UNSEEN = {"Mn", "Mc", "Me", "Cf"}  # categories of Unicode: marks on other signs, and format controls
_SENTENCE_ENDS = re.compile(r"[.!?;\n…]+")
_WORD = re.compile(r"[a-z0-9*#@$]+")
_INNER_MARK = re.compile(r"(?<![a-z])([a-z]{1,2})!(?=[a-z])")  # "k!ll"
# "k i l l", "s-u-i-c-i-d-e", "k.i.l.l."; of "i k i l l" the first is a word.
_SPELT = re.compile(r"\b(?!i )[a-z](?:[ .*_-][a-z]){3,15}\b(?:(?<=\.[a-z])\.)?")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_SIGN = re.compile(r"[0134578@$*#]")
_DISGUISED = re.compile(r"(?<=[a-z])[0134578@$](?=[a-z])|\b[0134578@$](?=[a-z]{2})|(?<=[a-z]{2})[0134578@$]\b")
_DISGUISES = str.maketrans("0134578@$", "oieastbas")  # "su1cide", "k1ll"
_MASKED = tuple(
    (re.compile(rf"(?<![a-z*#]){word[0]}{''.join(f'[{letter}*#]' for letter in word[1:])}(?![a-z*#])"), word)
    for word in ("suicide", "suicidal", "killing", "killed", "kill", "dying", "dead", "die", "harm", "raped", "rape")
)  # "su*cide"


def sentences(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the sentences of a text, each with its words as the index wants them."""
    text = _APOSTROPHES.sub("", text)  # first, for some of them come apart into a space and a mark
    text = (text if text.isascii() else _plain(text)).lower()
    if "!" in text:
        text = _INNER_MARK.sub(r"\1i", text)
    text = _SPELT.sub(lambda spelt: re.sub("[^a-z]", "", spelt[0]), text)  # before a full stop ends a sentence
    has_signs = _SIGN.search(text) is not None
    is_stretched = has_signs or _STRETCHED.search(text) is not None
    for sentence in _SENTENCE_ENDS.split(text):
        words = _WORD.findall(sentence)
        if has_signs:
            words = _undisguised(" ".join(words)).split()
        if is_stretched:
            words = [_STRETCHED.sub(r"\1", word) for word in words]
        yield _phrased(" ".join([right for word in words if (right := WORDS.get(word, word))]))


def _undisguised(words: str) -> str:
    words = _DISGUISED.sub(lambda sign: sign[0].translate(_DISGUISES), words)
    if "*" in words or "#" in words:
        for masked, word in _MASKED:
            words = masked.sub(word, words)
    return words


def _phrased(sentence: str) -> tuple[str, set[str]]:
    """A sentence with one way to say a thing: phrases in their order, each in what the ones before it left."""
    words = CLAUSES.words_of(sentence)
    left = PHRASES.candidates(words)
    while left:
        number = left.pop(0)
        sentence, changes = PHRASES.patterns[number].compiled.subn(MEANT[number], sentence)
        if changes:
            words = CLAUSES.words_of(sentence)
            left = [one for one in PHRASES.candidates(words) if one > number]
    return sentence, words


def _plain(text: str) -> str:
    """A text without marks over its letters, signs that nobody sees, and letters made to look special."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if unicodedata.category(sign) not in _UNSEEN)
