"""What a deployment would change, and that looking leaves nothing behind."""

from dataclasses import replace

import pytest

from scripts.cloudformation import preview, stacks
from scripts.cloudformation.changesets import Change
from scripts.cloudformation.plan import make_plan
from scripts.cloudformation.preview import StackPreview
from scripts.cloudformation.templates import parse
from scripts.stage.errors import ForeignStackError, InterruptedDeployError, StackBusyError, StackFailedError
from scripts.stage.interrupt import Interrupt
from tests.unit.scripts.stubs import STACK_ID, TEMPLATE


@pytest.fixture
def plan():
    return make_plan("dev", [parse("data", TEMPLATE)], {}, {})


def look(cloud, plan):
    return preview.preview(cloud, replace(plan, found=stacks.all_by_name(cloud)), Interrupt())


def test_a_stack_that_is_not_there_is_asked_about_and_cleared_away_again(cloud, plan, answers):
    answers.no_stacks()
    answers.change_set_made("CREATE")
    answers.change_set(
        changes=[{"Action": "Add", "LogicalResourceId": "Table", "ResourceType": "AWS::DynamoDB::Table"}]
    )
    answers.discarded()
    answers.stack("REVIEW_IN_PROGRESS", tags=[])
    answers.deleted()

    (found,) = look(cloud, plan)
    assert found.creates
    assert found.changes == (Change("Add", "Table", "AWS::DynamoDB::Table", "", "Keeps what people said"),)


def test_what_an_earlier_plan_left_when_it_was_killed_is_cleared_away(cloud, plan, answers):
    answers.stack("REVIEW_IN_PROGRESS", tags=[])
    answers.change_set_made("CREATE")
    answers.change_set()
    answers.discarded()
    answers.stack("REVIEW_IN_PROGRESS", tags=[])
    answers.deleted()
    look(cloud, plan)


def test_every_page_of_changes_is_read(cloud, plan, answers):
    def change(number):
        return {
            "Type": "Resource",
            "ResourceChange": {
                "Action": "Modify",
                "LogicalResourceId": f"R{number}",
                "ResourceType": "AWS::SQS::Queue",
                "Replacement": "False",
            },
        }

    answers.stack("CREATE_COMPLETE")
    answers.change_set_made()
    page = {"ChangeSetId": "arn:" + "c" * 20, "StackId": STACK_ID, "Status": "CREATE_COMPLETE"}
    answers.stubber.add_response("describe_change_set", {**page, "Changes": [change(1)], "NextToken": "n"})
    answers.stubber.add_response(
        "describe_change_set",
        {**page, "Changes": [change(2)]},
        {"ChangeSetName": page["ChangeSetId"], "StackName": STACK_ID, "NextToken": "n"},
    )
    answers.discarded()

    (found,) = look(cloud, plan)
    assert [entry.logical_id for entry in found.changes] == ["R1", "R2"]


def test_no_change_is_told_as_such(cloud, plan, answers):
    answers.stack("CREATE_COMPLETE")
    answers.change_set_made()
    answers.change_set("FAILED", "The submitted information didn't contain changes.")
    answers.discarded()
    found = look(cloud, plan)
    assert not any(entry.changed for entry in found)
    assert preview.as_text(found) == "data: no change\n\nNo change."


def test_what_is_so_already_costs_no_change_set(cloud, plan, answers):
    answers.stack("CREATE_COMPLETE", parameters={"Stage": "dev"})
    answers.remembered()
    (found,) = look(cloud, plan)
    assert not found.changed


def test_a_changed_output_alone_is_a_change(cloud, plan, answers):
    answers.stack("CREATE_COMPLETE")
    answers.change_set_made()
    answers.change_set()
    answers.discarded()
    (found,) = look(cloud, plan)
    assert found.changed
    assert "data: only outputs or tags" in preview.as_text([found])


def test_a_stack_whose_inputs_are_not_there_yet_is_shown_from_its_template(cloud, answers):
    needy = parse("api", "Parameters: {TableName: {Type: String}}\nResources: {Role: {Type: 'AWS::IAM::Role'}}")
    plan = make_plan("dev", [parse("data", TEMPLATE), needy], {}, {})
    answers.no_stacks()
    answers.change_set_made("CREATE")
    answers.change_set()
    answers.discarded()
    answers.stack("REVIEW_IN_PROGRESS", tags=[])
    answers.deleted()
    found = look(cloud, plan)
    assert [(entry.stack, entry.creates, len(entry.changes)) for entry in found] == [
        ("data", True, 0),
        ("api", True, 1),
    ]


@pytest.mark.parametrize(
    ("status", "tags", "error"),
    [("CREATE_COMPLETE", [], ForeignStackError), ("UPDATE_IN_PROGRESS", None, StackBusyError)],
)
def test_a_stack_that_cannot_be_asked_about_stops_the_plan(cloud, plan, answers, status, tags, error):
    answers.stack(status, **({} if tags is None else {"tags": tags}))
    with pytest.raises(error):
        look(cloud, plan)


@pytest.mark.parametrize(("status", "way"), [("UPDATE_ROLLBACK_FAILED", "deploy"), ("DELETE_FAILED", "destroy")])
def test_a_stack_that_is_stuck_is_no_fault_of_the_template(cloud, plan, answers, status, way):
    answers.stack(status)
    with pytest.raises(StackFailedError, match="sentiment-dev-data is") as raised:
        look(cloud, plan)
    assert f"`sentiment {way} --stage dev`" in raised.value.next_step


def test_ctrl_c_stops_between_two_stacks(cloud, plan):
    interrupt = Interrupt()
    interrupt.press()
    with pytest.raises(InterruptedDeployError, match="all change sets of this plan were deleted"):
        preview.preview(cloud, plan, interrupt)


def test_signs_replacement_and_data_at_risk_are_shown():
    changes = (
        Change("Add", "Queue", "AWS::SQS::Queue", "", "Waits"),
        Change("Modify", "Table", "AWS::DynamoDB::Table", "True", "Keeps"),
        Change("Modify", "Role", "AWS::IAM::Role", "Conditional", "Lets"),
        Change("Remove", "Old", "AWS::SQS::Queue", "", ""),
    )
    found = [StackPreview("data", "sentiment-dev-data", False, changes)]
    assert preview.as_text(found).splitlines() == [
        "data",
        "  +  Queue  AWS::SQS::Queue                    Waits",
        "  ~  Table  AWS::DynamoDB::Table  REPLACE      Keeps",
        "  ~  Role   AWS::IAM::Role        may replace  Lets",
        "  -  Old    AWS::SQS::Queue",
        "",
        "DATA AT RISK: data: Table. `sentiment deploy` asks before making such a change.",
        "",
        "1 to add, 2 to change, 1 to remove",
    ]
    (entry,) = preview.as_json(found)
    assert [change["risks_data"] for change in entry["changes"]] == [False, True, False, False]
    assert entry["stack"] == "sentiment-dev-data"
    assert STACK_ID.split("/")[1] == entry["stack"]
