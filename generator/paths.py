"""Paths in the checkout. Imports only the standard library, so that everything may import this module."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "templates"
STAGES = ROOT / "scripts" / "stages.toml"
