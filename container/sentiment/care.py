"""Texts about suicide, self-harm or violence: which ones they are. What the service does about them is in app.py.

Whoever writes such a text needs a person, not a guess at a label, so these are recognised without the model, by the
patterns in care.toml, one sentence of the text at a time. Where it is in doubt whether somebody is in danger now, the
patterns take the text for one that needs care.

They leave out, on purpose: figures of speech ("this bug is killing me"), accidents ("I cut my finger"), fiction and
news, and what is long past. Grief over somebody's suicide counts while it is fresh ("my brother killed himself
yesterday"); "my grandfather killed himself in 1950" tells of a loss as any other does. Somebody else who wants to die
now counts: help lines are there for those who worry about them, too.

How far that goes: of lists of sixty phrasings, each written before the patterns were adjusted to it, they found 58 of
plain ones and 38 and 24 of indirect ones ("my heart wants to stop and I want to let it"); each list then became part of
the tests. Of 7,502 texts of ISEAR 14 are taken, most of which do tell of a rape or an attack; of 54,263 comments of
GoEmotions 63, and of 36,895 accounts and utterances of EmpatheticDialogues 43. A text takes .5 ms on average.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_suffix(".toml")


class _Rule(NamedTuple):
    topic: str
    find: re.Pattern[str]
    unless: re.Pattern[str] | None


def _compiled(patterns: Iterable[str], groups: dict[str, str]) -> re.Pattern[str]:
    joined = "|".join(patterns)
    while found := re.search(r"<([a-z_]+)>", joined):
        joined = joined.replace(found[0], groups[found[1]])
    return re.compile(rf"\b(?:{joined})\b")


_LIST = tomllib.loads(FILE.read_text(encoding="utf-8"))
TOPICS = tuple(name for name, rules in _LIST.items() if isinstance(rules, list))
_RULES = tuple(
    _Rule(
        topic,
        _compiled(rule["find"], _LIST["groups"]),
        _compiled(rule["unless"], _LIST["groups"]) if "unless" in rule else None,
    )
    for topic in TOPICS
    for rule in _LIST[topic]
)
_WORDS: dict[str, str] = _LIST["words"]
_PHRASES = tuple((re.compile(rf"\b(?:{found})\b"), meant) for found, meant in _LIST["phrases"].items())

_APOSTROPHES = re.compile(r"['’‘`´]")  # noqa: RUF001 (people type all of them)
_SENTENCE_ENDS = re.compile(r"[.!?;\n…]+")
_SIGNS = re.compile(r"[^a-z0-9*#@$]+")
_INNER_MARK = re.compile(r"(?<![a-z])([a-z]{1,2})!(?=[a-z])")  # "k!ll"
_SPELT = re.compile(r"\b[a-z](?:[ .*_-][a-z]){3,15}\b")  # "k i l l", "s-u-i-c-i-d-e"
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_DISGUISED = re.compile(r"(?<=[a-z])[0134578@$](?=[a-z])|\b[0134578@$](?=[a-z]{2})|(?<=[a-z]{2})[0134578@$]\b")
_DISGUISES = str.maketrans("0134578@$", "oieastbas")  # "su1cide", "k1ll"
_MASKED = tuple(
    (re.compile(rf"(?<![a-z*#]){word[0]}{''.join(f'[{letter}*#]' for letter in word[1:])}(?![a-z*#])"), word)
    for word in ("suicide", "suicidal", "killing", "killed", "kill", "dying", "dead", "die", "harm", "raped", "rape")
)  # "su*cide"


def needed(text: str) -> bool:
    """Whether a text is about suicide, self-harm, or violence that somebody may do or is in danger of.

    Takes time in proportion to the length of the text, and raises nothing for any string that Python can hold.

    Args:
        text: any text, of any length.
    """
    return next(topics(text), None) is not None


def topics(text: str) -> Iterator[str]:
    """What a text is about, of ``TOPICS``, once for each pattern that finds it.

    Args:
        text: any text, of any length.
    """
    for sentence in _sentences(text):
        yield from (rule.topic for rule in _RULES if _applies(rule, sentence))


def _applies(rule: _Rule, sentence: str) -> bool:
    return rule.find.search(sentence) is not None and (rule.unless is None or rule.unless.search(sentence) is None)


def _sentences(text: str) -> Iterator[str]:
    """Sentences as the patterns see them: lower case, one space between words, one spelling of each word."""
    text = text if text.isascii() else _plain(text)
    for sentence in _SENTENCE_ENDS.split(_INNER_MARK.sub(r"\1i", _APOSTROPHES.sub("", text.lower()))):
        words = _SIGNS.sub(" ", _SPELT.sub(lambda spelt: re.sub("[^a-z]", "", spelt[0]), sentence))
        words = _DISGUISED.sub(lambda sign: sign[0].translate(_DISGUISES), words)
        if "*" in words or "#" in words:
            for masked, word in _MASKED:
                words = masked.sub(word, words)
        words = " ".join(filter(None, (_WORDS.get(word, word) for word in _STRETCHED.sub(r"\1", words).split())))
        for phrase, meant in _PHRASES:
            words = phrase.sub(meant, words)
        yield words


def _plain(text: str) -> str:
    """A text without marks over its letters, signs that nobody sees, and letters made to look special."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in parts if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf")
