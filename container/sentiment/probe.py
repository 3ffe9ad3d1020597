"""Asks the service in the same container whether it is healthy: ``python -m sentiment.probe`` exits with 0 if it is."""

from __future__ import annotations

import http.client
import os
import sys

from sentiment.settings import Settings

TIMEOUT_SECONDS = 3.0


def healthy(host: str, port: int) -> bool:
    """Tell whether ``GET /healthz`` is answered with 200.

    Args:
        host: address that the service listens on.
        port: its TCP port.
    """
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main() -> int:
    """Return the exit status: 0 healthy, 1 not."""
    settings = Settings.from_environment(os.environ)
    host = "127.0.0.1" if settings.host == Settings.host else settings.host
    return 0 if healthy(host, settings.port) else 1


if __name__ == "__main__":
    sys.exit(main())
