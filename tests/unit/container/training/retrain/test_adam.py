"""The optimiser of the retraining takes the same steps as torch's own, which need its compiler loaded."""

from __future__ import annotations

import subprocess
import sys

import torch

from scripts import ROOT
from training.retrain.adam import Adam


def test_dense_steps_are_torchs() -> None:
    torch.manual_seed(0)
    ours = torch.nn.Parameter(torch.randn(5, 3))
    theirs = torch.nn.Parameter(ours.detach().clone())
    own, reference = Adam([ours]), torch.optim.Adam([theirs], lr=0)
    for number in range(20):
        gradient = torch.randn(5, 3)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        reference.param_groups[0]["lr"] = rate = 0.1 / (1 + number)
        own.step(rate)
        reference.step()
        assert ours.grad is None
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_sparse_steps_are_torchs_and_leave_the_other_rows_alone() -> None:
    torch.manual_seed(0)
    ours = torch.nn.Embedding(6, 3, sparse=True)
    theirs = torch.nn.Embedding.from_pretrained(ours.weight.detach().clone(), freeze=False, sparse=True)
    before = ours.weight.detach().clone()
    own, reference = Adam([ours.weight]), torch.optim.SparseAdam([theirs.weight], lr=0.1)
    for rows in ([0, 1, 1], [1, 2], [0, 2, 2, 2]) * 5:
        aim = torch.randn(len(rows), 3)
        for network in (ours, theirs):
            (network(torch.tensor(rows)) - aim).square().sum().backward()
        own.step(0.1)
        reference.step()
        reference.zero_grad()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-5)
    assert torch.equal(ours.weight[3:], before[3:])
    assert not torch.equal(ours.weight[:3], before[:3])


def test_learning_does_not_load_torchs_compiler() -> None:
    code = (
        "import sys, torch\nfrom training.network.rnn import Network\nfrom training.retrain import finetune\n"
        "lessons = [finetune.Lesson([2, 3], ('joy',), 0.7)] * 40\n"
        "finetune.tune(Network(torch.randn(9, 4), 4, 7), lessons, lessons, 1)\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "container", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
