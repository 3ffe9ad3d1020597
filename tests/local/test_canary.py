"""A canary on the laptop cloud: it takes its share of real requests, and then the roll goes on or back, by a rule."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.catalogue import CANARY
from scripts import ROOT
from scripts.cloudformation import stacks
from scripts.cloudformation.work import Work, changing
from scripts.release import canary, comparing, images, scaling
from scripts.release.comparing import Seen
from scripts.stage import history, settings
from scripts.stage.reporter import Reporter
from tests.local.conftest import Run
from tests.local.running import RunningApp
from tests.local.test_roll import Service, Traffic, another_image, eventually

LONG = "20"  # minutes: longer than the test may last, so that whatever ends before has been ended
BRIEF = "0.05"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is slow: on a busy machine those of a task that has just started may be (tests/unit judges speed)."""
    monkeypatch.setattr(comparing, "NOTICED_MILLISECONDS", float("inf"))
    monkeypatch.setattr(comparing, "FEWEST", 5)


@pytest.fixture
def service(own: RunningApp, run: Run) -> Service:
    """The service with this checkout's image, whatever another test has left."""
    run("roll")
    return Service(own)


@pytest.fixture
def before(own: RunningApp, service: Service) -> Iterator[str]:
    """The image that runs; nothing of a canary may be left after the test."""
    image = images.current(own.cloud)
    yield image
    [state] = [state for state in stacks.of_stage(own.cloud) if CANARY.image in state.parameters]
    assert state.parameters[CANARY.image] == ""
    assert CANARY.name not in state.outputs
    names = service.ecs.list_services(cluster=service.cluster)["serviceArns"]
    assert [name.rpartition("/")[2] for name in names] == [service.name]
    [target] = own.cloud.client("elbv2").describe_target_groups()["TargetGroups"]
    found = own.cloud.client("elbv2").describe_target_health(TargetGroupArn=target["TargetGroupArn"])
    assert len(found["TargetHealthDescriptions"]) == len(service.tasks())


def changed(app: RunningApp, folder: Path, file: str, old: str, new: str) -> str:
    """This checkout's image with a line that is another one."""

    def change(copy: Path) -> None:
        path = copy / "sentiment" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return another_image(app, folder, change)


def another_model(app: RunningApp, folder: Path, revision: str) -> str:
    """This checkout's image, whose model gives itself out as another revision."""
    return changed(app, folder, "model.py", "self.revision = _verified_revision(path)", f"self.revision = {revision!r}")


class People(Traffic):
    """Visitors who judge each prediction, and disagree with one model.

    Args:
        app: which they use.
        disliked: the model.
    """

    def __init__(self, app: RunningApp, disliked: str) -> None:
        super().__init__(app)
        self.answered: set[str] = set()
        self._disliked = disliked
        self._numbers = itertools.count()

    def _visit(self) -> None:
        while not self._ends.is_set():
            asked = {"review": f"I am so happy today, number {next(self._numbers)}"}
            answer = self._app.request("POST", "/api/getSentiment", asked)
            self.statuses.append(answer.status)
            if answer.status != 200:
                self.failures.append(answer)
                continue
            found = answer.json
            self.answered.add(found["model"])
            said = found["classification"] or "joy"
            if found["model"] == self._disliked:
                said = "anger" if said != "anger" else "joy"
            judgement = {**asked, "sentiment": said, "judgement": str(uuid.uuid4()), "receipt": found["receipt"]}
            reply = self._app.request("POST", "/api/setSentiment", judgement)
            if reply.status != 200:
                self.failures.append(reply)


def test_a_canary_that_is_no_worse_becomes_the_revision(
    own: RunningApp, run: Run, service: Service, before: str, tmp_path: Path
) -> None:
    new = another_model(own, tmp_path, "0123456789ab")
    with People(own, disliked="") as people:
        said = run("roll", "--image", new, "--canary", BRIEF).stderr

    assert people.failures == []
    assert service.images() == {new}
    assert "The canary was no worse" in said
    assert "judgements agree with it" in said
    assert history.images(own.cloud)[:2] == [new, before]


