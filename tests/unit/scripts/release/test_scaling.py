"""Changing a stack's parameters alone, as scaling and a canary do: one call, which the pipeline's role may make."""

from __future__ import annotations

import pytest

from scripts.cloudformation import apply, stacks, templates
from scripts.cloudformation.apply import Before, Outcome
from scripts.cloudformation.changesets import make
from scripts.cloudformation.plan import Step
from scripts.cloudformation.stacks import StackState
from scripts.release import canary, scaling
from scripts.stage.session import tags
from scripts.stage.settings import Settings
from tests.contracts import evaluating
from tests.unit.scripts.stubs import CHANGE_SET_ID, STACK_ID, TEMPLATE

ROLE = f"arn:aws:iam::{evaluating.ACCOUNT}:role/sentiment-dev-pipeline-DeployRole-1"
REPOSITORY: dict[str, str | int] = {"pipeline_repository": "example/sentiment"}


def state(stack, **more):
    return StackState(f"sentiment-dev-{stack}", STACK_ID, "UPDATE_COMPLETE", tags=tags("dev"), **more)


@pytest.fixture
def deployed(monkeypatch, cloud):
    """A stage that pipelines deploy, with its service's template."""
    there = [state("service", parameters={"CanaryImageUri": ""}), state("pipeline", outputs={"DeployRoleArn": ROLE})]
    monkeypatch.setattr(stacks, "of_stage", lambda _: there)
    body = {"TemplateBody": templates.load("service").body}
    cloud.stub("cloudformation").add_response("get_template", body)


@pytest.fixture
def asked(cloud):
    """What is asked of CloudFormation when a change set is made."""
    made = []
    events = cloud.client("cloudformation").meta.events
    events.register("before-parameter-build.cloudformation.CreateChangeSet", lambda params, **_: made.append(params))
    return made


def recorded(monkeypatch, cloud):
    """Make the change set of the step that is brought up, and nothing more."""

    def bring_up(_work, step, parameters, bucket, _state):
        make(cloud, step, parameters, bucket, creates=False)
        return Outcome({}, changed=True)

    stub = cloud.stub("cloudformation")
    stub.add_response("create_change_set", {"Id": CHANGE_SET_ID, "StackId": STACK_ID})
    stub.add_response("describe_change_set", {"ChangeSetId": CHANGE_SET_ID, "Status": "CREATE_COMPLETE"})
    monkeypatch.setattr(apply, "bring_up", bring_up)


def test_a_canary_comes_by_a_call_that_the_service_pipelines_role_may_make(work, cloud, deployed, asked, monkeypatch):
    recorded(monkeypatch, cloud)
    scaling.set_parameters(work, Settings("dev", REPOSITORY), canary.STACK, {"CanaryImageUri": "new"})
    (call,) = asked
    assert call["RoleARN"] == ROLE
    questions = list(evaluating.asked("cloudformation", "CreateChangeSet", call))
    assert [each.arn for each in questions if each.action == "iam:PassRole"] == [ROLE]
    assert evaluating.refused(evaluating.Role("ServiceRole", "dev"), questions) == []


def test_without_a_boundary_the_callers_rights_are_used_as_for_all_stacks(work, cloud, deployed, asked, monkeypatch):
    recorded(monkeypatch, cloud)
    scaling.set_parameters(work, Settings("dev", {"pipeline_repository": ""}), canary.STACK, {"CanaryImageUri": "new"})
    assert "RoleARN" not in asked[0]


def test_a_stack_goes_back_with_the_role_that_it_came_with():
    step = Step(templates.parse("data", TEMPLATE), "sentiment-dev-data", {}, {"Stage": "dev"}, ROLE)
    assert apply.step_back(step, Before(TEMPLATE, {"Stage": "dev"}), None).role == ROLE
