"""Text to token ids, the same way in training, retraining and service. No model here, and only the standard library.

People do not type like books. Addresses, handles, mark-up and entities say nothing about feelings and are taken out;
hashtags are split into words; emoji and emoticons are tokens of their own; capitals and stretched letters leave a mark
behind their word, so that their force is kept while the word stays the word.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

PAD, UNKNOWN = 0, 1
SPECIAL = ("<pad>", "<unk>")
ALLCAPS, ELONGATED = "<allcaps>", "<elong>"  # named as in GloVe's preprocessing of tweets
MARKS = (ALLCAPS, ELONGATED)

# "didn't" is "did n't" and "mother's" is "mother 's", as in the text that GloVe was trained on. Letters of other
# scripts are words too, though never known ones; all other signs say nothing about feelings and are left out.
_TOKEN = re.compile(r"n't\b|'(?:s|m|re|ve|ll|d)\b|[a-z]+(?=n't\b)|[^\W\d_]+|[0-9]+|[.,!?]")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"))
# Negation is half the meaning, so it is also seen where the apostrophe was forgotten.
_FORGOTTEN = re.compile(r"\b(do|does|did|is|was|were|are|has|have|had|ca|could|would|should|wo|ai)nt\b")
# Three and more of one letter become two: words have no more.
_REPEATED = re.compile(r"(.)\1{2,}", re.DOTALL)
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_SHORTEST_SHOUT = 3  # letters; less is "I", "TV" or "OK"

_CHUNK = re.compile(r"\S+")
# Part of a chunk that is one word or several that an apostrophe or a full stop joins.
_WORD = re.compile(r"""[^\s/\\()\[\]{}<>"\u201c\u201d\u201e\u00ab\u00bb;\-\u2010-\u2015]+""")
_AROUND = ".,!?'\u2018\u2019\u2026"  # signs around a word that are tokens, or nothing, but not the word

_ELEMENTS = (
    "a|abbr|article|aside|audio|b|blockquote|body|br|button|center|cite|code|dd|del|div|dl|dt|em|figure|font|footer|form|"
    "h[1-6]|head|header|hr|html|i|iframe|img|input|ins|label|li|link|main|mark|meta|nav|ol|option|p|picture|pre|q|s|"
    "script|section|select|small|span|strike|strong|style|sub|sup|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|u|"
    "ul|video|wbr"
)
_MARKUP = re.compile(rf"</?(?:{_ELEMENTS})(?:[\s/][^<>]*)?>|<!(?:--|doctype)[^<>]*>", re.IGNORECASE)
# No longer than any entity is, for a number of thousands of digits is an error in Python.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HANDLE = re.compile(r"[^\w@]*@[A-Za-z_]\w*[^\w@]*")
_DOMAINS = frozenset(
    ("com", "org", "net", "edu", "gov", "mil", "int", "io", "co", "uk", "de", "fr", "eu", "us", "ca", "au", "info")
    + ("dev", "app", "tv", "example", "test")
)
_HOST = re.compile(r"[\w.:-]+")
_HASHTAG = re.compile(r"#([^\W\d_][^\W]*)")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")
HASH = "#"  # before a word that stands in a hashtag of one case: the tokenizer, which knows words, splits it

