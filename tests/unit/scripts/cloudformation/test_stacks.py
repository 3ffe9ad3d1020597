"""What CloudFormation says about stacks, read right: pages, order, statuses it may add."""

from scripts.cloudformation import stacks
from tests.unit.scripts.stubs import NOON, STACK_ID, TAGS, raw_event

STACK = "sentiment-dev-data"


def described(name, tags):
    return {"StackName": name, "StackId": name, "CreationTime": NOON, "StackStatus": "CREATE_COMPLETE", "Tags": tags}


def test_the_stages_stacks_are_found_on_every_page_by_their_tags(cloud):
    stub = cloud.stub("cloudformation")
    other = [{"Key": "project", "Value": "sentiment"}, {"Key": "stage", "Value": "prod"}]
    stub.add_response("describe_stacks", {"Stacks": [described("a", TAGS), described("b", other)], "NextToken": "n"})
    stub.add_response("describe_stacks", {"Stacks": [described("c", []), described("d", TAGS)]}, {"NextToken": "n"})

    assert [state.name for state in stacks.of_stage(cloud)] == ["a", "d"]


def test_only_the_stages_own_outputs_are_collected():
    def state(name, stage):
        tags = {"project": "sentiment", "stage": stage}
        return stacks.StackState(name, name, "CREATE_COMPLETE", outputs={name: "x"}, tags=tags)

    assert stacks.outputs_of("dev", [state("a", "dev"), state("b", "prod")]) == {"a": "x"}


def test_a_stack_counts_as_made_once_it_was_complete():
    def made(status):
        return stacks.StackState("n", "i", status).was_complete

    assert [status for status in stacks.STATUSES if made(status)] == [
        "CREATE_COMPLETE",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
        "IMPORT_COMPLETE",
    ]


def test_events_of_all_pages_come_in_the_order_of_their_time_each_once(cloud):
    stub = cloud.stub("cloudformation")
    first = [
        raw_event("4", "D", "X", seconds=4),
        raw_event("2", "B", "X", seconds=2),
        raw_event("3", "C", "X", seconds=3),
    ]
    second = [raw_event("2", "B", "X", seconds=2), raw_event("1", "A", "X", seconds=1), raw_event("0", "O", "X")]
    stub.add_response("describe_stack_events", {"StackEvents": first, "NextToken": "n"})
    stub.add_response("describe_stack_events", {"StackEvents": second}, {"NextToken": "n", "StackName": STACK_ID})

    assert [event.id for event in stacks.events_since(cloud, STACK_ID, "0")] == ["1", "2", "3", "4"]


def test_events_of_the_same_moment_keep_the_order_of_the_api(cloud):
    cloud.stub("cloudformation").add_response(
        "describe_stack_events", {"StackEvents": [raw_event("b", "B", "X"), raw_event("a", "A", "X")]}
    )
    assert [event.id for event in stacks.events_since(cloud, STACK_ID, "")] == ["a", "b"]


def test_without_a_marker_the_events_begin_where_the_operation_does(cloud):
    cloud.stub("cloudformation").add_response(
        "describe_stack_events",
        {
            "StackEvents": [
                raw_event("3", "Table", "UPDATE_IN_PROGRESS", seconds=3),
                raw_event("2", STACK, "UPDATE_IN_PROGRESS", seconds=2),
                raw_event("1", "Table", "CREATE_COMPLETE", seconds=1),
            ]
        },
    )
    assert [event.id for event in stacks.events_since(cloud, STACK_ID, None)] == ["2", "3"]


def test_every_status_that_boto3_knows_has_its_meaning(cloud):
    model = cloud.client("cloudformation").meta.service_model
    assert set(stacks.STATUSES) == set(model.shape_for("StackStatus").enum)


def test_a_status_that_aws_adds_later_counts_by_its_ending():
    assert stacks.StackState("n", "i", "SHRINK_IN_PROGRESS").kind == stacks.BUSY
    assert stacks.StackState("n", "i", "SHRINK_FAILED").kind == stacks.FAILED


def test_a_stack_failure_is_the_reason_only_when_no_resource_failed():
    def event(logical_id, status, reason):
        return stacks._event(raw_event(logical_id, logical_id, status, reason))

    whole = event(STACK, "CREATE_FAILED", "Validation failed")
    cancelled = event("A", "CREATE_FAILED", "Resource creation cancelled")
    real = event("B", "CREATE_FAILED", "Name taken")
    assert stacks.first_failure([whole, cancelled, real]) == real
    assert stacks.first_failure([whole, cancelled]) == whole
    assert stacks.first_failure([cancelled]) is None
