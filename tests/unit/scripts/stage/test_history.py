"""Which images ran well, against moto's parameter store."""

import pytest
from moto import mock_aws

from generator import catalogue
from scripts.stage import history
from scripts.stage.session import Cloud


@pytest.fixture
def ssm(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Cloud("dev", region="us-east-1")


def test_images_that_ran_well_are_remembered_newest_first_each_once(ssm):
    assert history.images(ssm) == []
    history.remember_image(ssm, "b", before="a")
    history.remember_image(ssm, "c", before="b")
    history.remember_image(ssm, "a", before="c")
    assert history.images(ssm) == ["a", "c", "b"]
    for number in range(20):
        history.remember_image(ssm, str(number))
    assert len(history.images(ssm)) == catalogue.IMAGES_KEPT
    assert history.images(ssm)[0] == "19"


@pytest.mark.parametrize("value", ["no JSON", '{"an": "object"}', "7"])
def test_a_history_that_cannot_be_read_is_begun_anew(ssm, value):
    ssm.client("ssm").put_parameter(Name="/sentiment/dev/images", Value=value, Type="String")
    assert history.images(ssm) == []
    history.remember_image(ssm, "a")
    assert history.images(ssm) == ["a"]


def test_what_is_remembered_carries_the_stages_tags_and_can_be_removed(ssm):
    history.remember_image(ssm, "a")
    name = history.parameter_name("dev")
    found = ssm.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
    assert {entry["Key"]: entry["Value"] for entry in found["TagList"]} == {"project": "sentiment", "stage": "dev"}
    history.remove(ssm)
    assert history.images(ssm) == []
