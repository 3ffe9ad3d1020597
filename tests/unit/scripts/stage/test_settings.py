"""stages.toml: what is accepted, and what a mistake in it says."""

import tomllib

import pytest

from scripts.stage import settings
from scripts.stage.errors import SettingsError

DEFAULTS = """
[defaults]
region = ""
image_repository = ""
site_api_url = ""
task_memory = 192
cloud_front = "false"
"""


@pytest.fixture
def write(tmp_path):
    def writer(text):
        path = tmp_path / "stages.toml"
        path.write_text(text)
        return path

    return writer


def test_a_stage_says_what_differs_from_the_defaults(write):
    path = write(DEFAULTS + '[dev]\n[prod]\ntask_memory = 512\nregion = "eu-central-1"\n')
    assert settings.load("dev", path).parameters == {"TaskMemory": "192", "CloudFront": "false"}
    prod = settings.load("prod", path)
    assert prod.parameters["TaskMemory"] == "512"
    assert prod.region == "eu-central-1"
    assert settings.stages(path) == ["dev", "prod"]


@pytest.mark.parametrize("stage", ["test", "defaults", ""])
def test_an_unknown_stage_is_answered_with_those_that_there_are(write, stage):
    with pytest.raises(SettingsError, match="dev, prod"):
        settings.load(stage, write(DEFAULTS + "[dev]\n[prod]\n"))


@pytest.mark.parametrize("stage", ["2dev", "Dev", "a" * 17])
def test_a_stage_whose_name_was_never_allowed_is_refused(write, stage):
    with pytest.raises(SettingsError, match=f"'{stage}' cannot be the name of a stage") as refused:
        settings.load(stage, write(f"[defaults]\n[{stage}]\n"))
    assert "Rename its table" in refused.value.next_step


@pytest.mark.parametrize("stage", ["dev-2", "a" * 13])
def test_a_stage_whose_name_was_allowed_once_can_be_known_but_not_deployed(write, stage):
    found = settings.load(stage, write(f"[defaults]\n[{stage}]\n"))
    with pytest.raises(SettingsError, match=f"stage '{stage}' cannot be deployed under this name") as refused:
        found.check_name()
    assert "sentiment destroy" in refused.value.next_step


def test_an_unknown_key_is_named(write):
    with pytest.raises(SettingsError, match="'task_memmory'"):
        settings.load("dev", write(DEFAULTS + "[dev]\ntask_memmory = 1\n"))


@pytest.mark.parametrize(
    "line", ['task_memory = "512"', "task_memory = true", "cloud_front = true", "task_memory = 1.5"]
)
def test_a_value_of_the_wrong_type_is_named(write, line):
    with pytest.raises(SettingsError, match="like its default"):
        settings.load("dev", write(DEFAULTS + f"[dev]\n{line}\n"))


@pytest.mark.parametrize("text", ["[defaults", "[dev]\n", "loose = 1\n[defaults]\n", "defaults = 1\n"])
def test_a_broken_file_is_named(write, text):
    with pytest.raises(SettingsError, match=r"stages\.toml"):
        settings.load("dev", write(text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.load("dev", tmp_path / "stages.toml")


def test_every_stage_of_this_project_loads():
    for stage in settings.stages():
        settings.load(stage).check_name()
        assert settings.load(stage).parameters["TaskMemory"].isdigit()


def test_the_file_is_parsed_once_and_again_after_an_edit(tmp_path, monkeypatch):
    path = tmp_path / "stages.toml"
    path.write_text("[defaults]\nregion = 'a'\n[dev]\n")
    parsed, parse = [], tomllib.loads

    def loads(text):
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(tomllib, "loads", loads)
    assert [settings.load("dev", path).region for _ in range(3)] == ["a"] * 3
    assert settings.stages(path) == ["dev"]
    assert len(parsed) == 1

    path.write_text("[defaults]\nregion = 'longer'\n[dev]\n")
    assert settings.load("dev", path).region == "longer"


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        ("t3.micro", "amd64"),
        ("g4dn.xlarge", "amd64"),
        ("m7i-flex.large", "amd64"),
        ("t4g.micro", "arm64"),
        ("c7gn.medium", "arm64"),
        ("x2gd.medium", "arm64"),
        ("is4gen.medium", "arm64"),
        ("a1.medium", "arm64"),
    ],
)
def test_the_architecture_follows_from_the_instance_type(instance_type, architecture):
    assert settings.Settings("dev", {"instance_type": instance_type}).architecture == architecture


@pytest.mark.parametrize(
    ("kind", "credits"),
    [("t3.micro", "standard"), ("t4g.small", "standard"), ("m7g.medium", "none"), ("tz1.x", "none")],
)
def test_an_instance_type_without_cpu_credits_is_given_no_setting_for_them(kind, credits):
    """EC2 starts no such instance with one."""
    dev = settings.load("dev")
    assert settings.Settings("dev", {**dev.values, "instance_type": kind}).parameters["CpuCredits"] == credits
