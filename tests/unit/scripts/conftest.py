"""What the orchestrator's unit tests share: a stubbed cloud, and what works on it."""

import pytest

from scripts.cloudformation.plan import Step
from scripts.cloudformation.templates import parse
from scripts.cloudformation.work import Work
from scripts.stage.interrupt import Interrupt
from tests.unit.scripts.stubs import TEMPLATE, Answers, Recorder, StubbedCloud


@pytest.fixture
def cloud():
    made = StubbedCloud()
    yield made
    for stubber in made.stubbers.values():
        stubber.assert_no_pending_responses()


@pytest.fixture
def reporter():
    return Recorder()


@pytest.fixture
def work(cloud, reporter):
    return Work(cloud, reporter, Interrupt())


@pytest.fixture
def step():
    return Step(parse("data", TEMPLATE), "sentiment-dev-data", {}, {"Stage": "dev"})


@pytest.fixture
def answers(cloud):
    return Answers(cloud)
