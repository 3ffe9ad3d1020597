"""The one origin: the site and the API, and nothing else of what stands behind it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scripts.local.console.server import VIEWS, Console, Looking
from scripts.local.front import MAX_BODY_BYTES, Backend, Front, PageFront, PortInUseError
from scripts.local.hosts import forwarded_host
from scripts.local.keys import FRONT_HEADER, Keys

FILES = {"/site/index.html": b"<p>page</p>", "/site/error.html": b"<p>not here</p>", "/site/docs/index.html": b"docs"}
API = "/_aws/execute-api/abc/$default"
last_headers: set[str] = set()  # names that the emulator has seen last
# No other page may put this one into a frame.
GUARD = {"x-frame-options": "DENY", "content-security-policy": "frame-ancestors 'none'"}


class Emulator(BaseHTTPRequestHandler):
    """Stands behind the front: files of a bucket, an API that tells what it was asked, and things to keep away."""

    protocol_version = "HTTP/1.1"

    def serve(self) -> None:
        last_headers.clear()
        last_headers.update(key.lower() for key in self.headers)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(API):
            self.serve_api(body)
        elif self.path not in FILES:
            self.reply(403, b"<Error><Code>AccessDenied</Code></Error>", {"x-amz-request-id": "1"})
        elif self.headers.get("If-None-Match") == '"tag"':
            self.reply(304, b"", {"ETag": '"tag"'})
        else:
            headers = {"ETag": '"tag"', "Content-Type": "text/html", "Cache-Control": "no-cache", "x-amz-id-2": "2"}
            self.reply(200, FILES[self.path], headers)

    def serve_api(self, body: bytes) -> None:
        if self.path.endswith("/cut"):
            self.send_response_only(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif self.path.endswith("/stream"):
            self.send_response_only(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
        elif self.path.endswith("/hang-up"):
            self.close_connection = True
        else:
            asked = {"method": self.command, "path": self.path, "body": body.decode(), "headers": dict(self.headers)}
            self.reply(201, json.dumps(asked).encode(), {"Content-Type": "application/json", "x-request-id": "7"})

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = serve  # noqa: N815

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def emulator() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Emulator)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def front(emulator: int) -> Iterator[Front]:
    with Front(0) as server:
        server.backend = Backend(emulator, "site", "abc")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def ask(
    front: Front, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=20)
    try:
        connection.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
        reply = connection.getresponse()
        return reply.status, {key.lower(): value for key, value in reply.getheaders()}, reply.read()
    finally:
        connection.close()


def raw(front: Front, request: bytes) -> bytes:
    """Send bytes as they are; all that comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", front.port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


@pytest.mark.parametrize(
    ("path", "body"), [("/", b"<p>page</p>"), ("/docs/", b"docs"), ("/index.html?acl", b"<p>page</p>")]
)
def test_the_site_is_at_the_root_with_index_documents_and_without_s3s_queries(
    front: Front, path: str, body: bytes
) -> None:
    status, headers, content = ask(front, "GET", path)

    assert (status, content) == (200, body)
    assert headers == {
        "etag": '"tag"',
        "content-type": "text/html",
        "cache-control": "no-cache",
        "content-length": str(len(body)),
        **GUARD,
    }


def test_what_is_missing_is_the_error_document_with_404(front: Front) -> None:
    status, headers, content = ask(front, "GET", "/nothing.html")

    assert (status, headers["content-type"], content) == (404, "text/html", b"<p>not here</p>")


def test_what_has_not_changed_is_not_sent_again(front: Front) -> None:
    assert ask(front, "GET", "/", If_None_Match='"tag"') == (304, {"etag": '"tag"', **GUARD}, b"")


