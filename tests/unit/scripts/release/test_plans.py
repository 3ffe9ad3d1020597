"""The plans of a stage's changes: one description of the stage, the stacks of each command, the image that runs."""

import pytest

from generator import catalogue
from scripts.release import images, plans, registry, zones
from scripts.stage import history, settings
from scripts.stage.errors import DeployError, SettingsError
from scripts.stage.settings import Settings
from tests.unit.scripts.stubs import NOON, TAGS

DEV = settings.load("dev")
ELSEWHERE = Settings("dev", {**DEV.values, "image_repository": "docker.io/you/rnn"})
# What is deployed together; its own registry is a stage's default.
STACKS = {stack.name for stack in catalogue.STACKS} - {"pipeline"}


@pytest.fixture(autouse=True)
def zones_fit(monkeypatch):
    """Which zones fit is tested elsewhere."""
    monkeypatch.setattr(zones, "fitting", lambda cloud, instance_type: {"euc1-az2": "zb", "euc1-az3": "za"})


@pytest.fixture
def account(cloud):
    """What CloudFormation describes, once: stacks of the stage with their status, and one of somebody else."""

    def describe(image="", email="", **stacks):
        parameters = {
            "service": [{"ParameterKey": "ImageUri", "ParameterValue": image}],
            "artifacts": [{"ParameterKey": "AlarmEmail", "ParameterValue": email}],
        }
        entries = [
            {
                "StackName": f"sentiment-dev-{stack}",
                "StackId": f"arn:{stack}",
                "CreationTime": NOON,
                "StackStatus": status,
                "Tags": TAGS,
                "Outputs": [{"OutputKey": "SiteUrl", "OutputValue": "http://page"}] if stack == "site" else [],
                "Parameters": parameters.get(stack, []),
            }
            for stack, status in stacks.items()
        ]
        other = {"StackName": "other", "StackId": "arn:o", "CreationTime": NOON, "StackStatus": "CREATE_COMPLETE"}
        cloud.stub("cloudformation").add_response("describe_stacks", {"Stacks": [*entries, other]}, {})

    return describe


def names(release):
    return {step.stack for step in release.stacks.steps}


def test_nothing_is_planned_under_a_name_that_was_allowed_once(cloud, account):
    account(image="old", service="CREATE_COMPLETE", site="CREATE_COMPLETE")
    with pytest.raises(SettingsError, match="stage 'dev-2' cannot be deployed under this name"):
        plans.everything(cloud, Settings("dev-2", DEV.values), "new")


def test_everything_is_every_stack_the_page_and_the_smoke_test(cloud, account):
    account(image="old", service="CREATE_COMPLETE", site="CREATE_COMPLETE")
    release = plans.everything(cloud, DEV, "new")
    assert names(release) == STACKS
    assert (release.page, release.smoke_test, release.first) == (True, True, False)
    assert (release.image, release.image_before) == ("new", "old")
    assert release.stacks.step("service").fixed["ImageUri"] == "new"
    assert release.stacks.step("api").fixed["LambdaCodeKey"] == release.code.key
    network = release.stacks.step("network").fixed
    assert (network["FirstZone"], network["SecondZone"]) == ("za", "zb")
    assert release.url(release.stacks.outputs) == "http://page"


def test_a_stage_whose_images_are_elsewhere_has_one_stack_less(cloud, account):
    account()
    assert names(plans.everything(cloud, ELSEWHERE, "new")) == STACKS - {"registry"}


@pytest.mark.parametrize(("instance_type", "where"), [("t3.micro", "2023/recommended"), ("t4g.micro", "2023/arm64")])
def test_the_machine_image_is_of_the_instance_types_architecture(cloud, account, instance_type, where):
    account()
    chosen = Settings("dev", {**DEV.values, "instance_type": instance_type})
    fixed = plans.everything(cloud, chosen, "new").stacks.step("cluster").fixed
    assert where in str(fixed["InstanceImageId"])


