"""What the Docker engine is told to honour of a task definition; that it does is tested with real containers."""

from __future__ import annotations

import pytest

from scripts.cloudformation import templates
from scripts.local import docker_engine
from scripts.local.extensions.cloudformation import lower_keys


@pytest.fixture(scope="module")
def definition() -> dict[str, object]:
    """The container of the service's template, its references filled in as CloudFormation does: with text."""
    [raw] = templates.load("service").resources["TaskDefinition"].properties["ContainerDefinitions"]
    return lower_keys({**raw, "Memory": "192", "Cpu": "256", "Image": "x"})


def test_every_limit_and_every_renounced_privilege_is_passed_on(definition: dict[str, object]) -> None:
    told = docker_engine.settings_of(definition)

    assert (told["mem_limit"], told["memswap_limit"], told["cpu_shares"]) == ("192m", "192m", 256)
    assert (told["user"], told["read_only"], told["init"]) == ("10001:10001", True, True)
    assert (told["cap_drop"], told["security_opt"]) == (["ALL"], ["no-new-privileges"])
    assert told["tmpfs"] == {"/tmp": "size=16m,noexec,nosuid,nodev"}  # noqa: S108
    assert [dict(each) for each in told["ulimits"]] == [{"Name": "nofile", "Soft": 4096, "Hard": 4096}]
    check = told["healthcheck"]
    assert (check["Test"], check["Retries"]) == (["CMD", "python", "-m", "sentiment.probe"], 3)
    assert [check[key] for key in ("Interval", "Timeout", "StartPeriod")] == [10 * 10**9, 5 * 10**9, 15 * 10**9]


def test_nothing_is_invented_where_a_definition_says_nothing() -> None:
    told = docker_engine.settings_of({"memory": 64})

    assert told["mem_limit"] == "64m"
    assert not any(value for name, value in told.items() if name not in {"mem_limit", "memswap_limit"})