def test_head_is_get_without_the_body(front: Front) -> None:
    status, headers, content = ask(front, "HEAD", "/")

    assert (status, headers["content-length"], content) == (200, "11", b"")
    assert ask(front, "HEAD", "/nothing.html")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_the_site_can_only_be_read(front: Front, method: str) -> None:
    status, headers, _ = ask(front, method, "/index.html", b"x")

    assert (status, headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_the_api_gets_every_method_with_body_query_and_headers(front: Front, method: str) -> None:
    status, headers, content = ask(
        front, method, "/api/getSentiment?a=%20b&a=c", b'{"x": 1}', Origin=front.url, X_Mine="1"
    )
    asked = json.loads(content)

    assert status == 201
    assert headers["x-request-id"] == "7"
    assert (asked["method"], asked["body"]) == (method, '{"x": 1}')
    assert asked["path"] == f"{API}/getSentiment?a=%20b&a=c"
    assert (asked["headers"]["Origin"], asked["headers"]["X-Mine"]) == (front.url, "1")
    assert asked["headers"]["Host"].startswith("127.0.0.1:")


def test_the_bare_api_is_its_root(front: Front) -> None:
    assert json.loads(ask(front, "GET", "/api")[2])["path"] == f"{API}/"


@pytest.mark.parametrize(
    "path", ["/api/../../_ministack/reset", "/api/%2e%2e/x", "/../other/key", "/a/./b", "/%2E%2E/x", "/api/a/%2e."]
)
def test_no_path_leads_out(front: Front, path: str) -> None:
    assert ask(front, "POST", path, b"")[0] == 400


@pytest.mark.parametrize(
    "path", ["/_ministack/health", "/other-bucket/key", "/apix", "/_aws/execute-api/abc/$default/x"]
)
def test_nothing_else_of_the_emulator_is_reachable(front: Front, path: str) -> None:
    assert ask(front, "GET", path)[2] == b"<p>not here</p>"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"3\r\none\r\n3;name=value\r\ntwo\r\n0\r\n\r\n", "onetwo"),
        (b"A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", "0123456789"),
        (b"0\r\n\r\n", ""),
    ],
)
def test_a_body_may_come_in_chunks(front: Front, sent: bytes, said: str) -> None:
    head = b"POST /api/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = raw(front, head + sent)

    assert answer.startswith(b"HTTP/1.1 201")
    asked = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (asked["body"], asked["headers"]["Content-Length"]) == (said, str(len(said)))
    assert "Transfer-Encoding" not in asked["headers"]


@pytest.mark.parametrize(("path", "status"), [("/é", b"404"), ("/api/é?ü=1", b"201")])
def test_what_is_not_percent_encoded_is_answered_as_if_it_were(front: Front, path: str, status: bytes) -> None:
    answer = raw(front, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert status == b"404" or b"$default/%C3%A9?%C3%BC=1" in answer


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "127.0.0.1:PORT", "localhost:PORT", "LocalHost", "[::1]:PORT", "localhost:9"]
)
def test_it_answers_to_the_names_of_loopback(front: Front, name: str) -> None:
    assert ask(front, "GET", "/", Host=name.replace("PORT", str(front.port)))[0] == 200


@pytest.mark.parametrize(
    "name",
    ["evil.example", "evil.example:PORT", "127.0.0.1.evil.example:PORT", "localhost@evil.example", "127.1", "", "x:y"],
)
@pytest.mark.parametrize("path", ["/", "/api/getcsv", "/lent/a/b?X-Amz-Signature=0"])
def test_under_another_name_it_tells_nothing(front: Front, name: str, path: str) -> None:
    status, headers, content = ask(front, "GET", path, Host=name.replace("PORT", str(front.port)))

    assert (status, headers["connection"]) == (403, "close")
    assert f"open {front.url} instead" in json.loads(content)["message"]


def test_without_a_name_or_with_two_it_tells_nothing(front: Front) -> None:
    for hosts in (b"", b"Host: localhost\r\nHost: evil.example\r\n"):
        assert raw(front, b"GET / HTTP/1.1\r\n" + hosts + b"\r\n").startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:PORT", ""])
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/x"), ("OPTIONS", "/api/x"), ("GET", "/")])
def test_a_page_of_another_origin_may_not_ask(front: Front, method: str, path: str, origin: str) -> None:
    status, headers, _ = ask(front, method, path, Origin=origin.replace("PORT", str(front.port)))

    assert status == 403
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("origin", ["http://127.0.0.1:PORT", "http://localhost:PORT", "http://[::1]:PORT"])
def test_our_own_page_may_ask_and_read_what_the_front_itself_says(front: Front, origin: str) -> None:
    own = origin.replace("PORT", str(front.port))
    assert ask(front, "POST", "/api/x", b"{}", Origin=own)[0] == 201
    status, headers, _ = ask(front, "GET", "/api/hang-up", Origin=own)

    assert (status, headers["access-control-allow-origin"]) == (502, own)


