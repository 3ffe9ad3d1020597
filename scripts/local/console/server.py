"""Answers requests to ``/console``: the page's own files to everybody, what it shows to whoever has the run's token.

The app's page is for every user of the machine; the console is for the one who typed ``make local``. Its token comes
after the ``#`` of the printed address, which no browser sends anywhere; the page keeps it for its own origin, and sends
it in a header. A cookie would not do: browsers send it to every port of the same host, also to another user's server.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from urllib.parse import parse_qsl

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, ParamValidationError

from scripts.local.console import access, data, lines, money, running, stacks
from scripts.local.console.blocks import View
from scripts.local.keys import Keys
from scripts.local.session import EmulatedCloud
from scripts.stage.errors import DeployError

PATH = "/console"
DATA = f"{PATH}/data/"
PAGE = Path(__file__).resolve().parent / "page"
FILES = {
    PATH: ("index.html", "text/html; charset=utf-8"),
    f"{PATH}/": ("index.html", "text/html; charset=utf-8"),
    f"{PATH}/console.css": ("console.css", "text/css; charset=utf-8"),
    f"{PATH}/console.js": ("console.js", "text/javascript; charset=utf-8"),
}
VIEWS: dict[str, View] = {
    "stacks": stacks.view,
    "changes": stacks.changes,
    "services": running.services,
    "targets": running.targets,
    "instances": running.instances,
    "alarms": running.alarms,
    "logs": lines.view,
    "roles": access.view,
    "tables": data.tables,
    "buckets": data.buckets,
    "cost": money.view,
}
# Nothing but the page's own files, no frame around it, and no text ever becomes HTML.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
CLOSED = "The console needs the address that `make local` printed when it started; each start has another one."


class ChangeError(Exception):
    """Something of the console was about to change the cloud."""


class Looking(EmulatedCloud):
    """The cloud as the console sees it: it may read, and it does not wait for an emulator that is gone."""

    config = EmulatedCloud.config.merge(Config(retries={"mode": "standard", "max_attempts": 1}, read_timeout=20))

    def __init__(self, stage: str, endpoint_url: str, keys: Keys, region: str | None, public_url: str) -> None:
        super().__init__(stage, endpoint_url, keys, region, public_url)
        self.guard = _refuse


def _refuse() -> None:
    raise ChangeError("The console only reads.")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, type of its content, content."""

    status: int
    type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)


class Console:
    """The console of one run.

    Args:
        cloud: what to look at.
        token: proves that a request comes from whoever started the run.
    """

    def __init__(self, cloud: EmulatedCloud, token: str) -> None:
        self._cloud = cloud
        self._token = token

    def answer(self, method: str, path: str, query: str, headers: Message) -> Answer:
        """Answer a request whose Host has been checked.

        Args:
            method: HTTP method.
            path: of the request.
            query: of the request, without the question mark.
            headers: of the request.
        """
        if method not in ("GET", "HEAD"):
            return _say(405, "The console only reads.")
        if path in FILES:
            name, kind = FILES[path]
            return Answer(200, kind, (PAGE / name).read_bytes())
        if not path.startswith(DATA):
            return _say(404, "Not Found")
        if not (_is_from_here(headers) and self._has_token(headers)):
            return _say(403, CLOSED)
        view = VIEWS.get(path.removeprefix(DATA))
        return self._show(view, dict(parse_qsl(query))) if view else _say(404, "Not Found")

    def _has_token(self, headers: Message) -> bool:
        shown = headers.get_all("Authorization") or []
        return len(shown) == 1 and hmac.compare_digest(shown[0].encode(), f"Bearer {self._token}".encode())

    def _show(self, view: View, query: Mapping[str, str]) -> Answer:
        try:
            return _json(200, {"blocks": view(self._cloud, query)})
        except DeployError as error:
            return _say(503, f"{error.message} {error.next_step}".strip())
        except ClientError as error:
            return _say(502, f"The laptop cloud answers: {error.response['Error'].get('Message', error)}")
        except ParamValidationError as error:
            return _say(400, f"AWS would not accept this: {str(error).partition(chr(10))[2]}")
        except (ConnectionError, HTTPClientError):
            return _say(503, "The laptop cloud is starting, or has ended.")
        except Exception as error:  # what a view did not expect must not end in silence
            return _say(500, f"This is a bug in the console: {error!r}")


def _is_from_here(headers: Message) -> bool:
    """Whether a request comes from the console's own page, or from no page at all."""
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site", "same-origin")
    return site == "same-origin" and origin in (None, f"http://{headers.get('Host')}")


def _say(status: int, message: str) -> Answer:
    return _json(status, {"message": message})


def _json(status: int, content: object) -> Answer:
    return Answer(status, "application/json", json.dumps(content, default=str).encode())
