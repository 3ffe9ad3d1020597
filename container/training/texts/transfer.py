"""Texts for a teacher to label: responses told differently, and out-of-domain sentences. Knows no network."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

from training.texts.data import DataError
from training.texts.overlap import words

WHERE = (
    "TEXTS=folder names the folder with goemotions/ (GoEmotions, CC BY 4.0) and emobank/ (EmoBank, CC BY-SA 4.0), "
    "otherwise looked for beside isear.csv; container/training/README.md tells where they are found"
)
HELD_OUT = ("dev", "test")  # parts of GoEmotions whose comments nothing learns from
SHORTEST = 3  # words; less is no sentence
_PLACEHOLDERS = {"[NAME]": "Sam", "[RELIGION]": "religion"}
_WORD = re.compile(r"[A-Za-z']+")
# Past tense to base form: the verbs that accounts are told with.
_VERBS = (
    "was:am were:are had:have felt:feel saw:see got:get went:go came:come told:tell said:say made:make found:find "
    "lost:lose heard:hear died:die left:leave did:do took:take thought:think knew:know gave:give began:begin "
    "broke:break met:meet wanted:want tried:try asked:ask called:call looked:look passed:pass failed:fail "
    "received:receive realized:realize happened:happen started:start stole:steal hit:hit could:can would:will"
)
_PRESENT = dict(pair.split(":") for pair in _VERBS.split())
_IRREGULAR = {"am": "is", "are": "are", "have": "has", "do": "does", "go": "goes", "can": "can", "will": "will"}
_THIRD = {
    "he": {"i": "he", "me": "him", "my": "his", "mine": "his", "myself": "himself", "am": "is", "have": "has"},
    "she": {"i": "she", "me": "her", "my": "her", "mine": "hers", "myself": "herself", "am": "is", "have": "has"},
}


def variants(text: str, random: Random) -> list[str]:
    """An account told in three other ways: a piece of it, carelessly typed, and by somebody else or as it happens.

    Args:
        text: a cleaned account.
        random: source of chance.
    """
    return [piece(text, random), careless(text, random), retold(text, random)]


def piece(text: str, random: Random) -> str:
    """A middle part of a text, at least half of it.

    Args:
        text: a cleaned account.
        random: source of chance.
    """
    words = text.split()
    if len(words) < 8:
        return text.lower().rstrip(".")
    begin = random.randrange(max(1, len(words) // 3))
    end = random.randrange(max(begin + 4, len(words) // 2), len(words) + 1)
    return " ".join(words[begin:end])


def careless(text: str, random: Random) -> str:
    """A text with words left out, neighbours swapped, and mostly without the survey's opening "When".

    Args:
        text: a cleaned account.
        random: source of chance.
    """
    words = text.split()
    if len(words) > SHORTEST and words[0] == "When" and random.random() < 0.7:
        words = words[1:]
    kept = [word for word in words if random.random() > 0.1] or words
    for place in range(len(kept) - 1):
        if random.random() < 0.06:
            kept[place], kept[place + 1] = kept[place + 1], kept[place]
    return " ".join(kept)


def retold(text: str, random: Random) -> str:
    """A text in the present tense, in the third person, or both. Grammar suffers here and there.

    Args:
        text: a cleaned account.
        random: source of chance.
    """
    person = random.choice(("", "he", "she"))
    present = not person or random.random() < 0.5

    def change(match: re.Match[str]) -> str:
        word = match[0].lower()
        if present and word in _PRESENT:
            base = _PRESENT[word]
            return (_IRREGULAR.get(base) or base + "s") if person else base
        return _THIRD[person].get(word, match[0]) if person else match[0]

    told = _WORD.sub(change, text)
    return told[:1].upper() + told[1:]


def slips(text: str, random: Random) -> str:
    """A text with two letters swapped in every tenth longer word.

    Args:
        text: a cleaned account.
        random: source of chance.
    """
    words = text.split()
    for number, word in enumerate(words):
        if len(word) > SHORTEST + 1 and random.random() < 0.1:
            place = random.randrange(1, len(word) - 2)
            words[number] = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return " ".join(words)


def strangers(folder: Path) -> Iterator[str]:
    """Out-of-domain sentences, each once: GoEmotions (Reddit) and EmoBank (news, fiction, letters, blogs).

    Args:
        folder: with ``goemotions/*.tsv`` (text, labels, id) and ``emobank/emobank.csv`` (with a column ``text``).

    Yields:
        Sentences of at least three words, in the order of the files.

    Raises:
        DataError: a file is missing.
    """
    seen: set[str] = set()
    for text in _raw(folder):
        found = words(text)
        if len(found) >= SHORTEST and (key := " ".join(found)) not in seen:
            seen.add(key)
            yield text


# GoEmotions' 28 emotions in the order of their numbers, and which of ours they come near to; many to none.
_EMOTIONS = (
    "admiration:joy amusement:joy anger:anger annoyance:anger approval: caring: confusion: curiosity: desire: "
    "disappointment:sadness disapproval: disgust:disgust embarrassment:shame excitement:joy fear:fear gratitude:joy "
    "grief:sadness joy:joy love:joy nervousness:fear optimism:joy pride:joy realization: relief:joy remorse:guilt "
    "sadness:sadness surprise: neutral:none"
)
_NEAREST = tuple(pair.partition(":")[2] for pair in _EMOTIONS.split())


def labelled(folder: Path, part: str) -> Iterator[tuple[str, str]]:
    """Forum comments of GoEmotions whose emotions all come near to one of our labels.

    Args:
        folder: with ``goemotions/``.
        part: ``train``, ``dev`` or ``test``.

    Yields:
        Label, or ``none`` for a neutral comment, and text.

    Raises:
        DataError: the file is missing.
    """
    for line in _lines(folder / "goemotions" / f"{part}.tsv"):
        text, numbers, _ = line.split("\t")
        labels = {_NEAREST[int(number)] for number in numbers.split(",")}
        text = _named(text)
        if len(labels) == 1 and (label := labels.pop()) and len(words(text)) >= SHORTEST:
            yield label, text


def _named(text: str) -> str:
    for mark, word in _PLACEHOLDERS.items():
        text = text.replace(mark, word)
    return text.strip()


def _raw(folder: Path) -> Iterator[str]:
    for part in ("train", *HELD_OUT):
        yield from (_named(line.split("\t")[0]) for line in _lines(folder / "goemotions" / f"{part}.tsv"))
    with _there(folder / "emobank" / "emobank.csv").open(encoding="utf-8", newline="") as file:
        yield from (_named(row["text"]) for row in csv.DictReader(file))


def _lines(file: Path) -> list[str]:
    return _there(file).read_text(encoding="utf-8").splitlines()


def _there(file: Path) -> Path:
    if not file.is_file():
        raise DataError(f"there is no {file}: {WHERE}")
    return file