def test_a_forwarded_port_is_an_origin_of_its_own(front: Front) -> None:
    assert ask(front, "POST", "/api/x", b"{}", Host="localhost:9000", Origin="http://localhost:9000")[0] == 201


CODESPACE = {"CODESPACE_NAME": "fuzzy-x7", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "app.github.dev"}


@pytest.fixture
def forwarded(emulator: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """A front in a GitHub Codespace."""
    for name, value in CODESPACE.items():
        monkeypatch.setenv(name, value)
    with Front(0) as server:
        server.backend = Backend(emulator, "site", "abc")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("host", ["localhost:PORT", "fuzzy-x7-PORT.app.github.dev", "Fuzzy-X7-PORT.app.github.dev"])
@pytest.mark.parametrize(
    "origin", ["https://fuzzy-x7-PORT.app.github.dev", "http://localhost:PORT", "https://localhost:PORT"]
)
def test_a_codespaces_own_page_may_ask_by_its_forwarded_port(forwarded: Front, host: str, origin: str) -> None:
    named, own = (each.replace("PORT", str(forwarded.port)) for each in (host, origin))
    assert forwarded.public_url == f"https://fuzzy-x7-{forwarded.port}.app.github.dev"
    assert ask(forwarded, "GET", "/", Host=named)[0] == 200
    assert ask(forwarded, "POST", "/api/x", b"{}", Host=named, Origin=own)[0] == 201
    status, headers, _ = ask(forwarded, "GET", "/api/hang-up", Host=named, Origin=own)
    assert (status, headers["access-control-allow-origin"]) == (502, own)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:PORT", "https://other-PORT.app.github.dev"),
        ("localhost:PORT", "https://fuzzy-x7-1.app.github.dev"),
        ("localhost:PORT", "http://fuzzy-x7-PORT.app.github.dev"),
        ("localhost:PORT", "https://fuzzy-x7-PORT.app.github.dev.evil.example"),
        ("localhost:PORT", "https://evil.example"),
        ("localhost:PORT", "https://localhost:1"),
        ("localhost:PORT", "null"),
        ("other-PORT.app.github.dev", ""),
        ("fuzzy-x7-1.app.github.dev", ""),
        ("fuzzy-x7-PORT.app.github.dev.evil.example", ""),
        ("xfuzzy-x7-PORTxappxgithubxdev", ""),
        ("evil.example", ""),
    ],
)
def test_in_a_codespace_others_are_refused_as_elsewhere(forwarded: Front, host: str, origin: str) -> None:
    named, other = (each.replace("PORT", str(forwarded.port)) for each in (host, origin))
    headers = {"Host": named, **({"Origin": other} if other else {})}
    for method, path in (("GET", "/api/x"), ("POST", "/api/x"), ("GET", "/")):
        status, got, _ = ask(forwarded, method, path, None, **headers)
        assert status == 403
        assert "access-control-allow-origin" not in got


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {**CODESPACE, "CODESPACE_NAME": ""},
        {"CODESPACE_NAME": "fuzzy-x7"},
        {**CODESPACE, "CODESPACE_NAME": "evil.example/"},
        {**CODESPACE, "CODESPACE_NAME": "*"},
        {**CODESPACE, "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "app.github.dev@evil.example"},
        {**CODESPACE, "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "dev"},
    ],
    ids=str,
)
def test_no_other_name_comes_of_what_is_no_codespace(environment: dict[str, str]) -> None:
    assert forwarded_host(8080, environment) == ""


def test_the_emulator_hears_the_fronts_secret_and_nobody_elses(front: Front) -> None:
    assert front.backend is not None
    front.backend = replace(front.backend, secret="of the front")
    asked = json.loads(ask(front, "GET", "/api/x", X_Laptop_Front="of a client")[2])

    assert {key.lower(): value for key, value in asked["headers"].items()}[FRONT_HEADER] == "of the front"


