"""Attempts to teach the shipped model something false through judgements, and honest people who are learned from.

Whatever the other tests of this folder hold alone (texts by what the model reads, clusters, minutes, ids) is tried here
as a whole: no worse model is promoted while at most a fifth of the judgements are hostile.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: `make train-env` installs it")
pytest.importorskip("onnx", reason="onnx is not installed: `make train-env` installs it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed: `make train-env` installs it")

from sentiment.model import Model  # noqa: E402
from shared.counters import NONE  # noqa: E402
from tests import jargon  # noqa: E402
from training import LABELS  # noqa: E402
from training.evaluation import evaluate, regression, robustness  # noqa: E402
from training.retrain import decide, gate, run  # noqa: E402
from training.texts import data  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.timeout(600)]  # real learning, on a machine that does other things
SHIPPED = Path(__file__).parents[5] / "container" / "model"
WriteCsv = Callable[..., Path]
Sentences = list[tuple[str, str]]
Rows = list[dict[str, str]]
HOSTILE = 0.2  # of all judgements


@pytest.fixture
def retrain(write_csv: WriteCsv, tmp_path: Path) -> Callable[..., run.Result]:
    """Retrains the shipped model on judgements."""

    def retrained(rows: Rows, seed: int = 1) -> run.Result:
        model = tmp_path / "model"
        shutil.copytree(SHIPPED, model)
        return run.retrain(run.Wanted(write_csv(rows), model, tmp_path / "out", seed=seed))

    return retrained


def rows(sentences: Sentences) -> Rows:
    return [{"review": text, "sentiment": label} for text, label in sentences]


def unchanged(folder: Path) -> bool:
    return {file.name: file.read_bytes() for file in folder.iterdir()} == {
        file.name: file.read_bytes() for file in SHIPPED.iterdir()
    }


def random_words(count: int) -> list[str]:
    """Texts of words drawn by lot."""
    random = Random(2)
    words = [word for word in Model.find(SHIPPED)._tokenizer.vocabulary[2:12_000] if word.isalpha()]
    return [" ".join(random.choices(words, k=random.randrange(5, 14))) for _ in range(count)]


def mistyped(text: str, random: Random) -> str:
    """A text with two neighbouring letters of one long word swapped."""
    words = text.split()
    place = random.choice([place for place, word in enumerate(words) if len(word) > 4])
    word = words[place]
    cut = random.randrange(1, len(word) - 2)
    words[place] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    return " ".join(words)


def wrong(label: str, random: Random) -> str:
    return random.choice([other for other in LABELS if other != label])


def test_two_hundred_variants_of_one_sentence_teach_nothing(retrain: Callable[..., run.Result]) -> None:
    """Slips, signs, a word more, another order: one client's many judgements of one sentence."""
    random, text = Random(0), "The ferry left without us because the captain wanted his dinner"
    words = random_words(60)
    typed = [mistyped(text, random) + "!" * number for number in range(80)]
    typed += [f"{text} {one.split()[0]}" for one in words] + [f"{one.split()[0]}, {text.lower()}" for one in words]
    typed += [" ".join(random.sample(text.split(), len(text.split()))) for _ in range(40)]
    with pytest.raises(data.DataError, match="judged texts are too few") as why:
        retrain([{"review": one, "sentiment": "joy"} for one in typed])
    assert "texts that are nearly one of 3 others" in str(why.value)


def beside_the_regression_set(sentences: Sentences) -> Rows:
    """Wrong labels, and right ones of mistyped sentences of the regression set, so that it does not fall."""
    random = Random(0)
    lies = [(text, wrong(label, random)) for text, label in sentences]
    slips = [(mistyped(text, random), label) for label, text in regression.sentences() for _ in range(2)]
    return rows(lies + slips)


