"""Requests byte by byte, as a client sends them."""

BODY = b'{"review": "I am so happy"}'
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
GET = b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n"

# Requests that are whole, each as it is sent.
WHOLE = {
    "no body": GET,
    "a body": HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "a length in small letters": HEAD + b"content-length:%d \r\n\r\n" % len(BODY) + BODY,
    "a length with zeros before it": HEAD + b"Content-Length: %027d\r\n\r\n" % len(BODY) + BODY,
    "a length and no chunks": HEAD + b"Transfer-Encoding: identity\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "no bytes": HEAD + b"Content-Length: 0\r\n\r\n",
    "chunks": HEAD + CHUNKS + b'5\r\n{"rev\r\n16;x=y\r\niew": "I am so happy"}\r\n0\r\n\r\n',
    "chunks that look like the last": HEAD + CHUNKS + b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
    "trailers": HEAD + CHUNKS + b"1\r\nx\r\n0\r\nA: b\r\n\r\n",
}