@pytest.mark.parametrize("line", [b"no colon", b"Transfer-Encoding : chunked", b": no name"])
def test_a_malformed_header_hides_nothing_below_it(front: Front, line: bytes) -> None:
    below = b"\r\nOrigin: http://evil.example\r\nContent-Length: 3\r\n\r\nGET"
    answer = raw(front, b"POST /api/x HTTP/1.1\r\nHost: localhost\r\n" + line + below)

    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_link_that_was_lent_leads_to_the_emulator_without_the_fronts_secret(front: Front) -> None:
    FILES["/bucket/key?X-Amz-Signature=0"] = b"lent"
    try:
        status, headers, content = ask(front, "GET", "/lent/bucket/key?X-Amz-Signature=0")
    finally:
        del FILES["/bucket/key?X-Amz-Signature=0"]

    assert (status, content) == (200, b"lent")
    assert "x-amz-id-2" not in headers
    assert FRONT_HEADER not in last_headers


@pytest.mark.parametrize(("method", "path"), [("PUT", "/lent/b/k?X-Amz-Signature=0"), ("GET", "/lent/b/k")])
def test_nothing_else_goes_by_way_of_a_link(front: Front, method: str, path: str) -> None:
    assert ask(front, method, path, b"")[0] == 403


@pytest.fixture
def page(front: Front) -> Iterator[PageFront]:
    with PageFront(0, front) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_page_of_its_own_origin_names_the_api_in_full_and_has_none_itself(front: Front, page: PageFront) -> None:
    FILES["/site/config.json"] = json.dumps({"apiUrl": "/api", "labels": ["joy"]}).encode()
    try:
        config = json.loads(ask(page, "GET", "/config.json", If_None_Match='"tag"')[2])
    finally:
        del FILES["/site/config.json"]

    assert config == {"apiUrl": f"{front.url}/api", "labels": ["joy"]}
    assert ask(page, "GET", "/")[2] == b"<p>page</p>"
    assert ask(page, "GET", "/api/x")[0] == 404
    assert ask(front, "POST", "/api/x", b"{}", Origin=page.url)[0] == 201
    assert ask(page, "GET", "/", Origin="http://evil.example")[0] == 403


def test_a_page_of_its_own_origin_waits_and_moves_with_the_other(front: Front, page: PageFront) -> None:
    new = front.backend
    assert new is not None
    front.backend = None
    assert ask(page, "GET", "/")[0] == 503
    front.backend = replace(new, bucket="gone")
    front.find = lambda: new
    assert ask(page, "GET", "/")[0] == 200


def test_a_whole_address_in_the_request_line_is_refused(front: Front) -> None:
    request = b"GET http://127.0.0.1/_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert raw(front, request).startswith(b"HTTP/1.1 400")


def test_a_stream_is_passed_on(front: Front) -> None:
    assert ask(front, "GET", "/api/stream")[2] == b"onetwo"


def test_an_answer_cut_short_is_seen_as_such(front: Front) -> None:
    with pytest.raises(http.client.IncompleteRead):
        ask(front, "GET", "/api/cut")


def test_an_emulator_that_hangs_up_is_a_bad_gateway_and_the_next_request_works(front: Front) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=20)
    for path, expected in (("/api/hang-up", 502), ("/", 200), ("/api/hang-up", 502), ("/api/x", 201)):
        connection.request("GET", path)
        reply = connection.getresponse()
        reply.read()
        assert reply.status == expected, path
    connection.close()


def test_without_an_emulator_it_says_so(front: Front) -> None:
    assert front.backend is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        front.backend = Backend(probe.getsockname()[1], "site", "abc")
        status, _, content = ask(front, "GET", "/")
    assert status == 502
    assert "does not answer" in json.loads(content)["message"]


def test_before_the_app_is_there_it_asks_to_come_again(front: Front) -> None:
    front.backend = None
    status, headers, content = ask(front, "GET", "/")

    assert (status, headers["retry-after"]) == (503, "1")
    assert json.loads(content) == {"message": "The laptop cloud is starting"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Content-Length: %d" % (MAX_BODY_BYTES + 1), b"413"),
        (b"Content-Length: -1", b"400"),
        (b"Content-Length: 1x", b"400"),
        (b"Content-Length: 1\r\nContent-Length: 2", b"400"),
        (b"Content-Length: " + b"9" * 6000, b"413"),
        (b"Content-Length: 1\r\nTransfer-Encoding: chunked", b"400"),
        (b"Transfer-Encoding: gzip, chunked", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\nnothing", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (MAX_BODY_BYTES + 1), b"413"),
    ],
)
def test_a_body_of_doubtful_or_too_great_length_ends_the_connection(
    front: Front, headers: bytes, status: bytes
) -> None:
    answer = raw(front, b"POST /api/x HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    "request_line", [b"\x00\x01\x02", b"GET / HTTP/9.9", b"BREW /pot HTTP/1.1", b"GET /a b c HTTP/1.1"]
)
def test_what_is_no_http_is_answered_in_words(front: Front, request_line: bytes) -> None:
    answer = raw(front, request_line + b"\r\nHost: localhost\r\n\r\n")

    assert b'{"message": ' in answer
    assert b"Traceback" not in answer