_EMOJI = "\u203c\u2049\u2190-\u21ff\u231a-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f300-\U0001f64f\U0001f680-\U0001faff"
# An emoticon stands behind a word or by itself, not among other signs.
_FACE = re.compile(
    rf"(?P<emoji>[{_EMOJI}])|(?<![^\w.,!?{_EMOJI}])(?:(?P<heart></?3)|(?P<sad>>?[:=;]['\u2019,]?[-\u2013^o]?[(\[]+)"
    rf"|(?P<glad>[:=]['\u2019,]?[-\u2013^o]?[)\]]+)|(?P<wink>;[-^]?[)\]]+))(?![^A-Za-z.,!?{_EMOJI}])"
)
# Whole chunks; what a regular expression finds inside a chunk is above.
_EMOTICONS = {
    face: emoji
    for emoji, faces in {
        "\U0001f642": "(: (= [: (-: c:",
        "\U0001f641": "): )= ]: )-: :c =/ :-/ :/ :\\ :-\\ :| :-| :-< :< v.v u_u",
        "\U0001f622": ")': t_t t.t ;_; ;-; q_q :'c :,c y_y",
        "\U0001f603": ":d :-d =d ^^ ^_^ ^-^ ^.^ \\o/ :> :-> n_n",
        "\U0001f606": "xd x-d",
        "\U0001f61b": ":p :-p =p ;p xp :b",
        "\U0001f609": "(; (-; ;d ;-d",
        "\U0001f620": ">:( >:-( >:[ >.< >_< >:/ >:o :@ :-@",
        "\U0001f62e": ":o :-o =o o_o o.o o_0 0_o :0",
        "\U0001f628": "d: d-: d:< d=",
        "\U0001f611": "-_- -.- -__- ._. -,-",
        "\U0001f615": ":s :-s :$ :-$",
        "\U0001f618": ":* :-* =* :x ;*",
    }.items()
    for face in faces.split()
}
_GROUPS = {
    "sad": "\U0001f641",
    "glad": "\U0001f642",
    "wink": "\U0001f609",
    "heart": "\u2764",
}
_LONGEST_FACE = 6
_JOINERS = dict.fromkeys([0x200D, 0xFE0E, 0xFE0F, 0x20E3, *range(0x1F3FB, 0x1F400)])  # variants and skin tones
_MOST_REPEATS = 2  # of one emoji in a row; more say no more

_SLANG = {
    short: tuple(meaning.split())
    for short, meaning in {
        "u": "you", "ur": "your", "r": "are", "im": "i 'm", "ive": "i 've", "youre": "you 're", "theyre": "they 're",
        "thats": "that 's", "whats": "what 's", "hes": "he 's", "shes": "she 's", "idk": "i do n't know",
        "dunno": "do n't know", "omg": "oh my god", "omfg": "oh my god", "wtf": "what the fuck", "tf": "the fuck",
        "bc": "because", "cuz": "because", "cos": "because", "coz": "because", "cause": "because", "becuz": "because",
        "gonna": "going to", "wanna": "want to", "gotta": "got to", "kinda": "kind of", "sorta": "sort of",
        "lemme": "let me", "gimme": "give me", "tbh": "to be honest", "ngl": "not going to lie", "imo": "in my opinion",
        "af": "as fuck", "rn": "right now", "pls": "please", "plz": "please", "thx": "thanks", "tysm": "thanks so much",
        "ty": "thanks", "bf": "boyfriend", "gf": "girlfriend", "bff": "best friend", "ppl": "people", "sm": "so much",
        "fml": "fuck my life", "ffs": "for fuck sake", "luv": "love", "ily": "i love you",
        "ilysm": "i love you so much", "bday": "birthday",
        "abt": "about", "w": "with", "wo": "without", "smth": "something", "sth": "something",
        "nvm": "never mind", "idc": "i do n't care", "ikr": "i know right", "jk": "just kidding", "bro": "brother",
        "sis": "sister", "congrats": "congratulations", "y'all": "you all", "yall": "you all", "til": "until",
        "thru": "through", "tho": "though", "prolly": "probably", "defo": "definitely", "def": "definitely",
        "rly": "really", "srsly": "seriously", "tmrw": "tomorrow", "tmr": "tomorrow", "wknd": "weekend",
        "xd": "\U0001f606", "gr8": "great", "b4": "before", "l8": "late", "m8": "mate", "h8": "hate",
        "2day": "today", "2moro": "tomorrow",
        "2nite": "tonight", "str8": "straight", "yay": "hooray", "smh": "shaking my head", "istg": "i swear to god",
    }.items()
}  # fmt: skip
_KEPT = frozenset(("wo",))  # "wo n't"

# Words that are fixed when they are mistyped: long enough to be recognised, and not so many that it takes time.
_FIXABLE = range(4, 16)
_SHORT = 4  # of so few letters only words are meant that are commoner still
_COMMON, _VERY_COMMON = 10_000, 3_000  # only words as common as this are meant by a mistyped one
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONGEST_HASHTAG, _LONGEST_WORD = 32, 14
_MOST_GUESSED = {"fixed": 16, "hashtags": 8}  # in one text


class Piece(NamedTuple):
    """A part of a text that becomes tokens of its own.

    Attributes:
        start: its place in the text, in code points.
        end: the place behind it.
        tokens: at least one.
    """

    start: int
    end: int
    tokens: tuple[str, ...]


