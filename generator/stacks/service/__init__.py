"""The stack of the service and its parts: ``stack`` puts the template together, ``container`` defines its container."""

from generator.stacks.service.stack import build

__all__ = ["build"]
