"""What has been erased: how a text is known whatever its spelling, and which judgements an erasure covers.

An erasure is a mark and a time. The mark names a text (by a digest of its canonical form, or by its id where only that
was known) or the request for a prediction (whose judgements the person withdrew). It covers the judgements of that text
or prediction up to its time; what somebody says later, of their own wish, is kept. The stage's ledger holds all
erasures; everything that reads judgements from elsewhere (an interrupted export, a restored copy, an old file) leaves
out what they cover.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping

from shared.reviews import text_id

_TEXT, _ID, _REQUEST = "text/", "id/", "question/"  # as they are stored
# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) as far as it is not in category Cf, and the blank
# braille pattern: characters that are seen as nothing.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
# What phones and word processors put for the signs of a keyboard while somebody types.
_SIGNS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032\u0060\u00b4", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)

Erasures = Mapping[str, str]  # mark -> time, as ``times.timestamp`` writes it


def canonical(text: str) -> str:
    """The text without what can differ unseen.

    That is case, Unicode form, width, white space, invisible characters, and the kind of quotation marks and dashes.
    """
    seen = "".join(each for each in _INVISIBLE.sub("", text) if unicodedata.category(each) != "Cf").translate(_SIGNS)
    folded = unicodedata.normalize("NFKC", seen).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def text_mark(text: str) -> str:
    """Mark of a text, the same for all spellings that have one canonical form."""
    return _TEXT + hashlib.sha256(canonical(text).encode(errors="surrogatepass")).hexdigest()


def id_mark(text: str) -> str:
    """Mark of a text of which only the id is known.

    Args:
        text: its id.
    """
    return _ID + text


def request_mark(request_id: str) -> str:
    """Mark of the request for a prediction.

    Args:
        request_id: its id.
    """
    return _REQUEST + request_id


def covered(erasures: Erasures, review: str, request_id: str, time: str) -> bool:
    """Whether a judgement is erased.

    Args:
        erasures: what has been erased.
        review: the text that was judged.
        request_id: of the request for the prediction; "" where none is known.
        time: when the judgement arrived; "" where that is not known, which any erasure covers.
    """
    if not erasures:
        return False
    marks = (text_mark(review), id_mark(text_id(review)), request_mark(request_id))
    return any(time <= erasures[mark] for mark in marks if mark in erasures)


def read_list(lines: Iterable[str]) -> dict[str, str]:
    """Erasures as a list in a file has them: mark and time, separated by a tab. Older lines have an id for the mark.

    Raises:
        ValueError: a line has another format.
    """
    found: dict[str, str] = {}
    for line in lines:
        mark, time = line.rstrip("\n").split("\t")
        mark = mark if "/" in mark else id_mark(mark)
        found[mark] = max(time, found.get(mark, ""))
    return found
