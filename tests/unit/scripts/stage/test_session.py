"""How every call reaches AWS: what it refuses for a moment is asked again, and a guard sees every change."""

import contextlib
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer

import botocore.retries.standard
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

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


def test_a_change_that_is_sent_again_asks_the_guard_again(server, monkeypatch):
    """Without network for a while, botocore sends it when another may hold the lock."""
    monkeypatch.setattr(botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0.0)
    server.answers = [(400, THROTTLED)] * 3
    monkeypatch.setattr(Cloud, "endpoint_url", f"http://127.0.0.1:{server.server_port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    cloud = Cloud("dev", region="eu-central-1")

    def guard():
        if server.asked == 2:
            raise PermissionError("lost")

    cloud.guard = guard
    with pytest.raises(PermissionError, match="lost"):
        cloud.client("cloudformation").delete_stack(StackName="a")
    assert server.asked == 2


def test_the_time_is_the_servers_whatever_this_machines_clock_says(server, monkeypatch):
    monkeypatch.setattr(Cloud, "endpoint_url", f"http://127.0.0.1:{server.server_port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setattr(
        BaseHTTPRequestHandler, "date_time_string", lambda *_: formatdate(time.time() - 3600, usegmt=True)
    )
    server.answers = [(200, NO_STACKS)]
    cloud = Cloud("dev", region="eu-central-1")
    assert abs(cloud.now() - datetime.now(UTC)) < timedelta(seconds=1), "nobody was asked yet"
    stacks.of_stage(cloud)
    assert abs(cloud.now() - datetime.now(UTC) + timedelta(hours=1)) < timedelta(seconds=5)

    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: "soon")
    server.answers = [(200, NO_STACKS)]
    stacks.of_stage(cloud)
    assert abs(cloud.now() - datetime.now(UTC) + timedelta(hours=1)) < timedelta(seconds=5), "it keeps what it knows"


@pytest.mark.parametrize(
    ("service", "call", "changes"),
    [
        ("ssm", lambda client: client.put_parameter(Name="a", Value="b", Type="String", Overwrite=True), True),
        ("ssm", lambda client: client.get_parameters_by_path(Path="/"), False),
        ("s3", lambda client: client.list_buckets(), False),
        ("s3", lambda client: client.create_bucket(Bucket="b"), True),
        ("dynamodb", lambda client: client.list_tables(), False),
        ("cloudformation", lambda client: client.describe_stacks(), False),
        ("cloudformation", lambda client: client.delete_stack(StackName="a"), True),
        ("ecs", lambda client: client.update_service(service="a"), True),
        ("logs", lambda client: client.filter_log_events(logGroupName="a"), False),
    ],
)
def test_no_call_that_changes_something_passes_the_guard(monkeypatch, service, call, changes):
    def guard():
        raise PermissionError("guarded")

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        cloud = Cloud("dev", region="us-east-1")
        client = cloud.client(service)
        cloud.guard = guard
        if changes:
            with pytest.raises(PermissionError, match="guarded"):
                call(client)
        else:
            with contextlib.suppress(ClientError):
                call(client)
        cloud.guard = None
        with contextlib.suppress(ClientError):
            call(client)
        cloud.guard = guard
        cloud.unguarded_client("ssm", Config()).put_parameter(Name="c", Value="d", Type="String")
