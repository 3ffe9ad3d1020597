"""The laptop's clients take nothing from the surroundings: profiles, files, variables and proxies are about AWS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scripts.local.keys import Keys
from scripts.local.session import STAGE, EmulatedCloud

ANSWER = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>000000000000</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Emulator(BaseHTTPRequestHandler):
    """Answers one call."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Emulator) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    "surroundings",
    [
        {"AWS_PROFILE": "nobody"},
        {"AWS_DEFAULT_PROFILE": "nobody"},
        {"AWS_CONFIG_FILE": "{folder}/damaged", "AWS_SHARED_CREDENTIALS_FILE": "{folder}/damaged"},
        {"HOME": "{folder}"},
        {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""},
        {"AWS_CA_BUNDLE": "/nowhere", "AWS_MAX_ATTEMPTS": "many", "AWS_RETRY_MODE": "x", "AWS_DEFAULT_REGION": "!"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"},
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_is_set_for_aws_does_not_matter(
    endpoint: str, surroundings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = "[profile without an end"
    (tmp_path / ".aws").mkdir()
    for file in (tmp_path / "damaged", tmp_path / ".aws" / "config", tmp_path / ".aws" / "credentials"):
        file.write_text(damaged)
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))

    assert EmulatedCloud(STAGE, endpoint, Keys("id", "key")).account == "000000000000"
