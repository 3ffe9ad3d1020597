"""A release executed and undone: what each stack is given, what is restored, and what a first deployment leaves."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from generator.catalogue import CANARY
from scripts.app import page, receipt_keys
from scripts.app.lambdas import Package
from scripts.app.page import SiteChange
from scripts.cloudformation import apply
from scripts.cloudformation.apply import Before, Outcome
from scripts.cloudformation.plan import make_plan
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.templates import parse
from scripts.image import kept
from scripts.release import back, smoke
from scripts.release.execute import execute
from scripts.release.execution import Execution
from scripts.release.plans import Release
from scripts.stage import history
from scripts.stage.errors import (
    AccessDeniedError,
    ApiClosedError,
    InterruptedDeployError,
    LockLostError,
    SmokeTestError,
)
from scripts.stage.settings import Settings
from tests.unit.scripts.stubs import STACK_ID, TEMPLATE

OURS = {"project": "sentiment", "stage": "dev"}
SETTINGS = Settings("dev", {"site_api_url": "/api"})
OLD = "Resources: {Old: {Type: 'AWS::SNS::Topic'}}"
NETWORK = parse("network", "Resources: {A: {Type: x}}\nOutputs: {VpcId: {Value: x}, OldId: {Value: x}}")
API = parse("api", "Parameters: {VpcId: {Type: String}}\nResources: {A: {Type: x}}")
OTHER = {"Gone": "1"}  # parameters of a stack that is not what its template says
UPLOADED = SiteChange(["index.html"], [], 0, before={"index.html": b"old"})


def found(stack, **more):
    return StackState(f"sentiment-dev-{stack}", STACK_ID, "CREATE_COMPLETE", tags=OURS, **more)


def release(*templates, there=(), **more):
    states = {state.name: state for state in there}
    plan = make_plan("dev", templates, {}, {}, states)
    return Release(SETTINGS, plan, public_url="http://page", **more)


@pytest.fixture
def brought_up(monkeypatch):
    """What CloudFormation is asked for, instead of asking it; each stack is changed, `before` says from what."""
    asked = []
    before: dict[str, Before] = {}

    def bring_up(_work, step, parameters, _bucket, _state):
        asked.append((step.stack, step.template.body, dict(parameters)))
        return Outcome({"VpcId": "v"} if step.stack == "network" else {}, changed=True, before=before.get(step.stack))

    monkeypatch.setattr(apply, "bring_up", bring_up)
    return asked, before


@pytest.fixture
def failing(monkeypatch):
    """A smoke test that does not pass."""

    def fail(*_arguments, **_options):
        raise SmokeTestError("The page is empty.", "what to do")

    monkeypatch.setattr(smoke, "smoke_test", fail)


@pytest.fixture
def uploads(monkeypatch):
    """The page is uploaded, and goes back, without a bucket."""
    undone = []

    def go_back(_cloud, _outputs, change):
        undone.append(change)
        return not change.first and change.changed

    monkeypatch.setattr(page, "upload", lambda *_: UPLOADED)
    monkeypatch.setattr(page, "go_back", go_back)
    return undone


def test_each_stack_is_given_what_those_before_it_put_out(work, brought_up):
    asked, _ = brought_up
    outputs = execute(work, release(NETWORK, API))
    assert [(stack, parameters) for stack, _, parameters in asked] == [("network", {}), ("api", {"VpcId": "v"})]
    assert outputs == {"VpcId": "v"}


def test_an_output_that_was_switched_off_is_not_handed_on(work, brought_up):
    network = found("network", outputs={"VpcId": "old", "OldId": "old"}, parameters={"Gone": "1"})
    there = network, found("site", outputs={"SiteUrl": "u"})
    assert execute(work, release(NETWORK, there=there)) == {"VpcId": "v", "SiteUrl": "u"}


def test_a_stack_that_is_so_already_is_left_alone(work, brought_up, answers, reporter):
    asked, _ = brought_up
    state = found("data", parameters={"Stage": "dev"}, outputs={"TableName": "t"})
    answers.remembered()
    assert execute(work, release(parse("data", TEMPLATE), there=[state])) == {"TableName": "t"}
    assert asked == []
    assert reporter.said == [("data", "waiting"), ("data", "working"), ("data", "unchanged")]


def test_the_stack_about_which_a_call_was_refused_is_shown_as_failed(work, answers, reporter):
    answers.stubber.add_client_error("get_template", "ExpiredToken", "the words of AWS")
    state = found("data", parameters={"Stage": "dev"})
    with pytest.raises(ClientError):
        execute(work, release(parse("data", TEMPLATE), there=[state]))
    assert reporter.said == [("data", "waiting"), ("data", "working"), ("data", "failed")]


def test_ctrl_c_starts_nothing_new_and_says_what_is_missing(work, brought_up):
    work.interrupt.press()
    with pytest.raises(InterruptedDeployError, match=r"Not deployed: network, api\."):
        execute(work, release(NETWORK, API))
    assert brought_up[0] == []


@pytest.mark.parametrize(("wanted", "protected", "calls"), [("true", False, 1), ("true", True, 0), ("false", False, 0)])
def test_what_holds_data_is_protected_once_where_the_stage_asks(work, cloud, brought_up, wanted, protected, calls):
    for _ in range(calls):
        cloud.stub("cloudformation").add_response(
            "update_termination_protection",
            {},
            {"EnableTerminationProtection": True, "StackName": "sentiment-dev-data"},
        )
    state = found("data", protected=protected)
    made = release(parse("data", TEMPLATE), there=[state])
    execute(work, replace(made, settings=Settings("dev", {"deletion_protection": wanted})))


def test_lambda_code_is_uploaded_for_a_stack_that_runs_it_and_is_changed(work, cloud, brought_up):
    api = parse("api", "Parameters: {LambdaCodeKey: {Type: String}}\nResources: {A: {Type: x}}")
    there = {"sentiment-dev-artifacts": found("artifacts", outputs={"ArtifactsBucketName": "b"})}
    plan = make_plan("dev", [api], {"LambdaCodeKey": "lambda/1.zip"}, {}, there)
    cloud.stub("s3").add_response("head_object", {}, {"Bucket": "b", "Key": "lambda/1.zip"})
    execute(work, Release(SETTINGS, plan, Package("lambda/1.zip", b"")))


# --- going back ------------------------------------------------------------------------------------------------


def test_a_first_deployment_that_fails_its_test_is_left_as_it_is(work, brought_up, failing, uploads):
    asked, _ = brought_up
    with pytest.raises(SmokeTestError) as raised:
        execute(work, release(NETWORK, API, page=True, smoke_test=True))
    assert raised.value.message == (
        "The page is empty.\nThis was the first deployment: it is left in place so that you can inspect it."
    )
    assert [stack for stack, _, _ in asked] == ["network", "api"]
    assert uploads == []


def test_a_later_release_that_fails_is_undone_and_what_is_new_is_left(
    work, brought_up, failing, uploads, answers, cloud
):
    asked, before = brought_up
    before["network"] = Before(OLD, {"Zones": "a"})
    answers.stack("UPDATE_COMPLETE", parameters={"Zones": "b"})
    there = [found("service"), found("network", parameters={"Zones": "b"})]
    with pytest.raises(SmokeTestError) as raised:
        execute(work, release(NETWORK, API, there=there, page=True, smoke_test=True))
    assert raised.value.message == (
        "The page is empty.\nRestored to the previous state: network, the page. New, and left in place: api."
    )
    assert raised.value.next_step == "what to do"
    assert asked[2:] == [("network", OLD, {"Zones": "a"})]
    assert uploads == [UPLOADED]


def test_a_canary_that_had_been_left_does_not_come_back(work, brought_up, failing, answers):
    asked, before = brought_up
    before["network"] = Before(OLD, {CANARY.image: "left", "Zones": "a"})
    answers.stack("UPDATE_COMPLETE", parameters={CANARY.image: "", "Zones": "b"})
    with pytest.raises(SmokeTestError, match="Restored to the previous state: network"):
        execute(work, release(NETWORK, there=[found("service")], smoke_test=True))
    assert asked[-1] == ("network", OLD, {CANARY.image: "", "Zones": "a"})


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (KeyError("receipt"), "KeyError: 'receipt' (test_execute.py, line "),
        (ClientError({"Error": {"Code": "ExpiredToken", "Message": "late"}}, "GetParameter"), "session has expired"),
        (AccessDeniedError("Access denied (GetParameter).", "Add it."), "Access denied (GetParameter)."),
    ],
    ids=["a bug", "AWS", "ours"],
)
@pytest.mark.parametrize("of", ["smoke_test", "export_token"])
def test_a_release_whose_test_ends_in_an_error_of_its_own_is_undone(
    work, brought_up, uploads, answers, monkeypatch, trouble, told, of
):
    asked, before = brought_up
    before["network"] = Before(OLD, {})
    answers.stack("UPDATE_ROLLBACK_COMPLETE")

    def broken(*_arguments, **_options):
        raise trouble

    monkeypatch.setattr(smoke, of, broken)
    made = release(NETWORK, there=[found("service")], page=True, smoke_test=True)
    with pytest.raises(SmokeTestError) as raised:
        execute(work, made)
    assert told in raised.value.message
    assert "Restored to the previous state: network, the page." in raised.value.message
    assert asked[-1] == ("network", OLD, {})
    assert raised.value.next_step


@pytest.mark.parametrize("trouble", [LockLostError("It was taken over."), InterruptedDeployError("Ctrl-C")])
def test_who_lost_the_lock_or_pressed_ctrl_c_in_the_test_undoes_nothing(
    work, brought_up, uploads, monkeypatch, trouble
):
    def stopped(*_arguments, **_options):
        raise trouble

    monkeypatch.setattr(smoke, "smoke_test", stopped)
    with pytest.raises(type(trouble)):
        execute(work, release(NETWORK, there=[found("service")], page=True, smoke_test=True))
    assert uploads == []
    assert len(brought_up[0]) == 1


def test_a_release_that_changed_nothing_says_so(work, failing, answers):
    state = found("data", parameters={"Stage": "dev"})
    answers.remembered()
    with pytest.raises(SmokeTestError, match="This release changed nothing"):
        execute(work, release(parse("data", TEMPLATE), there=[state, found("service")], smoke_test=True))


def test_a_way_back_that_aws_refuses_is_told_beside_the_reason_for_it(work, brought_up, failing, answers):
    _, before = brought_up
    before["network"] = Before(OLD, {})
    answers.stubber.add_client_error("describe_stacks", "AccessDenied", "the words of AWS")
    with pytest.raises(SmokeTestError) as raised:
        execute(work, release(NETWORK, there=[found("service")], smoke_test=True))
    assert raised.value.message.startswith("The page is empty.\nRolling back failed too: Access denied")


def test_ctrl_c_before_the_way_back_does_not_stop_it(work, brought_up, failing, answers):
    _, before = brought_up
    before["network"] = Before(OLD, {})
    answers.stack("UPDATE_ROLLBACK_COMPLETE")
    made = release(NETWORK, there=[found("service")], smoke_test=True)
    with pytest.raises(SmokeTestError, match="previous state: network"):
        execute(work, made, lambda _outputs: work.interrupt.press())
    assert not work.interrupt.stopping


def test_ctrl_c_during_the_way_back_does_not_stop_it(work, brought_up, failing, answers, monkeypatch, reporter):
    _, before = brought_up
    before["network"] = Before(OLD, {})
    answers.stack("UPDATE_ROLLBACK_COMPLETE")
    restore = back._restore

    def pressed(execution):
        work.interrupt.press()
        assert not work.interrupt.stopping
        return restore(execution)

    monkeypatch.setattr(back, "_restore", pressed)
    with pytest.raises(SmokeTestError, match="previous state: network"):
        execute(work, release(NETWORK, there=[found("service")], smoke_test=True))
    assert back.ON_CTRL_C in reporter.said


def test_an_image_is_remembered_once_it_has_passed_and_not_before(work, brought_up, monkeypatch):
    remembered: list[tuple[str, str]] = []
    seen: list[object] = []
    monkeypatch.setattr(history, "remember_image", lambda _cloud, *images: remembered.append(images))
    monkeypatch.setattr(smoke, "smoke_test", lambda *_, **__: seen.append(list(remembered)))
    made = release(NETWORK, there=[found("service")], smoke_test=True, image="new", image_before="old")
    execute(work, made, seen.append)
    assert seen == [{"VpcId": "v"}, []]
    assert remembered == [("new", "old", None)]


def test_a_registry_that_lets_no_image_go_fails_no_release(work, brought_up, monkeypatch, reporter):
    def refused(*_arguments):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListImages")

    monkeypatch.setattr(kept, "keep_only", refused)
    monkeypatch.setattr(history, "remember_image", lambda *_: ["r@sha256:b", "r@sha256:a"])
    there = [found("registry", outputs={"RepositoryUri": "r"}), found("service"), found("network", parameters=OTHER)]
    execute(work, release(NETWORK, there=there, image="r@sha256:b", image_before="r@sha256:a"))
    assert "The registry keeps images that nothing needs any more. Access denied (ListImages: no)." in reporter.said[-1]


def test_a_release_without_a_service_makes_no_key(work, brought_up, monkeypatch):
    monkeypatch.setattr(receipt_keys, "ensure", lambda _cloud: pytest.fail("no service needs one"))
    execute(work, release(NETWORK))
    assert Execution(work, release(NETWORK)).outputs == {}


def test_a_closed_api_undoes_nothing_and_proves_no_image(work, brought_up, uploads, monkeypatch, reporter):
    def closed(*_arguments, **_options):
        raise ApiClosedError("The API is closed.", "what to do")

    monkeypatch.setattr(smoke, "smoke_test", closed)
    monkeypatch.setattr(history, "remember_image", lambda *_: pytest.fail("its image was not tested"))
    execute(work, release(NETWORK, there=[found("network", parameters=OTHER)], image="new", page=True, smoke_test=True))
    assert uploads == []
    assert "The API is closed. what to do" in str(reporter.said)
