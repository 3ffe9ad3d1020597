"""A whole retraining of a small model: promoted, refused, forced, interrupted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")
pytest.importorskip("onnx", reason="onnx is not installed: `make train-env` installs it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed: `make train-env` installs it")

from sentiment.model import Model  # noqa: E402
from shared.counters import NONE  # noqa: E402
from training import LABELS  # noqa: E402
from training.evaluation import card, evaluate, regression  # noqa: E402
from training.network import export  # noqa: E402
from training.retrain import base, checkpoint, finetune, gate, install, parts, path, replay, run  # noqa: E402
from training.retrain.finetune import Lesson  # noqa: E402
from training.retrain.judgements import Judged  # noqa: E402
from training.texts import data  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.timeout(600)]  # real learning, on a machine that does other things
ROOT = Path(__file__).parents[5]
SHIPPED = ROOT / "container" / "model"
Sentences = list[tuple[str, str]]


def rows(sentences: Sentences) -> list[dict[str, str]]:
    return [{"review": text, "sentiment": label} for text, label in sentences]


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so large that a model that knows nothing learns something; little replay, nobody to be silent about."""
    monkeypatch.setattr(gate, "people", list)
    for name, value in {"RATE": 0.02, "VECTOR_RATE": 0.05, "TRUST": 1.0}.items():
        monkeypatch.setattr(finetune, name, value)
    for name in ("STATEMENTS", "SENTENCES", "NEUTRAL", "STRINGS", "NONSENSE"):
        monkeypatch.setattr(replay, name, 20)


@pytest.fixture
def wanted(
    model_folder: Path, write_csv: Callable[..., Path], sentences: Sentences, tmp_path: Path, eager: None
) -> run.Wanted:
    """Judgements from which a model that knows nothing can only get better."""
    return run.Wanted(csv=write_csv(rows(sentences)), model=model_folder, out=tmp_path / "out", seed=0, least=0)


def test_the_network_is_rebuilt_from_the_shipped_file() -> None:
    old = checkpoint.load(SHIPPED)
    texts = [text for _, text in regression.sentences()]
    served = old.artefact.predict(texts)
    assert abs(served - checkpoint.predict(old.network, old.tokenizer, texts)).max() < checkpoint.PARITY
    assert checkpoint.difference(old.artefact, old.network) < checkpoint.PARITY
    assert served.max() > 0.7


