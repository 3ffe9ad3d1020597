"""The secret of a run: nobody had it before, and what is derived from it does not tell it."""

from __future__ import annotations

import re

from scripts.local.keys import Keys


def test_each_run_has_keys_of_its_own() -> None:
    made = [Keys.make() for _ in range(100)]

    assert len({keys.secret_access_key for keys in made}) == len({keys.access_key_id for keys in made}) == 100
    for keys in made:
        assert re.fullmatch(r"LAPTOP[0-9A-F]{16}", keys.access_key_id)
        assert len(keys.secret_access_key) >= 43  # 256 bits


def test_what_is_derived_differs_by_purpose_and_by_run() -> None:
    keys = Keys.make()
    secrets = {keys.front, keys.derive("front of something"), Keys.make().front, keys.secret_access_key}

    assert len(secrets) == 4
    assert keys.front == Keys(keys.access_key_id, keys.secret_access_key).front
