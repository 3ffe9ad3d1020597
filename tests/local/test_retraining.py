"""The whole circle on a laptop cloud of its own: judge 300 sentences, retrain, promote, see the new model, go back.

Once with something to learn, a ship crew's own words for feelings (tests/jargon.py): the rule has to promote by merit.
And once with 300 sentences as people write them, of which a model that has learned such may not become better; then
force is tried. They are from tests/data/players.tsv, which no model has learned from; with DATA=path/to/isear.csv in
the environment they are accounts of the base data's validation part. Not the regression set: nobody trains on that.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.cloudformation.stacks import collect_outputs
from scripts.image import content
from tests import jargon
from tests.local.checkout import share_environments
from tests.local.running import RunningApp, start_and_wait

pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed: `make train-env` installs it")

pytestmark = [pytest.mark.torch, pytest.mark.timeout(600)]  # minutes of computing on a machine that does other things
SENTENCES = 300
ALL_AT_ONCE = "--hurried --seed 1"  # all judgements come within a minute, as no people send them
NEEDED = ("scripts", "generator", "container", "lambda_src", "templates", "site", "Makefile", "pyproject.toml")


@pytest.fixture
def own_app(tmp_path: Path) -> Iterator[RunningApp]:
    """A cloud whose table holds these judgements and no others, and whose rolls trouble nobody else."""
    running = start_and_wait(tmp_path / "state")
    yield running
    running.close()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this checkout, whose model may be replaced."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy / name)
    share_environments(copy)
    return copy


def sentences() -> list[tuple[str, str]]:
    """Text and the label that a person gives it."""
    if given := os.environ.get("DATA"):
        from training.texts import data

        keys = set(
            json.loads((content.CONTAINER_DIR / "model" / "split.json").read_text(encoding="utf-8"))["validation"]
        )
        return [(row.text, row.label) for row in data.read(Path(given)) if row.key in keys][:SENTENCES]
    lines = (ROOT / "tests" / "data" / "players.tsv").read_text(encoding="utf-8").splitlines()
    return [(text, label) for label, _, text in (line.partition("\t") for line in lines)][:SENTENCES]


def make(checkout: Path, app: RunningApp, target: str, *options: str) -> str:
    """What a target of the Makefile prints, run on the environment that is there."""
    there = [option for stamp in (".app", ".train") for option in ("-o", f".venv/{stamp}")]
    done = subprocess.run(
        ["make", "--silent", *there, target, f"PY={sys.executable}", "STAGE=local", *options],
        cwd=checkout,
        env={**{name: value for name, value in os.environ.items() if name != "DATA"}, "STATE": str(app.state)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def judge(app: RunningApp, text: str, label: str) -> str:
    """Ask, and answer as a person does; what became of it."""
    prediction = app.request("POST", "/api/getSentiment", {"review": text})
    assert prediction.status == 200, prediction.body
    judgement = {"review": text, "sentiment": label, "judgement": str(uuid.uuid4())}
    proof = {key: prediction.json[key] for key in ("receipt",) if key in prediction.json}  # none where care is needed
    reply = app.request("POST", "/api/setSentiment", judgement | proof)
    assert reply.status == 200, reply.body
    return str(reply.json["verdict"])


def judge_all(app: RunningApp, sentences: Sequence[tuple[str, str]]) -> set[str]:
    """What became of the judgements of several people at a time."""
    with ThreadPoolExecutor(4) as people:
        return set(people.map(lambda one: judge(app, *one), sentences))


def right(app: RunningApp, sentences: Sequence[tuple[str, str]]) -> float:
    """Share of the texts of which the model that answers says what their label is."""
    answers = [app.request("POST", "/api/getSentiment", {"review": text}).json for text, _ in sentences]
    best = [max(answer["scores"], key=answer["scores"].__getitem__) for answer in answers]
    return sum(one == label for one, (_, label) in zip(best, sentences, strict=True)) / len(sentences)


def serving(app: RunningApp) -> tuple[str, int]:
    """The model that answers, and the number of the task-definition revision that runs."""
    model = app.request("POST", "/api/getSentiment", {"review": "We won!"}).json["model"]
    outputs = collect_outputs(app.cloud)
    [service] = app.cloud.client("ecs").describe_services(
        cluster=outputs["ClusterName"], services=[outputs["ServiceName"]]
    )["services"]
    return model, int(service["taskDefinition"].rpartition(":")[2])


def test_what_people_agree_on_is_promoted_by_merit(own_app: RunningApp, checkout: Path) -> None:
    old, revision = serving(own_app)
    taught = jargon.sentences(SENTENCES)
    assert right(own_app, taught) < 0.4
    assert judge_all(own_app, taught) == {"approved", "revised"}

    found = json.loads(make(checkout, own_app, "retrain", f"ARGS=--json {ALL_AT_ONCE}"))
    assert (found["promoted"], found["forced"], found["from"]) == (True, False, old), found["decision"]
    assert found["held_out"]["texts"] > 40
    assert found["held_out"]["new"] > 0.7
    assert found["to"] in make(checkout, own_app, "promote")
    assert serving(own_app) == (found["to"], revision + 1)
    assert right(own_app, taught) > 0.7

    make(checkout, own_app, "rollback")
    assert serving(own_app)[0] == old
    assert right(own_app, taught) < 0.4


def test_judgements_become_a_better_model_that_serves_and_can_be_taken_back(
    own_app: RunningApp, checkout: Path
) -> None:
    old, revision = serving(own_app)
    assert len(sentences()) == SENTENCES
    verdicts = judge_all(own_app, sentences())
    assert verdicts - {"unprompted"} == {"approved", "revised"}  # a text that needs care is given no receipt

    found = json.loads(make(checkout, own_app, "retrain", f"ARGS=--json {ALL_AT_ONCE}"))
    assert found["held_out"]["texts"] > 40
    if not found["promoted"]:
        # Where a model has learned such texts already, 200 more rarely better it; then the circle goes on by force.
        assert content.model_revision(checkout / "container") == old
        found = json.loads(make(checkout, own_app, "retrain", f"ARGS=--json --force {ALL_AT_ONCE}"))
        assert found["forced"]
    assert found["promoted"] and found["from"] == old
    new = found["to"]
    assert content.model_revision(checkout / "container") == new != old
    assert (checkout / "build" / "retrain" / "report.md").is_file()
    assert content.model_revision() == old  # this checkout's model is as it was

    assert new in make(checkout, own_app, "promote")
    assert serving(own_app) == (new, revision + 1)
    assert judge(own_app, "What a night, we won and danced until dawn", "joy") in {"approved", "revised"}
    assert new in {one["model"] for one in own_app.request("GET", "/api/getStats").json["models"]}

    make(checkout, own_app, "rollback")
    model, after = serving(own_app)
    assert model == old
    assert after > revision
