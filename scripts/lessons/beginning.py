"""The recorded beginning of a lesson: the commit, the files and what the cloud showed then; and the way back to it.

Files are kept as a commit that no branch knows (``refs/lessons/NUMBER``), so that edits that were not committed when
the lesson began are part of its beginning, and commits made since are not.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from scripts.stage.errors import DeployError

SCRATCH = Path(".local") / "lessons"  # what lessons write, beside the laptop cloud's own state
BEGUN = SCRATCH / "begun"
IDENTITY = ("-c", "user.name=sentiment learn", "-c", "user.email=learn@localhost")


@dataclass(frozen=True)
class Beginning:
    """Where a lesson began.

    Attributes:
        number: the lesson's number or letter.
        time: when, in seconds since 1970.
        branch: the branch that was checked out, "" for none.
        commit: the commit that was checked out.
        files: a commit of all files as they were, edits included.
        seen: what the lesson's check observes, as it was.
    """

    number: str
    time: float
    branch: str
    commit: str
    files: str
    seen: Any


def note(root: Path, number: str, seen: Any, files: str = "") -> Beginning:
    """Record that a lesson begins.

    Args:
        root: the learner's tree.
        number: the lesson.
        seen: what its check observes, as JSON can hold it.
        files: a commit whose files count as the beginning's; "" for the files as they are.

    Raises:
        DeployError: the tree is not a git checkout with a commit.
    """
    commit = git(root, "rev-parse", "HEAD").strip()
    branch = git(root, "branch", "--show-current").strip()
    kept = git(root, "rev-parse", f"{files}^{{commit}}").strip() if files else snapshot(root)
    git(root, "update-ref", f"refs/lessons/{number}", kept)
    found = Beginning(number, time.time(), branch, commit, kept, seen)
    path = root / BEGUN / f"{number}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(found), indent=1), encoding="utf-8")
    return found


def of(root: Path, number: str) -> Beginning | None:
    """The recorded beginning of a lesson; None if it has not begun, or its record cannot be used."""
    try:
        found = Beginning(**json.loads((root / BEGUN / f"{number}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    known = subprocess.run(["git", "cat-file", "-e", f"{found.files}^{{commit}}"], cwd=root, capture_output=True)
    return found if known.returncode == 0 else None


def with_pulled(root: Path, begun: Beginning) -> Beginning:
    """A beginning moved on by what was pulled since: commits of others are no work of the lesson.

    Args:
        root: the learner's tree.
        begun: the beginning as it was recorded.

    Returns:
        The beginning at the newest commit of its branch that a remote has sent, with the edits that it began with; as
        it was recorded where nothing came, or where those edits and what came contradict each other.
    """
    here = (git(root, "branch", "--show-current").strip(), git(root, "rev-parse", "HEAD").strip())
    if here[0] != begun.branch or here[1] == begun.commit:
        return begun
    pulled = begun.commit
    for commit in _fetched(root):
        if commit != pulled and _is_ancestor(root, pulled, commit) and _is_ancestor(root, commit, "HEAD"):
            pulled = commit
    if pulled == begun.commit:
        return begun
    if not git(root, "diff", "--name-only", begun.commit, begun.files):
        return replace(begun, commit=pulled, files=pulled)
    merged = subprocess.run(
        ["git", "merge-tree", "--write-tree", pulled, begun.files], cwd=root, capture_output=True, text=True
    )
    if merged.returncode != 0:
        return begun
    words = ("commit-tree", merged.stdout.strip(), "-p", pulled, "-m", "Files of a lesson")
    return replace(begun, commit=pulled, files=git(root, *IDENTITY, *words).strip())


def latest(root: Path) -> Beginning | None:
    """The lesson that was begun, reset or checked last; None if none has begun."""
    newest_first = sorted((root / BEGUN).glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return next((found for path in newest_first if (found := of(root, path.stem))), None)


def touch(root: Path, number: str) -> None:
    """Make a lesson that has begun the latest: the learner works on it."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(root / BEGUN / f"{number}.json")


