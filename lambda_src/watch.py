"""The daily check of age: the instances' machine image, and the certificates that clients see; and of drift.

It also asks the API once. AWS suspends a VPC link without traffic for 60 days, and the API then fails for minutes while
it sets the link up again (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vpc-links.html).

Not behind the API: a schedule calls it. It logs its findings in CloudWatch's embedded metric format, from which
CloudWatch creates the metrics that alarms read (CloudWatch user guide, "Specification: Embedded metric format").
"""

from __future__ import annotations

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from aws import client
from drift import drift
from settings import Watch

NAMESPACE = "Sentiment"
HTTPS = 443
WITHIN = 10.0  # timeout in seconds for a host to present its certificate, and for the API to answer
PREDICT = "/getSentiment"  # a route through the VPC link


def handler(event: Any, context: Any) -> dict[str, float]:
    """Check the ages and log them; ask the API.

    Args:
        event: the schedule's; not used.
        context: Lambda's own.

    Returns:
        The values found, by name of the metric.

    Raises:
        Exception: something could not be checked, or asked; Lambda retries twice, and then an alarm fires.
    """
    settings = Watch.load()
    now = datetime.now(UTC)
    found = {"ImageAgeDays": image_age(settings.image_id, now)}
    hosts = [urlsplit(url).hostname for url in (settings.site_url, settings.api_url) if url.startswith("https:")]
    left = [certificate_left(host, now) for host in hosts if host]
    if left:
        found["CertificateDaysLeft"] = min(left)
    shifted = drift(settings.stage, settings.labels, now)
    if shifted is not None:
        found["Drift"] = shifted
    print(json.dumps(as_metrics(settings.stage, found, now)))
    if settings.api_url.startswith("https:"):
        ask(settings.api_url)
    return found


def image_age(image_id: str, now: datetime) -> float:
    """Days since a machine image was created.

    Args:
        image_id: id of the image.
        now: the time.
    """
    (image,) = client("ec2").describe_images(ImageIds=[image_id])["Images"]
    return days(now - datetime.fromisoformat(image["CreationDate"]))


def certificate_left(host: str, now: datetime) -> float:
    """Days until a host's certificate expires; negative if it has expired or is not trusted.

    Args:
        host: the host that presents it.
        now: the time.
    """
    try:
        with (
            socket.create_connection((host, HTTPS), timeout=WITHIN) as connection,
            ssl.create_default_context().wrap_socket(connection, server_hostname=host) as secure,
        ):
            ends = ssl.cert_time_to_seconds(str((secure.getpeercert() or {})["notAfter"]))
    except ssl.SSLCertVerificationError:
        return -1.0
    return days(datetime.fromtimestamp(ends, UTC) - now)


def ask(api_url: str) -> int:
    """Send a request without a text through the VPC link. It counts as no prediction, whoever answers it.

    Args:
        api_url: address of the API.

    Returns:
        The status: 400 from the service, 503 from the load balancer while the stage is asleep.

    Raises:
        OSError: there was no answer.
    """
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(api_url + PREDICT, b"{}", headers, method="POST")  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=WITHIN) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def days(span: Any) -> float:
    """A duration in days, to a tenth."""
    return round(span.total_seconds() / 86_400, 1)


def as_metrics(stage: str, found: Mapping[str, float], now: datetime) -> dict[str, Any]:
    """The values found, in CloudWatch's embedded metric format.

    Args:
        stage: the metrics' one dimension.
        found: value by name of the metric.
        now: the time.
    """
    names = [{"Name": name} for name in found]
    about = {"Namespace": NAMESPACE, "Dimensions": [["Stage"]], "Metrics": names}
    return {
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [about]},
        "Stage": stage,
        **found,
    }
