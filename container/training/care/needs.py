"""Which words a text has to have before a pattern can match it, read off the pattern itself.

A pattern that needs "kill" or "killing", and "myself", matches no sentence without them, so the service searches only
the few patterns whose words are there. After Cox, "Regular Expression Matching with a Trigram Index" (2012), with words
for trigrams: what a part of a pattern can match is listed as long as it is a short list of texts; the words of these
texts are then what the pattern needs. Wherever that cannot be told, nothing is needed, and the pattern is searched.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sentiment.index import HEAD, STEM

_TEXTS = 2_000  # most texts that are listed for a part
_SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789*#@$ "  # all that a sentence consists of when patterns see it

Clause = frozenset[str]  # words and stems of which one has to be there
_Nodes = Sequence[tuple[Any, Any]]

_parser: Any = getattr(re, "_parser")  # noqa: B009 (what re itself parses patterns with)
_PART = _parser.SUBPATTERN
_ZERO_WIDTH = (_parser.AT, _parser.ASSERT, _parser.ASSERT_NOT)
_REPEATS = (_parser.MAX_REPEAT, _parser.MIN_REPEAT)


def clauses(pattern: str, frequency: Callable[[str], int], bounded: bool = True) -> list[Clause]:
    """What a sentence has to have for a pattern to match: of each clause at least one word.

    Args:
        pattern: a regular expression.
        frequency: how frequent a word or stem is in ordinary sentences.
        bounded: it matches from word to word.

    Returns:
        The clauses, the rarest words first; none: it may match anything.
    """

    def cost(clause: Clause) -> tuple[int, int, list[str]]:
        return sum(map(frequency, clause)), len(clause), sorted(clause)

    found = set(_Reader(frequency).clauses(list(_parser.parse(pattern)), bounded, bounded))
    return sorted((one for one in found if not any(other < one for other in found)), key=cost)


class _Reader:
    def __init__(self, frequency: Callable[[str], int]) -> None:
        self._frequency = frequency

    def clauses(self, nodes: _Nodes, left: bool, right: bool) -> list[Clause]:
        """Clauses of one sequence; left, right: whether a word can only begin or end where the sequence does."""
        found: list[Clause] = []
        run, run_left = {""}, left  # what the nodes since the last end of a word can match
        for at, (kind, value) in enumerate(nodes):
            rest = nodes[at + 1 :]
            texts = {""} if kind is _parser.AT else _texts([(kind, value)])
            if texts is not None and len(run) * len(texts) > _TEXTS:
                found += self._of_texts(run, run_left, _begins(nodes[at:], right))
                run, run_left = {""}, all(text and _is_sign(text[-1]) for text in run)
            if texts is None:
                found += self._of_texts(run, run_left, _begins(nodes[at:], right))
                run_left = all(_is_sign(text[-1]) if text else run_left for text in run)
                found += self._of_node(kind, value, run_left, _begins(rest, right))
                run, run_left = {""}, _ends([(kind, value)], run_left)
                continue
            run = {before + text for before in run for text in texts}
            is_end = (kind, value) == (_parser.AT, _parser.AT_BOUNDARY) or (rest and _begins(rest, right))
            if is_end or all(_is_sign(text[-1]) if text else run_left for text in run):
                found += self._of_texts(run, run_left, right=True)
                run, run_left = {""}, True
        return found + self._of_texts(run, run_left, right)

    def _of_node(self, kind: Any, value: Any, left: bool, right: bool) -> list[Clause]:
        if kind is _PART:
            return self.clauses(list(value[-1]), left, right)
        if kind in _REPEATS and value[0] > 0:
            once = value[1] == 1
            return self.clauses(list(value[2]), left and once, right and once)
        if kind is _parser.BRANCH:
            return self._either([self.clauses(list(branch), left, right) for branch in value[1]])
        return []

    def _of_texts(self, texts: set[str], left: bool, right: bool) -> list[Clause]:
        words = [set(_words(text, left, right)) for text in sorted(texts)]
        if not all(words):
            return []
        found = [self._hitting(words)]
        others = [there - found[0] or there for there in words]
        return [*found, self._hitting(others)]

    def _hitting(self, texts: list[set[str]]) -> Clause:
        """A few rare words of which each text has one: the greedy solution of the hitting-set problem."""
        chosen = set()
        while texts:
            hits = Counter(word for words in texts for word in words)
            best = max(sorted(hits), key=lambda word: hits[word] / self._frequency(word))
            chosen.add(best)
            texts = [words for words in texts if best not in words]
        return Clause(chosen)

    def _either(self, choices: list[list[Clause]]) -> list[Clause]:
        if not choices or not all(choices):
            return []
        for choice in choices:
            choice.sort(key=lambda clause: (sum(map(self._frequency, clause)), sorted(clause)))
        most = min(3, max(map(len, choices)))
        return [Clause().union(*(choice[min(rank, len(choice) - 1)] for choice in choices)) for rank in range(most)]


def _words(text: str, left: bool, right: bool) -> list[str]:
    """The words that a sentence has if this text is in it, and stems of the last one if it may go on."""
    found = []
    for word in re.finditer(r"[a-z0-9]+", text):
        if word.start() == 0 and not left:
            continue
        if word.end() < len(text) or right:
            found.append(word[0])
        elif len(word[0]) >= HEAD:
            found.append(word[0] + STEM)
    return found


def _is_sign(character: str) -> bool:
    return not character.isalnum()


def _texts(nodes: _Nodes) -> set[str] | None:
    """All texts that a sequence can match; None where there are too many of them."""
    found = {""}
    for kind, value in nodes:
        more = _texts_of_node(kind, value)
        if more is None or len(found) * len(more) > _TEXTS:
            return None
        found = {before + text for before in found for text in more}
    return found


def _texts_of_node(kind: Any, value: Any) -> set[str] | None:
    if kind in _ZERO_WIDTH:
        return {""}
    if kind is _parser.LITERAL:
        return {chr(value)}
    if kind is _parser.IN:
        return _signs_in(value)
    if kind is _PART:
        return _texts(list(value[-1]))
    if kind is _parser.BRANCH:
        return _union([_texts(list(branch)) for branch in value[1]])
    if kind in _REPEATS and value[1] <= 4:
        return _union([_texts(list(value[2]) * times) for times in range(value[0], value[1] + 1)])
    return None


def _union(parts: list[set[str] | None]) -> set[str] | None:
    found: set[str] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found if len(found) <= _TEXTS else None


def _signs_in(members: Any) -> set[str] | None:
    if any(kind is _parser.CATEGORY and value is not _parser.CATEGORY_DIGIT for kind, value in members):
        return None
    if members[0][0] is _parser.NEGATE:
        return None
    found = set()
    for kind, value in members:
        if kind is _parser.CATEGORY:
            found |= set("0123456789")
        elif kind is _parser.RANGE:
            found |= {chr(code) for code in range(value[0], value[1] + 1)} & set(_SIGNS)
        else:
            found.add(chr(value))
    return found


def _begins(nodes: _Nodes, after: bool) -> bool:
    """Whether a word that ends before a sequence has ended for sure; after: whether it has if the sequence is empty."""
    return _edge(nodes, after, 0)


def _ends(nodes: _Nodes, before: bool) -> bool:
    """Whether a word that begins behind a sequence begins there for sure; before: whether if the sequence is empty."""
    return _edge(nodes, before, -1)


def _edge(nodes: _Nodes, beyond: bool, end: int) -> bool:
    if not nodes:
        return beyond
    kind, value = nodes[end]
    rest = nodes[1:] if end == 0 else nodes[:-1]
    if kind is _parser.AT or kind in (_parser.ASSERT, _parser.ASSERT_NOT):
        return _edge(rest, beyond, end)
    if kind is _parser.LITERAL:
        return _is_sign(chr(value))
    if kind is _parser.IN:
        signs = _signs_in(value)
        return signs is not None and all(map(_is_sign, signs))
    if kind is _PART:
        return _edge(list(value[-1]), _edge(rest, beyond, end), end)
    if kind is _parser.BRANCH:
        return all(_edge(list(branch), _edge(rest, beyond, end), end) for branch in value[1])
    if kind in _REPEATS:
        inner = _edge(list(value[2]), _edge(rest, beyond, end), end)
        return inner and (value[0] > 0 or _edge(rest, beyond, end))
    return False
