"""Uses the deployed app as a visitor would (page, prediction, judgement, export), then removes all traces."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

from botocore.exceptions import ClientError

from generator import catalogue
from scripts.app import receipt_keys, throttle
from scripts.stage.errors import ApiClosedError, SmokeTestError, code_of
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings
from shared import counters, receipts
from shared.judgements import Judgement, from_item
from shared.reviews import text_id

REQUEST_TIMEOUT_SECONDS = 30.0
# A new API, DNS name or function may take some time until it answers everywhere.
START_TIMEOUT_SECONDS = 60.0
PASSING = {404, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: status, lower-case headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wait:
    """The time in which all parts together must be up, and how to wait.

    Args:
        seconds: how long, from now.
        sleep: waits; may raise to stop waiting.
        closed: whether the switch has closed the API, so that waiting is in vain; asked when the API answers 429.
    """

    def __init__(
        self,
        seconds: float,
        sleep: Callable[[float], None] = time.sleep,
        closed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.sleep = sleep
        self.closed = closed
        self._end = time.monotonic() + seconds

    def allows(self, seconds: float) -> bool:
        """Whether there is that much time left."""
        return time.monotonic() + seconds <= self._end


def smoke_test(
    public_url: str,
    api_url: str,
    reporter: Reporter,
    cloud: Cloud,
    outputs: Mapping[str, str],
    token: str = "",
    timeout: float = START_TIMEOUT_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    keys: Sequence[str] = (),
) -> None:
    """Try everything a visitor does, through the public address, and remove what that stored.

    Args:
        public_url: the page's address.
        api_url: the API's address as config.json has it, absolute or relative to the page.
        reporter: told what works.
        cloud: where the tables are, to remove the judgement from.
        outputs: outputs of the stage's stacks.
        token: the export's token; "" if the export is public.
        timeout: seconds for everything to come up.
        sleep: waits between two tries; may raise to stop waiting.
        keys: the stage's receipt keys; none to ask for them.

    Raises:
        SmokeTestError: something does not work; the message says what came instead.
        ApiClosedError: the page works, but the API is closed.
    """
    base = urljoin(public_url.rstrip("/") + "/", api_url).rstrip("/")
    model = catalogue.SMOKE_MODEL_PREFIX + uuid.uuid4().hex
    wait = Wait(timeout, sleep, lambda: throttle.is_closed(cloud, outputs))
    _page(public_url, api_url, wait)
    keys = keys or receipt_keys.keys(cloud)
    classification, confidence = _predict(base, keys, wait)
    try:
        receipt = receipts.issue(keys[0], catalogue.SMOKE_REVIEW, classification, confidence, model)
        _record(base, classification or catalogue.LABELS[0], receipt, wait)
        _export(base, model, token, wait)
    finally:
        clean_up(cloud, outputs)
    told = f"{classification} ({confidence:.0%})" if classification else "cannot tell"
    reporter.note(f"smoke test passed: page, prediction ({told}), judgement, export")


def served_model(public_url: str, api_url: str, timeout: float = START_TIMEOUT_SECONDS) -> str:
    """The model that answers a visitor.

    Args:
        public_url: the page's address.
        api_url: the API's address as config.json has it, absolute or relative to the page.
        timeout: seconds for it to come up.

    Raises:
        SmokeTestError: it does not answer.
    """
    base = urljoin(public_url.rstrip("/") + "/", api_url).rstrip("/")
    method, path = catalogue.PREDICT_ROUTE
    answer = _until(200, "The prediction", method, base + path, Wait(timeout), {"review": catalogue.SMOKE_REVIEW})
    return str(_json("The prediction", answer).get("model"))


def ask(public_url: str, api_url: str, review: str) -> int:
    """Ask for a prediction, once, and keep nothing of it.

    Args:
        public_url: the page's address.
        api_url: the API's address as config.json has it, absolute or relative to the page.
        review: the text.

    Returns:
        The status of the answer; 0 without one.
    """
    method, path = catalogue.PREDICT_ROUTE
    base = urljoin(public_url.rstrip("/") + "/", api_url).rstrip("/")
    answer, _ = _ask(method, base + path, {"review": review}, {})
    return answer.status if answer else 0


def statistics(public_url: str, api_url: str) -> dict[str, Any]:
    """What the API tells of judgements; asked once.

    Args:
        public_url: the page's address.
        api_url: the API's address as config.json has it, absolute or relative to the page.

    Raises:
        SmokeTestError: it does not answer.
    """
    base = urljoin(public_url.rstrip("/") + "/", api_url).rstrip("/")
    method, path = _route("stats")
    return _json("The statistics", _until(200, "The statistics", method, base + path, Wait(0)))


def export_token(cloud: Cloud, settings: Settings) -> str:
    """The token of the stage's export, "" if it is public."""
    name = settings.parameters.get("ExportTokenParameter", "")
    if not name:
        return ""
    try:
        found = cloud.client("ssm").get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        raise SmokeTestError(
            f"The export of stage {settings.stage} is private, but its token {name} does not exist.",
            f'`aws ssm put-parameter --type SecureString --name {name} --value "$(openssl rand -hex 32)"`, then run '
            "the same command again.",
        ) from error
    return str(found["Parameter"]["Value"]).strip()


