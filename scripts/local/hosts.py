"""The names of this machine's loopback interface, and ports of it.

A page that makes its own name resolve to loopback (DNS rebinding) sends another Host header.
https://github.com/jupyter-server/jupyter_server (``allow_remote_access``) and https://vite.dev/config/server-options
(``server.allowedHosts``) check it too.
"""

from __future__ import annotations

import re
import socket

NAMES = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"(\[[0-9a-f:]+\]|[^:@/?#\[\]]+)(?::([0-9]{1,5}))?")


def is_loopback(host: str) -> bool:
    """Whether a Host header names loopback. The port is not compared, so that a forwarded port works.

    Args:
        host: the header's value, such as ``127.0.0.1:8080``.
    """
    found = _HOST.fullmatch(host.lower())
    return found is not None and found[1] in NAMES


def origins_of(port: int) -> frozenset[str]:
    """The origins of pages that a port of the loopback serves.

    Args:
        port: TCP port.
    """
    return frozenset(f"http://{name}:{port}" for name in NAMES)


def take_port() -> socket.socket:
    """A socket with a free port of 127.0.0.1, to be handed to a child process, which listens.

    Whoever looked for a free port and left it to the child to bind it would let others bind it in between, and be sent
    what is meant for the child. Without SO_REUSEADDR nobody can bind it beside this socket.
    """
    taken = socket.socket()
    try:
        taken.bind((NAMES[0], 0))
    except BaseException:
        taken.close()
        raise
    return taken
