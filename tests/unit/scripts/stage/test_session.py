"""How every call reaches AWS: what AWS refuses for a moment is asked again, against a server that a test wrote."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import botocore.retries.standard
import pytest

from scripts.cloudformation import stacks
from scripts.stage.session import Cloud

THROTTLED = """<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>
<Message>Rate exceeded</Message></Error></ErrorResponse>"""
NO_STACKS = (
    """<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>"""
)


class Server(HTTPServer):
    """What the test wants answered, and how often it was asked."""

    asked = 0
    answers: list[tuple[int, str]]


@pytest.fixture
def server():
    """CloudFormation, which answers by a list of statuses and bodies."""

    class Handler(BaseHTTPRequestHandler):
        server: Server

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.asked += 1
            status, body = self.server.answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def test_a_throttled_call_is_made_again_until_it_gets_through(server, monkeypatch):
    monkeypatch.setattr(botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0.0)
    server.answers = [(400, THROTTLED)] * 7 + [(200, NO_STACKS)]
    monkeypatch.setattr(Cloud, "endpoint_url", f"http://127.0.0.1:{server.server_port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    cloud = Cloud("dev", region="eu-central-1")
    assert stacks.of_stage(cloud) == []
    assert server.asked == 8
