"""Loads ``POST /predict`` from its own process: ``python -m tests.bench.load PORT CONNECTIONS SECONDS [RATE]``.

Without a rate, each connection sends its next review as soon as the last one is answered. With a rate, requests arrive
at random times (a seeded Poisson process), independent of the answers; one that finds no free connection waits, and its
latency is counted from when it was due. Raw sockets and one thread, because an HTTP client would need more time for a
request than the service under test. Prints one JSON object.
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from random import Random

# About 25 words each, like the texts that the model was trained on.
REVIEWS = (
    "I feel bad that I neglected this project for so long, and now my colleagues have to do the work that I promised.",
    "When my sister told me that she was going to have a baby I was so happy that I called everybody I know at once.",
    "A man followed me home through the dark streets last night and I could hear his steps behind me all the time.",
    "My neighbour leaves his rubbish in front of our door every week, and when I asked him to stop he laughed at me.",
    "I had forgotten my lines in front of the whole school and everybody was looking at me until I ran off the stage.",
)


@dataclass
class Connection:
    """An open connection and the state of its current request."""

    sock: socket.socket
    number: int
    sent: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.sent = time.perf_counter()
        self.sock.sendall(request)

    def answered(self) -> bool:
        """Read what has arrived; true when the answer is complete."""
        part = self.sock.recv(65_536)
        if not part:
            raise ConnectionError("the service closed a connection")
        self.received += part
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return False
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return len(body) >= int(length)


def requests(port: int) -> list[bytes]:
    """The requests as bytes."""
    bodies = [json.dumps({"review": review}).encode() for review in REVIEWS]
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: "
    return [head.encode() + f"{len(body)}\r\n\r\n".encode() + body for body in bodies]


def run(port: int, connections: int, seconds: float, rate: float = 0) -> dict[str, float]:
    """Load a service on loopback.

    Args:
        port: its TCP port.
        connections: requests in flight; with a rate, the maximum.
        seconds: how long.
        rate: requests a second on average; 0 for as many as are answered.

    Returns:
        ``requests`` answered with 200, ``errors`` answered otherwise, ``seconds`` elapsed, and the percentiles ``p50``,
        ``p95`` and ``p99`` of the latency, in milliseconds.
    """
    prepared = requests(port)
    selector = selectors.SelectSelector()  # epoll waits in whole milliseconds, as long as a request takes
    free = deque(_connect(port, number) for number in range(connections))
    random = Random(0)
    times: list[float] = []
    errors = 0
    started = due = time.perf_counter()

    def send(connection: Connection, moment: float) -> None:
        connection.number += 1
        connection.send(prepared[connection.number % len(prepared)])
        connection.sent = moment

    for connection in free:
        selector.register(connection.sock, selectors.EVENT_READ, connection)
    while (now := time.perf_counter()) < started + seconds or len(times) < 2:
        while free and (not rate or due <= now):
            send(free.popleft(), due if rate else now)
            due += random.expovariate(rate) if rate else 0
        for key, _ in selector.select(max(0.0, min(1.0, due - now)) if rate and free else 1):
            connection = key.data
            if connection.answered():
                times.append((time.perf_counter() - connection.sent) * 1000)
                errors += not connection.received.startswith(b"HTTP/1.1 200")
                free.append(connection)
    quantiles = statistics.quantiles(times, n=100)
    return {
        "requests": len(times) - errors,
        "errors": errors,
        "seconds": now - started,
        "p50": quantiles[49],
        "p95": quantiles[94],
        "p99": quantiles[98],
    }


def _connect(port: int, number: int) -> Connection:
    sock = socket.create_connection(("127.0.0.1", port), 30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(sock, number)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:]))))