class Span(NamedTuple):
    """A part of a text, as a ``Piece``, with ids in place of tokens."""

    start: int
    end: int
    ids: tuple[int, ...]


def tokenize(text: str) -> list[str]:
    """Split a text into lower-case words, numbers, the signs ``. , ! ?``, emoji, and marks of capitals and stretching.

    Linear in the length of the text, and without an exception for any string that Python can hold.

    Args:
        text: any text, of any length.

    Returns:
        The tokens in order; an empty list when there is none.
    """
    return [token for piece in pieces(text) for token in piece.tokens]


def pieces(text: str) -> Iterator[Piece]:
    """A text's parts, in order; what is left out says nothing about feelings.

    Args:
        text: any text, of any length.
    """
    for match in _CHUNK.finditer(_without_markup(text)):
        yield from _chunk(match[0], match.start())


def _without_markup(text: str) -> str:
    return _MARKUP.sub(lambda match: " " * len(match[0]), text) if "<" in text else text


def _chunk(chunk: str, start: int) -> Iterator[Piece]:
    """Parts of what stands between white space."""
    if chunk.isascii() and chunk.isalpha():
        yield Piece(start, start + len(chunk), _words(chunk))
        return
    if "&" in chunk and (decoded := _ENTITY.sub(_decoded, chunk)) != chunk:
        # What an entity stood for has no place in the text, so the whole chunk is one piece.
        inner = [match[0] for match in _CHUNK.finditer(_MARKUP.sub(" ", decoded))]
        tokens = tuple(token for one in inner for piece in _spoken(one, 0) for token in piece.tokens)
        if tokens:
            yield Piece(start, start + len(chunk), tokens)
        return
    yield from _spoken(chunk, start)


def _decoded(match: re.Match[str]) -> str:
    return html.unescape(match[0])


def _spoken(chunk: str, start: int) -> Iterator[Piece]:
    """Parts of a chunk without its addresses."""
    chunk = chunk[: _address(chunk)]
    if HASH in chunk and (found := list(_HASHTAG.finditer(chunk))):
        begin = 0
        for match in found:
            yield from _faces(chunk[begin : match.start()], start + begin)
            if tokens := _hashtag(match[1]):
                yield Piece(start + match.start(), start + match.end(), tokens)
            begin = match.end()
        yield from _faces(chunk[begin:], start + begin)
    else:
        yield from _faces(chunk, start)


def _address(chunk: str) -> int:
    """Where the chunk's address begins: a URL, a mail address, a handle or a bare domain; its length if it has none."""
    if "@" in chunk:
        if _HANDLE.fullmatch(chunk):
            return 0
        name, _, host = chunk.partition("@")
        if name and "." in host[1:] and name[-1].isalnum():
            return 0
    if (scheme := chunk.find("://")) > 0:
        while scheme and chunk[scheme - 1].isalpha():
            scheme -= 1
        return scheme
    if "." in chunk:
        bare = chunk.strip("()[]<>\"'.,!?;:").lower()
        host = bare.partition("/")[0].partition("?")[0]
        name, _, domain = host.rpartition(".")
        if bare.startswith("www.") or (domain in _DOMAINS and len(name) > 1 and _HOST.fullmatch(name)):
            return 0
    return len(chunk)


def _hashtag(word: str) -> tuple[str, ...]:
    parts = _CAMEL.findall(word)
    if len(parts) == 1 and parts[0].isascii() and parts[0].isalpha():
        return (HASH + parts[0].lower(),)
    return tuple(token for part in parts for token in _words(part) if token != ALLCAPS)


