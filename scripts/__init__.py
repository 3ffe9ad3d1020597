"""The orchestrator: rooms whose imports go one way, from `cli` down to `stage`; docs/contributing.md lists them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
