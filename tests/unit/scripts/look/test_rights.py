"""Whether every call of a deployment is allowed, as IAM says; and which calls those are."""

import pytest

from scripts.look import rights
from scripts.stage import settings
from scripts.stage.errors import AdviceError, DeployError
from scripts.stage.settings import Settings

DEV = settings.load("dev")
# Of a sign-in through IAM Identity Center: the session's ARN lacks the role's path.
ROLE = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0a1b"
CALLER = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0a1b/ada"


def simulated(cloud, decide, caller=CALLER, source=ROLE):
    cloud.stub("sts").add_response("get_caller_identity", {"Arn": caller})
    if caller == CALLER:
        found_role(cloud)
    wanted = rights.of_stage(DEV, cloud.region)
    for start in range(0, len(wanted), rights.AT_ONCE):
        names = wanted[start : start + rights.AT_ONCE]
        results = [{"EvalActionName": name, "EvalDecision": decide(name)} for name in names]
        asked = {"PolicySourceArn": source, "ActionNames": names, "MaxItems": rights.AT_ONCE}
        cloud.stub("iam").add_response("simulate_principal_policy", {"EvaluationResults": results}, asked)


def found_role(cloud):
    name = ROLE.rpartition("/")[2]
    path = ROLE.removeprefix("arn:aws:iam::123456789012:role").removesuffix(name)
    role = {"Path": path, "RoleName": name, "RoleId": "AROA1234567890123", "Arn": ROLE}
    cloud.stub("iam").add_response("get_role", {"Role": {**role, "CreateDate": 0}}, {"RoleName": name})


def test_an_administrator_may_do_everything(cloud):
    simulated(cloud, lambda name: "allowed")
    assert "are allowed" in rights.check(cloud, DEV)


def test_a_user_is_asked_about_by_its_own_arn(cloud):
    user = "arn:aws:iam::123456789012:user/ada"
    simulated(cloud, lambda name: "allowed", caller=user, source=user)
    assert "are allowed" in rights.check(cloud, DEV)


def test_what_a_policy_denies_is_a_failure(cloud):
    simulated(cloud, lambda name: "explicitDeny" if name == "ec2:CreateVpc" else "allowed")
    with pytest.raises(DeployError, match="a policy denies ec2:CreateVpc") as raised:
        rights.check(cloud, DEV)
    assert not isinstance(raised.value, AdviceError)


def test_what_is_not_allowed_for_every_resource_is_a_warning(cloud):
    simulated(cloud, lambda name: "implicitDeny" if name.startswith("iam:") else "allowed")
    with pytest.raises(AdviceError, match="calls are not allowed for all resources: iam:") as told:
        rights.check(cloud, DEV)
    assert "administrator" in told.value.next_step


def test_a_role_that_iam_does_not_find_is_told(cloud):
    cloud.stub("sts").add_response("get_caller_identity", {"Arn": CALLER})
    cloud.stub("iam").add_client_error("get_role", "NoSuchEntity", "no such role")
    with pytest.raises(AdviceError, match="IAM does not find"):
        rights.check(cloud, DEV)


def test_the_root_user_is_told_so(cloud):
    cloud.stub("sts").add_response("get_caller_identity", {"Arn": "arn:aws:iam::123456789012:root"})
    with pytest.raises(AdviceError, match="root user"):
        rights.check(cloud, DEV)


def test_only_what_the_stage_makes_is_asked_about():
    dev, prod = (set(rights.of_stage(settings.load(name), "us-east-1")) for name in ("dev", "prod"))
    assert {"ec2:CreateVpc", "ecs:CreateService", "ecr:CreateRepository", "iam:PassRole"} <= dev
    assert {"ec2:CreateNatGateway", "cloudfront:CreateDistribution", "cloudfront:CreateInvalidation"} <= prod - dev
    elsewhere = Settings("dev", {**DEV.values, "image_repository": "docker.io/you/rnn"})
    without = dev - set(rights.of_stage(elsewhere, "us-east-1"))
    assert {call for call in dev if call.startswith("ecr:")} <= without


def test_what_the_region_has_not_is_not_asked_about():
    everywhere, without = (set(rights.of_stage(DEV, region)) for region in ("us-east-1", "eu-north-1"))
    assert everywhere - without == set(rights.known()["AWS::Budgets::Budget"])
    assert without <= everywhere


def test_the_file_says_what_the_schemas_say():
    assert rights.FILE.read_text() == rights.from_schemas(), "run `make schemas`"