def test_one_connection_serves_many_requests(front: Front) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=20)
    connection.connect()
    ours = connection.sock.getsockname()
    for path in ("/", "/nothing", "/api/x", "/api/stream", "/"):
        connection.request("GET", path)
        connection.getresponse().read()
        assert connection.sock is not None
        assert connection.sock.getsockname() == ours
    connection.close()


def test_a_port_in_use_is_refused(front: Front) -> None:
    with pytest.raises(PortInUseError):
        Front(front.port)


def test_a_port_that_could_be_shared_is_refused_when_somebody_answers_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Front, "allow_reuse_port", True, raising=False)  # so that it could, as on macOS
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("0.0.0.0", 0))  # noqa: S104 - that is the case
        other.listen()
        with pytest.raises(PortInUseError):
            Front(other.getsockname()[1])


def test_it_listens_on_loopback_alone(front: Front) -> None:
    assert front.socket.getsockname()[0] == "127.0.0.1"


def test_what_is_deployed_anew_elsewhere_is_found_again(front: Front) -> None:
    new = front.backend
    assert new is not None
    front.backend = Backend(new.port, "gone", "nobody")
    front.find = lambda: new
    assert ask(front, "GET", "/")[0] == 200
    assert front.backend == new


def test_what_is_simply_not_there_is_looked_for_elsewhere_once_a_second_at_most(front: Front) -> None:
    looks = []
    front.find = lambda: looks.append(1)
    assert [ask(front, "GET", "/nothing")[0] for _ in range(5)] == [404] * 5
    assert len(looks) == 1


def test_trace_is_refused_as_load_balancers_do(front: Front) -> None:
    for path in ("/", "/api/getSentiment"):
        status, headers, content = ask(front, "TRACE", path)
        assert (status, headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
        assert b"getSentiment" not in content


@pytest.fixture
def console(front: Front) -> str:
    """The token of a console whose emulator does not answer."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    keys = Keys.make()
    front.console = Console(Looking("local", f"http://127.0.0.1:{port}", keys, None, front.url), keys.console)
    return keys.console


def test_the_console_answers_before_the_app_is_deployed(front: Front, console: str) -> None:
    front.backend = None

    assert ask(front, "GET", "/console")[0] == 200
    assert ask(front, "GET", "/console/console.css")[0] == 200
    assert ask(front, "GET", "/consoles")[0] == 503


def test_a_console_without_an_emulator_says_so_at_once(front: Front, console: str) -> None:
    status, _, content = ask(front, "GET", "/console/data/stacks", Authorization=f"Bearer {console}")

    assert (status, json.loads(content)) == (503, {"message": "The laptop cloud is starting, or has ended."})


def test_what_a_view_did_not_expect_is_told(front: Front, console: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIEWS, "stacks", lambda cloud, query: [dict[str, str]()["gone"]])
    status, _, content = ask(front, "GET", "/console/data/stacks", Authorization=f"Bearer {console}")

    assert (status, json.loads(content)["message"]) == (500, "This is a bug in the console: KeyError('gone')")


@pytest.mark.parametrize("path", ["/console/../data/stacks", "/console/data/nothing", "/console/data/", "/console/x"])
def test_the_console_has_nothing_else(front: Front, console: str, path: str) -> None:
    assert ask(front, "GET", path, Authorization=f"Bearer {console}")[0] in (400, 404)


def test_a_page_on_its_own_origin_has_no_console(front: Front, console: str) -> None:
    with PageFront(0, front) as page:
        threading.Thread(target=page.serve_forever, args=(0.01,), daemon=True).start()

        assert ask(page, "GET", "/console")[0] == 404
        assert ask(front, "GET", "/console/data/stacks", Authorization=f"Bearer {console}", Origin=page.url)[0] == 403
        page.shutdown()
