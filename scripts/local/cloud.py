"""One laptop cloud: the emulator's process, and the app deployed into it. ``up`` decides when to start and stop."""

from __future__ import annotations

import contextlib
import http.client
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from generator import catalogue
from scripts import ROOT
from scripts.app import receipt_keys
from scripts.cloudformation.stacks import collect_outputs
from scripts.cloudformation.work import changing
from scripts.local import child, emulator, images
from scripts.local.console import server as consoles
from scripts.local.console.server import Console, Looking
from scripts.local.front import HOST, Backend, Front
from scripts.local.hosts import take_port
from scripts.local.keys import FRONT_HEADER, Keys
from scripts.local.runner import PROCESS, Runner
from scripts.local.session import STAGE, EmulatedCloud
from scripts.local.state import State
from scripts.release import plans
from scripts.release.execute import execute
from scripts.stage import settings
from scripts.stage.errors import DeployError
from scripts.stage.interrupt import Interrupt
from scripts.stage.reporter import Reporter

EMULATOR_WITHIN = 600.0  # seconds; a million judgements takes one or two minutes
STOP_WITHIN = 5.0  # seconds
DOCKER_STOP_WITHIN = 30.0  # seconds; a busy engine is slow to remove a container
# Nothing else of the caller's environment reaches the emulator.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "SCALING")


class EmulatorError(DeployError):
    """The emulator did not start, or exited by itself."""