def _faces(part: str, start: int) -> Iterator[Piece]:
    """Words of a part, and the emoji and emoticons between them."""
    if not part:
        return
    if part.isascii() and part.isalpha():
        yield Piece(start, start + len(part), _words(part))
        return
    face = part if part.lower() in _EMOTICONS else part.rstrip(".,!?")
    if face and len(face) < _LONGEST_FACE and (emoji := _EMOTICONS.get(face.lower())):
        yield Piece(start, start + len(part), (emoji, *(sign for sign in part[len(face) :] if sign in ",!?")))
        return
    begin, last, times = 0, "", 0
    for match in _FACE.finditer(part):
        yield from _plain(part[begin : match.start()], start + begin)
        emoji = match["emoji"] or _GROUPS[str(match.lastgroup)]
        if match[0].startswith("</"):
            emoji = "\U0001f494"
        elif match.lastgroup == "sad":
            emoji = _unhappy(match[0])
        elif match.lastgroup == "glad" and len(match[0]) > 2 and match[0][1] in "'\u2019,":
            emoji = "\U0001f602"
        times = times + 1 if emoji == last and not part[begin : match.start()].translate(_JOINERS) else 1
        begin, last = match.end(), emoji
        if times <= _MOST_REPEATS and ord(emoji) not in _JOINERS:
            yield Piece(start + match.start(), start + match.end(), (emoji,))
    yield from _plain(part[begin:], start + begin)


def _unhappy(face: str) -> str:
    if face[0] == ">":
        return "\U0001f620"
    return "\U0001f622" if face[1] in "'\u2019," else "\U0001f641"


def _plain(part: str, start: int) -> Iterator[Piece]:
    for match in _WORD.finditer(part):
        if tokens := _words(match[0]):
            left = len(match[0]) - len(match[0].lstrip(_AROUND))
            right = len(match[0].rstrip(_AROUND))
            begin, end = (left, right) if left < right else (0, len(match[0]))
            yield Piece(start + match.start() + begin, start + match.start() + end, tokens)


def _words(word: str) -> tuple[str, ...]:
    """Tokens of a word that no white space, bracket or dash parts."""
    return _common_words(word) if len(word) <= _LONGEST_WORD else _split(word)


@lru_cache(maxsize=8192)
def _common_words(word: str) -> tuple[str, ...]:
    """The same, remembered: most words of a text are common ones. Long words are not, so this takes few megabytes."""
    return _split(word)


def _split(word: str) -> tuple[str, ...]:
    short = word.lower()
    if short in _SLANG and short not in _KEPT and (len(word) > 1 or word == short):  # "R" and "U" are initials
        return _SLANG[short] if not _shouted(word) else (*_SLANG[short], ALLCAPS)
    # Marks go before decomposition too: Python sorts a run of them in quadratic time.
    plain = _without_marks(unicodedata.normalize("NFKD", _without_marks(word.translate(_APOSTROPHES))).lower())
    stretched = _STRETCHED.search(plain) is not None
    found = _TOKEN.findall(_FORGOTTEN.sub(r"\1n't", _REPEATED.sub(r"\1\1", plain)))
    tokens = [part for token in found for part in (_SLANG[token] if _is_slang(token) else (token,))]
    if stretched or _shouted(word):
        place = max((place for place, token in enumerate(tokens, 1) if token.isalpha()), default=0)
        marks = [ELONGATED] * stretched + [ALLCAPS] * _shouted(word)
        tokens[place:place] = marks if place else []
    return tuple(tokens)


def _is_slang(token: str) -> bool:
    return len(token) > 1 and token in _SLANG and token not in _KEPT


def _shouted(word: str) -> bool:
    return word.isupper() and sum(map(str.isalpha, word)) >= _SHORTEST_SHOUT


def _without_marks(text: str) -> str:
    if text.isascii():  # nearly every review is, and this halves the time
        return text
    return "".join(sign for sign in text if not unicodedata.combining(sign))


