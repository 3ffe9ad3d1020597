"""``make locks``: what is locked can be installed, hashes and all, on every platform and Python that README names.

uv asks the package index, as it would on such a machine, and installs nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import ROOT

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LINUX, MAC, INTEL_MAC = "unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-apple-darwin"
PLATFORMS = {
    f"x86_64-{LINUX}": PYTHONS,
    f"aarch64-{LINUX}": PYTHONS,
    MAC: PYTHONS,
    INTEL_MAC: PYTHONS[:-1],  # the last onnxruntime for them was made before Python 3.14
}
LOCKS = ("train.txt", "docs.txt")  # train has all of app and dev
MACOS = "14.0"  # the oldest that onnxruntime is made for
UNREACHABLE = re.compile(r"error sending request|client error|dns error|timed out|Connection refused", re.IGNORECASE)


class UnreachableError(Exception):
    """There is no package index to ask."""


def main() -> int:
    """Ask for all of them; the exit code."""
    failed = False
    try:
        for platform, pythons in PLATFORMS.items():
            for python in pythons:
                wrong = [words for lock in LOCKS if (words := trouble(ROOT / "requirements" / lock, platform, python))]
                print(
                    f"{'FAIL' if wrong else 'ok':4}  {platform:26} Python {python}", *wrong, sep="\n      ", flush=True
                )
                failed |= bool(wrong)
    except UnreachableError as error:
        print(f"!!! THE LOCKS ARE NOT TRIED ON OTHER PLATFORMS: {error}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    return int(failed)


def trouble(lock: Path, platform: str, python: str) -> str:
    """Why a lock cannot be installed on a platform; "" when it can.

    Raises:
        UnreachableError: nobody answers, or there is no uv.
    """
    uv = shutil.which(ROOT / "build" / "judges" / "bin" / "uv") or shutil.which("uv")
    if not uv:
        raise UnreachableError("there is no uv")
    words = [uv, "pip", "install", "--dry-run", "--quiet", "--require-hashes", "--only-binary", ":all:"]
    where = ["--python-platform", platform, "--python-version", python, "--target", str(ROOT / "build" / "none")]
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": MACOS}
    done = subprocess.run([*words, *where, "-r", str(lock)], env=environment, capture_output=True, text=True)
    if done.returncode and UNREACHABLE.search(done.stderr):
        raise UnreachableError(done.stderr.strip().splitlines()[-1])
    return f"{lock.name}: {' '.join(done.stderr.split())}" if done.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
