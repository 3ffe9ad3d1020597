"""The stack of operations and its parts: alarms and budget in ``stack``, the ``dashboard``, and the daily ``watch``."""

from generator.stacks.operations.stack import build

__all__ = ["build"]
