"""What a user might pick instead of the service, each in an environment of its own under build/peers.

Each has the same ONNX file and tokenizer (sentiment.model) behind it, and is what its project's documentation shows
first: it reads a request, asks the model, and answers. The apps are in apps/; none of what is here is in their
environments.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from scripts import ROOT
from tests.bench.serving import Server, free_port, running

FOLDER = ROOT / "build" / "peers"
_BEHIND = [f"{name}=={version(name)}" for name in ("numpy", "onnxruntime")]
_QUIET = {"BENTOML_DO_NOT_TRACK": "true", "DO_NOT_TRACK": "1", "OMP_NUM_THREADS": "1"}


class MissingPeerError(Exception):
    """A peer cannot be installed here; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A server to compare with.

    Attributes:
        packages: what to install.
        command: arguments of its environment's Python; ``PORT`` is replaced.
    """

    packages: tuple[str, ...]
    command: str

    @contextmanager
    def served(self) -> Iterator[Server]:
        """Serve it, with one worker.

        Raises:
            MissingPeerError: pip cannot install it.
        """
        python = self._installed()
        port = free_port()
        with running([python, *self.command.replace("PORT", str(port)).split()], port, _QUIET) as server:
            yield server

    def versions(self) -> str:
        """What is installed of it."""
        code = (
            "import sys, importlib.metadata as m; print(*(f'{one} {m.version(one)}' for one in sys.argv[1:]), sep=', ')"
        )
        names = [name.partition("[")[0] for name in self.packages]
        done = subprocess.run([self._python, "-c", code, *names], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    @property
    def _python(self) -> Path:
        return FOLDER / self.packages[0] / "bin" / "python"

    def _installed(self) -> Path:
        if not self._python.exists():
            subprocess.run([sys.executable, "-m", "venv", FOLDER / self.packages[0]], check=True)
        command = [str(self._python), "-m", "pip", "install", "--quiet", *_BEHIND, *self.packages]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            reason = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "pip failed")
            raise MissingPeerError(reason)
        return self._python


PEERS = {
    "FastAPI": Peer(("fastapi", "uvicorn[standard]"), "-m uvicorn tests.bench.apps.fastapi_app:app --port PORT"),
    "LitServe": Peer(("litserve",), "-m tests.bench.apps.litserve_app PORT"),
    "BentoML": Peer(("bentoml",), "-m bentoml serve tests.bench.apps.bentoml_app:Sentiment --port PORT"),
}
