"""The reference pages have everything that there is to look up, and lead to what explains it."""

from __future__ import annotations

import re

import pytest

from generator import catalogue
from scripts import ROOT
from scripts.docs import access, lookups, model
from scripts.stage import settings
from sentiment.measures import Measures

PAGES = lookups.pages(ROOT)


def names(page: str) -> list[str]:
    """First cells of a page's tables."""
    return re.findall(r"^\| (?:\[|`)([A-Za-z_]\w*)", PAGES[page], re.M)


def test_every_setting_is_there_with_its_meaning_and_its_users() -> None:
    assert names("settings.md") == list(settings.tables()["defaults"])
    for line in re.findall(r"^\| `.*$", PAGES["settings.md"], re.M):
        *_, words, users = line.strip("| ").split(" | ")
        assert words and users, line
    assert "| `min_tasks` | `1` |" in PAGES["settings.md"] and "| service |" in PAGES["settings.md"]


def test_every_output_is_there_with_its_stack() -> None:
    known = {name for stack in model.stacks().values() for name in stack.outputs}
    assert set(names("outputs.md")) == known
    assert re.search(r"\| `VpcId` \| VPC of the stage \| network \| .*service", PAGES["outputs.md"])


def test_every_grant_is_in_the_table_of_its_stage_or_of_the_pipelines() -> None:
    stage, pipelines = PAGES["access.md"].split("## Of the pipelines")
    for grant in access.grants():
        row = " | ".join((*access.row(grant), grant.stack)).replace("\\|", "|")
        assert f"| {row} |" in (pipelines if grant.stack == "pipeline" else stage)
        assert "*" not in re.sub("`[^`]*`", "", access.row(grant)[2]), "Markdown would make it italic"
    assert "(../reference/access.md)" in (ROOT / "docs" / "pictures" / "index.md").read_text()


def test_every_alarm_leads_to_what_to_do() -> None:
    guide = (ROOT / "docs" / "operations" / "alarms.md").read_text()
    for alarm in names("alarms.md"):
        assert f"\n### {alarm}\n" in guide
    assert "Fn::" not in PAGES["alarms.md"], "words, not the template's syntax"
    assert names("alarms.md") == [alarm.id for alarm in model.all_of("AWS::CloudWatch::Alarm")]


def test_the_metrics_are_those_that_the_service_writes() -> None:
    ours = PAGES["metrics.md"].split("## What alarms watch")[0]
    told = re.findall(r"^\| `(\w+)` \| (\w+) \|", ours, re.M)
    line = Measures("dev", "m", catalogue.LABELS)._line([], 0.0)
    [about] = line["_aws"]["CloudWatchMetrics"]
    assert told == [(metric["Name"], metric["Unit"]) for metric in about["Metrics"]]


@pytest.mark.parametrize("status", [400, 401, 409, 413, 415, 429, 500, 503])
def test_every_status_of_the_api_says_when_it_comes(status: int) -> None:
    row = rf"^\| \[{status}\]\(errors/{status}\.md\) \| [A-Z].* \| [A-Z].* \| `/"
    assert re.search(row, PAGES["errors.md"], re.M)
    assert PAGES[f"errors/{status}.md"].startswith(f"# {status} ")


@pytest.mark.parametrize(
    ("status", "row"),
    [
        (400, "| The body is empty; send a JSON object. | `container/shared/body.py` |"),
        (409, "| This judgement id is already used by another judgement of this text; use a new UUID for a new"),
        (413, "| review has … characters; send at most …. | `container/shared/reviews.py` |"),
        (503, "| The data store did not answer. Send the same request again shortly. | `lambda_src/endpoint.py` |"),
    ],
)
def test_the_page_of_a_status_has_all_that_the_code_can_say(status: int, row: str) -> None:
    assert row in PAGES[f"errors/{status}.md"]


def test_every_error_of_the_command_line_has_words_and_exit_code() -> None:
    rows = re.findall(r"^\| `(\w+Error)` \| (.+?) \| (\d+) \|$", PAGES["errors.md"], re.M)
    assert len(rows) > 15 and ("InterruptedDeployError", "130") in [(name, code) for name, _, code in rows]
