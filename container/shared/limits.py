"""Limits of the API, the same for every stage."""

MAX_REVIEW_CHARACTERS = 2_000  # code points, after trimming
MAX_BODY_BYTES = 16 * 1024