def changed_since(root: Path, files: str, *names: str) -> list[str]:
    """Files that differ from a snapshot, new ones included.

    Args:
        root: the learner's tree.
        files: the snapshot's commit.
        names: files and folders to look at; none for all.
    """
    edited = git(root, "diff", "--name-only", "-z", files, "--", *names).split("\0")
    new = git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *names).split("\0")
    known = set(git(root, "ls-tree", "-r", "--name-only", "-z", files).split("\0"))
    return sorted({name for name in (*edited, *(name for name in new if name not in known)) if name})


def snapshot(root: Path, parent: str = "HEAD") -> str:
    """A commit of all files as they are, but those that git ignores. Touches neither index nor branch."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        real = root / git(root, "rev-parse", "--git-path", "index").strip()
        if real.is_file():
            # Saves git from reading every file. With its time: git reads files again that are as new as their index.
            shutil.copy2(real, index)
        tree_of = {"GIT_INDEX_FILE": str(index)}
        git(root, "add", "--all", environment=tree_of)
        tree = git(root, "write-tree", environment=tree_of).strip()
    return git(root, *IDENTITY, "commit-tree", tree, "-p", parent, "-m", "Files of a lesson").strip()


def go_back(root: Path, begun: Beginning) -> str:
    """Bring branch, commit and files back to a beginning; what was there is kept on a branch of its own.

    Args:
        root: the learner's tree.
        begun: where to.

    Returns:
        The name of the branch that keeps the work, "" if nothing had changed.
    """
    head = git(root, "rev-parse", "HEAD").strip()
    if head == begun.commit and not changed_since(root, begun.files):
        return ""
    name = _free(root, f"lesson-{begun.number}-{time.strftime('%Y%m%d-%H%M%S')}")
    git(root, "branch", name, snapshot(root))
    here = git(root, "branch", "--show-current").strip()
    if begun.branch and begun.branch != here:
        _keep_tip(root, begun, name)
    git(root, "add", "--all")  # so that files made since the beginning are known, and go; the branch has them
    git(root, "read-tree", "--reset", "-u", begun.files)
    if begun.branch:
        git(root, "symbolic-ref", "HEAD", f"refs/heads/{begun.branch}")
        git(root, "update-ref", f"refs/heads/{begun.branch}", begun.commit)
    else:
        git(root, "update-ref", "--no-deref", "HEAD", begun.commit)
    git(root, "reset", "--quiet")  # the index; edits of the beginning are edits again
    return name


def git(root: Path, *words: str, environment: dict[str, str] | None = None) -> str:
    """What git prints.

    Raises:
        DeployError: it refused.
    """
    done = subprocess.run(
        ["git", *words], cwd=root, capture_output=True, text=True, env={**os.environ, **(environment or {})}
    )
    if done.returncode != 0:
        raise DeployError(
            f"git {words[0]} failed: {done.stderr.strip()}", "Lessons need a git checkout of the project with a commit."
        )
    return done.stdout


def _fetched(root: Path) -> set[str]:
    """Commits that branches of remotes have had, but for those that the learner pushed there."""
    found = set()
    for name in git(root, "for-each-ref", "--format=%(refname)", "refs/remotes").split():
        log = git(root, "reflog", "show", "--format=%H %gs", name, "--").splitlines()
        log = log or [git(root, "rev-parse", name).strip()]  # of a clone, until the first fetch
        found |= {line.partition(" ")[0] for line in log if not line.endswith(" update by push")}
    return found


def _is_ancestor(root: Path, one: str, other: str) -> bool:
    words = ["git", "merge-base", "--is-ancestor", one, other]
    return subprocess.run(words, cwd=root, capture_output=True).returncode == 0


def _keep_tip(root: Path, begun: Beginning, name: str) -> None:
    """The branch of the beginning is not the one that is checked out: commits on it get a branch too."""
    found = git(root, "for-each-ref", "--format=%(objectname)", f"refs/heads/{begun.branch}").strip()
    if found and found != begun.commit:
        git(root, "branch", _free(root, f"{name}-{begun.branch.replace('/', '-')}"), found)


def _free(root: Path, name: str) -> str:
    names = git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    return next(each for each in (name, *(f"{name}-{number}" for number in range(2, 1000))) if each not in names)
