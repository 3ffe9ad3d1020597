"""What an earlier attempt left of a stack: finished, repaired, cleared away or left alone; against recorded answers."""

import pytest

from scripts.cloudformation import apply, stacks
from scripts.stage.errors import ForeignStackError, StackBusyError, StackFailedError
from tests.unit.scripts.stubs import STACK_ID

STACK = "sentiment-dev-data"
OTHERS = [{"Key": "project", "Value": "sentiment"}, {"Key": "stage", "Value": "prod"}]


def bring_up(work, step):
    return apply.bring_up(work, step, {"Stage": "dev"}, None, stacks.describe(work.cloud, STACK)).outputs


@pytest.mark.parametrize("status", sorted(stacks.NEVER_CREATED))
def test_what_a_failed_creation_left_is_deleted_first(work, step, answers, status):
    answers.stack(status)
    answers.events(("0", STACK, status))
    answers.deleted()
    answers.stack("DELETE_COMPLETE")
    answers.events(("1", STACK, "DELETE_COMPLETE"), ("0", STACK, status))
    answers.change_set_made("CREATE")
    answers.change_set("FAILED", "stop here")
    answers.problems()
    answers.discarded()
    answers.no_stack()

    with pytest.raises(StackFailedError, match="stop here"):
        bring_up(work, step)


def test_a_change_set_that_nobody_executed_is_no_hindrance(work, step, answers):
    answers.stack("REVIEW_IN_PROGRESS", tags=[])
    answers.change_set_made("CREATE")
    answers.change_set()
    answers.events(("0", STACK, "REVIEW_IN_PROGRESS"))
    answers.executed()
    answers.stack("CREATE_COMPLETE", outputs={"TableName": "t"})
    answers.events(("1", STACK, "CREATE_COMPLETE"), ("0", STACK, "REVIEW_IN_PROGRESS"))

    assert bring_up(work, step) == {"TableName": "t"}


@pytest.mark.parametrize(
    ("status", "tags"), [("ROLLBACK_COMPLETE", []), ("ROLLBACK_COMPLETE", OTHERS), ("REVIEW_IN_PROGRESS", OTHERS)]
)
def test_a_stack_that_is_not_ours_is_never_touched(work, step, answers, status, tags):
    answers.stack(status, tags=tags)

    with pytest.raises(ForeignStackError, match="does not belong to this app"):
        bring_up(work, step)


def test_a_stack_in_the_middle_of_an_update_is_followed_to_its_end_first(work, step, answers, reporter):
    answers.stack("UPDATE_IN_PROGRESS")
    answers.stack("UPDATE_COMPLETE", outputs={"TableName": "t"})
    answers.events(
        ("3", STACK, "UPDATE_COMPLETE"),
        ("2", "Table", "UPDATE_COMPLETE"),
        ("1", STACK, "UPDATE_IN_PROGRESS", "User Initiated"),
        ("0", "Table", "CREATE_FAILED", "of an earlier operation"),
    )
    answers.no_change()

    assert bring_up(work, step) == {"TableName": "t"}
    assert ("data", "Table", "UPDATE_COMPLETE", "Keeps what people said") in reporter.said
    assert not any("CREATE_FAILED" in said for said in reporter.said)


def test_a_stack_that_is_being_deleted_is_left_alone(work, step, answers):
    answers.stack("DELETE_IN_PROGRESS")

    with pytest.raises(StackBusyError):
        bring_up(work, step)


def test_a_stuck_rollback_is_continued(work, step, answers):
    answers.stack("UPDATE_ROLLBACK_FAILED")
    answers.events(("0", STACK, "UPDATE_ROLLBACK_FAILED"))
    answers.stubber.add_response("continue_update_rollback", {}, {"StackName": STACK_ID})
    answers.stack("UPDATE_ROLLBACK_COMPLETE")
    answers.events(("1", STACK, "UPDATE_ROLLBACK_COMPLETE"), ("0", STACK, "UPDATE_ROLLBACK_FAILED"))
    answers.stack("UPDATE_ROLLBACK_COMPLETE", outputs={"TableName": "t"})
    answers.no_change()

    assert bring_up(work, step) == {"TableName": "t"}


def test_a_rollback_that_stays_stuck_names_its_resource_and_the_way_out(work, step, answers):
    answers.stack("UPDATE_ROLLBACK_FAILED")
    answers.events(("0", STACK, "UPDATE_ROLLBACK_FAILED"))
    answers.stubber.add_response("continue_update_rollback", {}, {"StackName": STACK_ID})
    answers.stack("UPDATE_ROLLBACK_FAILED")
    answers.events(
        ("2", STACK, "UPDATE_ROLLBACK_FAILED"), ("1", "Table", "UPDATE_FAILED", "still gone"), ("0", STACK, "x")
    )
    answers.stack("UPDATE_ROLLBACK_FAILED")

    with pytest.raises(StackFailedError, match="still gone") as raised:
        bring_up(work, step)
    assert "--resources-to-skip" in raised.value.next_step
