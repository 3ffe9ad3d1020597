"""The command line of the retraining: a share is a share."""

from __future__ import annotations

import sys

import pytest

from training.retrain import __main__


@pytest.mark.parametrize("written", ["nan", "inf", "-0.1", "1.1", "a fifth", ""])
def test_what_is_no_share_is_refused_before_anything_is_read(
    written: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["retrain", "--csv", "nowhere.csv", f"--least={written}"])
    with pytest.raises(SystemExit) as raised:
        __main__.main()
    assert raised.value.code == 2
    assert f"{written!r} is not a share between 0 and 1" in capsys.readouterr().err


@pytest.mark.parametrize("written", ["0", "0.02", "1"])
def test_a_share_is_taken_as_it_is(written: str) -> None:
    assert __main__._share(written) == float(written)
