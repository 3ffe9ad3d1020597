"""Limits of the API, the same for every stage. Those of a body follow from those of the texts in it."""

MAX_REVIEW_CHARACTERS = 2_000  # code points, after trimming
MAX_REVIEWS = 100  # in one request

# JSON may write any character as an escape: an emoji is then two of six bytes each (RFC 8259, section 7).
_CHARACTER_BYTES = 12
_REVIEW_BYTES = _CHARACTER_BYTES * MAX_REVIEW_CHARACTERS
_SEPARATOR_BYTES = 16  # quotation marks, comma and indentation around a text in a list
_OTHER_BYTES = 4 * 1024  # all other fields, a receipt among them, and white space

MAX_BODY_BYTES = _REVIEW_BYTES + _OTHER_BYTES
MAX_BATCH_BODY_BYTES = MAX_REVIEWS * (_REVIEW_BYTES + _SEPARATOR_BYTES) + _OTHER_BYTES
