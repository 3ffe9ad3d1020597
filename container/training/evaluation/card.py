"""The model card as a page: figures into words, a table and a picture. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from training import LABELS
from training.evaluation import behaviour

FILE, PICTURE = "MODEL_CARD.md", "confusion.png"
# The survey's code numbers, from its own questionnaire. Countries are left as numbers where the file's key is not sure.
SEXES = {"1": "men", "2": "women"}


def render(figures: dict[str, Any]) -> str:
    """The card as Markdown.

    Args:
        figures: ``shipped``, the figures of the artefact beside the card, and ``seeds``, the main ones of each seed,
            and ``gains``, each seed's comparison with its baseline; ``retrained``, if this model was retrained on
            users' judgements, one entry for each time.
    """
    shipped, retrained = figures["shipped"], figures.get("retrained", [])
    model = retrained[-1]["model"] if retrained else shipped["model"]
    return (
        "\n\n".join(
            [
                f"# Model card of sentiment-{model}",
                "Written by `make train`, `make evaluate` and `make retrain`; do not edit.",
                *_retrained(retrained, shipped["model"]),
                _INTENDED,
                _DATA,
                _spread(figures["seeds"]),
                _gains(figures["gains"]),
                _labels(shipped),
                f"![Confusion matrix: rows are true labels, columns predictions]({PICTURE})",
                _doubt(shipped),
                _changed(shipped),
                _out_of_domain(figures["seeds"], shipped),
                _groups(shipped["groups"]),
                _LIMITS,
                *([behaviour.section(shipped["behaviour"])] if "behaviour" in shipped else []),
            ]
        )
        + "\n"
    )


_INTENDED = """## What it is, and what for

A small recurrent network (word vectors, two layers of bidirectional GRUs, max, mean and attention over time) that reads
a text in English and predicts which of seven emotions it describes (anger, disgust, fear, guilt, joy, sadness or
shame), or abstains. Its purpose is to show how such a model is built, served, judged and retrained, and to be played
with.

Not for: decisions about people, surveillance, clinical or commercial use, texts by children or patients, or other
languages. It knows only its seven emotions (not surprise, pride, love or calm, for example)."""

_DATA = """## Data and licence

No text of any of these is in this repository or in the artefact. Treat data and model as non-commercial: ISEAR is free
for research, and EmpatheticDialogues is licensed CC BY-NC 4.0.

- Labels: ISEAR, the International Survey on Emotion Antecedents and Reactions (Scherer and Wallbott 1994). Around 1990,
  students in 37 countries described one event for each of seven emotions. Of 7,666 rows, 7,502 remain without those
  that describe no event; stray line-wrap marks, extra column marks and lost quotes are fixed. `split.json` lists the
  rows (`MYKEY`) of each split: 72 % training, 8 % validation, 20 % test; texts with the same words are in the same
  split.
- Labels: EmpatheticDialogues (Rashkin et al. 2019; CC BY-NC 4.0), situations and first utterances whose
  emotions are close to ours. One tenth of the situations, drawn by a checksum of their words, is held out for testing,
  another for validation. Smaller sets, with less than half the weight: CovidET, Emotion-Stimulus, SocialIQA, ESConv,
  EmotionBench, EDOS, event2Mind, PsySET, Lemotif, Empathic Reactions; GoEmotions (CC BY 4.0) with very little.
- Transfer set (texts without labels): SocialIQA's contexts, later turns of EmpatheticDialogues, GoEmotions, EmoBank (CC
  BY-SA 4.0).
- Soft labels: from the encoder all-mpnet-base-v2 (Apache-2.0), tuned on those labels with equal weight for each
  and on sentences of our own, and then on ISEAR's training split, in four folds: a labelled text gets its soft label
  from a teacher that did not see it. The RNN's word vectors and GRUs were first trained to predict that teacher's
  states (feature distillation).
- Word vectors: GloVe 6B (Public Domain Dedication and License) and the input vectors of all-MiniLM-L6-v2 (Apache-2.0);
  an emoji starts with the vectors of the words that describe it (`emoji.tsv`).
- Sentences of our own: some 1,080 of `examples.tsv`, and 12,900 of `typed.tsv`, which a language model wrote as people
  type them or tell of events, each about a situation of its own; from templates, sentences that name or deny a
  feeling, facts and everyday things (`statements.py`, `denials.py`, `people.py`); noise examples (`noise.py`), and
  other languages (`foreign.tsv`).

A text that equals a test text, or shares eight consecutive words with one, was left out of training (`overlap.py`).
All choices were made on validation data and the held-out eighth of `typed.tsv`, that of the threshold on the
validation part of the everyday sentences and those of that eighth without emotion. One number, the temperature that
calibrates confidence, was chosen on the validation parts of five splits together, each predicted by its own model;
rows that are test in one split are validation in another. The test parts were used only at the end."""

_LIMITS = """## Known failures and biases

