"""Load on ``POST /predict``, in a process of its own: ``python -m tests.bench.load PORT CONNECTIONS SECONDS``.

Each connection sends its next review as soon as the last is answered. Raw sockets and one thread, because an HTTP
client would need more time for a request than the service that it measures. Prints one JSON object.
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import sys
import time
from dataclasses import dataclass, field

# About 25 words each, as the texts that the model was trained on.
REVIEWS = (
    "I feel bad that I neglected this project for so long, and now my colleagues have to do the work that I promised.",
    "When my sister told me that she was going to have a baby I was so happy that I called everybody I know at once.",
    "A man followed me home through the dark streets last night and I could hear his steps behind me all the time.",
    "My neighbour leaves his rubbish in front of our door every week, and when I asked him to stop he laughed at me.",
    "I had forgotten my lines in front of the whole school and everybody was looking at me until I ran off the stage.",
)


@dataclass
class Connection:
    """One open connection and how far its current request has come."""

    sock: socket.socket
    number: int
    sent: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.sent = time.perf_counter()
        self.sock.sendall(request)

    def answered(self) -> bool:
        """Reads what has come; true when the answer is whole."""
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
    """The requests, ready to send."""
    bodies = [json.dumps({"review": review}).encode() for review in REVIEWS]
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: "
    return [head.encode() + f"{len(body)}\r\n\r\n".encode() + body for body in bodies]


def run(port: int, connections: int, seconds: float) -> dict[str, float]:
    """Load a service on loopback.

    Args:
        port: its TCP port.
        connections: requests in flight at any time.
        seconds: how long.

    Returns:
        ``requests`` answered with 200, ``errors`` answered otherwise, ``seconds`` it took, and the percentiles ``p50``
        and ``p99`` of the time to an answer, in milliseconds.
    """
    prepared = requests(port)
    selector = selectors.DefaultSelector()
    for number in range(connections):
        sock = socket.create_connection(("127.0.0.1", port), 30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock, number)
        selector.register(sock, selectors.EVENT_READ, connection)
        connection.send(prepared[number % len(prepared)])
    times: list[float] = []
    errors = 0
    started = time.perf_counter()
    while (now := time.perf_counter()) < started + seconds:
        for key, _ in selector.select(1):
            connection = key.data
            if not connection.answered():
                continue
            times.append((time.perf_counter() - connection.sent) * 1000)
            errors += not connection.received.startswith(b"HTTP/1.1 200")
            connection.number += 1
            connection.send(prepared[connection.number % len(prepared)])
    quantiles = statistics.quantiles(times, n=100)
    return {
        "requests": len(times) - errors,
        "errors": errors,
        "seconds": now - started,
        "p50": quantiles[49],
        "p99": quantiles[98],
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