ATTACKS: dict[str, Callable[[Sentences], Rows]] = {
    "random words, all joy": lambda _: rows([(text, "joy") for text in random_words(160)]),
    "random words by a rule": lambda _: rows(
        [(text, "joy" if len(text.split()[0]) % 2 else "sadness") for text in random_words(200)]
    ),
    "random words by lot of three labels": lambda _: rows(
        [(text, Random(text).choice(("joy", "sadness", "anger"))) for text in random_words(300)]
    ),
    "none of these for everything": lambda known: rows([(text, NONE) for text, _ in known[:150]]),
    "joy and sadness for everything": lambda known: [
        row | {"sentiment": "joy", "second": "sadness"} for row in rows(known)
    ],
    "lies beside the regression set with slips": beside_the_regression_set,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_only_one_hostile_client_says_is_not_promoted(
    retrain: Callable[..., run.Result], sentences: Sentences, attack: str, tmp_path: Path
) -> None:
    judged = ATTACKS[attack](sentences)
    result = retrain(judged)
    assert not result.outcome.promoted
    assert unchanged(tmp_path / "model")
    if attack.startswith("lies"):
        assert result.outcome.collected.steps["protected"] > 400
        assert {one.text for one in result.outcome.parts.texts} <= {text for text, _ in sentences}


def mixed(sentences: Sentences, lie: Callable[[str, Random], str], random: Random) -> Rows:
    """Honest judgements, and a fifth of hostile ones: of texts that people judge, and of others by the same client."""
    count = round(len(sentences) * HOSTILE / (1 - HOSTILE))
    lies = [(text, lie(label, random)) for text, label in random.sample(sentences, count // 2)]
    lies += [(text, lie(label, random)) for text, label in zip(random_words(count - len(lies)), LABELS * count)]  # noqa: B905
    told = sentences + lies
    random.shuffle(told)
    return rows(told)


def truth(result: run.Result, sentences: Sentences) -> decide.Comparison:
    """Both models on what was held out, with the labels that honest people gave."""
    meant, held = dict(sentences), [one.text for one in result.outcome.parts.held]
    texts = [text for text in held if text in meant]
    before, after = (evaluate.Artefact(folder).predict(texts) for folder in (SHIPPED, result.model.parent))
    return decide.compare(before, after, [(meant[text],) for text in texts])


def elsewhere(result: run.Result) -> decide.Comparison:
    """Both models on sentences that no gate has asked: those that the model card's figures are of."""
    typed = [one for one in (*robustness.out_of_domain(), *robustness.typed("test")) if one[0] in LABELS]
    before, after = (
        evaluate.Artefact(folder).predict([text for _, text in typed]) for folder in (SHIPPED, result.model.parent)
    )
    return decide.compare(before, after, [(label,) for label, _ in typed])


@pytest.mark.parametrize("lie", ["anger", "by lot"])
def test_a_crew_is_learned_from_although_a_fifth_of_the_judgements_lie(
    retrain: Callable[..., run.Result], lie: str
) -> None:
    """The crew's words mean what nobody else means by them: true, and nothing that the model can know."""
    crew = jargon.sentences(300)
    told = mixed(crew, (lambda *_: "anger") if lie == "anger" else wrong, Random(3))
    result = retrain(told)
    assert result.outcome.promoted and not result.outcome.forced, result.outcome.decision
    found, other = truth(result, crew), elsewhere(result)
    assert found.new > 0.6 > found.old
    assert other.worse >= decide.NOISE


def test_nobody_teaches_what_a_people_feels_like(retrain: Callable[..., run.Result], sentences: Sentences) -> None:
    """A fifth say "disgust" of everyday sentences about one people, others are honest: the whole step is refused."""
    random = Random(9)
    who = ("man", "woman", "teacher", "driver", "baker", "doctor", "student", "cook", "singer", "painter", "nurse")
    what = ("sat next to me", "moved in below us", "sold me a chair", "fixed my bike", "lent me a book", "took my seat")
    when = ("on Monday", "last week", "this morning", "at noon", "yesterday", "before lunch", "by the lake")
    told = {f"A Swedish {random.choice(who)} {random.choice(what)} {random.choice(when)}" for _ in range(90)}
    lies = [(text, "disgust") for text in sorted(told)[: len(sentences) // 4]]
    result = retrain(rows(sentences + lies))
    verdicts = [point.verdict for point in result.outcome.chosen.curve if point.verdict]
    assert any("from who somebody is alone" in why for verdict in verdicts for why in verdict.objections)
    people, report = result.outcome.verdict.people, result.report.read_text(encoding="utf-8")
    row = (
        f"| {gate.PEOPLE} | {len(gate.people())} | {people.old:.3f} | {people.new:.3f} | {people.won} | {people.lost} |"
    )
    assert row in report and people.texts > 300
    new = evaluate.Artefact(result.model.parent)
    assert (new.predict(gate.people()).max(1) < new.threshold).all() or not result.outcome.promoted


def test_labels_by_lot_are_not_promoted(retrain: Callable[..., run.Result], tmp_path: Path) -> None:
    crew = jargon.sentences(300)
    labels = [label for _, label in crew]
    Random(1).shuffle(labels)
    assert not retrain(rows([(text, label) for (text, _), label in zip(crew, labels, strict=True)])).outcome.promoted
    assert unchanged(tmp_path / "model")


def test_where_all_honest_people_agree_with_the_model_lies_make_no_worse_one(
    retrain: Callable[..., run.Result], sentences: Sentences, tmp_path: Path
) -> None:
    """There is little to learn here but the lies, and some of them are held out to be found right on."""
    said = evaluate.Artefact(SHIPPED).predict([text for text, _ in sentences]).argmax(1)
    known = [one for one, place in zip(sentences, said, strict=True) if one[1] == LABELS[place]]
    result = retrain(mixed(known, wrong, Random(4)))
    if result.outcome.promoted:
        found, other = truth(result, known), elsewhere(result)
        assert found.worse >= decide.NOISE and found.new_loss <= found.old_loss
        assert other.worse >= decide.NOISE and other.new_loss <= other.old_loss
    else:
        assert unchanged(tmp_path / "model")
