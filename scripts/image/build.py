"""Builds the container image with Docker and pushes it, unless a registry has that content already."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from scripts.image import content
from scripts.image.content import CONTAINER_DIR
from scripts.stage.errors import ImageError
from scripts.stage.reporter import Reporter
from scripts.stage.settings import Settings

BUILD_SECONDS = 1800
ASK_SECONDS = 60
# What registries say if the tag does not exist, as opposed to denying access.
ABSENT = ("not found", "manifest unknown", "no such manifest", "name unknown", "name_unknown")
EMULATION = (
    "Install emulation once (`docker run --privileged --rm tonistiigi/binfmt --install all`), build on a machine "
    "of that platform, or set another instance_type in scripts/stages.toml."
)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def ensure(settings: Settings, reporter: Reporter, container: Path = CONTAINER_DIR) -> str:
    """Make sure that the registry has this checkout's image.

    Args:
        settings: the stage's settings, for the repository.
        reporter: told what is done.
        container: folder with the Dockerfile.

    Returns:
        The image's reference, pinned by digest: ``repository@sha256:...``.

    Raises:
        ImageError: no repository is set, Docker is missing, or a step failed.
    """
    reference = _tagged(settings, container)
    check_docker()
    architecture = settings.architecture
    digest = pushed_digest(reference, architecture)
    if digest:
        reporter.note(f"image {reference} is already in the registry")
    else:
        _build(reference, reporter, container, architecture)
        reporter.note(f"pushing {reference}")
        _docker("push", "--quiet", reference, seconds=BUILD_SECONDS)
        digest = pushed_digest(reference, architecture)
        if not digest:
            raise ImageError(f"{reference} was pushed, but the registry does not have it.", "Run the command again.")
    return f"{settings.image_repository}@{digest}"


def for_this_machine(reference: str, reporter: Reporter, container: Path = CONTAINER_DIR) -> str:
    """Make sure that this machine's engine has this checkout's image; it is not pushed.

    Args:
        reference: its name; the tag is derived from its content.
        reporter: told what is done.
        container: folder with the Dockerfile.

    Returns:
        The reference.

    Raises:
        ImageError: Docker is missing, or cannot build it.
    """
    check_docker()
    if not _docker("images", "--quiet", reference, seconds=ASK_SECONDS):
        _build(reference, reporter, container, content.USUAL)
    return reference


def engine_address() -> str:
    """Where Docker's engine answers, as the command line has it: DOCKER_HOST, or the context that is in use."""
    return _docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}", seconds=ASK_SECONDS).strip()


def engine_architecture() -> str:
    """What Docker's engine runs without emulation, such as ``amd64``.

    Raises:
        ImageError: Docker is missing, or its engine does not answer.
    """
    return _docker("version", "--format", "{{.Server.Arch}}", seconds=ASK_SECONDS).strip()


def reference(settings: Settings, container: Path = CONTAINER_DIR) -> str:
    """The image's reference without building it: by digest where the registry has it, otherwise by tag.

    Raises:
        ImageError: no repository is set, Docker is missing, or the registry does not answer.
    """
    tagged = _tagged(settings, container)
    check_docker()
    digest = pushed_digest(tagged, settings.architecture)
    return f"{settings.image_repository}@{digest}" if digest else tagged


def _build(reference: str, reporter: Reporter, container: Path, architecture: str) -> None:
    reporter.note(f"building {reference} for {architecture}")
    platform = f"linux/{architecture}"
    _docker("build", "--platform", platform, "--tag", reference, str(container), seconds=BUILD_SECONDS)


def _tagged(settings: Settings, container: Path) -> str:
    if not settings.image_repository:
        raise ImageError(
            f"Stage {settings.stage} has no image_repository.",
            'Set it in scripts/stages.toml: "ecr" for a registry of its own, or such as docker.io/you/sentiment-rnn.',
        )
    return f"{settings.image_repository}:{content.tag(container, settings.architecture)}"


def check_docker() -> None:
    """Find out whether Docker can be used.

    Raises:
        ImageError: it is not installed, or its engine does not answer.
    """
    if shutil.which("docker") is None:
        raise ImageError(
            "Docker, which builds the container image, is not installed.",
            "Install it (docs.docker.com/get-docker), or name a pushed image with --image.",
        )
    _docker("version", "--format", "{{.Server.Version}}", seconds=ASK_SECONDS)


def pushed_digest(reference: str, architecture: str = content.USUAL) -> str:
    """Digest of an image in its registry, ``sha256:...``; "" when it is not there.

    Args:
        reference: the image, with its tag.
        architecture: what it was built for, as Docker names it.

    Raises:
        ImageError: the registry does not answer that.
    """
    # Docker pushes to a registry on this machine without TLS, but asks one only when told so.
    plain = ["--insecure"] if urlsplit(f"//{reference}").hostname in LOOPBACK else []
    done = _run("manifest", "inspect", *plain, "--verbose", reference, seconds=ASK_SECONDS)
    if done.returncode:
        if any(words in done.stderr.lower() for words in ABSENT):
            return ""
        raise _failed(("manifest", "inspect", reference), done.stderr)
    answer = json.loads(done.stdout)
    entries = answer if isinstance(answer, list) else [answer]
    wanted = [entry for entry in entries if _platform(entry) in {f"linux/{architecture}", ""}]
    return str((wanted or entries)[0]["Descriptor"]["digest"])


def _platform(entry: dict[str, dict[str, dict[str, str]]]) -> str:
    platform = entry.get("Descriptor", {}).get("platform", {})
    return f"{platform['os']}/{platform['architecture']}" if platform else ""


def _docker(*arguments: str, seconds: int) -> str:
    done = _run(*arguments, seconds=seconds)
    if done.returncode:
        raise _failed(arguments, done.stderr or done.stdout)
    return done.stdout


def _run(*arguments: str, seconds: int) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, timeout=seconds, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise ImageError(
            f"`docker {' '.join(arguments)}` took more than {seconds} s.",
            "Is the registry reachable? Try the command by hand.",
        ) from error


def _environment() -> dict[str, str]:
    """Ours, and no attestations: a registry would count each as an image more that it keeps."""
    return {**os.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def _failed(arguments: tuple[str, ...], words: str) -> ImageError:
    last = "\n".join(words.strip().splitlines()[-10:]) or "it printed nothing"
    text = words.lower()
    if "cannot connect to the docker daemon" in text or "is the docker daemon running" in text:
        return ImageError("Docker is installed, but its engine does not answer.", "Start it, then run this again.")
    if "exec format error" in text:
        return ImageError(
            "This machine's engine cannot run programs of the platform that the image is for.",
            EMULATION,
        )
    if "denied" in text or "unauthorized" in text or "authentication required" in text:
        return ImageError(f"The registry refuses: {last}", "Run `docker login` with an account that may push there.")
    return ImageError(f"`docker {' '.join(arguments)}` failed:\n{last}", "Try that command by hand.")
