"""The names of this machine's loopback interface, and ports of it.

A page that makes its own name resolve to loopback (DNS rebinding) sends another Host header.
https://github.com/jupyter-server/jupyter_server (``allow_remote_access``) and https://vite.dev/config/server-options
(``server.allowedHosts``) check it too.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping

NAMES = ("127.0.0.1", "localhost", "[::1]")
CODESPACE = ("CODESPACE_NAME", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_DOMAIN = re.compile(rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})+")
_HOST = re.compile(r"(\[[0-9a-f:]+\]|[^:@/?#\[\]]+)(?::([0-9]{1,5}))?")


def is_loopback(host: str) -> bool:
    """Whether a Host header names loopback. The port is not compared, so that a forwarded port works.

    Args:
        host: the header's value, such as ``127.0.0.1:8080``.
    """
    found = _HOST.fullmatch(host.lower())
    return found is not None and found[1] in NAMES


def forwarded_host(port: int, environment: Mapping[str, str] = os.environ) -> str:
    """The name by which a browser reaches a port of this machine, if this machine is a GitHub Codespace; otherwise "".

    https://docs.github.com/codespaces/developing-in-a-codespace/default-environment-variables-for-your-codespace

    Args:
        port: TCP port.
        environment: of the process; Codespaces names itself and its domain there.
    """
    name, domain = (environment.get(key, "") for key in CODESPACE)
    return f"{name}-{port}.{domain}".lower() if _LABEL.fullmatch(name) and _DOMAIN.fullmatch(domain) else ""


def origins_of(port: int, forwarded: str = "") -> frozenset[str]:
    """The origins of pages that a port of the loopback serves.

    Args:
        port: TCP port.
        forwarded: what ``forwarded_host`` says. Requests of that page have its origin or, as Codespaces' proxy rewrites
            it, that of localhost, with either scheme: https://github.com/symfony/demo/issues/1542
    """
    own = frozenset(f"http://{name}:{port}" for name in NAMES)
    return own | {f"https://{forwarded}", f"https://localhost:{port}"} if forwarded else own


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
