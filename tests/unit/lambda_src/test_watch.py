"""The daily look: the machine image on moto's EC2, certificates of a TLS server on loopback, metrics as text."""

from __future__ import annotations

import datetime
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto import mock_aws

import aws
import watch
from generator import catalogue

NOW = datetime.datetime.now(UTC)  # the server's clock is the machine's
HOST = "127.0.0.1"
Serve = Callable[..., None]


@pytest.fixture
def image() -> Iterator[tuple[str, datetime.datetime]]:
    """Id of a machine image that moto has, and when it was made."""
    with mock_aws():
        found = aws.client("ec2").describe_images()["Images"][0]
        yield found["ImageId"], datetime.datetime.fromisoformat(found["CreationDate"])


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a TLS server on loopback that the watch takes for every host, with a certificate of so many days."""
    listener = socket.create_server((HOST, 0))
    monkeypatch.setattr(watch, "HTTPS", listener.getsockname()[1])

    def start(days: float, name: str = HOST, trusted: bool = True) -> None:
        file = tmp_path / "certificate.pem"
        file.write_bytes(certificate(name, NOW + timedelta(days=days)))
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        threading.Thread(target=answer, args=(listener, context), daemon=True).start()

    yield start
    listener.close()


def answer(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Shake hands once; who is refused hangs up."""
    try:
        connection, _ = listener.accept()
        with connection, context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1)
    except OSError:
        pass


def certificate(name: str, ends: datetime.datetime) -> bytes:
    """A key and a certificate that vouches for itself, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends - timedelta(days=90))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + made.public_bytes(serialization.Encoding.PEM)


def test_an_image_s_age_is_counted_in_days_from_its_making(image: tuple[str, datetime.datetime]) -> None:
    image_id, made = image
    assert watch.image_age(image_id, made + timedelta(days=40, hours=12)) == 40.5


def test_a_certificate_s_days_are_those_that_are_left(serve: Serve) -> None:
    serve(30.25)
    assert watch.certificate_left(HOST, NOW) == pytest.approx(30.25, abs=0.06)


@pytest.mark.parametrize(
    ("days", "name", "trusted"),
    [(-1, HOST, True), (30, "127.0.0.2", True), (30, HOST, False)],
    ids=["over", "of another host", "of somebody unknown"],
)
def test_a_certificate_that_browsers_would_refuse_has_none_left(
    serve: Serve, days: float, name: str, trusted: bool
) -> None:
    serve(days, name, trusted)
    assert watch.certificate_left(HOST, NOW) == -1


def test_a_host_that_does_not_answer_is_an_error_that_the_alarm_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as listener:
        monkeypatch.setattr(watch, "HTTPS", listener.getsockname()[1])  # nobody's, a moment later
    with pytest.raises(ConnectionRefusedError):
        watch.certificate_left(HOST, NOW)


@pytest.mark.parametrize("status", [200, 400, 503])
def test_the_api_is_asked_through_the_link_and_any_answer_will_do(status: int) -> None:
    requests: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer((HOST, 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert watch.ask(f"http://{HOST}:{server.server_port}") == status
    assert requests == [(catalogue.PREDICT_ROUTE[1], b"{}")]


def test_an_api_that_does_not_answer_is_an_error_that_the_alarm_tells() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]  # nobody's, a moment later
    with pytest.raises(OSError, match="refused"):
        watch.ask(f"http://{HOST}:{port}")


@pytest.mark.parametrize("shifted", [None, 0.31])
@pytest.mark.parametrize(
    ("site", "api", "left"),
    [
        ("http://bucket.example", "http://127.0.0.1/api", None),
        ("http://bucket.example", "https://api.example/v1", 20.0),
        ("https://site.example", "https://api.example/v1", 10.0),
    ],
)
def test_what_is_found_goes_to_the_log_as_metrics(
    image: tuple[str, datetime.datetime],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    site: str,
    api: str,
    left: float | None,
    shifted: float | None,
) -> None:
    values = {"STAGE": "dev", "IMAGE_ID": image[0], "SITE_URL": site, "API_URL": api, "LABELS": "joy,fear"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    certificates = {"site.example": 10.0, "api.example": 20.0}
    monkeypatch.setattr(watch, "certificate_left", lambda host, now: certificates[host])
    monkeypatch.setattr(watch, "drift", lambda stage, labels, now: shifted)
    asked: list[str] = []
    monkeypatch.setattr(watch, "ask", asked.append)

    found = watch.handler({}, None)
    assert found.get(catalogue.WATCH_CERTIFICATE_METRIC) == left
    assert found.get(catalogue.WATCH_DRIFT_METRIC) == shifted
    assert found[catalogue.WATCH_IMAGE_METRIC] == watch.days(NOW - image[1])
    line = json.loads(capsys.readouterr().out)
    assert {name: line[name] for name in found} == found
    assert line["Stage"] == "dev"
    assert asked == [api for _ in range(api.startswith("https:"))]
    assert abs(line["_aws"]["Timestamp"] / 1000 - NOW.timestamp()) < 3600
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": catalogue.WATCH_NAMESPACE,
        "Dimensions": [["Stage"]],
        "Metrics": [{"Name": name} for name in found],
    }
