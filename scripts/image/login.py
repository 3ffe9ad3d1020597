"""Logs Docker in to the registry of a stage's images, with credentials valid for hours at most. Pushes nothing."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
from pathlib import Path

from scripts.stage.errors import ImageError
from scripts.stage.session import Cloud

GITHUB_REGISTRY = "ghcr.io"
DOCKER_HUB = "docker.io"
HUB_NAMES = ("https://index.docker.io/v1/", "index.docker.io")  # as Docker's configuration has it
LOGIN_SECONDS = 60


def login(cloud: Cloud, repository: str) -> str:
    """Log in to the registry that a repository is in.

    Args:
        cloud: the stage, for ECR's own tokens.
        repository: such as ``ghcr.io/you/sentiment-rnn``.

    Returns:
        The registry's host.

    Raises:
        ImageError: no repository is set, its registry issues no short-lived tokens, or Docker cannot log in.
    """
    host = host_of(repository)
    if not repository:
        raise ImageError(
            f"Stage {cloud.stage} has no image_repository.",
            f'Set it in scripts/stages.toml: "ecr" for a registry of its own, or {GITHUB_REGISTRY}/you/sentiment-rnn.',
        )
    if host == GITHUB_REGISTRY:
        user, password = _github()
    elif ".dkr.ecr." in host:
        user, password = _ecr(cloud)
    else:
        raise ImageError(
            f"{host} issues no short-lived tokens, so a pipeline would need a long-lived key.",
            f"Log in by hand (`docker login {host}`), or push images to {GITHUB_REGISTRY} or ECR.",
        )
    done = subprocess.run(
        ["docker", "login", "--username", user, "--password-stdin", host],
        input=password,
        capture_output=True,
        text=True,
        timeout=LOGIN_SECONDS,
    )
    if done.returncode:
        raise ImageError(f"{host} refuses the login: {done.stderr.strip()}", "May this token write packages there?")
    return host


def host_of(repository: str) -> str:
    """Host of the registry that a repository is in; Docker's own for a name without one.

    Args:
        repository: such as ``ghcr.io/you/sentiment-rnn``.
    """
    host = repository.partition("/")[0]
    return host if "." in host or ":" in host or not repository else DOCKER_HUB


def knows(host: str) -> bool:
    """Whether Docker has credentials for a registry; they may have expired.

    Args:
        host: of the registry.
    """
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    names = {host, f"https://{host}", *(HUB_NAMES if host == DOCKER_HUB else ())}
    if names & {*config.get("auths", {}), *config.get("credHelpers", {})}:
        return True
    store = config.get("credsStore", "")
    with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
        program = [f"docker-credential-{store}", "list"]
        done = subprocess.run(program, capture_output=True, text=True, timeout=LOGIN_SECONDS)
        return bool(store) and bool(names & {*json.loads(done.stdout)})
    return False


def _github() -> tuple[str, str]:
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise ImageError(
            "GITHUB_TOKEN is not set; GitHub gives each job one.",
            f"By hand: `gh auth token | docker login --username YOU --password-stdin {GITHUB_REGISTRY}`.",
        )
    return os.environ.get("GITHUB_ACTOR", "token"), token


def _ecr(cloud: Cloud) -> tuple[str, str]:
    answer = cloud.client("ecr").get_authorization_token()
    user, _, password = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")
    return user, password