def is_emoji(token: str) -> bool:
    """Whether a token is an emoji.

    Args:
        token: of ``tokenize``.
    """
    return len(token) == 1 and _FACE.match(token) is not None


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
        self._remembered = lru_cache(maxsize=8192)(self._known)  # most words of a text are common ones

    def encode(self, text: str) -> list[int]:
        """Ids of a text's tokens; ``UNKNOWN`` for those not in the vocabulary, nor one slip away from a word of it.

        Args:
            text: any text.

        Returns:
            One id for each token; empty for a text without any (the model needs at least one: give it ``[UNKNOWN]``).
        """
        found: list[int] = []
        left = dict(_MOST_GUESSED)
        for chunk in _without_markup(text).split():
            ids = self._remembered(chunk) if len(chunk) <= _LONGEST_WORD else None
            found += ids or (place for span in self._spans(_chunk(chunk, 0), left) for place in span.ids)
        return found

    def _known(self, chunk: str) -> tuple[int, ...]:
        """Ids of what stands between white space; none if there are others than known words: these are guessed."""
        tokens = [token for piece in _chunk(chunk, 0) for token in piece.tokens]
        ids = tuple(self._ids.get(token, PAD) for token in tokens)
        return () if PAD in ids or ELONGATED in tokens else ids

    def spans(self, text: str) -> Iterator[Span]:
        """The same, with where in the text they come from.

        Args:
            text: any text.
        """
        return self._spans(pieces(text), dict(_MOST_GUESSED))

    def _spans(self, parts: Iterable[Piece], left: dict[str, int]) -> Iterator[Span]:
        for start, end, tokens in parts:
            ids: list[int] = []
            for place, token in enumerate(tokens):
                known = self._ids.get(token)
                if known is not None and tokens[place + 1 : place + 2] != (ELONGATED,):
                    ids.append(known)
                elif token not in MARKS:  # a model of before there were marks reads on without them
                    ids += self._guessed(token, left, stretched=tokens[place + 1 : place + 2] == (ELONGATED,))
                elif known is not None:
                    ids.append(known)
            if ids:
                yield Span(start, end, tuple(ids))

    def _guessed(self, token: str, left: dict[str, int], stretched: bool) -> list[int]:
        """Ids of a token that is not simply a known word: a hashtag, a stretched or a mistyped word."""
        if token.startswith(HASH):
            left["hashtags"] -= 1
            return self._segmented(token[1:]) if left["hashtags"] >= 0 else [self._ids.get(token[1:], UNKNOWN)]
        if stretched and (known := min((self._ids[one] for one in _shortened(token) if one in self._ids), default=0)):
            return [known]
        if len(token) in _FIXABLE and token.isascii() and token.isalpha() and left["fixed"] > 0:
            left["fixed"] -= 1
            return [self._fix(token)]
        return [UNKNOWN]

    def _fix(self, word: str) -> int:
        """The commonest word that is one slip away: a letter too many, too few, wrong, or swapped with the next.

        A vocabulary stands in the order of how common its words are, so that is the lowest id.
        """
        common = _COMMON if len(word) > _SHORT else _VERY_COMMON
        halves = [(word[:cut], word[cut:]) for cut in range(len(word) + 1)]
        slips = [left + right[1:] for left, right in halves if right and len(word) > _SHORT]
        slips += [left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1]
        slips += [left + letter + right[1:] for left, right in halves if right for letter in _LETTERS]
        slips += [left + letter + right for left, right in halves for letter in _LETTERS]
        best = min((self._ids[slip] for slip in slips if slip in self._ids), default=common)
        return best if UNKNOWN < best < common else UNKNOWN

    def _segmented(self, word: str) -> list[int]:
        """The fewest and commonest words that spell a hashtag: each costs six, and its rank's length in bits."""
        if word in self._ids or len(word) > _LONGEST_HASHTAG:
            return [self._ids.get(word, UNKNOWN)]
        best: list[tuple[int, tuple[int, ...]]] = [(0, ())]
        for end in range(1, len(word) + 1):
            ways: list[tuple[int, tuple[int, ...]]] = [(10**6, ())]
            for begin in range(max(0, end - _LONGEST_WORD), end):
                known = self._ids.get(word[begin:end], 0)
                if UNKNOWN < known < _COMMON and (end - begin > 1 or word[begin] in "ia"):
                    cost, ids = best[begin]
                    ways.append((cost + known.bit_length() + 6, (*ids, known)))
            best.append(min(ways))
        return list(best[-1][1]) or [UNKNOWN]

    def has_known_word(self, ids: Sequence[int]) -> bool:
        """Whether at least one id is a known word or emoji: signs and numbers alone say nothing about a feeling.

        Args:
            ids: what ``encode`` returned.
        """
        return any(place > UNKNOWN and _says(self.vocabulary[place]) for place in ids)


def _says(token: str) -> bool:
    return token.strip("'").isalpha() or is_emoji(token)


def _shortened(word: str) -> Iterator[str]:
    """A stretched word with each of its doubled letters kept or made one."""
    doubled = [place for place in range(1, len(word)) if word[place] == word[place - 1]][:4]
    for kept in range(2 ** len(doubled)):
        gone = {place for bit, place in enumerate(doubled) if not kept >> bit & 1}
        yield "".join(letter for place, letter in enumerate(word) if place not in gone)