def test_stacks_alone_keep_the_image_and_the_page(cloud, account):
    account(image="old", service="CREATE_COMPLETE")
    release = plans.stacks_alone(cloud, DEV, "http://laptop")
    assert names(release) == STACKS
    assert (release.page, release.smoke_test, release.image) == (False, True, "old")
    assert release.url({}) == "http://laptop"


def test_stacks_alone_need_an_image_to_keep(cloud, account):
    account(network="CREATE_COMPLETE")
    with pytest.raises(DeployError, match="runs an image to keep") as raised:
        plans.stacks_alone(cloud, DEV)
    assert "`sentiment deploy --stage dev`" in raised.value.next_step


def test_a_rolling_deployment_is_the_services_stack_alone(cloud, account):
    account(image="old", service="CREATE_COMPLETE", site="CREATE_COMPLETE")
    release = plans.service_alone(cloud, DEV, "new")
    assert names(release) == {"service"}
    assert (release.page, release.smoke_test, release.image) == (False, True, "new")


def test_a_rolling_deployment_needs_something_deployed(cloud, account):
    account()
    with pytest.raises(DeployError, match="Nothing of stage dev is deployed here"):
        plans.service_alone(cloud, DEV, "new")


def test_without_an_image_it_goes_to_the_one_that_ran_well_before(cloud, account, monkeypatch):
    monkeypatch.setattr(history, "images", lambda _cloud: ["newest", "now", "before", "long ago"])
    account(image="now", service="CREATE_COMPLETE", site="CREATE_COMPLETE")
    assert plans.service_alone(cloud, DEV, None).image == "before"


def test_where_no_image_is_known_one_has_to_be_named(cloud, account, monkeypatch):
    monkeypatch.setattr(history, "images", lambda _cloud: ["now"])
    account(image="now", service="CREATE_COMPLETE", site="CREATE_COMPLETE")
    with pytest.raises(DeployError, match="No image is recorded as having worked before now") as raised:
        plans.service_alone(cloud, DEV, None)
    assert "--to" in raised.value.next_step


@pytest.mark.parametrize(
    ("status", "first"),
    [("REVIEW_IN_PROGRESS", True), ("ROLLBACK_COMPLETE", True), ("UPDATE_ROLLBACK_COMPLETE", False)],
)
def test_a_deployment_is_the_first_until_a_service_was_complete(cloud, account, status, first):
    account(service=status, site="CREATE_COMPLETE")
    assert plans.everything(cloud, DEV, "new").first == first


def test_the_registrys_plan_is_its_stack_and_nothing_else(cloud, account):
    account()
    release = registry.plan(cloud, DEV)
    assert names(release) == {"registry"}
    assert (release.page, release.smoke_test, release.image) == (False, False, "")


def test_an_image_of_a_stack_that_is_not_ours_is_none(cloud):
    entry = {
        "StackName": "sentiment-dev-service",
        "StackId": "a",
        "CreationTime": NOON,
        "StackStatus": "CREATE_COMPLETE",
    }
    entry["Parameters"] = [{"ParameterKey": "ImageUri", "ParameterValue": "theirs"}]
    cloud.stub("cloudformation").add_response("describe_stacks", {"Stacks": [entry]}, {})
    assert images.current(cloud) == ""


@pytest.mark.parametrize(
    ("own", "before", "after"),
    [("", "", ""), ("", "me@here", "me@here"), ("you@there", "me@here", "you@there"), ("you@there", "", "you@there")],
)
def test_the_address_of_alarms_stays_what_it_was_unless_the_stage_names_one(cloud, account, own, before, after):
    account(image="old", email=before, artifacts="CREATE_COMPLETE", service="CREATE_COMPLETE")
    release = plans.stacks_alone(cloud, DEV.mailing(own))
    assert release.settings.alarm_email == after
    assert release.stacks.step("artifacts").fixed["AlarmEmail"] == after
