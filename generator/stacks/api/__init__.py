"""The stack of the API and its parts: ``stack`` puts the template together, ``functions`` adds its Lambdas."""

from generator.stacks.api.stack import build

__all__ = ["build"]
