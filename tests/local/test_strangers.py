"""Whoever did not type ``make local`` gets at the page and its API, and at nothing else: web pages, other users.

Each step of these attacks worked before the emulator had a door.
"""

from __future__ import annotations

import http.client
import json
import os
import pwd
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import Browser

from scripts.cloudformation.stacks import collect_outputs
from tests.browser import chromium
from tests.local.running import RunningApp, start_and_wait

EVIL = "evil.example"
ZEROS = (
    "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature="
    + "0" * 64
)
SECRETS = ("TableNames", "receipt-key", "judgement,verdict", '"Buckets"', "services")


@pytest.fixture(scope="module")
def own() -> Iterator[RunningApp]:
    """A cloud whose state folder lies where everybody could look, were it not closed itself."""
    folder = Path(tempfile.mkdtemp(prefix="strangers-"))
    folder.chmod(0o755)
    running = start_and_wait(folder / "state")
    yield running
    running.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def emulator(own: RunningApp) -> int:
    port = urlsplit(own.endpoint_url).port
    assert port
    return port


def answer(port: int, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str, str | None]:
    """Status, content and who may read it, of a request to a port of this machine."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        return reply.status, reply.read().decode(errors="replace"), reply.getheader("Access-Control-Allow-Origin")


# --- the emulator, from any program ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["local", "test", "", "000000000000", "OURS"])
def test_a_signature_of_zeros_is_no_signature(own: RunningApp, emulator: int, key: str) -> None:
    for service, target in (("dynamodb", "DynamoDB_20120810.ListTables"), ("ssm", "AmazonSSM.DescribeParameters")):
        named = key.replace("OURS", own.keys.access_key_id)
        signed = ZEROS.format(key=named, service=service)
        status, content, _ = answer(emulator, "POST", "/", "{}", Authorization=signed, X_Amz_Target=target)
        assert status in (400, 403), content
        assert not [secret for secret in SECRETS if secret in content]


@pytest.mark.parametrize(("key", "secret"), [("local", "local"), ("test", "test"), ("000000000000", "test")])
def test_a_well_known_key_opens_nothing(own: RunningApp, key: str, secret: str) -> None:
    for service, call in (("dynamodb", "list_tables"), ("s3", "list_buckets"), ("lambda", "list_functions")):
        client = boto3.client(service, "us-east-1", None, None, None, own.endpoint_url, key, secret)
        with pytest.raises(ClientError):
            getattr(client, call)()


def test_a_functions_credentials_do_not_follow_from_its_name(own: RunningApp) -> None:
    """The emulator makes them of the function's and its role's ARN alone, which are no secrets."""
    import hashlib

    function = own.cloud.client("lambda").list_functions()["Functions"][0]
    digest = hashlib.sha256(f"{function['FunctionArn']}:{function['Role']}".encode()).hexdigest()
    made = [hashlib.sha256(f"{what}:{digest}".encode()).hexdigest() for what in ("secret", "token")]
    with pytest.raises(ClientError) as refused:
        boto3.client(
            "sts", "us-east-1", None, None, None, own.endpoint_url, f"ASIA{digest[:16].upper()}", *made
        ).get_caller_identity()
    assert refused.value.response["Error"]["Code"] != "AccessDenied"  # it is not even known


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_localstack/state/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/health"),
        ("GET", "/_localstack/health"),
        ("GET", "/_ministack/ready"),
        ("GET", "/_aws/ses/messages"),
        ("GET", "/_aws/execute-api/API/$default/getcsv"),
        ("GET", "/_alb/x/"),
        ("OPTIONS", "/"),
        ("GET", "/SITE/index.html"),
        ("PUT", "/SITE/index.html"),
        ("GET", "/"),
    ],
)
def test_nothing_answers_who_does_not_sign(own: RunningApp, emulator: int, method: str, path: str) -> None:
    outputs = collect_outputs(own.cloud)
    path = path.replace("API", outputs["ApiId"]).replace("SITE", outputs["SiteBucketName"])
    form = {"Content_Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
    status, content, reader = answer(emulator, method, path, "a=b" if form else None, **form)

    assert (status in (400, 403), reader) == (True, None)
    assert not [secret for secret in SECRETS if secret in content]


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_aws/execute-api/API/$default/getStats"])
def test_not_even_who_signs_gets_at_the_administration(own: RunningApp, path: str) -> None:
    s3 = own.cloud.client("s3")  # whose calls are signed whatever the path
    path = path.replace("API", collect_outputs(own.cloud)["ApiId"])
    s3.meta.events.register_first("before-sign.s3.ListBuckets", lambda request, **_: moved(request, path))
    try:
        with pytest.raises(ClientError) as refused:
            s3.list_buckets()
    finally:
        s3.meta.events.unregister("before-sign.s3.ListBuckets")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def moved(request: Any, path: str) -> None:
    request.url = request.url.rstrip("/") + path


def test_another_name_for_this_machine_is_refused(own: RunningApp, emulator: int) -> None:
    for port, path in ((emulator, "/"), (own.port, "/"), (own.port, "/api/getcsv")):
        status, content, _ = answer(port, "GET", path, Host=f"{EVIL}:{port}")
        assert status == 403
        assert "sentiment" not in content


# --- a web page of another origin ------------------------------------------------------------------------------------

PAGE = """
async (to) => {
  const zeros = (service) => `AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/${service}/aws4_request, ` +
    `SignedHeaders=host, Signature=${"0".repeat(64)}`;
  const call = async (url, options) => {
    try {
      const reply = await fetch(url, options);
      return reply.type === "opaque" ? "opaque" : `${reply.status} ${(await reply.text()).slice(0, 200)}`;
    } catch (error) {
      return "refused";
    }
  };
  const aws = (service, target, body) => call(`${to.emulator}/`, {
    method: "POST", body,
    headers: {"Authorization": zeros(service), "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"},
  });
  const socket = (url) => new Promise((done) => {
    const opened = new WebSocket(url);
    opened.onopen = () => done("opened");
    opened.onerror = () => done("refused");
  });
  const form = (url) => new Promise((done) => {
    const frame = Object.assign(document.createElement("iframe"), {name: "target"});
    const sent = Object.assign(document.createElement("form"), {method: "POST", action: url, target: "target"});
    document.body.append(frame, sent);
    frame.onload = () => done("sent");
    sent.submit();
  });
  const judge = {method: "POST", body: JSON.stringify({review: "by a page", sentiment: "joy"})};
  const json = {"Content-Type": "application/json"};
  return {
    tables: await aws("dynamodb", "DynamoDB_20120810.ListTables", "{}"),
    key: await aws("ssm", "AmazonSSM.GetParameter", JSON.stringify({Name: to.key, WithDecryption: true})),
    functions: await call(`${to.emulator}/2015-03-31/functions/`, {headers: {"Authorization": zeros("lambda")}}),
    health: await call(`${to.emulator}/_ministack/health`),
    socket: await socket(`${to.emulator.replace("http", "ws")}/_aws/execute-api/${to.api}/$default`),
    judged: await call(`${to.front}/api/setSentiment`, {...judge, headers: json}),
    csv: await call(`${to.front}/api/getcsv`),
    blind: await call(`${to.front}/api/setSentiment`, {...judge, mode: "no-cors"}),
    reset: await form(`${to.emulator}/_ministack/reset`),
  };
}
"""


class EvilSite(BaseHTTPRequestHandler):
    """A page of somebody else's."""

    def do_GET(self) -> None:
        content = b"<!doctype html><title>Kittens</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the tests."""


