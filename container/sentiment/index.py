"""Which patterns can match a sentence at all, by the words that they need: a few of hundreds, so that few are searched.

Each pattern comes with one or two clauses, sets of words and of beginnings of words: a sentence that has none of a
clause cannot match. They are read off the patterns by training/care/needs.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

STEM = "~"  # behind the beginning of a word whose end is open
HEAD = 3  # length of the shortest such beginning
_WORD = re.compile(r"\w+")


class Clauses:
    """The sets of words that patterns need.

    Args:
        words: all of them; a beginning has ``STEM`` behind.
        clauses: of each clause the numbers of its words.
    """

    def __init__(self, words: Sequence[str], clauses: Iterable[Iterable[int]]) -> None:
        self._clauses = tuple(tuple(words[number] for number in clause) for clause in clauses)  # small, unlike sets
        self._stems: dict[str, tuple[str, ...]] = {}  # by how they begin
        for word in words:
            if word.endswith(STEM):
                self._stems[word[:HEAD]] = (*self._stems.get(word[:HEAD], ()), word)

    def __getitem__(self, number: int) -> tuple[str, ...]:
        return self._clauses[number]

    def words_of(self, sentence: str) -> set[str]:
        """The words of a sentence, and the beginnings of words that are in clauses."""
        found = set(_WORD.findall(sentence))
        stems = self._stems
        heads = [word for word in found if word[:HEAD] in stems]
        found.update([stem for word in heads for stem in stems[word[:HEAD]] if word.startswith(stem[:-1])])
        return found


class Pattern:
    """A pattern that matches from word to word; compiled when it is first searched, as most never are."""

    __slots__ = ("_compiled", "_source")

    def __init__(self, source: str) -> None:
        self._source = source
        self._compiled: re.Pattern[str] | None = None

    @property
    def compiled(self) -> re.Pattern[str]:
        """The pattern."""
        if self._compiled is None:
            self._compiled = re.compile(rf"\b(?:{self._source})\b")
        return self._compiled

    def search(self, sentence: str) -> bool:
        """Whether it matches somewhere."""
        return self.compiled.search(sentence) is not None


class Index:
    """Patterns, by the words that they need.

    Args:
        patterns: of each pattern its source and the numbers of one or two clauses.
        clauses: what the numbers mean.

    Attributes:
        patterns: the patterns, in order.
    """

    def __init__(self, patterns: Iterable[tuple[str, Sequence[int]]], clauses: Clauses) -> None:
        found, also = [], []
        by_word: dict[str, tuple[int, ...]] = {}
        for number, (source, (first, *others)) in enumerate(patterns):
            found.append(Pattern(source))
            also.append(clauses[others[0]] if others else None)
            for word in clauses[first]:
                by_word[word] = (*by_word.get(word, ()), number)
        self.patterns = tuple(found)
        self._also = tuple(also)
        self._by_word = by_word

    def candidates(self, words: set[str]) -> list[int]:
        """Numbers of the patterns that may match a sentence, in their order.

        Args:
            words: what ``words_of`` returns for the sentence.
        """
        found: set[int] = set()
        for word in words & self._by_word.keys():
            found.update(self._by_word[word])
        also = self._also
        return sorted([one for one in found if (clause := also[one]) is None or not words.isdisjoint(clause)])
