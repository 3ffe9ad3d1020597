"""The orchestrator: rooms whose imports go one way, from `cli` down to `stage`; docs/contributing.md lists them."""

from generator.paths import ROOT

__all__ = ["ROOT"]
