"""The lines that the fault tests print become figures."""

from __future__ import annotations

from tests.bench.faults import figures

OUTPUT = """\
16 passed in 90.00s
FAULT a task is frozen: 739 requests, 6 failed, 1 for good; 475 judgements acknowledged, 2 lost
FAULT scaling in under load: 10394 requests, 0 failed, 0 for good; 92 judgements acknowledged, 0 lost
"""


def test_each_fault_tells_failed_requests_and_lost_judgements() -> None:
    found = [(one.name, one.value, one.note) for one in figures(OUTPUT)]

    assert found == [
        ("a task is frozen: failed", 6, "of 739 requests; 1 failed again on retry"),
        ("a task is frozen: lost", 2, "of 475 acknowledged"),
        ("scaling in under load: failed", 0, "of 10,394 requests; 0 failed again on retry"),
        ("scaling in under load: lost", 0, "of 92 acknowledged"),
    ]
