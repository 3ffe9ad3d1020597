"""What a check of the doctor finds: whether it passed, what to do if not. The checks themselves are elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scripts.stage.errors import AWS_ERRORS, AdviceError, DeployError, explain


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        name: what was checked.
        passed: whether a deployment can go on; true for a warning.
        detail: what was found.
        fix: what to do about it.
        warning: whether it passed, but the operator should know of something.
    """

    name: str
    passed: bool
    detail: str = ""
    fix: str = ""
    warning: bool = False

    @property
    def text(self) -> str:
        """The finding in a line or two."""
        word = "WARN" if self.warning else "PASS" if self.passed else "FAIL"
        line = f"{word}  {self.name}" + (f": {self.detail}" if self.detail else "")
        return f"{line}\n      Fix: {self.fix}" if self.fix and word != "PASS" else line


def check(name: str, look: Callable[[], str], needed: bool = True) -> Finding:
    """Make one check.

    Args:
        name: what is checked.
        look: returns details, or raises a DeployError or an error of boto3.
        needed: whether a deployment makes the same calls; otherwise it is a warning if AWS does not answer.
    """
    try:
        return Finding(name, True, look())
    except AdviceError as told:
        return Finding(name, True, told.message, told.next_step, warning=True)
    except (DeployError, *AWS_ERRORS) as error:
        trouble = explain(error) or DeployError(str(error))
        unknown = not needed and not isinstance(error, DeployError)
        return Finding(name, unknown, trouble.message, trouble.next_step, warning=unknown)
