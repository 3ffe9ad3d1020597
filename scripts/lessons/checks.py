"""Whether a lesson's exercise is done: one function per lesson, which reports what it found or what is missing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

from scripts.cloudformation import stacks
from scripts.lessons.room import NotYetError, Room
from scripts.local import images
from scripts.release import images as released
from scripts.stage import history

GITHUB = ".local/lessons/github.git"
REVIEW = {"review": "I passed my exam"}
DEPLOY = "`sentiment deploy --stage local`"
ROLL = "`sentiment roll --stage local`"


def not_yet(room: Room, missing: str, file: str, edit: str, bring: str) -> NotYetError:
    """The exercise is not done: the edit is missing, or it is not deployed.

    Args:
        room: the learner's environment.
        missing: what is not as it should be.
        file: the file that the exercise changes.
        edit: how to change it.
        bring: the command that deploys the change.
    """
    if not room.changed(file):
        return NotYetError(missing, f"Change {file}: {edit}. Then run {bring}.")
    if file.startswith("generator/") and not room.changed("templates"):
        return NotYetError(
            missing, f"{file} is changed, but the templates are not: run `make templates`, then {bring}."
        )
    return NotYetError(missing, f"{file} is changed, but not deployed: run {bring}, and read its output.")


def github(room: Room) -> str:
    """Lessons 1 to 12."""
    if not (room.root / GITHUB).is_dir():
        raise NotYetError(
            "Your GitHub does not exist yet.", f"Create it: `git init --bare --initial-branch=main {GITHUB}`."
        )
    if "greeting" not in room.git("branch", "--format=%(refname:short)", folder=GITHUB).split():
        raise NotYetError("Your GitHub has no branch greeting.", "Commit to it in your clone and push it.")
    if re.search("^(<{7}|={7}|>{7})", room.git("show", "greeting:GREETING.md", folder=GITHUB), re.M):
        raise NotYetError(
            "GREETING.md still contains conflict markers.",
            "Replace them with the text you want; then add, commit and push.",
        )
    merges = room.git("log", "--merges", "--format=%h %p", "main", folder=GITHUB)
    tags = room.git("tag", folder=GITHUB).split()
    if not merges:
        raise NotYetError(
            "main on your GitHub has no merge.", "Merge your branch into main in your clone, then push main."
        )
    if not tags:
        raise NotYetError("There is a merge, but no tag.", "Run `git tag v1` in your clone, then `git push origin v1`.")
    return f"merges in main: {len(merges.splitlines())}; the tag {tags[0]} marks a version"


def function(room: Room) -> str:
    """Lesson 13."""
    answer = room.ask("GET", "/api/getStats")
    if answer.status != 200:
        why = answer.json.get("errorMessage", "the error is in the log of api-stats")
        raise NotYetError(
            f"GET /getStats answers {answer.status}: {why}.", f"Fix lambda_src/stats.py, then run {DEPLOY}."
        )
    if "greeting" not in answer.json:
        missing = "GET /getStats has no field greeting."
        raise not_yet(room, missing, "lambda_src/stats.py", "add the field to the reply", DEPLOY)
    return f"the function stats returns the greeting: {answer.json['greeting']}"


def website(room: Room) -> str:
    """Lessons 14 and 23."""
    served, committed = _title(room.ask("GET", "/").body), _title(room.git("show", "HEAD:site/index.html"))
    if served == committed:
        missing = f"The page's title is still {served!r}."
        raise not_yet(room, missing, "site/index.html", "another title", "`sentiment site --stage local`")
    return f"the bucket serves your page: {served!r}"


def permissions(room: Room) -> str:
    """Lesson 15."""
    name = stacks_resource(room, "api", "StatsRole")
    document = room.cloud.client("iam").get_role_policy(RoleName=name, PolicyName="stats")["PolicyDocument"]
    status = room.ask("GET", "/api/getStats").status
    statements = document["Statement"]
    if any(
        "dynamodb:Scan" in one["Action"] and room.outputs["CountsTableArn"] in one["Resource"] for one in statements
    ):
        missing = "The role of the function stats may still scan the table of counts."
        raise not_yet(
            room, missing, "generator/stacks/api/functions.py", "return no statement from stats_permissions", DEPLOY
        )
    if status == 200:
        raise NotYetError(
            "The role lacks the permission, but GET /getStats still answers 200.", "Try again in a second."
        )
    return f"without dynamodb:Scan, GET /getStats answers {status}"


def load_balancer(room: Room) -> str:
    """Lesson 16."""
    status = {state.name: state.status for state in stacks.of_stage(room.cloud)}["sentiment-local-service"]
    file = "container/sentiment/app.py"
    if status != "UPDATE_ROLLBACK_COMPLETE" or not room.changed(file):  # it stays in that state after the reset
        missing = f"The stack service is in {status}, and {file} is {'changed' if room.changed(file) else 'unchanged'}."
        raise not_yet(room, missing, file, "another HEALTH_PATH", ROLL)
    if room.ask("POST", "/api/getSentiment", REVIEW).status != 200:
        raise NotYetError(
            "The service does not answer.",
            "`sentiment status --stage local` shows why; `make lesson-reset` repairs it.",
        )
    return "the broken revision was rolled back, and the old one answers"


def template(room: Room) -> str:
    """Lesson 19."""
    [api] = room.cloud.client("apigatewayv2").get_apis()["Items"]
    cors = {key.lower(): value for key, value in api["CorsConfiguration"].items()}
    seconds = cors["maxage"]
    if int(seconds) == 3600:
        missing = "Browsers may still cache the API's permission for 3600 seconds."
        raise not_yet(room, missing, "generator/stacks/api/stack.py", "another PREFLIGHT_SECONDS", DEPLOY)
    return f"CloudFormation changed the API: MaxAge is {seconds}"


def group(room: Room) -> str:
    """Lesson 20."""
    [found] = room.cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    if found["MinSize"] < 2:
        missing = f"The group's minimum is {found['MinSize']} instance."
        raise not_yet(room, missing, "scripts/stages.toml", "min_instances = 2 under [local]", DEPLOY)
    if found["MinSize"] >= found["MaxSize"]:
        raise NotYetError(
            f"The group's minimum is {found['MinSize']} instances and its maximum {found['MaxSize']}.",
            f"AWS refuses that: replacing an instance needs room for one more. Set min_instances to 2; run {DEPLOY}.",
        )
    return f"the group runs {found['MinSize']} to {found['MaxSize']} instances; desired are {found['DesiredCapacity']}"


def gateway(room: Room) -> str:
    """Lesson 24."""
    answer = room.ask("POST", "/api/feel", REVIEW)
    if answer.status == 404:
        missing = "POST /feel answers 404."
        raise not_yet(room, missing, "generator/stacks/api/stack.py", "add a route to the model's integration", DEPLOY)
    if "classification" not in answer.json:
        missing = f"POST /feel answers {answer.status} without a prediction."
        raise NotYetError(missing, "The route exists: which integration does its Target point at?")
    return "POST /feel reaches the model"


def tasks(room: Room) -> str:
    """Lesson 25."""
    state = room.service
    found = room.cloud.client("ecs").describe_task_definition(taskDefinition=state.task_definition)["taskDefinition"]
    memory = int(found["containerDefinitions"][0]["memory"])
    if memory == 192:
        missing = "A task still has 192 MiB."
        raise not_yet(room, missing, "scripts/stages.toml", "task_memory = 256 under [local]", DEPLOY)
    return f"{state.revision} runs with {memory} MiB a task"


def registry(room: Room) -> str:
    """Lesson 26."""
    known, now = history.images(room.cloud), released.current(room.cloud)
    newest = images.reference(room.root / "container")
    if not room.changed("container/sentiment") or newest not in known:
        missing = f"No image with changed files has run here; {now} runs."
        raise not_yet(room, missing, "container/sentiment", "a comment in one of its files", ROLL)
    if now == newest:
        raise NotYetError(
            f"The newest image runs, {now}.", "Roll back to the previous one: `sentiment rollback --stage local`."
        )
    return f"{len(known)} images are known, and {now} runs again"


def scaling(room: Room) -> str:
    """Lesson 27."""
    running = room.service.running
    if running < 3:
        raise NotYetError(f"{running} of 3 tasks run.", "Run `sentiment scale 3 --stage local`.")
    return f"{running} tasks share the requests"


def table(room: Room) -> str:
    """Lesson 28."""
    items = room.cloud.client("dynamodb").scan(TableName=room.outputs["JudgementsTableName"], ConsistentRead=True)[
        "Items"
    ]
    by_text = Counter(item["id"]["S"] for item in items)
    twice = [text for text, count in by_text.items() if count > 1]
    if not twice:
        raise NotYetError(
            "No text has two judgements.", "Judge the same text twice, each time with a new judgement id."
        )
    return f"{by_text[twice[0]]} judgements of one text are stored side by side; none replaced another"


def serverless(room: Room) -> str:
    """Lesson 29."""
    predicts, counts = room.ask("POST", "/api/getSentiment", REVIEW).status, room.ask("GET", "/api/getStats").status
    if predicts != 503:
        raise NotYetError(
            f"POST /getSentiment answers {predicts}: the tasks are awake.", "Run `sentiment sleep --stage local`."
        )
    if counts != 200:
        raise NotYetError(
            f"GET /getStats answers {counts}.", "It should not need the tasks; see `sentiment logs --stage local`."
        )
    return "the tasks are asleep, and the functions answer"


def microservices(room: Room) -> str:
    """Lesson 30."""
    answer = room.ask("POST", "/api/getSentiment", REVIEW).json
    if "letters" not in answer:
        missing = "POST /getSentiment has no field letters."
        raise not_yet(room, missing, "container/sentiment/answers.py", "add a field to the reply", ROLL)
    if answer["letters"] != len(REVIEW["review"]):
        raise NotYetError(
            f"It counts {answer['letters']} letters in {REVIEW['review']!r}.", f"Fix it, then run {ROLL}."
        )
    if room.ask("GET", "/api/getStats").status != 200:
        raise NotYetError("GET /getStats does not answer.", "Only the service should change: run `make lesson-reset`.")
    return f"the service counts {answer['letters']} letters, and the functions answer as before"


def pipeline(room: Room) -> str:
    """Lesson 31."""
    if not room.git("diff", "--name-only", "HEAD", "--", "templates"):
        edit = (
            "Run " if room.changed("generator") else "Change DRAIN_SECONDS in generator/stacks/service/stack.py, run "
        )
        raise NotYetError("The templates are unchanged since the last commit.", f"{edit}`make templates`.")
    done = subprocess.run([sys.executable, "-m", "generator", "--check"], cwd=room.root, capture_output=True)
    if done.returncode != 0:
        raise NotYetError("The gate would reject this: the templates are stale.", "Run `make templates`.")
    return "generator and templates changed together, as the gate requires"


CHECKS = {
    1: github,
    13: function,
    14: website,
    15: permissions,
    16: load_balancer,
    19: template,
    20: group,
    24: gateway,
    25: tasks,
    26: registry,
    27: scaling,
    28: table,
    29: serverless,
    30: microservices,
    31: pipeline,
}


def stacks_resource(room: Room, stack: str, logical_id: str) -> str:
    """Physical id of a resource."""
    name = f"sentiment-{room.cloud.stage}-{stack}"
    found = room.cloud.client("cloudformation").describe_stack_resources(StackName=name, LogicalResourceId=logical_id)
    return str(found["StackResources"][0]["PhysicalResourceId"])


def _title(html: str) -> str:
    match = re.search(r"<title>(.*?)</title>", html)
    return match[1] if match else ""