def clean_up(cloud: Cloud, outputs: Mapping[str, str]) -> int:
    """Remove the judgements of smoke tests and their counts, those of interrupted runs too.

    Returns:
        How many judgements were removed.
    """
    client = cloud.client("dynamodb")
    pages = client.get_paginator("query").paginate(
        TableName=outputs["JudgementsTableName"],
        KeyConditionExpression="id = :id",
        FilterExpression="begins_with(#model, :smoke)",
        ExpressionAttributeNames={"#model": "model"},
        ExpressionAttributeValues={":id": {"S": _review_id()}, ":smoke": {"S": catalogue.SMOKE_MODEL_PREFIX}},
        ConsistentRead=True,
    )
    items = [item for page in pages for item in page["Items"]]
    for item in items:
        removals = [(outputs["JudgementsTableName"], {name: item[name] for name in catalogue.JUDGEMENTS_KEY})]
        removals += [(outputs["CountsTableName"], _counted_in(from_item(item)))]
        deletes = [{"Delete": {"TableName": table, "Key": key}} for table, key in removals]
        client.transact_write_items(TransactItems=deletes)
    return len(items)


def _counted_in(judgement: Judgement) -> dict[str, Any]:
    """Key of the counts of a smoke test, whose one judgement is all that its model has."""
    return {"model": {"S": judgement.model}, "shard": {"N": str(counters.shard(judgement.source))}}


def _review_id() -> str:
    return text_id(catalogue.SMOKE_REVIEW)


def _page(public_url: str, api_url: str, wait: Wait) -> None:
    page = _until(200, "The page", "GET", public_url, wait)
    if not page.headers.get("content-type", "").startswith("text/html"):
        raise SmokeTestError(f"The page at {public_url} is {page.headers.get('content-type')}, not HTML.")
    url = urljoin(public_url.rstrip("/") + "/", catalogue.SITE_CONFIG)
    config = _json("The page's configuration", _until(200, "The page's configuration", "GET", url, wait))
    if config.get("apiUrl") != api_url:
        raise SmokeTestError(f"{url} names the API {config.get('apiUrl')!r} instead of {api_url!r}.")


def _predict(base: str, keys: Sequence[str], wait: Wait) -> tuple[str | None, float]:
    method, path = catalogue.PREDICT_ROUTE
    answer = _until(200, "The prediction", method, base + path, wait, {"review": catalogue.SMOKE_REVIEW})
    reply = _json("The prediction", answer)
    whole = "classification" in reply and isinstance(reply.get("confidence"), (int, float))
    if not whole or reply.get("id") != _review_id() or set(reply.get("scores") or {}) != set(catalogue.LABELS):
        raise SmokeTestError(f"{method} {base}{path} returns no prediction: {answer.body[:300]!r}")
    try:
        receipts.check(str(reply.get("receipt")), catalogue.SMOKE_REVIEW, keys)
    except receipts.InvalidReceiptError:
        raise SmokeTestError(
            f"{method} {base}{path} returns no receipt that the stage's keys verify.",
            "`rotate-receipt-key` gives every task a new key.",
        ) from None
    return reply["classification"], float(reply["confidence"])


