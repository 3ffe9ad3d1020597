"""What a valid review is, and the id of its text."""

from __future__ import annotations

import hashlib
import re

from shared.limits import MAX_REVIEW_CHARACTERS, MAX_REVIEWS
from shared.problems import bad_request, too_large

_UNPAIRED = re.compile("[\ud800-\udfff]")


def review(value: object) -> str:
    """The review of a request, with white space trimmed.

    Args:
        value: the field ``review``.

    Raises:
        Problem: 413 for a review that is too long, 400 for anything else that is not a review.
    """
    if not isinstance(value, str):
        raise bad_request("review must be a string.")
    text = value.strip()
    if not text:
        raise bad_request("review is empty; send at least one character that is not white space.")
    if len(text) > MAX_REVIEW_CHARACTERS:
        raise too_large(f"review has {len(text):,} characters; send at most {MAX_REVIEW_CHARACTERS:,}.")
    if "\0" in text:
        raise bad_request("review contains a NUL character (U+0000); remove it.")
    if _UNPAIRED.search(text):
        raise bad_request("review contains an unpaired surrogate (U+D800 to U+DFFF); send whole characters.")
    return text


def reviews(value: object) -> list[object]:
    """The list of texts in a request for many predictions; what each of them may be, ``review`` tells.

    Args:
        value: the field ``reviews``.

    Raises:
        Problem: 413 for too many texts, 400 for anything else that is not a list of texts.
    """
    if not isinstance(value, list):
        raise bad_request("reviews must be a list of strings.")
    if not value:
        raise bad_request("reviews is empty; send at least one text.")
    if len(value) > MAX_REVIEWS:
        raise too_large(f"reviews has {len(value):,} texts; send at most {MAX_REVIEWS:,} in one request.")
    return value


def text_id(text: str) -> str:
    """Id of a text: md5 of its UTF-8 bytes after trimming, in hex. It identifies a text; it is no protection.

    Args:
        text: any text, a valid review or not; unpaired surrogates, which no review contains, work too.
    """
    return hashlib.md5(text.strip().encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()
