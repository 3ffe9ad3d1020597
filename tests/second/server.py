"""Moto's server with its gaps closed, until its input ends: `python -m tests.second.server` prints the port."""

from __future__ import annotations

import logging
import sys

from moto.server import ThreadedMotoServer

from tests.second import gaps


def main() -> None:
    """Serve."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    gaps.install()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
