"""Words that a trained network does not know begin where its own vectors say that their like lie."""

from pathlib import Path

import numpy as np
import pytest

from training.network import vectors

SHIPPED = Path(vectors.__file__).parents[1] / "teacher" / "soft-labels-0.npz"


def test_a_new_word_begins_near_those_that_pretrained_vectors_say_it_is_like(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    words = [f"word{chr(97 + place // 26)}{chr(97 + place % 26)}" for place in range(300)]
    table = random.normal(size=(300, 12)).astype(np.float32)
    monkeypatch.setattr(vectors, "glove", lambda: (words, table))
    monkeypatch.setattr(vectors, "wordpieces", lambda: ({"[UNK]": 0}, random.normal(size=(1, 4)).astype(np.float32)))
    trained = (table @ random.normal(size=(12, 6))).astype(np.float32)
    found = vectors.mapped(words[:250], trained[:250], words[250:])
    assert found.shape == (50, 6)
    assert np.corrcoef(found.ravel(), trained[250:].ravel())[0, 1] > 0.95


def test_everyday_words_are_new_words_once_each() -> None:
    words = vectors.everyday_words()
    assert len(words) == len(set(words)) > 5_000
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
    known = np.load(SHIPPED)["vocabulary"].tobytes().decode().split("\n")
    assert not {*words} & {*known}
