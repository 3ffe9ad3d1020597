"""A process that takes the locks which it is told to take: ``python taker.py ENDPOINT FOLDER STALE_SECONDS THREADS``.

Each line of its input is JSON: the stage, how long to wait, and what to do: ``race`` holds the lock for a moment with a
mark in the folder, which fails if there is one already; ``hold`` holds it until the next line, and then makes a change.
Each thread prints one line of JSON for it.
"""

from __future__ import annotations

import functools
import json
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.local.keys import Keys
from scripts.local.session import EmulatedCloud
from scripts.stage import lock
from scripts.stage.errors import LockLostError, StageLockedError

ENDPOINT, FOLDER = sys.argv[1], Path(sys.argv[2])
lock.STALE_SECONDS = float(sys.argv[3])
lock.SURE_SECONDS, lock.BEAT_SECONDS = lock.STALE_SECONDS * 0.6, lock.STALE_SECONDS * 0.2
THREADS = int(sys.argv[4])
NOBODY = Keys("", "")  # the environment has the keys


class ReadyCloud(EmulatedCloud):
    """A cloud that looks again soon, and makes its client once: a race is over before another could be made."""

    poll_seconds = 0.01

    @functools.cached_property
    def _own(self) -> Any:
        return super().unguarded_client("ssm", lock.CONFIG)

    def unguarded_client(self, service: str, config: Any) -> Any:
        return self._own


clouds = [ReadyCloud("none", ENDPOINT, NOBODY) for _ in range(THREADS)]


def race(cloud: ReadyCloud, stage: str, wait: float) -> str:
    cloud.stage = stage
    time.sleep(random.uniform(0, 0.003))
    mark = FOLDER / stage
    try:
        with lock.hold(cloud, "race", wait):
            try:
                os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return "double"
            time.sleep(random.uniform(0.01, 0.03))  # for others to find out that they hold it as well
            mark.unlink()
            return "held"
    except StageLockedError:
        return "refused"


def hold(stage: str, wait: float) -> None:
    cloud = clouds[0]
    cloud.stage = stage
    with lock.hold(cloud, "hold", wait):
        print(json.dumps("held"), flush=True)
        sys.stdin.readline()
        try:
            cloud.client("ssm").put_parameter(Name=f"/{stage}/changed", Value="x", Type="String")
            print(json.dumps("changed"), flush=True)
        except LockLostError as error:
            print(json.dumps(error.message), flush=True)


print(json.dumps([os.getpid(), time.time()]), flush=True)
with ThreadPoolExecutor(THREADS) as pool:
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        if asked["do"] == "hold":
            hold(asked["stage"], asked["wait"])
            continue
        for result in [pool.submit(race, cloud, asked["stage"], asked["wait"]) for cloud in clouds]:
            print(json.dumps(result.result()), flush=True)
