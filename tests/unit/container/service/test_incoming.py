"""Where a request ends, said of bytes as they come; gunicorn's parser must agree."""

from __future__ import annotations

import time

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.incoming import MAX_HEAD_BYTES, Incoming
from shared.limits import MAX_BATCH_BODY_BYTES
from tests.unit.container.service.sent import CHUNKS, HEAD, WHOLE


@pytest.mark.parametrize("request_", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("step", [1, 7, 1_000])
def test_a_request_is_whole_at_its_last_byte_however_it_is_cut(request_: bytes, step: int) -> None:
    incoming = Incoming()
    sent = request_[:-1]
    for start in range(0, len(sent), step):
        assert not incoming.add(sent[start : start + step])
    assert incoming.add(request_[-1:] + b"GET /next")
    assert not incoming.truncated
    assert incoming.take() == request_
    assert incoming.data == b"GET /next"
    assert not incoming.whole()


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: x\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        HEAD + CHUNKS + b"x\r\n",
        HEAD + CHUNKS + b"-1\r\n",
        b"\r\n\r\n",
    ],
    ids=["no number", "two lengths", "no size", "a negative size", "nothing"],
)
def test_what_is_wrong_is_left_to_the_parser(request_: bytes) -> None:
    assert Incoming().add(request_)


CONFIG = Config()
FRAGMENTS = [
    *(b"Content-Length: " + one for one in (b"0", b"3", b"03", b"0" * 30 + b"3", b"+3", b"3 ", b"3,3", b"9" * 30, b"")),
    *(b"Transfer-Encoding: " + one for one in (b"chunked", b"Chunked ", b"identity", b"gzip, chunked", b"x", b"")),
    *(b"content-length:3", b"Content-Length : 3", b"X: Content-Length: 3", b"X: a\r\n Content-Length: 3", b"X: \n"),
    *(b"Expect: 100-continue", b"Connection: close", b"Trailer: X"),
]
BODIES = [
    b"abc",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"3 \r\nabc\r\n",
    b"0x3\r\nabc\r\n",
    b"1_0\r\n",
    b"3;a\r\n",
    b"0\r\nA: b\r\n\r\n",
]


@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=4),
    st.lists(st.sampled_from(BODIES), max_size=4),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0"]),
)
@settings(max_examples=500, deadline=None)
def test_where_a_request_ends_the_parser_agrees_or_refuses_it(
    fragments: list[bytes], bodies: list[bytes], version: bytes
) -> None:
    head = b"POST /predict " + version + b"\r\nHost: x\r\n" + b"".join(one + b"\r\n" for one in fragments)
    incoming = Incoming()
    if not incoming.add(head + b"\r\n" + b"".join(bodies)) or incoming.truncated:
        return
    parser = RequestParser(CONFIG, iter(()), ("127.0.0.1", 1))
    parser.unreader.unread(incoming.take())
    try:
        request = next(parser)
        request.body.read()
    except (ParseException, NoMoreData):  # and the connection is closed
        return
    missing = getattr(request.body.reader, "length", 0)
    assert request.should_close() or (missing, parser.unreader.read()) == (0, b"")


@pytest.mark.parametrize("length", [b"%d" % (MAX_BATCH_BODY_BYTES + 1), b"9" * 5_000])
def test_a_body_beyond_all_limits_is_not_collected(length: bytes) -> None:
    incoming = Incoming()
    assert incoming.add(HEAD + b"Content-Length: %s\r\n\r\n" % length)
    assert incoming.truncated
    incoming = Incoming()
    assert not incoming.add(HEAD + CHUNKS + b"FFFFFFFF\r\n")
    assert incoming.add(b" " * (MAX_BATCH_BODY_BYTES + 20))
    assert incoming.truncated


def test_a_client_that_waits_to_be_told_is_noticed_unless_it_cannot_be_told() -> None:
    incoming = Incoming()
    head = HEAD + b"Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
    assert not incoming.add(head)
    assert incoming.expects
    assert incoming.add(b"{}")
    assert incoming.take() == head + b"{}", "all bytes that came go again, or their sum grows"
    old = Incoming()
    assert not old.add(head.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert not old.expects


@pytest.mark.parametrize("header", [b"Content-Length: ", b"Expect: 100-continue", b"Transfer-Encoding: ", b"X: "])
@pytest.mark.parametrize("filling", [b"0", b"1", b" ", b"\t", b"chunke", b"\r\nexpect:", b"\r\ncontent-length:0"])
def test_no_head_holds_up_the_event_loop(header: bytes, filling: bytes) -> None:
    head = HEAD + header + filling * (MAX_HEAD_BYTES // len(filling)) + b"x\r\n\r\n"
    started = time.process_time()
    Incoming().add(head)
    assert time.process_time() - started < 0.5
