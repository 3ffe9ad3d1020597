"""A text as the patterns see it: sentences in lower case, one space between words, one spelling of each word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sentiment.care.patterns import CLAUSES, MEANT, PHRASES, WORDS

_APOSTROPHES = re.compile("['`\u2018\u2019\u201b\u00b4\u02bc\u2032\uff07]")  # people type all of them
_UNSEEN = {"Mn", "Mc", "Me", "Cf"}  # categories of Unicode: marks on other signs, and format controls
_ALIKE = str.maketrans(
    # Cyrillic, Greek, the phoneticians' letters and small capitals
    "авсԁеһіјкӏмпорԛѕтцѵԝхуАВСЕНІЈКМОРЅТХУαεικνορτυχγΑΒΕΗΙΚΜΝΟΡΤΧΥΖıɩɡɑłøđᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "abcdehijklmnopqstuvwxyabcehijkmopstxyaeikvoptuxyabehikmnoptxyziigalodabcdefghijklmnoprstuvwyz",
    "\u115f\u1160\u3164\uffa0\u2800",  # nobody sees these
) | {first + at: chr(ord("a") + at) for first in (0x1F150, 0x1F170, 0x1F1E6) for at in range(26)}  # in circles, flags
_SENTENCE_ENDS = re.compile(r"[.!?;\n…]+")
_WORD = re.compile(r"[a-z0-9*#@$]+")
_INNER_MARK = re.compile(r"(?<![a-z])([a-z]{1,2})!(?=[a-z])")  # "sh!t"
# "k i l l", "s-u-i-c-i-d-e", "k.i.l.l.", "d i e"; of "i k i l l" the first is a word.
_GAP = "[ .*_-]{1,3}"
_LETTERS = re.compile(rf"\b[a-z]{_GAP}[a-z]\b")
_SPELT = re.compile(
    rf"\b(?:(?!i )[a-z](?:{_GAP}[a-z]){{3,15}}|d{_GAP}i{_GAP}e|k{_GAP}[my]{_GAP}s|c{_GAP}u{_GAP}t)\b(?:(?<=\.[a-z])\.)?"
)
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_SIGN = re.compile(r"[0134578@$*#|]|!\b")
_DISGUISED = re.compile(r"(?<=[a-z])[0134578@$](?=[a-z])|\b[0134578@$](?=[a-z]{2})|(?<=[a-z]{2})[0134578@$]\b")
_DISGUISES = str.maketrans("0134578@$", "oieastbas")  # "su1cide", "k1ll"
_MIXED = re.compile(r"[a-z][013457@$*#!|]|[$5][a-z]{2}")
_MASKS = {"a": "4@^", "e": "3", "i": "1!|", "l": "1!|", "o": "0", "s": "5$", "t": "7"}
_MASKED = tuple(
    (
        re.compile(
            rf"(?<![a-z0-9*#@$!]){word[0] if word[0] != 's' else '[s5$]'}"
            rf"{''.join(f'[{letter}*#{_MASKS.get(letter, str())}]' for letter in word[1:])}(?![a-z0-9*#@$])"
        ),
        word,
    )
    for word in (
        *("suicide", "suicidal", "killing", "killed", "kill", "dying", "dead", "death", "die", "harm", "raped", "rape"),
        *("murder", "myself", "overdose", "pills", "stab", "shoot", "hang", "self", "unalive"),
    )
)  # "su*cide", "k!ll"


def sentences(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the sentences of a text, each with its words as the index wants them."""
    text = _APOSTROPHES.sub("", text)  # first, for some of them come apart into a space and a mark
    text = (text if text.isascii() else _plain(text)).lower()
    if _LETTERS.search(text):
        text = _SPELT.sub(lambda spelt: re.sub("[^a-z]", "", spelt[0]), text)  # before a full stop ends a sentence
    has_signs = _SIGN.search(text) is not None
    if has_signs and _MIXED.search(text):  # before an exclamation mark does
        for masked, word in _MASKED:
            text = masked.sub(word, text)
        text = _INNER_MARK.sub(r"\1i", text)
    is_stretched = has_signs or _STRETCHED.search(text) is not None
    for sentence in _SENTENCE_ENDS.split(text):
        words = _WORD.findall(sentence)
        if has_signs:
            words = [word.lstrip("#") if len(word) > 4 else word for word in words]
            words = _DISGUISED.sub(lambda sign: sign[0].translate(_DISGUISES), " ".join(words)).split()
        if is_stretched:
            words = [_STRETCHED.sub(r"\1", word) for word in words]
        yield _phrased(" ".join([right for word in words if (right := WORDS.get(word, word))]))


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
    """A text without marks over its letters, signs that nobody sees, and letters that only look like Latin ones."""
    letters = unicodedata.normalize("NFKD", text).translate(_ALIKE)
    return "".join(sign for sign in letters if unicodedata.category(sign) not in _UNSEEN)
