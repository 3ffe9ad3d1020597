"""How many calls of AWS a command makes: on a real account, calls are what takes the time."""

import pytest

from tests.local.counting import counted
from tests.local.small_app import GOOD

pytestmark = pytest.mark.cloud


@pytest.mark.parametrize(("command", "most"), [("plan", 10), ("deploy", 20), ("roll", 10)])
def test_a_command_that_changes_nothing_makes_few_calls(own, run, command, most):
    with counted() as calls:
        run(command)
    assert calls.total() <= most + 3, calls  # a heartbeat, which a slow machine sends meanwhile, is three
    assert not calls.keys() & {"CreateChangeSet", "ExecuteChangeSet", "UpdateService"}


def test_a_roll_makes_few_calls(own, run, container):
    container(GOOD.replace("MODEL", "counted"))
    with counted() as calls:
        run("roll")
    assert calls["ExecuteChangeSet"] == 1
    assert calls.total() <= 18, calls
