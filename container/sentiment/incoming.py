"""Where in the bytes of a connection a request ends. It is only measured here; gunicorn's parser reads it.

Both must agree about the end, or what one takes for a body the other takes for the next request (request smuggling).
What is measured otherwise than the parser would, the parser must refuse, for then the connection is closed.
"""

from __future__ import annotations

import re

from shared.limits import MAX_BATCH_BODY_BYTES

MAX_HEAD_BYTES = 64 * 1024

_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*0*([0-9]+)[ \t]*(?=\r\n)")
_LONGEST_LENGTH = 18  # digits; more would be slow to read, and mean too much either way
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding:[^\r\n]*chunked")
_EXPECT = re.compile(rb"(?i)\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)")


class Incoming:
    """The bytes that a connection has sent and nobody has read yet, and where the first request among them ends.

    Attributes:
        data: the bytes.
        truncated: the request is longer than any that is taken, so only its beginning is given away.
        expects: its client waits to be told to go on.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self._reset()

    def _reset(self) -> None:
        self.truncated = False
        self.expects = False
        self._head = 0  # length of the head; 0: not here yet
        self._searched = 0
        self._chunked = False  # and its last chunk is not here yet
        self._end = 0  # of the request; of a chunked one, where its next chunk begins

    @property
    def has_head(self) -> bool:
        """Whether a head is here."""
        return self._head > 0

    @property
    def has_long_head(self) -> bool:
        """Whether the head is longer than any that is taken."""
        return not self._head and len(self.data) > MAX_HEAD_BYTES

    def add(self, data: bytes) -> bool:
        """Take in more bytes; tells whether there is a whole request."""
        self.data += data
        return self.whole()

    def whole(self) -> bool:
        """Whether there is a whole request, or the beginning of one that is too long."""
        if not self._head and not self._find_head():
            return False
        if self._chunked:
            self._skip_chunks()
        end = len(self.data) if self._chunked else self._end
        if end - self._head > MAX_BATCH_BODY_BYTES:
            self.truncated, self._chunked, self._end = True, False, len(self.data)
        return not self._chunked and len(self.data) >= self._end

    def take(self) -> bytes:
        """The first request; what is behind it stays."""
        request = bytes(self.data[: self._end])
        del self.data[: self._end]
        self._reset()
        return request

    def _find_head(self) -> bool:
        found = self.data.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(self.data)
        if found < 0:
            return False
        if expect := _EXPECT.search(self.data, 0, found + 2):
            # It is answered here, so the parser must not see it and answer it again.
            del self.data[expect.start() : expect.end()]
            found -= expect.end() - expect.start()
            self.expects = True
        self._head = self._end = found + 4
        self._chunked = _CHUNKED.search(self.data, 0, found + 2) is not None
        lengths = _LENGTH.findall(self.data, 0, found + 2)
        if not self._chunked and len(lengths) == 1:
            self._end += int(lengths[0][:_LONGEST_LENGTH])
        return True

    def _skip_chunks(self) -> None:
        """Move on over the chunks that are here (RFC 9112, section 7.1), to the end of the request if that is too."""
        while (line := self.data.find(b"\r\n", self._end)) >= 0:
            try:
                size = int(bytes(self.data[self._end : line]).partition(b";")[0], 16)
            except ValueError:
                size = -1
            if size < 0:  # the parser will refuse it
                self._chunked, self._end = False, len(self.data)
                return
            if size == 0:
                last = self.data.find(b"\r\n\r\n", line)  # behind the trailers, if there are any
                if last >= 0:
                    self._chunked, self._end = False, last + 4
                return
            if line + 2 + size + 2 > len(self.data):
                return
            self._end = line + 2 + size + 2