- The model confuses guilt with shame, and anger with disgust: people describe them in similar ways.
- ISEAR's writers were students, EmpatheticDialogues' crowd workers in the United States. Which events stir which
  emotion reflects these people and their time; accuracy differs by country, sex and religion, as the tables show.
- Irony, hints, mixed feelings and long texts with several events still get one label.
- Unknown words, other languages, digits and symbols should make the model abstain. A text in another language may
  contain words that are English too, and get a prediction.
- Texts about suicide, self-harm or violence are kept from the model by reviewed patterns, which find plain statements.
  Of 126 phrasings to which the patterns had not been adjusted, most of them hints ("I keep a rope in the boot of my
  car"), they find 33; they also flag 8 of 327 everyday sentences. Of 608 plain phrasings, written before the patterns
  were adjusted to them, they found 507; of 462 written during the rounds that followed, many of them unusual, each
  list before the round for it, 311. Of 120 plain phrasings and 60 hints by another author, measured after all of that,
  they find 98 and 13, and flag 4 of 250 everyday texts in the same words. Of 260 plain ones by three more authors they
  found 212 before they were adjusted to these. A text that they miss gets a prediction like any other, and they cover
  English only. Do not rely on them to keep anyone safe."""


def _retrained(times: Sequence[dict[str, Any]], measured: str) -> list[str]:
    if not times:
        return []
    lines = [
        "| from | to | judgements | texts learned | held-out judgements | regression set | promoted |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in times:
        judged, kept = one["held_out"], one["regression"]
        how = f"by force, although {'; '.join(one['objections'])}" if one["forced"] else "yes"
        lines.append(
            f"| {one['from']} | {one['model']} | {one['judgements']} until {one['until'] or 'an unknown time'} "
            f"| {one['learned']} | {judged['old']:.3f} to {judged['new']:.3f} ({judged['texts']} texts) "
            f"| {kept['old']:.3f} to {kept['new']:.3f}, p {kept['p_worse']:.3f} | {how} |"
        )
    last = times[-1]["model"]
    about = "of this model" if measured == last else f"of {measured}, from which this model was retrained"
    return [
        "## Retrained on users' judgements",
        "This model was retrained from an earlier one on users' judgements. The table shows accuracy before and\n"
        "after, on judgements that it did not learn from and on the regression set\n"
        "(`container/training/evaluation/regression.tsv`); p is the probability of a loss this large on the\n"
        "regression set if both models were equally good.",
        "\n".join(lines),
        f"The rest of this card describes the base data; its figures are {about}.",
    ]


def _spread(seeds: dict[str, Any]) -> str:
    if not seeds:
        return "Models of other splits were not evaluated with this one."
    lines = [
        "## Figures over splits",
        "| seed | accuracy | macro-F1 | calibration error | accuracy on the most confident 80 % |",
    ]
    lines = [lines[0], "", lines[1], "|---|---|---|---|---|"]
    columns = [[found[key] for found in seeds.values()] for key in ("accuracy", "macro_f1", "calibration_error")] + [
        [found["accuracy_at_coverage"]["0.8"] for found in seeds.values()]
    ]
    for seed, *values in zip(seeds, *columns, strict=True):
        lines.append(f"| {seed} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    if len(seeds) > 1:
        lines.append("| mean ± deviation | " + " | ".join(f"{mean(v):.3f} ± {stdev(v):.3f}" for v in columns) + " |")
    if len(seeds) > 1:
        lines += [
            "",
            "Seed 0 is the shipped model. Those of the other splits are older: their teachers saw no sentence of our "
            "own, and they went through the first phase of training only.",
        ]
    return "\n".join(lines)


def _gains(gains: dict[str, Any]) -> str:
    if not gains:
        return "No baseline trained on the labels alone was evaluated with this model."
    lines = [
        "## What the teacher adds",
        "",
        "Each network is compared with a baseline that was trained only on ISEAR's labels and our own sentences, on",
        "the same test texts; p is that of McNemar's exact test. The baselines are of an earlier release, with one",
        "layer of GRUs.",
        "",
        "| seed | baseline's accuracy | gain | only this model right | only the baseline right | p |",
        "|---|---|---|---|---|---|",
    ]
    for seed, found in gains.items():
        texts = f"{found['won']} | {found['lost']}"
        lines.append(f"| {seed} | {found['baseline']:.3f} | {found['gain']:+.3f} | {texts} | {found['p']:.2g} |")
    return "\n".join(lines)


def _labels(shipped: dict[str, Any]) -> str:
    lines = [
        f"## By emotion (seed {shipped['seed']}, {shipped['texts']} test texts)",
        "",
        "| emotion | precision | recall | F1 |",
        "|---|---|---|---|",
    ]
    values = shipped["per_label"]
    for place, label in enumerate(LABELS):
        row = (values[key][place] for key in ("precision", "recall", "f1"))
        lines.append(f"| {label} | " + " | ".join(f"{value:.2f}" for value in row) + " |")
    lines += ["", "Rows are true labels, columns predictions:", ""]
    lines += ["| | " + " | ".join(LABELS) + " |", "|---" * (len(LABELS) + 1) + "|"]
    for label, counts in zip(LABELS, shipped["confusion"], strict=True):
        lines.append(f"| {label} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def _doubt(shipped: dict[str, Any]) -> str:
    shares = ", ".join(
        f"{value:.3f} on the most confident {float(share):.0%}"
        for share, value in shipped["accuracy_at_coverage"].items()
    )
    return (
        "## Confidence and doubt\n\n"
        f"Expected calibration error {shipped['calibration_error']:.3f} (15 bins). Accuracy is {shares}. "
        f"Below a confidence of {shipped['threshold']:.3f}, chosen on validation data, it abstains; "
        f"so it predicts an emotion for {shipped['answered']:.1%} of the test texts and is right on "
        f"{shipped['accuracy_answered']:.1%} of those."
    )


def _changed(shipped: dict[str, Any]) -> str:
    lines = ["## When the same texts are worded differently", "", "| test texts | accuracy |", "|---|---|"]
    lines.append(f"| as they are | {shipped['accuracy']:.3f} |")
    lines += [f"| {name} | {value:.3f} |" for name, value in shipped["changed"].items()]
    return "\n".join(lines)


def _out_of_domain(seeds: dict[str, Any], shipped: dict[str, Any]) -> str:
    kinds = {
        "everyday sentences as people type them, test part (`everyday.tsv`)": "everyday",
        "the same, written later by another author (`everyday_later.tsv`)": "later",
        "the same by a third author (`everyday_fresh.tsv`)": "fresh",
        "by that author, accounts of events that name no emotion (`everyday_fresh.tsv`)": "accounts",
        "situations of EmpatheticDialogues, the tenth that is held out for testing": "situations",
        "sentences of our own, held out (`out_of_domain.tsv`, never used in training)": "out_of_domain",
        "sentences of our own, held out (every eighth of `examples.tsv`; the others are training data)": "held_out",
        "comments from a forum (GoEmotions, test part; its labels are noisy)": "comments",
    }
    lines = [
        "## On texts that are not from the survey",
        "",
        "| texts | with a label | right | macro-F1 | predicted | right of those | without a label | abstained |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, key in kinds.items():
        if found := shipped.get(key):
            values = [f"{found['texts']}", *(f"{found[one]:.1%}" for one in ("accuracy", "macro_f1"))]
            values += [*(f"{found[one]:.1%}" for one in ("answered", "accuracy_answered"))]
            lines.append(
                f"| {name} | "
                + " | ".join([*values, f"{found['empty']}", f"{found['silent']:.1%}" if found["empty"] else "-"])
                + " |"
            )
    if seeds:
        every = [one["out_of_domain"] for one in seeds.values()]
        lines += ["", f"On average over the seeds, {mean(every):.1%} of `out_of_domain.tsv` are right."]
    strings = ", ".join(f"{name} {share:.1%}" for name, share in shipped["noise_examples"].items())
    lines += [
        "",
        f"Share of 1,000 noise examples (`noise.py`) on which the model abstains: {strings}.",
        "",
        "The everyday sentences were written before the model was trained, by authors who did not train it; the author "
        "of our other sentences knew an earlier model. One language model wrote `typed.tsv`, the later ones and those "
        "of the third author, so "
        "these resemble each other more than the sentences of strangers would.",
    ]
    return "\n".join(lines)


def _groups(groups: dict[str, dict[str, list[float]]]) -> str:
    lines = ["## By group of writers", "", "Groups of at least 30 test texts, by the survey's code numbers.", ""]
    lines += ["| group | code | texts | accuracy |", "|---|---|---|---|"]
    for name, codes in groups.items():
        for code, (count, value) in codes.items():
            shown = f"{code} ({SEXES[code]})" if name == "sex" and code in SEXES else code
            lines.append(f"| {name} | {shown} | {count} | {value:.3f} |")
    return "\n".join(lines)


def picture(confusion: Sequence[Sequence[int]], path: Path) -> None:
    """Draw the confusion matrix.

    Args:
        confusion: counts, rows are true labels, columns predictions.
        path: PNG file to write.
    """
    pictures({"": confusion}, path)


def pictures(confusions: dict[str, Sequence[Sequence[int]]], path: Path) -> None:
    """Draw confusion matrices side by side.

    Args:
        confusions: by title; counts, rows are true labels, columns predictions.
        path: PNG file to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(confusions), 5.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (title, confusion) in zip(
        figure.subplots(1, len(confusions), squeeze=False)[0], confusions.items(), strict=True
    ):
        axes.set(xlabel="prediction", ylabel="true label", title=title)
        shares = [[count / max(sum(row), 1) for count in row] for row in confusion]
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(LABELS)), LABELS, rotation=45, ha="right")
        axes.set_yticks(range(len(LABELS)), LABELS)
        for y, row in enumerate(confusion):
            for x, count in enumerate(row):
                colour = "white" if shares[y][x] > 0.5 else "black"
                axes.text(x, y, str(count), ha="center", va="center", color=colour)
    figure.savefig(path, metadata={"Software": None})
