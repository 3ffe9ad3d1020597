"""One stack brought to its template, in every state it can be found in, against recorded answers of CloudFormation."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from scripts.cloudformation import apply, changesets, stacks
from scripts.cloudformation.plan import Step
from scripts.cloudformation.templates import parse
from scripts.stage.errors import (
    DataAtRiskError,
    InterruptedDeployError,
    StackFailedError,
    explain,
)
from scripts.stage.interrupt import Interrupt
from tests.unit.scripts.stubs import STACK_ID, TAGS, TEMPLATE

STACK = "sentiment-dev-data"
PARAMETERS = {"Stage": "dev"}
SSM_IMAGE = "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"


def bring_up(work, step):
    return outcome(work, step).outputs


def outcome(work, step):
    return apply.bring_up(work, step, PARAMETERS, None, stacks.describe(work.cloud, STACK))


def is_so_already(cloud, step, parameters=PARAMETERS):
    return apply.is_so_already(cloud, step, parameters, stacks.describe(cloud, STACK))


def test_creates_a_stack_that_is_not_there_and_tells_each_purpose(work, step, answers, reporter):
    answers.creation_begins()
    answers.stack("CREATE_IN_PROGRESS")
    answers.events(
        ("2", "Table", "CREATE_IN_PROGRESS"), ("1", STACK, "CREATE_IN_PROGRESS"), ("0", STACK, "REVIEW_IN_PROGRESS")
    )
    answers.stack("CREATE_COMPLETE", outputs={"TableName": "t"})
    answers.events(
        ("4", STACK, "CREATE_COMPLETE"),
        ("3", "Table", "CREATE_COMPLETE"),
        ("2", "Table", "CREATE_IN_PROGRESS"),
        ("1", STACK, "CREATE_IN_PROGRESS"),
        ("0", STACK, "REVIEW_IN_PROGRESS"),
    )

    assert bring_up(work, step) == {"TableName": "t"}
    assert reporter.said == [
        ("data", "Table", "CREATE_IN_PROGRESS", "Keeps what people said"),
        ("data", "Table", "CREATE_COMPLETE", "Keeps what people said"),
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
        "There are no changes to deploy. Stack sentiment-dev-data is up to date",
    ],
)
def test_a_change_set_without_changes_is_success_and_is_deleted(work, step, answers, reason):
    answers.stack("UPDATE_COMPLETE", outputs={"TableName": "t"})
    answers.change_set_made()
    answers.change_set("FAILED", reason)
    answers.discarded()

    assert outcome(work, step) == apply.Outcome({"TableName": "t"}, changed=False)


def test_a_change_set_is_made_for_the_role_that_cloudformation_deploys_with(work, step, answers):
    role = "arn:aws:iam::123456789012:role/deploy"
    answers.stack("UPDATE_COMPLETE", outputs={"TableName": "t"})
    answers.change_set_made(RoleARN=role)
    answers.change_set("FAILED", "The submitted information didn't contain changes.")
    answers.discarded()
    assert not outcome(work, replace(step, role=role)).changed


def test_a_stack_that_is_so_already_needs_no_change_set(cloud, step, answers):
    answers.stack("UPDATE_COMPLETE", outputs={"TableName": "t"}, parameters=PARAMETERS)
    answers.remembered()

    assert is_so_already(cloud, step)


def test_a_stack_that_is_not_there_is_not_so_already(cloud, step):
    assert not apply.is_so_already(cloud, step, PARAMETERS, None)


@pytest.mark.parametrize(
    "different",
    [
        {"status": "UPDATE_ROLLBACK_COMPLETE"},
        {"parameters": {"Stage": "prod"}},
        {"parameters": {**PARAMETERS, "Old": "1"}},
        {"tags": [*TAGS, {"Key": "team", "Value": "blue"}]},
    ],
)
def test_only_what_is_the_same_in_all_respects_is_so_already(cloud, step, answers, different):
    answers.stack(**{"status": "UPDATE_COMPLETE", "parameters": PARAMETERS, **different})

    assert not is_so_already(cloud, step)


def test_another_template_is_a_change(cloud, step, answers):
    answers.stack("UPDATE_COMPLETE", parameters=PARAMETERS)
    older = {"TemplateBody": step.template.body + "# older"}
    answers.stubber.add_response("get_template", older, {"StackName": STACK_ID, "TemplateStage": "Original"})

    assert not is_so_already(cloud, step)


def test_a_dynamic_reference_may_find_something_else(cloud, step, answers):
    resolving = replace(step, template=parse("data", f"{TEMPLATE}# {{{{resolve:ssm:/name}}}}"))
    answers.stack("UPDATE_COMPLETE", parameters=PARAMETERS)

    assert not is_so_already(cloud, resolving)


@pytest.mark.parametrize(
    ("shows", "stored", "same"),
    [("Found", "ami-1", True), ("Found", "ami-2", False), ("Found", None, False), ("Other", "ami-1", False)],
)
def test_what_is_looked_up_is_compared_with_what_the_stack_shows(cloud, step, answers, shows, stored, same):
    body = TEMPLATE.replace("Parameters:", f"Parameters:\n  Image: {{Type: {SSM_IMAGE}, Default: /newest}}")
    body += f"  {shows}: {{Value: !Ref {'Image' if shows == 'Found' else 'Stage'}}}\n"
    looking = replace(step, template=parse("data", body))
    given = {**PARAMETERS, "Image": "/newest"}
    answers.stack("UPDATE_COMPLETE", outputs={"Found": "ami-1"}, parameters=given)
    answers.stubber.add_response("get_template", {"TemplateBody": body})
    found = [{"Name": "/newest", "Value": stored}] if stored else []
    if shows == "Found":
        cloud.stub("ssm").add_response("get_parameters", {"Parameters": found}, {"Names": ["/newest"]})

    assert is_so_already(cloud, looking, given) == same


def test_a_refusal_to_make_an_empty_change_set_is_success_too(work, step, answers):
    answers.stack("CREATE_COMPLETE", outputs={"TableName": "t"})
    answers.stubber.add_client_error("create_change_set", "ValidationError", "No updates are to be performed.")

    assert bring_up(work, step) == {"TableName": "t"}


@pytest.mark.parametrize(
    ("problems", "words"),
    [
        ([], "data: validation failed"),
        ([None], "data: validation failed"),
        (
            [("Unsupported property [Nam]", "/Resources/A/Properties"), ("Required property [B] not found", "/R/B")],
            "data: Unsupported property [Nam] (at /Resources/A/Properties); Required property [B] not found (at /R/B)",
        ),
    ],
    ids=["says nothing", "may not ask", "says what"],
)
def test_a_template_that_does_not_validate_leaves_nothing_behind(work, step, answers, problems, words):
    answers.no_stack()
    answers.change_set_made("CREATE")
    answers.change_set("FAILED", "validation failed")
    answers.problems(*problems)
    answers.discarded()
    answers.stack("REVIEW_IN_PROGRESS", tags=[])
    answers.deleted()

    with pytest.raises(StackFailedError) as raised:
        bring_up(work, step)
    assert words in str(raised.value)
    assert "generator/stacks/data or stages.toml" in raised.value.next_step


def test_the_first_real_failure_is_the_reason_whatever_order_events_come_in(work, step, answers):
    answers.update_begins()
    answers.stack("UPDATE_ROLLBACK_COMPLETE")
    answers.events(
        ("6", STACK, "UPDATE_ROLLBACK_COMPLETE", "", 9),
        ("4", "Queue", "CREATE_FAILED", "Later trouble", 4),
        ("2", "Bucket", "CREATE_FAILED", "Resource creation cancelled", 2),
        ("3", "Table", "UPDATE_FAILED", "No room for the table", 3),
        ("1", STACK, "UPDATE_IN_PROGRESS", "User Initiated", 1),
        token="more",
    )
    answers.events(("0", STACK, "UPDATE_COMPLETE"))

    with pytest.raises(StackFailedError) as raised:
        bring_up(work, step)
    assert "Table (AWS::DynamoDB::Table: Keeps what people said) UPDATE_FAILED: No room for the table" in str(
        raised.value
    )
    assert "UPDATE_ROLLBACK_COMPLETE" in raised.value.next_step


def test_a_permission_that_is_missing_half_way_is_told_with_what_to_do(work, step, answers):
    answers.creation_begins()
    answers.stack("ROLLBACK_COMPLETE")
    answers.events(
        ("2", STACK, "ROLLBACK_COMPLETE", "", 2),
        ("1", "Table", "CREATE_FAILED", "User ada is not authorized to perform: dynamodb:CreateTable", 1),
        ("0", STACK, "REVIEW_IN_PROGRESS"),
    )
    with pytest.raises(StackFailedError, match="dynamodb:CreateTable") as raised:
        bring_up(work, step)
    assert "Add that permission" in raised.value.next_step
    assert "it deletes the half-created stack first" in raised.value.next_step


@pytest.mark.parametrize(
    ("code", "next_step"),
    [
        ("ExpiredToken", "it resumes where it stopped"),
        ("Throttling", "Wait a minute, then run the same command"),
        ("AccessDenied", "then run the same command again"),
    ],
)
def test_what_ends_the_command_in_the_middle_is_told_and_the_next_run_goes_on(work, step, answers, code, next_step):
    answers.update_begins()
    answers.stubber.add_client_error("describe_stacks", code, "the words of AWS")
    with pytest.raises(ClientError) as raised:
        bring_up(work, step)
    explained = explain(raised.value)
    assert explained is not None and next_step in explained.next_step

    answers.stack("UPDATE_IN_PROGRESS")
    answers.stack("UPDATE_COMPLETE", outputs={"TableName": "t"})
    answers.events(("2", STACK, "UPDATE_COMPLETE"), ("1", STACK, "UPDATE_IN_PROGRESS"))
    answers.no_change()
    assert bring_up(work, step) == {"TableName": "t"}


def test_a_replacement_of_the_table_needs_consent(work, step, answers):
    answers.stack("UPDATE_COMPLETE")
    answers.change_set_made()
    answers.change_set(changes=[replacement("AWS::DynamoDB::Table")])
    answers.discarded()

    with pytest.raises(DataAtRiskError, match="Table"):
        bring_up(work, step)


def test_consent_is_asked_for_exactly_what_holds_data(work, step, answers):
    asked = []

    def confirm(name, changes):
        asked.append((name, [change.type for change in changes]))
        return True

    work.confirm = confirm
    answers.stack("UPDATE_COMPLETE")
    answers.change_set_made()
    answers.change_set(
        changes=[replacement("AWS::DynamoDB::Table"), replacement("AWS::IAM::Role"), in_place("AWS::S3::Bucket")]
    )
    answers.remembered()
    answers.events(("0", STACK, "UPDATE_COMPLETE"))
    answers.executed()
    answers.stack("UPDATE_COMPLETE")
    answers.events(("1", STACK, "UPDATE_COMPLETE"), ("0", STACK, "UPDATE_COMPLETE"))

    bring_up(work, step)
    assert asked == [(STACK, ["AWS::DynamoDB::Table"])]


def test_ctrl_c_before_a_change_set_is_executed_leaves_the_stack_as_it_is(work, step, answers, reporter):
    work.interrupt.press()
    answers.stack("UPDATE_COMPLETE")
    answers.change_set_made()
    answers.change_set()
    answers.discarded()

    with pytest.raises(InterruptedDeployError, match="before the stack was changed"):
        bring_up(work, step)
    assert reporter.said[-1] == ("data", "unchanged")


def test_ctrl_c_cancels_the_update_and_waits_for_its_end(work, step, answers, reporter):
    reporter.resource = lambda *_: work.interrupt.press()
    answers.update_begins()
    answers.stack("UPDATE_IN_PROGRESS")
    began = ("1", STACK, "UPDATE_IN_PROGRESS"), ("0", STACK, "UPDATE_COMPLETE")
    answers.events(("2", "Table", "UPDATE_IN_PROGRESS"), *began)
    answers.stubber.add_response("cancel_update_stack", {}, {"StackName": STACK_ID})
    answers.stack("UPDATE_ROLLBACK_COMPLETE")
    answers.events(("3", STACK, "UPDATE_ROLLBACK_COMPLETE"), *began)

    with pytest.raises(InterruptedDeployError, match="back in its previous state") as raised:
        bring_up(work, step)
    assert raised.value.exit_code == 130


def test_a_second_ctrl_c_leaves_at_once_and_says_how_to_come_back(work, step, answers):
    answers.stack("CREATE_IN_PROGRESS")
    answers.stack("CREATE_IN_PROGRESS")
    answers.events(("1", STACK, "CREATE_IN_PROGRESS"))
    work.interrupt.press()
    work.interrupt.press()

    with pytest.raises(InterruptedDeployError) as raised:
        bring_up(work, step)
    assert "same command again" in raised.value.next_step


def test_the_end_of_the_operation_before_is_not_taken_for_this_ones(work, step, answers):
    """Right after a change set is executed, AWS may still describe the stack as it was."""
    answers.update_begins()
    answers.stack("UPDATE_COMPLETE", outputs={"TableName": "old"})
    answers.events(("0", STACK, "UPDATE_COMPLETE"))
    answers.stack("UPDATE_COMPLETE", outputs={"TableName": "old"})
    answers.events(("x", STACK, "UPDATE_IN_PROGRESS"), ("0", STACK, "UPDATE_COMPLETE"))
    answers.stack("UPDATE_COMPLETE", outputs={"TableName": "new"})
    answers.events(("1", STACK, "UPDATE_COMPLETE"), ("0", STACK, "UPDATE_COMPLETE"))

    assert bring_up(work, step) == {"TableName": "new"}


def test_a_large_template_goes_through_the_bucket(work, step, cloud):
    step = Step(parse(step.stack, step.template.body + "#" * 51_200), step.name, {}, step.fixed)
    cloud.stub("s3").add_response("put_object", {}, None)

    source = changesets._source(cloud, step, "my-bucket")
    assert source["TemplateURL"].startswith("https://my-bucket.s3.eu-central-1.amazonaws.com/templates/data-")

    with pytest.raises(StackFailedError, match="no bucket"):
        changesets._source(cloud, step, None)


def test_an_interrupt_gives_the_signal_back():
    import signal

    before = signal.getsignal(signal.SIGINT)
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.stopping
    assert signal.getsignal(signal.SIGINT) is before


def replacement(kind):
    return {
        "Action": "Modify",
        "LogicalResourceId": kind.rsplit(":", 1)[-1],
        "ResourceType": kind,
        "Replacement": "True",
    }


def in_place(kind):
    return {**replacement(kind), "Replacement": "False"}
