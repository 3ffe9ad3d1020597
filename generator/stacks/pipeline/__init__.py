"""The stack of the pipelines and its parts: the roles, what each may do, and the boundary of the app's roles."""

from generator.stacks.pipeline.stack import build

__all__ = ["build"]
