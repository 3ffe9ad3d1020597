"""A Docker engine, a base image and a registry for the image tests: what the machine has, or what can be started here.

Nothing here is needed to use the project: with Docker installed and a public registry in reach, `docker build` is all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.local.running import free_port

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# What CPython's standard library links to on Debian bookworm.
PYTHON_LIBRARIES = (
    "ca-certificates,netbase,tzdata,libssl3,libffi8,libsqlite3-0,libbz2-1.0,liblzma5,zlib1g,"
    "libreadline8,libncursesw6,libuuid1,libexpat1"
)


class UnavailableError(Exception):
    """Something that the image tests need cannot be had on this machine; the message says what and how to get it."""


class Engine:
    """A Docker engine reached through its command-line client."""

    def __init__(self, client: str, host: str | None) -> None:
        self.client = client
        self.environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
        if host:
            self.environment["DOCKER_HOST"] = host

    def run(self, *arguments: str, timeout: float = 300, check: bool = True) -> str:
        """Runs ``docker ARGUMENTS`` and returns its standard output, stripped.

        Raises:
            AssertionError: the command failed and ``check`` is set; carries what it printed.
        """
        done = subprocess.run(
            [self.client, *arguments], env=self.environment, capture_output=True, text=True, timeout=timeout
        )
        if check and done.returncode:
            raise AssertionError(f"docker {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def answers(self) -> bool:
        """True when the engine behind the client can be talked to."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run([self.client, "info"], env=self.environment, capture_output=True, timeout=20)
            return done.returncode == 0
        return False


@contextlib.contextmanager
def running_engine() -> Iterator[Engine]:
    """The machine's Docker engine; if it has none, one started here and ended again.

    Raises:
        UnavailableError: neither is possible.
    """
    client = shutil.which("docker", path=f"/usr/bin:{os.environ.get('PATH', '')}")
    if not client:
        raise UnavailableError("no docker command (Debian: apt-get install docker.io)")
    if (engine := Engine(client, None)).answers():
        yield engine
        return
    daemon = shutil.which("dockerd", path=SYSTEM_PATH)
    if not daemon or os.geteuid() != 0:
        raise UnavailableError("no Docker engine answers, and only root can start one (needs dockerd)")
    with tempfile.TemporaryDirectory(prefix="image-tests-") as folder, (Path(folder) / "log").open("wb") as log:
        host = f"unix://{folder}/docker.sock"
        process = subprocess.Popen(
            [daemon, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
            + ["--pidfile", f"{folder}/pid", "--host", host],
            env={**os.environ, "PATH": SYSTEM_PATH},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            engine = Engine(client, host)
            deadline = time.monotonic() + 60
            while not engine.answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    tail = (Path(folder) / "log").read_text(errors="replace")[-600:]
                    raise UnavailableError(f"dockerd does not start here: {tail}")
                time.sleep(0.2)
            yield engine
        finally:
            process.terminate()
            process.wait(30)


def ensure_base_image(engine: Engine, name: str, folder: Path) -> None:
    """Makes the Dockerfile's base image available: pulled or, where no public registry is in reach, a stand-in.

    The stand-in is Debian bookworm with this machine's CPython under /usr/local, laid out as the official image is.
    A certificate bundle named by PIP_CERT goes into it, so that pip works inside a build behind such a proxy.

    Raises:
        UnavailableError: no registry in reach, and a stand-in cannot be made.
    """
    if engine.run("images", "--quiet", name):
        return
    with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
        engine.run("pull", "--quiet", name, timeout=120)
        return
    if sys.version_info[:2] != (3, 11):
        raise UnavailableError(f"{name} cannot be pulled, and a stand-in needs to be built with CPython 3.11")
    if not shutil.which("mmdebstrap", path=SYSTEM_PATH):
        raise UnavailableError(f"{name} cannot be pulled, and there is no mmdebstrap to build a stand-in")
    prefix = Path(sys.base_prefix)
    # The interpreter without what the official slim image leaves out as well.
    copy_python = (
        f"tar -C {prefix} --exclude=__pycache__ --exclude=site-packages --exclude=lib/python3.11/test "
        "--exclude='libpython3.11*.a' --exclude=share -cf - bin/python3.11 lib "
        '| tar -C "$1/usr/local" --no-same-owner -xf -'
    )
    finish = (
        'set -e; for n in python3 python; do ln -s python3.11 "$1/usr/local/bin/$n"; done; '
        'mkdir -p "$1/usr/local/lib/python3.11/site-packages"; chroot "$1" ldconfig; '
        'chroot "$1" /usr/local/bin/python3 -m ensurepip >/dev/null; ln -sf pip3 "$1/usr/local/bin/pip"; '
        'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/usr/share/doc'
    )
    tarball = folder / "base.tar"
    # timeout(1) asks it to end, and it takes its mounts away then; Python would kill it.
    done = subprocess.run(
        ["timeout", "900", "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={PYTHON_LIBRARIES}"]
        + [f"--customize-hook={copy_python}", f"--customize-hook={finish}", "bookworm", str(tarball)],
        env={**os.environ, "PATH": SYSTEM_PATH},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        why = "took more than 900 s" if done.returncode == 124 else f"failed: {done.stderr[-600:]}"
        raise UnavailableError(f"mmdebstrap {why}")
    changes = ["--change", "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8"]
    engine.run("import", *changes, str(tarball), "base-without-certificates")
    tarball.unlink()
    bundle = Path(os.environ.get("PIP_CERT") or "/etc/ssl/certs/ca-certificates.crt")
    context = folder / "base"
    context.mkdir()
    (context / "bundle.crt").write_bytes(bundle.read_bytes())
    (context / "Dockerfile").write_text(
        "FROM base-without-certificates\nCOPY bundle.crt /etc/ssl/certs/ca-certificates.crt\n"
        "ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt\n"
    )
    engine.run("build", "--quiet", "--tag", name, str(context))


@contextlib.contextmanager
def running_registry(folder: Path) -> Iterator[str]:
    """A registry on loopback, as ``127.0.0.1:PORT``.

    Raises:
        UnavailableError: there is no docker-registry command.
    """
    command = shutil.which("docker-registry", path=f"{SYSTEM_PATH}:/usr/local/bin")
    if not command:
        raise UnavailableError("no docker-registry command (Debian: apt-get install docker-registry)")
    address = f"127.0.0.1:{free_port()}"
    settings = folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\nhttp: {{addr: '{address}'}}\n"
    )
    process = subprocess.Popen([command, "serve", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        host, port = address.split(":")
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise UnavailableError("docker-registry does not start here")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":  # whether there is an engine here, for .ci/run
    try:
        with running_engine():
            pass
    except UnavailableError as unavailable:
        raise SystemExit(str(unavailable)) from None
