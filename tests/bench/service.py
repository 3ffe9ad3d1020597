"""The service alone, under gunicorn with its own configuration, compared with stubs, baselines and peers."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from shared.limits import MAX_REVIEWS
from tests.bench import baselines
from tests.bench.figures import Figure
from tests.bench.load import REVIEWS
from tests.bench.peers import PEERS, MissingPeerError
from tests.bench.serving import (
    CONNECTIONS,
    CONTAINER,
    SERVICE,
    Load,
    Server,
    cost,
    free_port,
    load,
    median,
    running,
    served,
)

TITLE = "The service alone and what might be picked instead: one worker on one core, reviews of 25 words"
ABOUT = """\
Each server is held to one core and loaded from another core over eight connections. They take turns, so that the
machine's other work affects all of them. Figures are medians of the rounds. Requests per core are answered requests
divided by the CPU seconds of all processes: what one core answers when nothing else uses it. *At half load* is at half
of the rate that the same server reached by the clock, with random arrivals.

*service* runs as in the container: its own gunicorn configuration, checks, care, receipts and log. The others do none
of that; they read the JSON, ask, and answer. *Flask* is the same model behind Flask and gunicorn with four threads;
*FastAPI*, *LitServe* and *BentoML* are what their documentation shows first, each with one worker, the same ONNX file
and tokenizer, in environments that the benchmark makes in `build/peers`. *torch eager* serves the same checkpoint's
weights through torch, and the *original's shape* is a network like the original app's (Embedding 400, LSTM 2 x 512,
texts padded to 200 words), both on the service's gunicorn configuration.

The *plain stub* reads the JSON and answers, without a model. The *equal stub* is the service itself with a model that
always predicts the same. *The model alone* runs in its own process, one text after another: the part that no web server
can save. *An explanation* (`"explain": true`) and *a text of a batch* (`POST /predict/batch`) are what else is asked of
the service.
"""
STUBS = {"plain stub": "tests.bench.stub:create_app()", "equal stub": "tests.bench.baselines:equal()"}
BASELINES = {"torch eager": "tests.bench.baselines:eager()", "original's shape": "tests.bench.baselines:original()"}
FLASK = "-m gunicorn --worker-class gthread --threads 4 --bind 127.0.0.1:PORT tests.bench.baselines:plain()"
ROUNDS = 3
ALONE = """
import statistics, sys, time
from pathlib import Path
sys.path[:0] = [".", ".."]
from sentiment.model import Model
from tests.bench.load import REVIEWS
model = Model.find(Path("model"))
def once():
    began = time.process_time()
    for number in range(300):
        model.predict(REVIEWS[number % len(REVIEWS)])
    return (time.process_time() - began) / 300 * 1000
once()
print(statistics.median(once() for _ in range(7)))
"""


def measure() -> Iterable[Figure]:
    """Load all servers in turns, and take the medians."""
    with ExitStack() as stack:
        servers = {"service": stack.enter_context(served(SERVICE))}
        servers |= {name: stack.enter_context(served(app)) for name, app in STUBS.items()}
        port = free_port()
        flask = [sys.executable, *FLASK.replace("PORT", str(port)).split()]
        servers["Flask"] = stack.enter_context(running(flask, port, {}))
        for name, peer in PEERS.items():
            try:
                servers[name] = stack.enter_context(peer.served())
            except (MissingPeerError, RuntimeError) as error:
                yield Figure(f"{name}: not measured", 0, "requests/s/core", str(error))
        weights = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "weights.pt"
        sys.path.append(str(CONTAINER))  # for the training package
        [model] = (CONTAINER / "model").glob("*.onnx")
        baselines.prepare(model, weights)
        for name, app in BASELINES.items():
            servers[name] = stack.enter_context(served(app, **{baselines.FILE: str(weights)}))
        for server in servers.values():
            load(server, 1)
        full, half = _in_turns(servers)
        yield from _figures(full, half, servers)
        alone = model_alone()
        yield Figure("the model alone", alone, "ms of CPU time", "one text of 25 words, tokens included")
        parts = 1000 / median(full["equal stub"], "per_core") + alone
        yield from _other_requests(servers["service"])
        whole = 1000 / median(full["service"], "per_core")
        yield Figure("service to equal stub and model alone", whole / parts, "times", "CPU time of a request")


def _in_turns(servers: dict[str, Server]) -> tuple[dict[str, list[Load]], dict[str, list[Load]]]:
    """Rounds of each server at full load, then at half of what it answered."""
    full: dict[str, list[Load]] = {name: [] for name in servers}
    half: dict[str, list[Load]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, server in servers.items():
            full[name].append(load(server))
    for _ in range(ROUNDS):
        for name, server in servers.items():
            half[name].append(load(server, rate=median(full[name], "per_second") / 2))
    return full, half


def _other_requests(service: Server) -> Iterator[Figure]:
    """What an explanation and a batch cost beside the single prediction."""
    texts = [REVIEWS[number % len(REVIEWS)] for number in range(MAX_REVIEWS)]
    explained = cost(service, "/predict", {"review": REVIEWS[0], "explain": True}, 50)
    yield Figure("service: an explanation", explained, "ms of CPU time", "one text of 25 words, one after another")
    batch = cost(service, "/predict/batch", {"reviews": texts}, 20)
    yield Figure(
        "service: a text of a batch", batch / MAX_REVIEWS, "ms of CPU time", f"of {MAX_REVIEWS}, 25 words each"
    )


def model_alone() -> float:
    """CPU time in which the shipped model predicts one review, in milliseconds; median of the rounds."""
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=CONTAINER, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _figures(full: dict[str, list[Load]], half: dict[str, list[Load]], servers: dict[str, Server]) -> Iterator[Figure]:
    core = {name: median(rounds, "per_core") for name, rounds in full.items()}
    for name, server in servers.items():
        how = PEERS[name].versions() if name in PEERS else "answered requests / CPU seconds"
        yield Figure(name, core[name], "requests/s/core", how)
        rate = median(full[name], "per_second")
        yield Figure(f"{name}: by the clock", rate, "requests/s", f"{CONNECTIONS} requests in flight")
        for percentile in ("p50", "p95", "p99"):
            value = median(half[name], percentile)
            yield Figure(f"{name}: {percentile} at half load", value, "ms", f"{rate / 2:,.0f} requests/s")
        errors = sum(one.errors for one in full[name] + half[name])
        yield Figure(f"{name}: not answered with 200", errors, "requests")
        most, least = server.memory_mib()
        count = len(server.processes())
        yield Figure(f"{name}: resident", most, "MiB", f"RSS of all processes ({count}); PSS: {least:.0f}")
        yield Figure(f"{name}: from start to healthy", server.ready, "s")
    for name in servers:
        if name != "service":
            faster, other = ("service", name) if core["service"] > core[name] else (name, "service")
            yield Figure(f"{faster} to {other}", core[faster] / core[other], "times", "requests/s/core")
