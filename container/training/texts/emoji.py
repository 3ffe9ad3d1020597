"""Emoji in texts: what each is called, how a text with them is read aloud to a teacher that knows none, and examples.

``emoji.tsv`` holds the commonest, the most frequent first, each with the emotion that it mostly goes with (or none) and
words that say what people mean by it; Unicode's name serves for all others. In the manner of emoji2vec (Eisner et al.
2016) word vectors of emoji begin as those of such words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from random import Random

from sentiment.text import is_emoji
from training import LABELS

FILE = Path(__file__).with_name("emoji.tsv")
NONE = "none"
# What is in the vocabulary besides those of the file: faces, people, gestures, hearts, and what else has a name.
_RANGES = ((0x1F300, 0x1F650), (0x1F680, 0x1F6E0), (0x1F900, 0x1FA00), (0x1FA70, 0x1FAC0), (0x2600, 0x2700))
_DRESSING = re.compile("[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]")
_FITTING = 0.5  # share of texts with a label that get an emoji of that label; the others get any
_AGAIN = 0.25  # chance that an emoji is repeated


@cache
def table() -> dict[str, tuple[str, str]]:
    """Emotion (or ``none``) and meaning of each emoji of the file.

    Raises:
        ValueError: a line is not of that form.
    """
    found = {}
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines(), start=1):
        emoji, label, meaning = (*line.split("\t"), "", "")[:3]
        if not is_emoji(emoji) or label not in (*LABELS, NONE) or not meaning.strip():
            raise ValueError(f"{FILE}, line {number}: expected an emoji, a label or {NONE}, and a meaning")
        found[emoji] = (label, meaning)
    return found


def known() -> list[str]:
    """All emoji of the vocabulary, the commonest first."""
    others = [chr(code) for begin, end in _RANGES for code in range(begin, end)]
    named = [one for one in others if unicodedata.name(one, "") and not _DRESSING.match(one)]
    return list(dict.fromkeys([*table(), *named]))


def meaning(emoji: str) -> str:
    """Words for an emoji.

    Args:
        emoji: one sign.
    """
    found = table().get(emoji)
    return found[1] if found else unicodedata.name(emoji, "").lower()


def spoken(text: str) -> str:
    """A text as a teacher is to read it: emoji and emoticons in brackets, as words; the rest as it is.

    Args:
        text: any.
    """
    if text.isascii():
        return text
    out, last = [], ""
    for sign in _DRESSING.sub("", text):
        if is_emoji(sign):
            out.append(f" ({meaning(sign)}) " if sign != last else "")
        else:
            out.append(sign)
        last = sign
    return " ".join("".join(out).split())


def adorned(text: str, label: str, random: Random) -> str:
    """A text with one or two emoji, mostly at its end.

    Args:
        text: without emoji.
        label: what it tells of; emoji of the same emotion half of the time, any otherwise.
        random: source of chance.
    """
    signs = list(table())
    if label in LABELS and random.random() < _FITTING:
        signs = [sign for sign in signs if table()[sign][0] == label] or signs  # none is for guilt
    first = signs[int(len(signs) * random.random() ** 1.5)]
    added = first * random.choice((1, 1, 1, 2, 3)) if random.random() < _AGAIN else first
    if random.random() < 0.2:
        like = [sign for sign in signs if table()[sign][0] == table()[first][0]]
        added += random.choice(like)
    place = random.random()
    if place < 0.1:
        return f"{added} {text}"
    bare = text.rstrip(" .") if random.random() < 0.6 else text
    return f"{bare}{random.choice((' ', ' ', ''))}{added}"


def plain(text: str) -> bool:
    """Whether a text has no emoji.

    Args:
        text: any.
    """
    return text.isascii() or not any(map(is_emoji, text))
