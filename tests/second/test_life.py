"""The life of a stage on a second emulator: what one emulator takes for right may be its own error, not AWS's rule."""

from __future__ import annotations

from typing import Any

from generator import catalogue
from scripts.cloudformation import templates
from scripts.stage import settings
from scripts.stage.session import tags

IMAGE, NEXT = (f"docker.io/example/sentiment-rnn@sha256:{digit * 64}" for digit in "ab")


def test_a_stage_is_deployed_rolled_put_to_sleep_woken_and_destroyed(run, client):
    """One test, for each step starts from what the last one left."""
    before = everything(client)
    run("deploy", "--stage", "dev", "--image", IMAGE)
    assert stacks(client, "dev") == {each.name for each in catalogue.STACKS if not each.apart}
    assert image(client, "dev") == IMAGE
    assert "No change." in run("plan", "--stage", "dev", "--keep-image").stdout
    again = run("deploy", "--stage", "dev", "--image", IMAGE)
    assert again.stderr.count("unchanged") == len(stacks(client, "dev")) + 1, "stacks and site"

    run("roll", "--stage", "dev", "--image", NEXT)
    assert image(client, "dev") == NEXT
    run("rollback", "--stage", "dev")
    assert image(client, "dev") == IMAGE

    run("sleep", "--stage", "dev")
    assert (tasks(client, "dev"), instances(client)) == (0, 0)
    run("wake", "--stage", "dev")
    assert (tasks(client, "dev"), instances(client)) == (1, 1)

    run("destroy", "--stage", "dev", "--yes")
    assert stacks(client, "dev") == set()
    assert everything(client) == before, "nothing is left, and nothing of others is gone"


def test_a_stage_whose_name_was_allowed_once_can_be_read_and_destroyed(run, client, monkeypatch, tmp_path):
    stage, tables = "dev-2", settings.tables()
    monkeypatch.setattr(settings, "tables", lambda path=None: {**tables, stage: tables["dev"]})
    before = everything(client)
    data = templates.load("data")
    values = {name: settings.load(stage).parameters.get(name) for name in data.parameters} | {
        "Stage": stage,
        "LogBucketName": "logs",
    }
    client("cloudformation").create_stack(
        StackName=catalogue.stack_name(stage, data.stack),
        TemplateBody=data.body,
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items() if value],
        Tags=[{"Key": key, "Value": value} for key, value in tags(stage).items()],
    )
    # `plan` exits with 2 if something would change, so with 1 for every error.
    for command, code in (("image", 2), ("deploy", 2), ("roll", 2), (f"plan --image {IMAGE}", 1)):
        refused = run(*command.split(), "--stage", stage, code=code).stderr
        assert "stage 'dev-2' cannot be deployed under this name" in refused, command

    assert "JudgementsTableName" in run("outputs", "--stage", stage).stdout
    run("export", "--stage", stage, "--out", str(tmp_path / "all.csv"))
    run("destroy", "--stage", stage, "--yes")
    assert stacks(client, stage) == set()
    assert everything(client) == before


def stacks(client: Any, stage: str) -> set[str]:
    """Short names of a stage's stacks, all of which must be complete."""
    found = {each["StackName"]: each["StackStatus"] for each in client("cloudformation").describe_stacks()["Stacks"]}
    ours = {name: status for name, status in found.items() if name.startswith(catalogue.stack_name(stage, ""))}
    assert set(ours.values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    return {name.removeprefix(catalogue.stack_name(stage, "")) for name in ours}


def service(client: Any, stage: str) -> dict[str, Any]:
    ecs = client("ecs")
    (cluster,) = [arn for arn in ecs.list_clusters()["clusterArns"] if f"-{stage}-" in arn]
    (found,) = ecs.describe_services(cluster=cluster, services=ecs.list_services(cluster=cluster)["serviceArns"])[
        "services"
    ]
    return found


def image(client: Any, stage: str) -> str:
    wanted = service(client, stage)["taskDefinition"]
    definition = client("ecs").describe_task_definition(taskDefinition=wanted)["taskDefinition"]
    return definition["containerDefinitions"][0]["image"]


def tasks(client: Any, stage: str) -> int:
    return service(client, stage)["desiredCount"]


def instances(client: Any) -> int:
    (group,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return group["DesiredCapacity"]


def everything(client: Any) -> dict[str, set[str]]:
    """What of the account a stage could leave behind, by kind."""
    ec2, iam = client("ec2"), client("iam")
    parameters = {each["Name"] for each in client("ssm").describe_parameters()["Parameters"]}
    return {
        "networks": {each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]},
        "subnets": {each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]},
        "groups": {each["GroupId"] for each in ec2.describe_security_groups()["SecurityGroups"]},
        "tables": set(client("dynamodb").list_tables()["TableNames"]),
        "buckets": {each["Name"] for each in client("s3").list_buckets()["Buckets"]},
        "roles": {each["RoleName"] for each in iam.list_roles()["Roles"] if "/aws-service-role/" not in each["Path"]},
        "functions": {each["FunctionName"] for each in client("lambda").list_functions()["Functions"]},
        "balancers": {each["LoadBalancerArn"] for each in client("elbv2").describe_load_balancers()["LoadBalancers"]},
        "logs": {each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]},
        "parameters": {name for name in parameters if not name.startswith("/aws/")},
    }