@pytest.fixture
def evil_site() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), EvilSite) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_page_of_another_origin_gets_at_nothing(
    own: RunningApp, emulator: int, evil_site: int, browser: Browser
) -> None:
    """`browser` is asked for so that a machine without one is told so in one place."""
    outputs = collect_outputs(own.cloud)
    executable = chromium.find()
    assert executable
    before = own.request("GET", "/api/getStats").json["judgements"]
    to = {
        "emulator": own.endpoint_url,
        "front": own.url,
        "api": outputs["ApiId"],
        "key": "/sentiment/local/receipt-key",
    }
    # Playwright has one loop for each thread, and `browser` has this one's; so another browser needs another thread.
    found: dict[str, str] = {}

    def visit() -> None:
        with chromium.launch(executable, [f"--host-resolver-rules=MAP {EVIL} 127.0.0.1"]) as other:
            page = other.new_page()
            page.goto(f"http://{EVIL}:{evil_site}/")
            found.update(page.evaluate(PAGE, to))
            page.goto(f"http://{EVIL}:{own.port}/config.json")  # the origin is the front's own, by another name
            found["rebound"] = page.inner_text("body")

    visitor = threading.Thread(target=visit)
    visitor.start()
    visitor.join(120)

    assert f"open {own.url} instead" in found.pop("rebound")
    blind = {"blind": "opaque", "reset": "sent"}  # the page cannot know what became of these
    assert found == {**dict.fromkeys(found, "refused"), **blind}
    assert len(found) == 9
    assert own.request("GET", "/").status == 200
    assert own.request("GET", "/api/getStats").json["judgements"] == before
    assert set(own.cloud.client("dynamodb").list_tables()["TableNames"]) >= {outputs["JudgementsTableName"]}


