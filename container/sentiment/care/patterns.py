"""The patterns, as `make care` wrote them down in patterns.json (training/care/compile.py says how)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from sentiment.index import Clauses, Index, Pattern

FILE = Path(__file__).with_suffix(".json")


class Rule(NamedTuple):
    """A rule: it applies to a sentence that one of its patterns finds.

    Attributes:
        topic: what the sentence is about then.
        unless: what must not match; None: it applies without exception.
    """

    topic: str
    unless: Pattern | None


_read: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
CLAUSES = Clauses(_read["needed"], _read["clauses"])
WORDS: dict[str, str] = _read["words"]  # each slip with its right spelling
PHRASES = Index([(found, needs) for found, _, *needs in _read["phrases"]], CLAUSES)
MEANT: tuple[str, ...] = tuple(meant for _, meant, *_ in _read["phrases"])  # what each phrase is replaced by
RULES = tuple(Rule(topic, Pattern(unless) if unless else None) for topic, unless, _ in _read["rules"])
FINDS = Index([(found, needs) for *_, finds in _read["rules"] for found, *needs in finds], CLAUSES)
RULE_OF = tuple(rule for rule, (*_, finds) in zip(RULES, _read["rules"], strict=True) for _ in finds)  # of each find
del _read  # a MiB
