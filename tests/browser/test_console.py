"""The console in a real browser: it shows what boto3 says, keeps its token to itself, and no text becomes a script."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.cloudformation.stacks import collect_outputs
from tests.browser import console_pictures
from tests.browser.conftest import PATIENCE
from tests.local.running import RunningApp

ATTACKS = (
    "<img src=x onerror=\"document.title='stolen'\">",
    "<script>document.title='stolen'</script>",
    '"><svg/onload="document.title=\'stolen\'">',
    "javascript:document.title='stolen'",
)


@pytest.fixture
def context(browser: Browser, app: RunningApp) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def console(context: BrowserContext, app: RunningApp) -> Iterator[Page]:
    """The console, opened by the printed address; nothing may break its policy or fail in it."""
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(app.console_url)
    expect(page.locator("#content table").first).to_be_visible()
    yield page
    assert complaints == []


def visit(page: Page, app: RunningApp, view: str) -> Page:
    page.goto(f"{app.url}/console#{view}")
    expect(page.locator("#content section").first).to_be_visible()
    return page


def cells(page: Page, title: str, column: int) -> list[str]:
    return page.get_by_role("table", name=title, exact=True).locator(f"tbody td:nth-child({column})").all_inner_texts()


def judge(app: RunningApp, review: str) -> None:
    receipt = app.request("POST", "/api/getSentiment", {"review": review}).json["receipt"]
    body = {"review": review, "sentiment": "joy", "judgement": str(uuid.uuid4()), "receipt": receipt}
    assert app.request("POST", "/api/setSentiment", body).status == 200


def test_the_token_leaves_the_address_and_opens_other_tabs_too(console: Page, app: RunningApp) -> None:
    assert console.url == f"{app.url}/console#stacks"
    other = console.context.new_page()
    visit(other, app, "services")

    expect(other.get_by_role("table", name="Deployments")).to_be_visible()
    assert console.context.cookies() == []


def test_without_the_token_it_says_where_to_get_it(context: BrowserContext, app: RunningApp) -> None:
    page = context.new_page()
    page.goto(f"{app.url}/console")

    expect(page.locator("#message")).to_contain_text("make local")
    expect(page.locator("#content")).to_be_empty()


def test_views_show_what_boto3_says(console: Page, app: RunningApp) -> None:
    cloud = app.cloud
    stacks = {each["StackName"] for each in cloud.client("cloudformation").describe_stacks()["Stacks"]}
    assert set(cells(console, "All stacks", 1)) == stacks

    cluster = collect_outputs(cloud)["ClusterName"]
    tasks = cloud.client("ecs").list_tasks(cluster=cluster)["taskArns"]
    visit(console, app, "services")
    assert {arn.rpartition("/")[2][:8] for arn in tasks} <= set(cells(console, f"Tasks in {cluster}", 1))

    group = cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    visit(console, app, "instances")
    found = cells(console, group["AutoScalingGroupName"], 1)
    assert found == [each["InstanceId"] for each in group["Instances"]]

    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    visit(console, app, "alarms")
    assert sorted(cells(console, "Alarms", 1)) == sorted(each["AlarmName"] for each in alarms)


def test_a_new_event_comes_by_itself(console: Page, app: RunningApp) -> None:
    visit(console, app, "alarms")
    client = app.cloud.client("cloudwatch")
    name = client.describe_alarms()["MetricAlarms"][0]["AlarmName"]
    try:
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test rings it")
        row = console.get_by_role("table", name="Alarms").locator("tbody tr").first
        expect(row).to_contain_text("a test rings it")
        expect(row.locator(".tone.bad")).to_have_text("ALARM")
    finally:
        client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="")


def test_one_requests_lines_can_be_followed(console: Page, app: RunningApp) -> None:
    judge(app, "a line to follow")
    visit(console, app, "logs")
    console.get_by_role("link", name="follow").first.click()
    expect(console.get_by_label("Request id")).not_to_have_value("")
    expect(console.locator("#content section").first).to_be_visible()

    request = console.get_by_label("Request id").input_value()
    lines = cells(console, "Log lines", 3)
    assert lines
    assert [line for line in lines if request not in line] == []


def test_the_simulator_answers_the_form(console: Page, app: RunningApp) -> None:
    visit(console, app, "roles")
    console.get_by_role("link", name="StatsRole").click()
    console.get_by_label("Call").fill("dynamodb:Scan")
    arn = f"table/{collect_outputs(app.cloud)['CountsTableName']}"
    resource = console.locator("datalist#of-resource option").evaluate_all("all => all.map((each) => each.value)")
    console.get_by_label("On", exact=True).fill(next(each for each in resource if each.endswith(arn)))
    console.get_by_role("button", name="May it?").click()
    expect(console.locator(".verdict.good")).to_contain_text("Allowed: statement")

    console.get_by_label("Call").fill("dynamodb:DeleteTable")
    console.get_by_role("button", name="May it?").click()
    expect(console.locator(".verdict.bad")).to_have_text("Denied: no statement allows it.")


def test_texts_of_visitors_and_log_lines_are_text(console: Page, app: RunningApp) -> None:
    cloud = app.cloud
    for attack in ATTACKS:
        judge(app, f"{attack} {uuid.uuid4()}")
    logs, group = cloud.client("logs"), next(iter(cloud.client("logs").describe_log_groups()["logGroups"]))
    name = group["logGroupName"]
    logs.create_log_stream(logGroupName=name, logStreamName="attack")
    now = int(console.evaluate("Date.now()"))
    events = [{"timestamp": now, "message": f'{attack} {{"requestId": "{attack}"}}'} for attack in ATTACKS]
    logs.put_log_events(logGroupName=name, logStreamName="attack", logEvents=events)
    table = collect_outputs(cloud)["JudgementsTableName"]
    title = console.title()

    visit(console, app, f"tables/{table}")
    for attack in ATTACKS:
        expect(console.locator("#content")).to_contain_text(attack)
    visit(console, app, "logs")
    for attack in ATTACKS:
        expect(console.locator("#content")).to_contain_text(attack)
    assert console.locator("main img, main svg, main script, main iframe").count() == 0
    assert console.locator('a[href^="javascript"]').count() == 0
    assert "stolen" not in console.title() and title
    visit(console, app, f"tables/{'%3Cimg src=x onerror=alert(1)%3E'}")
    expect(console.locator(".verdict")).to_contain_text("<img src=x onerror=alert(1)>")


def test_an_address_that_somebody_has_typed_wrong_is_answered(context: BrowserContext, app: RunningApp) -> None:
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(app.console_url)
    visit(page, app, "tables/%")
    expect(page.locator(".verdict")).to_contain_text("%")
    page.goto(f"{app.url}/console#nothing")
    expect(page.locator("#message")).to_have_text("Not Found")
    expect(page.locator("h1")).to_have_text("Console")
    assert complaints == []


def test_the_documentations_pictures_can_be_taken(browser: Browser, app: RunningApp, tmp_path: Path) -> None:
    files = console_pictures.take(browser, app, tmp_path, ("light",))

    assert {file.name for file in files} <= {each.name for each in console_pictures.TARGET.glob("console-*.png")}
    assert min(file.stat().st_size for file in files) > 10_000


class Evil(BaseHTTPRequestHandler):
    """A page of another origin of the same host: of another user of the machine."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>evil</title>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def evil() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_page_of_another_port_reads_nothing(console: Page, app: RunningApp, evil: str) -> None:
    """Not with the browser of the console's owner, and not even with the token."""
    page = console.context.new_page()
    page.goto(evil)
    token = app.console_url.partition("#token=")[2]
    got = page.evaluate(
        """async ([url, token]) => {
            const tried = [];
            for (const options of [{}, {credentials: "include"}, {mode: "no-cors", credentials: "include"},
                                   {headers: {Authorization: `Bearer ${token}`}}]) {
                try { tried.push((await (await fetch(url, options)).text())); } catch (error) { tried.push("refused"); }
            }
            return [...tried, ...Object.values(localStorage)];
        }""",
        [f"{app.url}/console/data/tables", token],
    )
    framed = page.evaluate(
        """(url) => new Promise((resolve) => {
            const frame = Object.assign(document.createElement("iframe"), {src: url});
            frame.onload = () => { try { resolve(frame.contentDocument.body.innerText); } catch { resolve(""); } };
            document.body.append(frame);
        })""",
        f"{app.url}/console",
    )

    assert set(got) <= {"refused", ""}
    assert "Stacks" not in framed
