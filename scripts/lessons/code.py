"""Checks of the lessons that change code or templates: what each observes, and whether its exercise is done since."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from typing import Any

from scripts.lessons import workflow
from scripts.lessons.room import NotYetError, Room, generated, not_yet

REVIEW = {"review": "I passed my exam"}
OTHER = {"review": "My dog died"}
DEPLOY = "`sentiment deploy --stage local`"
ROLL = "`sentiment roll --stage local`"
AGAIN = "It was so when the lesson began. Run `make lesson-reset`, then `sentiment learn` with the lesson's number."


def greeting(room: Room) -> Any:
    """Lesson 13: the field that the learner adds."""
    return room.ask("GET", "/api/getStats").json.get("greeting")


def function(room: Room) -> str:
    """Lesson 13."""
    answer = room.ask("GET", "/api/getStats")
    if answer.status != 200:
        why = answer.json.get("errorMessage", "`sentiment logs --stage local` has the error, in the lines of api-stats")
        raise NotYetError(
            f"GET /getStats answers {answer.status}: {why}.", f"Fix lambda_src/stats.py, then run {DEPLOY}."
        )
    if "greeting" not in answer.json:
        missing = "GET /getStats has no field greeting."
        raise not_yet(room, missing, "lambda_src/stats.py", "add the field to the reply", DEPLOY)
    found = answer.json["greeting"]
    if not isinstance(found, str) or not found.strip():
        raise NotYetError(f"The greeting is {json.dumps(found)}.", f"Let it say something, then run {DEPLOY}.")
    if found == room.before:
        raise NotYetError(f"GET /getStats already returned the greeting {room.before!r}.", AGAIN)
    return f"the function stats returns the greeting: {found}"


def title(room: Room) -> str:
    """Lesson 14: the title of the page as the bucket serves it."""
    match = re.search(r"<title>(.*?)</title>", room.ask("GET", "/").body)
    return match[1] if match else ""


def website(room: Room) -> str:
    """Lessons 14 and 23."""
    served = title(room)
    if not served.strip():
        hint = "Give site/index.html a title between <title> and </title>, then run `sentiment site --stage local`."
        raise NotYetError("The page has no title.", hint)
    if served == room.before:
        missing = f"The page's title is still {served!r}."
        raise not_yet(room, missing, "site/index.html", "another title", "`sentiment site --stage local`")
    return f"the bucket serves your page: {served!r}"


def may_scan(room: Room) -> bool:
    """Lesson 15: whether the role of the function stats may read the counts."""
    name = room.resource("api", "StatsRole")
    document = room.cloud.client("iam").get_role_policy(RoleName=name, PolicyName="stats")["PolicyDocument"]
    counts = room.outputs["CountsTableArn"]
    effects = {
        one["Effect"]
        for one in document["Statement"]
        if _names(one["Action"], "dynamodb:Scan") and _names(one["Resource"], counts)
    }
    return effects == {"Allow"}


def _names(patterns: str | list[str], name: str) -> bool:
    """Whether one of a statement's patterns fits; in names of calls, capital letters do not count."""
    return any(
        fnmatchcase(name.lower(), each.lower()) for each in ([patterns] if isinstance(patterns, str) else patterns)
    )


def permissions(room: Room) -> str:
    """Lesson 15."""
    if may_scan(room):
        missing = "The role of the function stats may still scan the table of counts."
        raise not_yet(
            room, missing, "generator/stacks/api/functions.py", "return no statement from stats_permissions", DEPLOY
        )
    generated(room, "generator/stacks/api/functions.py")
    if not room.before:
        raise NotYetError("The role of the function stats already lacked the permission.", AGAIN)
    status = room.ask("GET", "/api/getStats").status
    if status == 200:
        raise NotYetError(
            "The role lacks the permission, but GET /getStats still answers 200.", "Try again in a second."
        )
    return f"without dynamodb:Scan, GET /getStats answers {status}"


def preflight_seconds(room: Room) -> int:
    """Lesson 19: how long a browser may cache the API's permission."""
    [api] = room.cloud.client("apigatewayv2").get_apis()["Items"]
    return int({key.lower(): value for key, value in api["CorsConfiguration"].items()}["maxage"])