def test_a_graph_that_says_something_else_is_refused(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = export.load

    def other(path: Path) -> Any:
        network = load(path)
        network.output.bias.data[0] += 0.1
        return network

    monkeypatch.setattr(export, "load", other)
    with pytest.raises(data.DataError, match="probabilities differ by"):
        checkpoint.load(model_folder)


def test_a_damaged_file_and_a_foreign_graph_are_named(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "load", lambda path: dict[str, object]()["gru_r"])
    with pytest.raises(data.DataError, match=r"not of the form .*gru_r"):
        checkpoint.load(model_folder)
    [file] = model_folder.glob("*.onnx")
    with file.open("ab") as end:
        end.write(b"\0")
    with pytest.raises(data.DataError):
        checkpoint.load(model_folder)


def test_a_better_model_takes_over_and_says_so(wanted: run.Wanted) -> None:
    (wanted.model / evaluate.FIGURES_FILE).write_bytes((SHIPPED / evaluate.FIGURES_FILE).read_bytes())
    old = Model.find(wanted.model).revision
    told: list[tuple[str, int, int]] = []
    result = run.retrain(wanted, lambda *news: told.append(news))
    assert result.outcome.verdict.objections == []

    new = Model.find(wanted.model)
    assert result.outcome.promoted and not result.outcome.forced
    assert result.model == wanted.model / f"sentiment-{new.revision}.onnx" != old
    assert new.card["task"] == "tests"
    assert new.card["retrained"]["from"] == old
    assert new.card["retrained"]["held_out"]["won"] > new.card["retrained"]["held_out"]["lost"]
    assert new.card["retrained"]["regression"]["texts"] == len(regression.sentences())
    ends = {name: (done, of) for name, done, of in told}
    assert list(ends) == ["reading", "learning", "comparing"]
    assert all(done == of for done, of in ends.values())
    page = (wanted.model / card.FILE).read_text(encoding="utf-8")
    used = new.card["retrained"]["judgements"]
    assert 295 <= used <= 301, "a few are nearly sentences that models are judged by, and are left out"
    assert f"sentiment-{new.revision}" in page and f"| {old} | {new.revision} | {used} until" in page
    report = result.report.read_text(encoding="utf-8")
    assert "**Promoted" in report and old in report and new.revision in report
    people = result.outcome.verdict.people
    assert f"| {gate.PEOPLE} | {len(gate.people())} | {people.old:.3f} | {people.new:.3f} | {people.won} | " in report
    assert "Repeat this run with `--seed 0`" in report and "## Changed predictions" in report
    for point in result.outcome.chosen.curve:
        taken = "**" * (point is result.outcome.chosen.point)
        assert f"| {taken}{point.share:g}{taken} | {point.choosing.new:.3f} |" in report
    assert (result.report.parent / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert (result.report.parent / "confusion.png").read_bytes().startswith(b"\x89PNG")
    public = (wanted.out / "public.md").read_text(encoding="utf-8")
    assert "**Promoted" in public and "## Examples that changed" in public and "(old " in public
    assert f"| old: {old} | anger |" in public and f"| new: {new.revision} | anger |" in public
    typed = {one.judged.text for one in result.outcome.changed}
    assert typed and not any(text in public for text in typed), "what people typed is not for everybody"
    assert [file.name for file in (wanted.out / install.BEFORE).glob("*.onnx")] == [f"sentiment-{old}.onnx"]


def test_the_next_time_there_is_nothing_new_which_is_no_error(wanted: run.Wanted) -> None:
    run.retrain(wanted)
    with pytest.raises(run.TooFewError, match="301 judged before what the current model has learned from"):
        run.retrain(replace(wanted, new=True))
    command = [sys.executable, "-m", "training.retrain", "--csv", str(wanted.csv), "--model", str(wanted.model)]
    environment = {**os.environ, "PYTHONPATH": "container"}
    done = subprocess.run(
        [*command, "--out", str(wanted.out), "--new"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "nothing to do: 0 judged texts are too few" in done.stderr


def test_the_same_judgements_make_the_same_model(wanted: run.Wanted, tmp_path: Path) -> None:
    shutil.copytree(wanted.model, tmp_path / "again")
    first = run.retrain(wanted)
    again = run.retrain(run.Wanted(wanted.csv, tmp_path / "again", tmp_path / "out2", seed=0, least=0))
    assert first.model.read_bytes() == again.model.read_bytes()


def test_a_model_that_is_no_better_is_refused_or_forced(
    wanted: run.Wanted, write_csv: Callable[..., Path], sentences: Sentences
) -> None:
    drawn = Random(1)  # about one draw in twenty may pass by chance, as 0 does
    write_csv(rows([(text, drawn.choice(LABELS)) for text, _ in sentences]))
    before = content(wanted.model)
    refused = run.retrain(wanted)
    assert not refused.outcome.promoted
    assert content(wanted.model) == before
    assert "**Not promoted: it " in refused.report.read_text(encoding="utf-8")

    forced = run.retrain(run.Wanted(wanted.csv, wanted.model, wanted.out, seed=0, force=True, least=0))
    kept = Model.find(wanted.model).card["retrained"]
    assert forced.outcome.promoted and kept["forced"]
    assert kept["objections"] == list(refused.outcome.verdict.objections)


def test_a_model_is_held_against_the_best_of_its_line(
    wanted: run.Wanted, monkeypatch: pytest.MonkeyPatch, sentences: Sentences
) -> None:
    run.retrain(wanted)
    right = "".join(str(LABELS.index(label)) for label, _ in regression.sentences())
    load = checkpoint.load

    def descendant(folder: Path) -> checkpoint.Checkpoint:
        found = load(folder)
        found.card["retrained"]["best"]["said"] = right
        return found

    monkeypatch.setattr(checkpoint, "load", descendant)
    outcome = run.retrain(wanted).outcome
    assert any("beside the best model so far beyond the noise: 0 won" in why for why in outcome.verdict.objections)


@pytest.mark.parametrize("several", [0, 1, 49])
def test_too_few_judgements_are_a_clear_refusal(
    wanted: run.Wanted, write_csv: Callable[..., Path], sentences: Sentences, several: int
) -> None:
    proven = rows(sentences[:several])
    write_csv([*proven, *({**row, "receipt": "missing"} for row in rows(sentences[100:130]))])
    before = content(wanted.model)
    with pytest.raises(data.DataError, match=rf"{several} judged texts are too few .*50 are needed.*30 no valid rec"):
        run.retrain(wanted)
    assert content(wanted.model) == before


def test_all_one_label_teaches_nothing_but_how_frequent_it_is(
    wanted: run.Wanted, write_csv: Callable[..., Path], sentences: Sentences
) -> None:
    write_csv(rows([(text, "joy") for text, _ in sentences]))
    outcome = run.retrain(wanted).outcome
    assert outcome.verdict.judged.new > outcome.verdict.judged.old
    assert outcome.verdict.judged.texts == sum(outcome.verdict.judged.matrices[0][LABELS.index("joy")])
    assert any("how frequent each label is" in why for why in outcome.verdict.objections)


def test_labels_that_the_old_model_finds_impossible_are_set_aside(
    wanted: run.Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = checkpoint.load(wanted.model)
    texts = [Judged(text, label, 1, 1) for label, text in regression.sentences()[:40]]
    texts += [Judged("we won", NONE, 1, 1)]
    chances = old.artefact.predict([one.text for one in texts])
    own = [float(chances[place][LABELS.index(one.label)]) for place, one in enumerate(texts[:40])]
    least = sorted(own)[10]
    sound, aside = run._plausible({(place,): one for place, one in enumerate(texts)}, old, least)
    assert len(aside) == 10 and len(sound) == 31
    assert {one.text for one in aside} == {one.text for one, chance in zip(texts, own, strict=False) if chance < least}


def test_none_of_these_and_two_labels_are_targets() -> None:
    found = finetune.targets([("joy",), ("joy", "fear"), ()])
    assert found[0].tolist() == [float(label == "joy") for label in LABELS]
    assert found[1].tolist() == [0.5 * (label in ("joy", "fear")) for label in LABELS]
    assert found[2].tolist() == pytest.approx([1 / len(LABELS)] * len(LABELS))


def test_a_new_word_is_in_the_promoted_model(
    wanted: run.Wanted, write_csv: Callable[..., Path], sentences: Sentences
) -> None:
    write_csv(rows([(f"{text} frabjous" if label == "joy" else text, label) for text, label in sentences]))
    result = run.retrain(wanted)
    assert list(result.outcome.new_words) == ["frabjous"]
    assert result.outcome.promoted, result.outcome.decision
    model = Model.find(wanted.model)
    assert model._tokenizer.vocabulary[-1] == "frabjous"
    assert model.card["retrained"]["new_words"] == 1
    assert "- frabjous" in result.report.read_text(encoding="utf-8")
    assert model.predict("frabjous").confidence > 0


def test_no_new_word_is_in_a_model_that_others_see_first(
    wanted: run.Wanted, write_csv: Callable[..., Path], sentences: Sentences
) -> None:
    write_csv(rows([(f"{text} frabjous \U0001fae8", label) for text, label in sentences[:60]]))
    old, known = checkpoint.load(wanted.model), base.read(None, wanted.model)
    for emoji_only, new in ((True, {"\U0001fae8"}), (False, {"\U0001fae8", "frabjous"})):
        read = run._read(replace(wanted, emoji_only=emoji_only), old, known, [], b"0", lambda *_: None)
        assert set(read.new) == set(read.tokenizer.vocabulary) - set(old.tokenizer.vocabulary) == new


def test_the_first_share_in_order_that_passes_is_taken(wanted: run.Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    judge, asked = path.Field.judge, list[path.Verdict]()

    def strict(self: path.Field, new: Any) -> path.Verdict:
        asked.append(judge(self, new))
        return replace(asked[-1], objections=["no"] if len(asked) < 3 else [])

    monkeypatch.setattr(path.Field, "judge", strict)
    chosen = run.retrain(wanted).outcome.chosen
    order = sorted(chosen.curve, key=lambda point: point.choosing.new_loss)
    assert len(asked) == 3
    assert chosen.point == order[2]
    assert [point.verdict is not None for point in order] == [True, True, True, False, False]


def test_nobody_knows_the_parts_before_a_run(wanted: run.Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    salts = list[bytes]()

    def stop(_texts: object, _trained: object, salt: bytes, _hurried: bool) -> Any:
        salts.append(salt)
        raise data.DataError("enough")

    monkeypatch.setattr(parts, "split", stop)
    for seed in (None, None, 7):
        with pytest.raises(data.DataError, match="enough"):
            run.retrain(replace(wanted, seed=seed))
    assert len(set(salts)) == 3
    assert salts[2] == b"7"


def test_of_the_operator_s_own_set_nothing_is_told_but_whether_it_is_worse(wanted: run.Wanted, tmp_path: Path) -> None:
    own = tmp_path / "own.tsv"
    own.write_text("".join(f"joy\tsomething of ours {number}\n" for number in range(120)), encoding="utf-8")
    result = run.retrain(replace(wanted, private=own))
    assert result.outcome.hidden == 60
    report = result.report.read_text(encoding="utf-8")
    assert "something of ours" not in report
    assert "| operator's own set, drawn for this run | 60 | | | | | | | | |" in report
    told = Model.find(result.model.parent).card["retrained"]
    assert gate.HIDDEN not in json.dumps(told | {"objections": []})


def test_learning_keeps_what_replay_shows(model_folder: Path, eager: None) -> None:
    old = checkpoint.load(model_folder)
    judged = [Lesson([2 + number, 3 + number], LABELS[:1], 1.0) for number in range(20)]
    kept = [Lesson([100 + number, 7, number + 120]) for number in range(60)]
    with_replay = finetune.tune(old.network, judged, kept, 0)
    without = finetune.tune(old.network, judged, [], 0)

    def moved(network: Any) -> float:
        return float((finetune.answers(network, kept) - finetune.answers(old.network, kept)).abs().mean())

    assert finetune.answers(with_replay, judged)[:, 0].mean() > finetune.answers(old.network, judged)[:, 0].mean() + 0.1
    assert moved(with_replay) < moved(without) / 2


def test_words_that_are_to_stay_do_not_move(model_folder: Path, eager: None) -> None:
    old = checkpoint.load(model_folder)
    judged = [Lesson([2 + number, 3 + number], LABELS[:1], 1.0) for number in range(20)]
    before, after = (
        network.embedding.weight for network in (old.network, finetune.tune(old.network, judged, [], 0, [5, 7]))
    )
    moved = (before != after).any(1)
    assert not moved[[5, 7]].any() and moved[[4, 6, 8]].all()


def test_very_many_judgements_are_shown_once() -> None:
    assert finetune._rounds(10) == finetune._rounds(9_000) == finetune.EPOCHS
    assert finetune._rounds(1_000_000) == 1


def test_ctrl_c_while_learning_leaves_the_old_model(wanted: run.Wanted) -> None:
    before = content(wanted.model)
    command = [sys.executable, "-m", "training.retrain", "--csv", str(wanted.csv), "--model", str(wanted.model)]
    process = subprocess.Popen(
        [*command, "--out", str(wanted.out), "--least", "0", "--seed", "0"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "container"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("learning"):
            process.send_signal(signal.SIGINT)
            break
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 130
    assert "Stopped by Ctrl-C" in said and "Traceback" not in said
    assert content(wanted.model) == before
    assert not wanted.out.exists()


def test_ctrl_c_while_installing_waits_until_all_is_in_place(
    wanted: run.Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        signal.raise_signal(signal.SIGINT)
        return replace(self, target)

    old = Model.find(wanted.model).revision
    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.retrain(wanted)
    assert Model.find(wanted.model).revision != old
    assert not (wanted.model / ".new").exists()


def test_a_file_that_cannot_be_read_is_one_line(wanted: run.Wanted) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "training.retrain", "--csv", "nowhere.csv", "--model", str(wanted.model)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "container"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("error: nowhere.csv cannot be read: No such file")
    assert "Traceback" not in done.stderr
