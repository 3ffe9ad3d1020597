"""The stack of the cluster and its parts: ``stack`` puts it together, ``instances`` adds its EC2 instances."""

from generator.stacks.cluster.stack import build

__all__ = ["build"]
