"""Speed and memory of the shipped model beside others: `python -m training.evaluation.bench`. Asserts nothing."""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn

from sentiment.text import UNKNOWN
from training import LABELS
from training.evaluation.evaluate import Artefact
from training.network import batches
from training.network.export import load
from training.teacher import tuning
from training.teacher.encoder import Teacher
from training.texts import data, transfer

LENGTHS = (5, 25, 60, 200)  # tokens
ORIGINAL_LENGTH = 200  # the original app padded every text to it
SECONDS = 1.0  # spent on each figure
PARITY_TEXTS = 10_000
LOADING = """
import psutil, sys, time
began = time.perf_counter()
from sentiment.model import Model
from pathlib import Path
imported = time.perf_counter()
model = Model.find(Path(sys.argv[1]))
loaded = time.perf_counter()
model.check()
memory = psutil.Process().memory_info().rss / 2**20
print(f"loading: code {imported - began:.2f} s, model {loaded - imported:.2f} s; {memory:.0f} MiB resident")
"""


class Original(nn.Module):
    """The shape of the original app's network: 400 numbers a word, two LSTM layers of 512, the last state."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 400)
        self.lstm = nn.LSTM(400, 512, num_layers=2, batch_first=True)
        self.output = nn.Linear(512, len(LABELS))

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits.

        Args:
            tokens: int64 [batch, 200].
        """
        states, _ = self.lstm(self.embedding(tokens))
        logits: Tensor = self.output(states[:, -1])
        return logits


def milliseconds(run: Callable[[], object]) -> float:
    """Median time of a call.

    Args:
        run: what to time.
    """
    run()
    times: list[float] = []
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until or len(times) < 3:
        began = time.perf_counter()
        run()
        times.append((time.perf_counter() - began) * 1000)
    return float(np.median(times))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="training.evaluation.bench", description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("model"), help="folder of the shipped artefact")
    parser.add_argument("--encoder", type=Path, help="folder for the teacher's encoder, to time it too")
    parser.add_argument("--data", type=Path, help="isear.csv: compares with torch on real texts too")
    parser.add_argument("--texts", type=Path, help="folder with goemotions/ and emobank/; otherwise beside isear.csv")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        artefact = Artefact(options.model)
        teacher = Teacher(options.encoder).eval() if options.encoder else None
        texts = real(artefact, options.data, options.texts or options.data.parent) if options.data else []
    except data.DataError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    words = len(artefact.tokenizer.vocabulary)
    eager = load(artefact.path)
    original = Original(words).eval()
    padded = torch.ones(1, ORIGINAL_LENGTH, dtype=torch.long)
    print(
        f"{artefact.path.name}, {artefact.path.stat().st_size / 1e6:.2f} MB; one thread, one text, median milliseconds"
    )
    print("tokens  shipped  torch eager  original's shape" + ("  teacher" if teacher else ""))
    with torch.inference_mode():
        slow = milliseconds(lambda: original(padded))
        for length in LENGTHS:
            ids = np.random.default_rng(length).integers(2, words, (1, length))
            inputs = {"tokens": ids, "lengths": np.array([length])}
            tokens, lengths = torch.from_numpy(ids), torch.tensor([length])
            ours = milliseconds(partial(artefact.session.run, None, inputs))
            torchs = milliseconds(partial(eager.forward, tokens, lengths))
            line = f"{length:6} {ours:8.3f} {torchs:7.2f} (x{torchs / ours:3.0f}) {slow:9.1f} (x{slow / ours:4.0f})"
            if teacher:
                text = " ".join(artefact.tokenizer.vocabulary[place] for place in ids[0])
                taught = milliseconds(partial(asked, teacher, text))
                line += f" {taught:8.1f} (x{taught / ours:4.0f})"
            print(line, flush=True)
    print("2,000 characters, tokenised and classified:")
    for name, text in (("words", "It was so sad "), ("one word", "a"), ("unknown words", "blorf snarx ")):
        text = (text * 2000)[:2000]
        print(f"  {name}: {milliseconds(partial(whole, artefact, text)):.2f} ms")
    print(parity(artefact, made_up(words), "texts of chance"))
    if texts:
        print(parity(artefact, texts, "texts of ISEAR and GoEmotions"))
    subprocess.run([sys.executable, "-c", LOADING, str(options.model)], check=True)
    return 0


def parity(artefact: Artefact, texts: Sequence[Sequence[int]], kind: str) -> str:
    """How well ONNX Runtime and torch agree on texts, batch by batch, and how batches agree with single texts.

    Args:
        artefact: shipped.
        texts: ids of each.
        kind: what texts these are, for the line.
    """
    network = load(artefact.path)
    same, greatest, apart = 0, 0.0, 0.0
    for begin in range(0, len(texts), 100):
        # as they come, short and long together, so that the mask is tried too
        tokens, lengths = batches.pad(texts[begin : begin + 100])
        [served] = artefact.session.run(None, {"tokens": tokens.numpy(), "lengths": lengths.numpy()})
        alone = artefact.session.run(
            None, {"tokens": tokens[:1, : lengths[0]].numpy(), "lengths": lengths[:1].numpy()}
        )[0]
        with torch.inference_mode():
            eager = network.probabilities(tokens, lengths).numpy()
        same += int((served.argmax(1) == eager.argmax(1)).sum())
        greatest = max(greatest, float(np.abs(served - eager).max()))
        apart = max(apart, float(np.abs(served[:1] - alone).max()))
    return (
        f"parity with torch on {len(texts):,} {kind}: same label on {same / len(texts):.2%}, probabilities within "
        f"{greatest:.1e}; in a batch and alone within {apart:.1e}"
    )


def made_up(words: int) -> list[list[int]]:
    """Texts of chance, commoner words more often, 1 to 60 tokens.

    Args:
        words: size of the vocabulary.
    """
    random = np.random.default_rng(0)
    lengths = random.integers(1, 61, PARITY_TEXTS)
    return [(words * random.random(length) ** 3).astype(np.int64).clip(1).tolist() for length in lengths]


def real(artefact: Artefact, survey: Path, folder: Path) -> list[list[int]]:
    """Texts of ISEAR and as many of GoEmotions as make 10,000.

    Args:
        artefact: whose tokenizer is used.
        survey: isear.csv.
        folder: with ``goemotions/`` and ``emobank/``.

    Raises:
        DataError: one of them is missing.
    """
    texts = [row.text for row in data.read(survey)]
    texts += list(itertools.islice(transfer.strangers(folder), PARITY_TEXTS - len(texts)))
    Random(0).shuffle(texts)
    return [artefact.tokenizer.encode(text) for text in texts]


def asked(teacher: Teacher, text: str) -> object:
    """What the teacher does for one text.

    Args:
        teacher: of any weights.
        text: any.
    """
    return teacher(*tuning.pad(teacher.pieces([text])))


def whole(artefact: Artefact, text: str) -> object:
    """From a text to probabilities, as the service does it.

    Args:
        artefact: shipped.
        text: any.
    """
    ids = artefact.tokenizer.encode(text) or [UNKNOWN]
    return artefact.session.run(None, {"tokens": np.array([ids]), "lengths": np.array([len(ids)])})


if __name__ == "__main__":
    sys.exit(main())
