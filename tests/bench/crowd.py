"""A crowd of clients, in a process of its own: ``python -m tests.bench.crowd PORT CLIENTS SECONDS KIND PAUSE``.

Each sends its next request as soon as it has an answer, whatever that says. Prints one JSON object.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from typing import Any

TEXT = " ".join(["I was so sad and ashamed to see my friend go away again"] * 40)[:1990]
SHORT = "I was so happy to see my friend again"


def crowd(port: int, clients: int, seconds: float, kind: str, pause: float) -> dict[str, Any]:
    """Send requests from many threads.

    Args:
        port: of the page, on loopback.
        clients: how many threads.
        seconds: how long.
        kind: ``explain``, ``plain`` or ``visitor``.
        pause: seconds between an answer and the next request.

    Returns:
        ``statuses``: how often each came, exceptions by name; ``p50`` and ``p95`` of those answered with 200, in
        milliseconds; ``seconds`` that it took.
    """
    asked = {"review": SHORT if kind == "visitor" else TEXT} | ({"explain": True} if kind == "explain" else {})
    body = json.dumps(asked).encode()
    statuses: Counter[str] = Counter()
    times: list[float] = []
    began = time.perf_counter()

    def client() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        while time.perf_counter() < began + seconds:
            sent = time.perf_counter()
            try:
                connection.request("POST", "/api/getSentiment", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                status = str(answer.status)
            except (OSError, HTTPException) as error:
                status = type(error).__name__
                connection.close()
            statuses[status] += 1
            if status == "200":
                times.append((time.perf_counter() - sent) * 1000)
            time.sleep(pause)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    quantiles = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    taken = time.perf_counter() - began
    return {"statuses": statuses, "p50": quantiles[49], "p95": quantiles[94], "seconds": taken}


if __name__ == "__main__":
    port, clients, seconds, kind, pause = sys.argv[1:]
    print(json.dumps(crowd(int(port), int(clients), float(seconds), kind, float(pause))))
