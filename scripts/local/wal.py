"""Damage in SQLite's write-ahead log, which SQLite itself takes for a crash: it drops every transaction from there on.

A crash can tear only the transaction that was being written, since each one is on the disk before the next begins
(synchronous=FULL). So where more than one transaction follows a frame that does not match its checksum, that frame was
damaged later. Damage in the last transaction alone looks like a crash, and so does a log that is cut short.

https://www.sqlite.org/fileformat2.html#the_write_ahead_log has the format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ORDERS = {0x377F0682: "<", 0x377F0683: ">"}  # byte order of checksums, by the log's first number
HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
_WORD = 2**32 - 1

Sums = tuple[int, int]


def damage(path: Path) -> str:
    """What is damaged in a write-ahead log, in words; "" when nothing is, or when there is no log.

    Args:
        path: the log. It is only read.
    """
    if not path.exists():
        return ""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES:
            return ""
        magic, _, page_bytes, _, *salts, first, second = struct.unpack(">8I", header)
        order = ORDERS.get(magic)
        if order is None or _sums(header[:24], order) != (first, second):
            return "its header does not match its checksum" if any(file.read(1 << 20)) else ""
        return _damage(_frames(file, page_bytes), (first, second), tuple(salts), order)


def _damage(frames: Iterator[tuple[bytes, bytes]], sums: Sums, salts: tuple[int, ...], order: str) -> str:
    broken, following = 0, 0
    for number, (header, page) in enumerate(frames, 1):
        _, pages, first_salt, second_salt, *expected = struct.unpack(">6I", header)
        if (first_salt, second_salt) == salts and not broken:
            sums = _sums(page, order, _sums(header[:8], order, sums))
        if not broken and ((first_salt, second_salt) != salts or sums != tuple(expected)):
            broken = number
        if broken and pages and (first_salt, second_salt) == salts:  # ends a transaction of this log
            following += 1
    return f"its frame {broken} does not match its checksum, and later transactions follow" if following > 1 else ""


def _frames(file: IO[bytes], page_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    """Headers and pages of all complete frames."""
    while len(frame := file.read(FRAME_HEADER_BYTES + page_bytes)) == FRAME_HEADER_BYTES + page_bytes:
        yield frame[:FRAME_HEADER_BYTES], frame[FRAME_HEADER_BYTES:]


def _sums(data: bytes, order: str, sums: Sums = (0, 0)) -> Sums:
    """SQLite's checksum of some bytes, continued from the one before."""
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _WORD
        second = (second + odd + first) & _WORD
    return first, second
