"""Where things lie in the checkout. Only the standard library is imported, so that everything may import this."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "templates"
STAGES = ROOT / "scripts" / "stages.toml"
