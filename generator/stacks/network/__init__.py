"""The stack of the network and its parts: VPC and security groups, private subnets, and what Lambdas may do there."""

from generator.stacks.network.stack import build

__all__ = ["build"]
