"""Processes of Lambda functions: none is left of a function, or of code, that is gone; what has begun is finished."""

from __future__ import annotations

import io
import json
import os
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.running import END_WITHIN, RunningApp

pytestmark = pytest.mark.cloud
UPDATES = int(os.environ.get("FAULT_UPDATES", "10"))  # `make faults` does more
HANDLER = """
import os
import pathlib
import time

def handler(event, context):
    if "began" in event:
        pathlib.Path(event["began"]).touch()
        while not pathlib.Path(event["go"]).exists():
            time.sleep(0.01)
    return {"pid": os.getpid(), "number": os.environ.get("NUMBER", "")}
"""
TEMPLATE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
  Code:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code: {ZipFile: "def handler(event, context): return 1"}
Outputs:
  Name: {Value: !Ref Code}
"""


class Function:
    """A function of the test's own."""

    def __init__(self, own: RunningApp) -> None:
        self.name, self.client, self._own = f"worker-{uuid.uuid4().hex[:8]}", own.cloud.client("lambda"), own
        role = self.client.list_functions()["Functions"][0]["Role"]
        self.client.create_function(
            FunctionName=self.name,
            Runtime="python3.12",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": zipped(HANDLER)},
            Timeout=60,
        )
        self.wait()

    def wait(self) -> None:
        """Return when the function can be changed and invoked."""
        for name in ("function_active_v2", "function_updated_v2"):
            self.client.get_waiter(name).wait(FunctionName=self.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})

    def set_number(self, number: int) -> None:
        """Change its environment."""
        self.client.update_function_configuration(
            FunctionName=self.name, Environment={"Variables": {"NUMBER": str(number)}}
        )

    def invoke(self, **event: str) -> dict[str, Any]:
        """What it returns."""
        answer = self.client.invoke(FunctionName=self.name, Payload=json.dumps(event))
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "pid" in found, found
        return found

    def pids(self) -> list[int]:
        """Its processes."""
        return pids_of(self._own, self.name)


def pids_of(own: RunningApp, name: str) -> list[int]:
    """Processes of a function: the emulator runs them in folders of their own."""
    return [process.pid for process in own.processes_of(f"ministack-lambda-{name}-")]


def zipped(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code)
    return buffer.getvalue()


def eventually(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + END_WITHIN
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def function(own: RunningApp) -> Iterator[Function]:
    made = Function(own)
    yield made
    made.client.delete_function(FunctionName=made.name)
    eventually(lambda: made.pids() == [])


def test_a_hundred_updates_leave_one_process(own: RunningApp, function: Function) -> None:
    function.invoke()
    before = len(own.processes())
    for number in range(UPDATES):
        function.set_number(number)
        assert function.invoke()["number"] == str(number)
    assert len(function.pids()) == 1
    assert len(own.processes()) <= before + 1  # the app's own may have got one more, asked by another test's visitor
    assert len(list((own.state / "tmp").glob(f"ministack-lambda-{function.name}-*"))) == 1


def test_an_update_lets_an_invocation_finish_and_then_ends_its_process(function: Function, tmp_path: Path) -> None:
    function.set_number(1)
    began, go, found = tmp_path / "began", tmp_path / "go", []
    waiting = threading.Thread(target=lambda: found.append(function.invoke(began=str(began), go=str(go))))
    waiting.start()
    eventually(began.exists)

    function.set_number(2)
    other = function.invoke()
    assert other["number"] == "2"
    go.touch()
    waiting.join(END_WITHIN)

    assert [each["number"] for each in found] == ["1"]
    eventually(lambda: function.pids() == [other["pid"]])


def test_a_stack_takes_the_processes_of_its_function_along(own: RunningApp) -> None:
    cloud, name = own.cloud.client("cloudformation"), f"workers-{uuid.uuid4().hex[:8]}"
    cloud.create_stack(StackName=name, TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_IAM"])
    cloud.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    (output,) = cloud.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    function = output["OutputValue"]
    assert own.cloud.client("lambda").invoke(FunctionName=function)["Payload"].read() == b"1"
    assert len(pids_of(own, function)) == 1

    cloud.delete_stack(StackName=name)
    eventually(lambda: pids_of(own, function) == [])