def test_a_canary_that_answers_500_goes_back_by_itself(
    own: RunningApp, run: Run, service: Service, before: str, tmp_path: Path
) -> None:
    bad = changed(own, tmp_path, "app.py", "question = read_question(request)", "raise RuntimeError")
    with Traffic(own) as traffic:
        said = run("roll", "--image", bad, "--canary", LONG, code=1).stderr
        already = len(traffic.failures)
        after = len(traffic.statuses)
        eventually(lambda: len(traffic.statuses) > after + 20)

    assert "was worse than what runs" in said and "predictions failed" in said
    assert service.images() == {before}
    assert history.images(own.cloud)[0] == before
    # Only what the canary itself answered has failed, and nothing once it was gone.
    assert {answer.status for answer in traffic.failures} == {500}
    assert len(traffic.failures) == already
    assert traffic.statuses.count(200) > 0


def test_a_canary_that_people_disagree_with_goes_back_and_fails_no_request(
    own: RunningApp, run: Run, service: Service, before: str, tmp_path: Path
) -> None:
    bad = another_model(own, tmp_path, "badbadbadbad")
    people = People(own, disliked="badbadbadbad")
    with people:
        said = run("promote", "--canary", BRIEF).stderr  # this checkout's image runs already
        assert "runs already" in said
        said = run("roll", "--image", bad, "--canary", LONG, code=1).stderr

    assert "people disagreed with" in said
    assert people.failures == []
    assert len(people.answered) == 2
    assert service.images() == {before}


def test_an_interrupted_canary_goes_back(own: RunningApp, service: Service, before: str, tmp_path: Path) -> None:
    new = another_model(own, tmp_path, "cccccccccccc")
    command = [sys.executable, "-m", "scripts", "roll", "--stage", "local", "--image", new, "--canary", LONG]
    environment = {**os.environ, "STATE": str(own.state)}
    with Traffic(own, visitors=1) as traffic:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        said: list[str] = []
        assert process.stderr is not None
        listener = threading.Thread(target=said.extend, args=(process.stderr,), daemon=True)
        listener.start()
        eventually(lambda: any("A canary runs" in line for line in said))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130, said
        listener.join(60)

    assert "the canary is removed" in "".join(said)
    assert traffic.failures == []
    assert service.images() == {before}


def test_the_next_roll_removes_what_a_killed_canary_has_left(
    own: RunningApp, run: Run, service: Service, before: str, tmp_path: Path
) -> None:
    leave_canary(own, another_model(own, tmp_path, "dddddddddddd"))
    with Traffic(own, visitors=1) as traffic:
        run("roll", "--image", before)

    assert traffic.failures == []
    assert service.images() == {before}


def test_ctrl_c_at_the_end_of_the_comparison_stops_the_roll_too(
    own: RunningApp, run: Run, service: Service, before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = another_model(own, tmp_path, "eeeeeeeeeeee")

    def nothing_against(work: Work, *_: object) -> tuple[Seen, Seen, list[str]]:
        work.interrupt.press()
        return Seen(), Seen(), []

    monkeypatch.setattr(canary, "_compare", nothing_against)
    assert "the canary is removed" in run("roll", "--image", new, "--canary", LONG, code=130).stderr
    assert service.images() == {before}


def leave_canary(own: RunningApp, image: str) -> str:
    """What a killed command leaves: a canary, of whatever image; the name of its service."""
    with changing(own.cloud, Reporter(), "roll") as work:
        scaling.set_parameters(work, settings.load("local"), canary.STACK, {CANARY.image: image})
    return stacks.collect_outputs(own.cloud)[CANARY.name]


def test_a_stage_that_sleeps_has_no_canary_left(own: RunningApp, run: Run, service: Service, before: str) -> None:
    name = leave_canary(own, before)
    assert f"Canary {before}: its command was killed; `sentiment roll --stage local --image {before}`" in (
        run("status").stdout
    )
    try:
        run("sleep")
        tasks = service.ecs.list_tasks(cluster=service.cluster)["taskArns"]
        found = service.ecs.describe_services(cluster=service.cluster, services=[name])["services"]
        assert tasks == []
        assert not [each for each in found if each["status"] == "ACTIVE"]
    finally:
        run("wake")


def test_a_canary_that_somebody_has_deleted_stops_no_roll(
    own: RunningApp, run: Run, service: Service, before: str
) -> None:
    name = leave_canary(own, before)
    service.ecs.delete_service(cluster=service.cluster, service=name, force=True)
    run("roll", "--image", before)
    assert service.images() == {before}