class LaptopCloud:
    """The emulator and what is deployed in it.

    Args:
        state: the state folder.
        front: serves the deployed app.
        reporter: is told of progress.
        runner: runs the tasks.
    """

    def __init__(self, state: State, front: Front, reporter: Reporter, runner: Runner) -> None:
        self.state = state
        self._runner = runner
        self._front = front
        self._reporter = reporter
        self._interrupt = Interrupt()
        self._keys = Keys.make()
        self._log = state.logs / "emulator.log"
        self._socket = take_port()  # kept until the end, so that nobody takes the port of an emulator that has died
        self._port: int = self._socket.getsockname()[1]
        with self._log.open("ab") as log:
            inherits = [self._socket.fileno()]
            self._emulator = child.Child(self._command(), self._environment(), ROOT, log, inherits)
        looking = Looking(STAGE, self.endpoint_url, self._keys, settings.load(STAGE).region, front.url)
        front.console = Console(looking, self._keys.console)

    @property
    def console_url(self) -> str:
        """The console's address, with the token that opens it."""
        return f"{self._front.public_url}{consoles.PATH}#token={self._keys.console}"

    @property
    def endpoint_url(self) -> str:
        """Where boto3 finds the emulator."""
        return f"http://{HOST}:{self._port}"

    def bring_up(self) -> None:
        """Deploy the app, and run the smoke test.

        Raises:
            DeployError: a step failed.
        """
        stage = settings.load(STAGE)
        image_uri = self._runner.image(stage, self.state.images, self._reporter)
        if self._runner.name == PROCESS:
            images.remove_others(image_uri, self.state.images)
        self._wait_for_emulator()
        cloud = EmulatedCloud(STAGE, self.endpoint_url, self._keys, stage.region)
        receipt_keys.ensure(cloud, self.state.receipt_key)
        self._front.find = lambda: self._find_backend(cloud)
        with changing(cloud, self._reporter, "local", interrupt=self._interrupt) as work:
            release = plans.everything(cloud, stage, image_uri, self._front.url)
            execute(work, replace(release, if_first_fails=self._what_stays()), self._show)
        self.state.publish(
            endpoint_url=self.endpoint_url,
            access_key_id=self._keys.access_key_id,
            secret_access_key=self._keys.secret_access_key,
            url=self._front.url,
            console=self.console_url,
            pid=os.getpid(),
            runner=self._runner.facts,
        )

    def wait_for_end(self) -> EmulatorError:
        """Wait until the emulator's process has ended; the error says why."""
        code = self._emulator.wait()
        if code in emulator.EXPECTED_EXITS:
            return EmulatorError(self._last_line().removeprefix("emulator: "))
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return EmulatorError(
            f"The emulator {how}. Last line of its log: {self._last_line()}",
            f"Start again: judgements are kept. Until then, {self._log} has the whole log.",
        )

    def stop(self) -> None:
        """End everything within seconds. Judgements are already on the disk."""
        self._interrupt.press()
        self._interrupt.press()  # the first press would finish what is under way
        self._emulator.stop(STOP_WITHIN if self._runner.name == PROCESS else DOCKER_STOP_WITHIN)
        self._socket.close()

    def _show(self, outputs: Mapping[str, str]) -> None:
        """Have the front show what is deployed."""
        self._front.backend = self._backend(outputs)
        self._warm_up()

    def _what_stays(self) -> str:
        """What there is to look at when the app does not pass its first test: the cloud ends with its command."""
        return f"The laptop cloud stops; its logs stay in {self.state.logs}."

    def _backend(self, outputs: Mapping[str, str]) -> Backend | None:
        names = outputs.get("SiteBucketName"), outputs.get("ApiId")
        return Backend(self._port, names[0], names[1], self._keys.front) if names[0] and names[1] else None

    def _find_backend(self, cloud: EmulatedCloud) -> Backend | None:
        """Where the app is after a second terminal has destroyed and redeployed it."""
        with contextlib.suppress(BotoCoreError, ClientError):  # the visitor gets an error reply anyway
            return self._backend(collect_outputs(cloud))
        return None

    def _command(self) -> list[str]:
        places = ["--tables", self.state.tables, "--images", self.state.images, "--logs", self.state.logs]
        pages = ["--front", self._front.url, *(f"--origin={each}" for each in sorted(self._front.origins))]
        docker = ["--docker", self._runner.docker_host] if self._runner.docker_host else []
        port = ["--socket", str(self._socket.fileno())]
        return [sys.executable, "-m", emulator.__name__, *map(str, places), *pages, *docker, *port]

    def _environment(self) -> dict[str, str]:
        """Settings of ministack; see its documentation."""
        return {key: os.environ[key] for key in PASSED_ON if key in os.environ} | {
            "AUTH": "true",  # roles and bucket policies are enforced, as on AWS
            "AWS_ACCESS_KEY_ID": self._keys.access_key_id,  # this key may do everything, like an account's root user
            "AWS_SECRET_ACCESS_KEY": self._keys.secret_access_key,
            "AWS_CONFIG_FILE": os.devnull,  # the caller's own, which may be unreadable, is about AWS
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "BIND_HOST": HOST,
            "DOCKER_HOST": f"unix://{self.state.temporary / 'no-docker.sock'}",  # other containers are not ours
            "GATEWAY_PORT": str(self._port),
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "MINISTACK_REGION": str(settings.load(STAGE).region),
            "PYTHONUNBUFFERED": "1",
            "SFTP_ENABLED": "0",
            "TMPDIR": str(self.state.temporary),
        }

    def _wait_for_emulator(self) -> None:
        deadline = time.monotonic() + EMULATOR_WITHIN
        while self._get_status("GET", self._port, "/_ministack/health") != 200:
            if self._interrupt.stopping or time.monotonic() > deadline:
                raise EmulatorError(f"The emulator does not answer. Last line of its log: {self._last_line()}")
            time.sleep(0.02)

    def _warm_up(self) -> None:
        """Make each Lambda start its first worker, all at once, so that no visitor waits for a cold start."""
        calls = [
            threading.Thread(target=self._get_status, args=(function.method, self._front.port, "/api" + function.path))
            for function in catalogue.FUNCTIONS
        ]
        for call in calls:
            call.start()
        for call in calls:
            call.join()

    def _get_status(self, method: str, port: int, path: str) -> int | None:
        connection = http.client.HTTPConnection(HOST, port, timeout=30)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request(method, path, headers={FRONT_HEADER: self._keys.front})
            return connection.getresponse().status
        return None

    def _last_line(self) -> str:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "none"
