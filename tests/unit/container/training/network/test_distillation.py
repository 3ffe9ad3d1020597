"""Predicting a teacher's states: which state belongs to which token, and that a network learns them."""

from random import Random

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")

from torch import Tensor, nn  # noqa: E402

from training import LABELS  # noqa: E402
from training.network import distillation, rnn  # noqa: E402
from training.network.distillation import Aligned, Goals  # noqa: E402
from training.teacher import encoder  # noqa: E402
from training.teacher.tuning import Epoch  # noqa: E402

pytestmark = pytest.mark.torch
TABLE = torch.randn(30, 6, generator=torch.Generator().manual_seed(0)).bfloat16().float()


class Teacher(encoder.Teacher):
    """Whose states are a table's rows, in the last layer with the sign turned."""

    def __init__(self) -> None:
        nn.Module.__init__(self)

    def states(self, ids: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
        return TABLE[ids], -TABLE[ids]


def texts() -> list[Aligned]:
    """Sixty, in which token 2 is spelled by one piece, 3 by two, and 4 is unseen; a mark begins and ends the pieces."""
    random = Random(0)
    found = []
    for _ in range(60):
        ids, pieces, places = [], [0], []
        for _ in range(random.randint(1, 7)):
            token = random.choice([2, 3, 4])
            some = {2: [10 + random.randrange(4)], 3: [20, 21], 4: []}[token]
            ids.append(token)
            places.append(list(range(len(pieces) - 1, len(pieces) - 1 + len(some))))
            pieces += some
        found.append(Aligned(ids, [*pieces, 1], places))
    return found


def test_a_token_has_the_mean_state_of_the_pieces_that_spell_it() -> None:
    seen = texts()
    views = {}
    for chosen, rows in distillation.states(Teacher(), seen, at_once=40):
        for place, view in zip(chosen, rows.split([len(seen[place].ids) for place in chosen]), strict=True):
            views[place] = view
    assert len(views) == len(seen)
    for place, one in enumerate(seen):
        for view, some in zip(views[place], one.places, strict=True):
            meant = TABLE[[one.pieces[piece + 1] for piece in some]].mean(0) if some else torch.zeros(6)
            assert torch.allclose(view, torch.cat([meant, -meant]), atol=1e-5)


def test_what_is_wanted_lies_in_the_main_directions_and_is_nothing_where_the_teacher_has_no_view(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distillation, "DIRECTIONS", 6)  # all of them, so that lengths tell nothing was lost
    monkeypatch.setattr(distillation, "WHITENING", 0.0)
    seen = texts()
    goals, taught = distillation.asked(Teacher(), seen, 5, Random(0))
    longest = next(place for place, one in enumerate(seen) if len(one.ids) == 7)
    shortest = min(range(len(seen)), key=lambda place: len(seen[place].ids))
    batch = goals.of([shortest, longest])
    assert batch.shape == (2, 7, 12)
    assert not batch[0, len(seen[shortest].ids) :].any()
    assert [bool(row.any()) for row in batch[1]] == [token != 4 for token in seen[longest].ids]
    told = [view for _, rows in distillation.states(Teacher(), seen) for view in rows if view.any()]
    mean = torch.stack(told).mean(0)
    both = TABLE[[20, 21]].mean(0)
    wanted = (torch.cat([both, -both]) - mean).norm()
    spelled_by_two = next(row for row, token in zip(batch[1], seen[longest].ids, strict=True) if token == 3)
    assert spelled_by_two.norm().item() == pytest.approx(wanted.item(), rel=0.02)
    assert taught.shape == (5, 6)
    assert abs(torch.from_numpy(taught[3]) + both).max() < 0.1  # of the last layer, drawn a little to the mean


def test_a_network_learns_to_predict_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rnn, "UNITS", 8)
    for name, value in {"DIRECTIONS": 4, "EPOCHS": 30, "BATCH": 10}.items():
        monkeypatch.setattr(distillation, name, value)
    torch.manual_seed(0)
    seen = texts()
    goals, _ = distillation.asked(Teacher(), seen, 5, Random(0))
    network = rnn.Network(torch.randn(5, 8), 8, len(LABELS), layers=2, attention=True)
    said: list[str] = []
    distillation.fit(network, [one.ids for one in seen], goals, Random(0), said.append)
    first, last = (float(line.split("cosine ")[1].split(";")[0]) for line in (said[0], said[-1]))
    assert last > 0.6 and first < 0.3  # which of four pieces token 2 stands for, nobody can tell


def test_no_goal_is_read_beyond_the_last_text() -> None:
    goals = Goals(torch.ones(3, 2).half(), torch.tensor([0, 2]), torch.tensor([2, 1]))
    assert goals.of([1, 0]).tolist() == [[[1, 1], [0, 0]], [[1, 1], [1, 1]]]


def test_a_part_of_an_epoch_is_shown_beside_another_with_its_own_targets_and_weights() -> None:
    numbers = torch.arange(7).float()
    typed = Epoch([[n] for n in range(7)], numbers[:, None].repeat(1, 7).numpy(), (numbers / 10).numpy())
    some = typed.some(3, seed=1)
    assert len({pieces[0] for pieces in some.pieces}) == 3
    assert some.pieces != typed.some(3, seed=2).pieces
    both = Epoch([[9]], numbers[None].numpy() * 0 + 9, numbers[:1].numpy() + 0.9).beside(some)
    assert both.pieces == [[9], *some.pieces]
    for (piece,), target, weight in zip(both.pieces, both.targets, both.weights, strict=True):
        assert target[0] == piece and weight == pytest.approx(piece / 10)