def _record(base: str, sentiment: str, receipt: str, wait: Wait) -> None:
    judgement = {
        "review": catalogue.SMOKE_REVIEW,
        "sentiment": sentiment,
        "judgement": str(uuid.uuid4()),
        "receipt": receipt,
    }
    method, path = _route("record")
    answer = _until(200, "The judgement", method, base + path, wait, judgement)
    reply = _json("The judgement", answer)
    if reply.get("sentiment") != sentiment:
        raise SmokeTestError(f"{method} {base}{path} does not echo the judgement: {answer.body[:300]!r}")
    if reply.get("verdict") == "unprompted":
        raise SmokeTestError(f"{method} {base}{path} does not accept the receipt of a prediction.")


def _export(base: str, model: str, token: str, wait: Wait) -> None:
    method, path = _route("export")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    asked = {**headers, "Accept": "application/json"}
    answer = _until(200, "The export", method, base + path, wait, headers=asked, also=HTTPStatus.ACCEPTED)
    if _tells_of_a_large_export(answer):
        return  # a large export, written in the background; finding the judgement in it would take long
    if not answer.body.lstrip(b"\xef\xbb\xbf").startswith(b"id,review,sentiment"):
        raise SmokeTestError(f"{method} {base}{path} returns no CSV of judgements: {answer.body[:300]!r}")
    if model.encode() not in answer.body:
        raise SmokeTestError(f"{method} {base}{path} lacks the judgement that was just stored.")


def _tells_of_a_large_export(answer: Answer) -> bool:
    try:
        told = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(told, dict) and "export" in told


def _route(function: str) -> tuple[str, str]:
    return next((entry.method, entry.path) for entry in catalogue.FUNCTIONS if entry.name == function)


def _until(
    status: int,
    what: str,
    method: str,
    url: str,
    wait: Wait,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    also: int = 0,
) -> Answer:
    """Ask until the wanted status comes (or ``also``), as long as the other answers may be temporary."""
    for pause in _pauses():
        answer, trouble = _ask(method, url, body, headers or {})
        if answer and answer.status in (status, also):
            return answer
        throttled = answer is not None and answer.status == HTTPStatus.TOO_MANY_REQUESTS
        if throttled and wait.closed():
            raise ApiClosedError(
                f"{what} was not tested: the API is closed, because it cost too much.", "`sentiment wake` opens it."
            )
        passing = answer is None or answer.status in PASSING
        if not passing or not wait.allows(pause):
            came = f"status {answer.status}: {answer.body[:300]!r}" if answer else trouble
            hint = "`status` shows what runs and `logs` what it logged."
            if throttled:
                came += ", as the API is closed, or asked too often"
                hint = "`wake` opens an API that was closed because it cost too much."
            raise SmokeTestError(f"{what} does not work: {method} {url} returns {came}", hint)
        wait.sleep(pause)
    raise AssertionError("the pauses never end")


def _pauses() -> Iterator[float]:
    pause = 0.2
    while True:
        yield pause
        pause = min(pause * 1.5, 5.0)


def _ask(method: str, url: str, body: object, headers: Mapping[str, str]) -> tuple[Answer | None, str]:
    data = None if body is None else json.dumps(body).encode()
    sent = {**headers, **({"Content-Type": "application/json"} if data else {})}
    request = urllib.request.Request(url, data=data, method=method, headers=sent)  # noqa: S310 - our own address
    # A proxy named by the environment is for the internet, not for this machine.
    local = urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if local else []))
    try:
        with opener.open(request, timeout=REQUEST_TIMEOUT_SECONDS) as answer:
            return _answer(answer.status, answer.headers, answer.read()), ""
    except urllib.error.HTTPError as error:
        return _answer(error.code, error.headers, error.read()), ""
    except (urllib.error.URLError, OSError) as error:
        return None, f"no answer ({getattr(error, 'reason', error)})"


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)


def _json(what: str, answer: Answer) -> dict[str, Any]:
    try:
        reply = json.loads(answer.body)
    except ValueError:
        reply = None
    if not isinstance(reply, dict):
        raise SmokeTestError(f"{what} is not a JSON object: {answer.body[:300]!r}")
    return reply
