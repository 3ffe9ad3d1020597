"""Small changes to encoded texts."""

from training.texts import augment


def test_a_full_stop_comes_and_goes_but_other_ends_stay() -> None:
    stop, enders = 4, frozenset({6, 7})
    assert augment.ended([20, 21, 4], stop, enders) == [20, 21]
    assert augment.ended([20, 21], stop, enders) == [20, 21, 4]
    assert augment.ended([20, 6], stop, enders) == [20, 6]
    assert augment.ended([4], stop, enders) == [4]