def template(room: Room) -> str:
    """Lesson 19."""
    seconds = preflight_seconds(room)
    if seconds == room.before:
        missing = f"Browsers may still cache the API's permission for {seconds} seconds."
        raise not_yet(room, missing, "generator/stacks/api/stack.py", "another PREFLIGHT_SECONDS", DEPLOY)
    generated(room, "generator/stacks/api/stack.py")
    return f"CloudFormation changed the API: MaxAge is {seconds}"


def feels(room: Room) -> bool:
    """Lesson 24: whether POST /feel predicts."""
    return "classification" in room.ask("POST", "/api/feel", REVIEW).json


def gateway(room: Room) -> str:
    """Lesson 24."""
    answer = room.ask("POST", "/api/feel", REVIEW)
    if answer.status == 404:
        missing = "POST /feel answers 404."
        raise not_yet(room, missing, "generator/stacks/api/stack.py", "add a route to the model's integration", DEPLOY)
    if "classification" not in answer.json:
        missing = f"POST /feel answers {answer.status} without a prediction."
        raise NotYetError(missing, "The route exists: which integration does its Target point at?")
    generated(room, "generator/stacks/api/stack.py")
    if room.before:
        raise NotYetError("POST /feel already reached the model.", AGAIN)
    return "POST /feel reaches the model"


def letters(room: Room) -> Any:
    """Lesson 30: the field that the learner adds."""
    return room.ask("POST", "/api/getSentiment", REVIEW).json.get("letters")


def microservices(room: Room) -> str:
    """Lesson 30."""
    found = letters(room)
    if found is None:
        missing = "POST /getSentiment has no field letters."
        raise not_yet(room, missing, "container/sentiment/answers.py", "add a field to the reply", ROLL)
    for asked in (REVIEW, OTHER):
        count = room.ask("POST", "/api/getSentiment", asked).json.get("letters")
        if count != len(asked["review"]):
            raise NotYetError(
                f"It counts {json.dumps(count)} letters in {asked['review']!r}.", f"Fix it, then run {ROLL}."
            )
    if found == room.before:
        raise NotYetError("POST /getSentiment already had the field letters.", AGAIN)
    if room.ask("GET", "/api/getStats").status != 200:
        raise NotYetError("GET /getStats does not answer.", "Only the service should change: run `make lesson-reset`.")
    return f"the service counts {found} letters, and the functions answer as before"


def nothing(room: Room) -> None:
    """For lessons whose check looks at files alone."""


def pipeline(room: Room) -> str:
    """Lesson 31."""
    if not room.changed("templates"):
        edit = (
            "Run " if room.changed("generator") else "Change DRAIN_SECONDS in generator/stacks/service/stack.py, run "
        )
        raise NotYetError("The templates are unchanged since the lesson began.", f"{edit}`make templates`.")
    done = subprocess.run([sys.executable, "-m", "generator", "--check"], cwd=room.root, capture_output=True)
    if done.returncode != 0:
        raise NotYetError("The gate would reject this: the templates are stale.", "Run `make templates`.")
    run = workflow.last(room.root)
    begun = room.begun.time if room.begun else 0.0
    if not run.get("green") or run["time"] < begun or run["commit"] != room.git("rev-parse", "HEAD").strip():
        raise NotYetError(
            "The pipeline has not been green since the last commit.",
            f"Commit, then run `sentiment learn --workflow {workflow.DEPLOYS}`.",
        )
    if run["job"] != workflow.DEPLOYS:
        raise NotYetError(
            f"The last pipeline that ran was {run['job']}, which does not deploy the stacks.",
            f"Run `sentiment learn --workflow {workflow.DEPLOYS}`.",
        )
    if not run.get("in_role"):
        raise NotYetError(
            "The pipeline ran with the laptop's own keys.",
            'Set pipeline_repository = "example/sentiment" under [local] of scripts/stages.toml, run '
            "`sentiment pipeline --stage local`, commit, and run the pipeline again.",
        )
    return "the pipeline is green: generator and templates changed together, and it deployed them in its role"
