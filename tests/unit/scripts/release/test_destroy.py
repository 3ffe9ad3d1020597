"""Taking a stage down: the order, full buckets, protected tables, instances, and the proof; against moto and stubs."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from scripts.app import buckets
from scripts.cloudformation.plan import Step, make_plan
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.templates import parse
from scripts.cloudformation.work import Work
from scripts.release import destroy
from scripts.release.destroy import Destruction, Doomed
from scripts.stage.errors import DeployError, ForeignStackError, InterruptedDeployError, StackFailedError
from scripts.stage.interrupt import Interrupt
from scripts.stage.session import Cloud
from tests.unit.scripts.stubs import STACK_ID, TEMPLATE, Recorder

OURS = {"project": "sentiment", "stage": "dev"}


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(Cloud, "poll_seconds", 0.0)
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def state(stack, **more):
    return StackState(f"sentiment-dev-{stack}", f"arn:{stack}", "CREATE_COMPLETE", tags=OURS, **more)


def doomed(stack, resources=None, **more):
    step = Step(parse("data", TEMPLATE), "sentiment-dev-data", {}, {})
    found = StackState("sentiment-dev-data", STACK_ID, "CREATE_COMPLETE", tags=more.pop("tags", OURS), **more)
    return Doomed(found, step, resources or {})


def test_a_bucket_loses_every_version_every_marker_and_every_unfinished_upload(aws, monkeypatch):
    monkeypatch.setattr(buckets, "BATCH", 3)
    client = aws.client("s3")
    client.create_bucket(Bucket="bucket")
    client.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    for number in range(8):
        client.put_object(Bucket="bucket", Key=str(number % 5), Body=b"x")
    client.delete_object(Bucket="bucket", Key="0")
    client.create_multipart_upload(Bucket="bucket", Key="unfinished")
    told: list[int] = []

    assert buckets.empty(aws, "bucket", told.append) == 9
    assert told == [3, 6, 9]
    assert "Uploads" not in client.list_multipart_uploads(Bucket="bucket")
    client.delete_bucket(Bucket="bucket")  # S3 refuses that while anything is in it


def test_a_bucket_that_was_deleted_behind_our_back_is_empty(aws):
    assert buckets.empty(aws, "gone") == 0


def test_what_s3_will_not_delete_is_named(cloud):
    stub = cloud.stub("s3")
    stub.add_response("list_object_versions", {"Versions": [{"Key": "locked", "VersionId": "1"}]})
    stub.add_response("delete_objects", {"Errors": [{"Key": "locked", "Code": "AccessDenied", "Message": "held"}]})
    with pytest.raises(DeployError, match="locked cannot be deleted: held"):
        buckets.empty(cloud, "b")


def test_users_go_before_what_they_use_and_strangers_before_all():
    network = parse("network", "Resources: {A: {Type: x}}\nOutputs: {VpcId: {Value: x}}")
    cluster = parse("cluster", "Parameters: {VpcId: {Type: String}}\nResources: {A: {Type: x}}")
    plan = make_plan("dev", [network, cluster], {}, {})
    doomed: dict[str, Any] = dict.fromkeys(["network", "cluster", "old"])
    needs = destroy._reversed(plan, doomed)
    assert needs == {"network": {"cluster", "old"}, "cluster": {"old"}, "old": frozenset()}


def table(aws, name, protected):
    aws.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        DeletionProtectionEnabled=protected,
        Tags=[{"Key": key, "Value": value} for key, value in OURS.items()],
    )


def test_a_protected_table_stops_everything_before_anything_is_touched(aws):
    table(aws, "free", protected=False)
    table(aws, "held", protected=True)
    with pytest.raises(DeployError, match=r"Protected against deletion: held\. Nothing was changed") as raised:
        destroy._check_protection(aws, ["free", "held", "gone"])
    assert "--keep-data" in raised.value.next_step
    assert "deploy, and destroy again" in raised.value.next_step


def test_a_stage_that_cannot_be_deployed_any_more_is_unprotected_by_hand(aws):
    table(aws, "held", protected=True)
    with pytest.raises(DeployError, match="Protected against deletion: held") as raised:
        destroy._check_protection(Cloud("dev-2", region="us-east-1"), ["held"])
    assert "aws dynamodb update-table --no-deletion-protection-enabled" in raised.value.next_step
    assert "deploy" not in raised.value.next_step


@pytest.fixture
def plan():
    return make_plan("dev", [parse("data", TEMPLATE)], {}, {})


def deploy_with_moto(aws, name, tags):
    client = aws.client("cloudformation")
    template = (
        "Resources: {Table: {Type: 'AWS::DynamoDB::Table', DeletionPolicy: Retain, Properties: {BillingMode: "
        "PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: id, AttributeType: S}], KeySchema: "
        "[{AttributeName: id, KeyType: HASH}]}}}"
    )
    marks = [{"Key": key, "Value": value} for key, value in tags.items()]
    client.create_stack(StackName=name, TemplateBody=template, Tags=marks)


def test_only_stacks_with_our_tags_go_and_an_orphaned_table_goes_with_them(aws, plan):
    deploy_with_moto(aws, "sentiment-dev-data", OURS)
    deploy_with_moto(aws, "sentiment-dev-other", {"project": "sentiment", "stage": "prod"})
    table(aws, "orphan", protected=False)
    found = destroy.plan_destruction(aws, plan, keep_data=False)
    assert list(found.goes) == ["data"]
    assert len(found.tables) == 2
    assert "orphan" in found.tables
    assert "the table orphan AND ALL JUDGEMENTS" in found.text


def test_a_destruction_is_not_even_planned_while_a_table_is_protected(aws, plan):
    table(aws, "held", protected=True)
    with pytest.raises(DeployError, match="Protected against deletion: held"):
        destroy.plan_destruction(aws, plan, keep_data=False)


def test_keeping_data_keeps_the_whole_stack_that_holds_it(aws, plan):
    deploy_with_moto(aws, "sentiment-dev-data", OURS)
    table(aws, "orphan", protected=True)
    found = destroy.plan_destruction(aws, plan, keep_data=True)
    assert found.goes == {}
    assert found.tables == []
    assert "data (sentiment-dev-data) with the tables" in found.stays[0]
    assert "orphan" in found.stays[1]


def test_the_pipelines_stack_goes_last_and_not_before_the_data(aws):
    for stack in ("data", "forgotten"):
        deploy_with_moto(aws, f"sentiment-dev-{stack}", OURS)
    marks = [{"Key": key, "Value": value} for key, value in OURS.items()]
    topic = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"
    aws.client("cloudformation").create_stack(StackName="sentiment-dev-pipeline", TemplateBody=topic, Tags=marks)
    plan = make_plan("dev", [parse("data", TEMPLATE)], {}, {})

    found = destroy.plan_destruction(aws, plan, keep_data=False)
    assert found.needs["pipeline"] == {"data", "forgotten"}
    assert found.needs["data"] == {"forgotten"}, "what has no template may use anything"
    kept = destroy.plan_destruction(aws, plan, keep_data=True)
    assert "pipeline" not in kept.goes
    assert "pipeline (sentiment-dev-pipeline), whose role CloudFormation deploys with" in kept.stays


def test_tables_that_their_stack_leaves_are_deleted_after_it(aws):
    table(aws, "judgements", protected=False)
    work = Work(aws, Recorder(), Interrupt())
    destroy.destroy(work, Destruction({}, tables=["judgements", "gone"]))
    assert aws.client("dynamodb").list_tables()["TableNames"] == []


def test_termination_protection_is_lifted_and_the_stack_followed_to_its_end(work, answers, reporter):
    lifted = {"StackName": STACK_ID, "EnableTerminationProtection": False}
    answers.stubber.add_response("update_termination_protection", {}, lifted)
    answers.events(("0", "sentiment-dev-data", "CREATE_COMPLETE"))
    answers.deleted()
    answers.stack("DELETE_COMPLETE")
    answers.events(("1", "sentiment-dev-data", "DELETE_COMPLETE"), ("0", "sentiment-dev-data", "CREATE_COMPLETE"))
    destroy._one(work, doomed("data", protected=True))
    assert reporter.said[-1] == ("data", "done")


def deletion_fails(answers, reason):
    answers.events(("0", "sentiment-dev-data", "CREATE_COMPLETE"))
    answers.deleted()
    answers.stack("DELETE_FAILED")
    answers.events(
        ("2", "sentiment-dev-data", "DELETE_FAILED"),
        ("1", "Bucket", "DELETE_FAILED", reason),
        ("0", "sentiment-dev-data", "CREATE_COMPLETE"),
    )


def test_a_bucket_that_filled_up_again_is_emptied_again(work, cloud, answers):
    stub = cloud.stub("s3")
    for _ in range(2):
        stub.add_response("list_object_versions", {})
        stub.add_response("list_multipart_uploads", {})
    deletion_fails(answers, "The bucket you tried to delete is not empty")
    answers.events(("0", "sentiment-dev-data", "DELETE_FAILED"))
    answers.deleted()
    answers.stack("DELETE_COMPLETE")
    answers.events(("1", "sentiment-dev-data", "DELETE_COMPLETE"), ("0", "sentiment-dev-data", "DELETE_FAILED"))
    destroy._one(work, doomed("data", {destroy.BUCKET: ["b"]}))


def test_any_other_failure_is_told_with_its_reason(work, answers):
    deletion_fails(answers, "has a dependent object")
    with pytest.raises(StackFailedError, match="has a dependent object"):
        destroy._one(work, doomed("data"))


def test_a_stack_that_is_not_ours_is_not_deleted_even_when_it_is_listed(work, answers):
    with pytest.raises(ForeignStackError):
        destroy._one(work, doomed("data", tags={}))


def test_protected_instances_are_let_go_in_portions(cloud):
    stub = cloud.stub("autoscaling")
    instances = [
        {
            "InstanceId": f"i-{number}",
            "ProtectedFromScaleIn": number != 7,
            "AvailabilityZone": "a",
            "LifecycleState": "InService",
            "HealthStatus": "Healthy",
        }
        for number in range(52)
    ]
    group = {
        "AutoScalingGroupName": "g",
        "MinSize": 1,
        "MaxSize": 60,
        "DesiredCapacity": 52,
        "DefaultCooldown": 1,
        "AvailabilityZones": ["a"],
        "HealthCheckType": "EC2",
        "CreatedTime": 0,
        "Instances": instances,
    }
    stub.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": [group]})
    stub.add_response(
        "update_auto_scaling_group",
        {},
        {"AutoScalingGroupName": "g", "MinSize": 0, "NewInstancesProtectedFromScaleIn": False},
    )
    protected = [f"i-{number}" for number in range(52) if number != 7]
    for portion in (protected[:50], protected[50:]):
        stub.add_response(
            "set_instance_protection",
            {},
            {"AutoScalingGroupName": "g", "InstanceIds": portion, "ProtectedFromScaleIn": False},
        )
    destroy._release_instances(cloud, "g")


def test_what_is_left_is_found_by_tag_on_every_page_but_for_what_costs_nothing(work, cloud, monkeypatch):
    monkeypatch.setattr(cloud, "proof_seconds", 0.0)
    tagging, ecs = cloud.stub("resourcegroupstaggingapi"), cloud.stub("ecs")

    def page(*arns):
        return {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]}

    tagging.add_response(
        "get_resources", {**page("arn:aws:s3:::b", "arn:x:task-definition/f:1"), "PaginationToken": "n"}
    )
    tables = "arn:aws:dynamodb:r:1:table/kept", "arn:aws:dynamodb:r:1:table/gone"
    tagging.add_response("get_resources", page("arn:aws:ecs:r:1:cluster/gone", *tables))
    tables_stub = cloud.stub("dynamodb")
    tables_stub.add_response("describe_table", {"Table": {"TableName": "kept"}}, {"TableName": "kept"})
    tables_stub.add_client_error("describe_table", "ResourceNotFoundException", "no such table")
    ecs.add_response("describe_clusters", {"clusters": [{"status": "INACTIVE"}]})
    assert destroy.what_is_left(work, {"TableName": "kept"}) == ["arn:aws:s3:::b"]


def test_the_stack_about_which_a_call_was_refused_is_shown_as_failed(cloud, reporter):
    cloud.stub("cloudformation").add_client_error("describe_stack_events", "AccessDenied", "the words of AWS")
    plan = Destruction({"data": doomed("data")}, needs={"data": frozenset()})
    with pytest.raises(ClientError):
        destroy.destroy(Work(cloud, reporter, Interrupt()), plan)
    assert reporter.said == [("data", "waiting"), ("data", "working"), ("data", "failed")]


def test_ctrl_c_says_what_is_still_there(cloud, reporter):
    interrupt = Interrupt()
    interrupt.press()
    plan = Destruction({"data": doomed("data")}, needs={"data": frozenset()})
    with pytest.raises(InterruptedDeployError, match="Not deleted yet: data"):
        destroy.destroy(Work(cloud, reporter, interrupt), plan)


def test_moto_and_boto3_are_one():
    """The fixtures above would otherwise reach for the real AWS."""
    with mock_aws():
        assert boto3.client("sts", region_name="us-east-1").get_caller_identity()["Account"] == "123456789012"