def test_the_page_itself_on_an_origin_of_its_own_asks_first_and_may(own: RunningApp) -> None:
    """What a browser asks before it calls from another origin, and what the API answers to a page that it knows."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    for origin, status in ((own.url, 204), (f"http://localhost:{own.port}", 204), (f"http://{EVIL}", 403)):
        reply = own.request("OPTIONS", "/api/getSentiment", headers={"Origin": origin, **asked})
        allowed = reply.headers.get("access-control-allow-origin")
        assert (reply.status, allowed) == (status, origin if status == 204 else None)
    for method, path, body in (("POST", "/api/getSentiment", b"x"), ("GET", "/api/nothing", None)):
        reply = own.request(method, path, body, {"Origin": own.url})
        assert reply.status in (400, 404)
        assert reply.headers["access-control-allow-origin"] == own.url


# --- another user of the machine -----------------------------------------------------------------------------------


def as_nobody(attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What an attempt finds out for a user who has nothing to do with us."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    nobody = pwd.getpwnam("nobody")
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            found = json.dumps(attempt())
        except BaseException as error:
            found = json.dumps({"failed": repr(error)})
        os.write(write_end, found.encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        content = pipe.read()
    os.waitpid(pid, 0)
    return dict(json.loads(content))


def test_another_user_gets_at_nothing(own: RunningApp, emulator: int) -> None:
    answer(own.port, "GET", "/")  # so that whatever this needs is imported
    processes = sorted(process.pid for process in own.processes())

    def read(path: Path) -> str:
        try:
            return "LISTED" if path.is_dir() and list(path.iterdir()) else f"READ {len(path.read_bytes())}"
        except OSError as error:
            return type(error).__name__

    def attempt() -> dict[str, Any]:
        files = {name: read(own.state / name) for name in ("", "cloud.json", "receipt-key", "logs", "images", "tmp")}
        environments = {str(pid): read(Path(f"/proc/{pid}/environ")) for pid in processes}
        signed = ZEROS.format(key="local", service="dynamodb")
        calls = [
            answer(emulator, "POST", "/", "{}", Authorization=signed, X_Amz_Target="DynamoDB_20120810.ListTables")[0],
            answer(emulator, "POST", "/_ministack/reset")[0],
        ]
        words = [Path(f"/proc/{pid}/cmdline").read_text() for pid in processes]
        secrets = [secret for secret in (own.keys.secret_access_key, own.keys.front) if secret in " ".join(words)]
        page = answer(own.port, "GET", "/")[0]
        return {"files": files, "environments": environments, "calls": calls, "secrets": secrets, "page": page}

    found = as_nobody(attempt)
    assert set(found["files"].values()) == {"PermissionError"}, found
    assert set(found["environments"].values()) <= {"PermissionError", "FileNotFoundError"}
    assert all(status in (400, 403) for status in found["calls"])
    assert found["secrets"] == []
    assert found["page"] == 200  # the page and its API are for everybody who can reach them


def test_everything_in_the_state_folder_is_its_owners_alone(own: RunningApp) -> None:
    paths = [own.state, *own.state.rglob("*")]

    assert len(paths) > 20
    assert [path for path in paths if not path.is_symlink() and path.stat().st_mode & 0o077] == []
