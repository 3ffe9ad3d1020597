"""docs/benchmarks.md is written section by section: a benchmark that did not run keeps what it had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import page
from tests.bench.__main__ import benchmarks, main
from tests.bench.figures import Figure


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"
    page.write("service", "The service", "How.", [Figure("speed", 1000, "requests/s", "by the clock")], file)
    page.write("chain", "The chain", "How.", [Figure("time", 1.234, "s")], file)
    page.write("service", "The service", "How.", [Figure("speed", 2000.4, "requests/s")], file)

    written = file.read_text()
    assert written.startswith(page.HEAD)
    assert "| speed | 2,000 | requests/s |" in written
    assert "1,000" not in written
    assert "| time | 1.23 | s |" in written
    assert written.index("## The chain") < written.index("## The service")
    assert written.count(page.machine().partition(", load")[0]) == 2


def test_every_benchmark_says_what_it_is() -> None:
    found = benchmarks()

    assert {"chain", "service"} <= found.keys()
    for module in found.values():
        assert module.TITLE.strip()
        assert module.ABOUT.strip()


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("LIGHTHOUSE", raising=False)
    monkeypatch.setenv("PATH", "")
    assert main(["lighthouse"]) == 2
    assert "npm install lighthouse" in capsys.readouterr().err


def test_an_unknown_benchmark_is_named_with_those_that_there_are(capsys) -> None:
    assert main(["nonsense"]) == 2
    assert "service" in capsys.readouterr().err
