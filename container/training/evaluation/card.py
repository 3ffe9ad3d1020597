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
            and ``gains``, each seed's comparison with its baseline; ``retrained``, where people's judgements
            made this model of another, tells of each time.
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
                f"![Confusion matrix: rows are what people said, columns what the model said]({PICTURE})",
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
a text in English and predicts which of seven emotions it tells of: anger, disgust, fear, guilt, joy, sadness or shame;
or abstains. It is there to show how such a model is built, served, judged and retrained, and to be played with.

Not for: deciding anything about people, watching them, clinical or commercial use, children's or patients' texts, or
other languages. It knows no emotion but its seven (no surprise, pride, love, calm)."""

_DATA = """## Data and licence

No text of any of these is in this repository or in the artefact. Treat data and model as non-commercial: ISEAR is free
for research, and EmpatheticDialogues is licensed CC BY-NC 4.0.

- Labels: ISEAR, the International Survey on Emotion Antecedents and Reactions (Scherer and Wallbott 1994). Students of
  37 countries described, around 1990, one event for each of seven emotions. Of 7,666 rows, 7,502 are left without those
  that tell of no event; stray line-wrap marks, extra column marks and lost quotes are fixed. `split.json` lists the
  rows (`MYKEY`) of each part: 72 % training, 8 % validation, 20 % test, texts of the same words on one side.
- Labels: EmpatheticDialogues (Rashkin et al. 2019; CC BY-NC 4.0), situations and first utterances, as far as their
  emotions come near to ours. A tenth of the situations, by a checksum of their words, is held out to test, another to
  choose by. Smaller sets, half trusted or less: CovidET, Emotion-Stimulus, SocialIQA, ESConv, EmotionBench, EDOS,
  event2Mind, PsySET, Lemotif, Empathic Reactions; GoEmotions (CC BY 4.0) hardly.
- Text without labels: SocialIQA's contexts, later turns of EmpatheticDialogues, GoEmotions, EmoBank (CC BY-SA 4.0).
- Soft labels: from the encoder all-mpnet-base-v2 (Apache-2.0), tuned on those labels, each label alike, and then on
  ISEAR's training part, in four folds: a labelled text gets its soft label from a teacher that did not see it. The
  RNN's word vectors and GRUs began by predicting that teacher's states.
- Word vectors: GloVe 6B (Public Domain Dedication and License) and the input vectors of all-MiniLM-L6-v2 (Apache-2.0);
  of emoji, those of the words that say what they mean (`emoji.tsv`).
- Sentences of our own: some 1,080 of `examples.tsv`; from templates, feelings named, feelings denied, facts and
  everyday things (`statements.py`, `denials.py`, `people.py`); strings that are no language (`noise.py`), and
  other languages (`foreign.tsv`).

Whatever shares eight words in a row with a test part, or equals it, was left out of training (`overlap.py`). Everything
was chosen on validation; the threshold on the validation part of the everyday sentences. One number, the temperature
that confidence is set with, was chosen on the validation parts of five splits together, each answered by its own model;
rows that are test in one split are validation in another. The test parts were read at the end."""

_LIMITS = """## Known failures and biases

- Guilt is taken for shame and anger for disgust and the other way round: people's accounts of them are alike.
- ISEAR's writers were students, EmpatheticDialogues' crowd workers in the United States. What stirs which emotion is
  theirs, and of their time; accuracy differs by country, sex and religion as the tables show.
- Irony, hints, mixed feelings and long texts with several events get one label all the same.
- Unknown words, other languages, digits and signs should end in abstaining. A text in another language may hold words
  that are English too, and get a prediction.
- Texts about suicide, self-harm or violence are kept from the model by reviewed patterns, which find what is said
  plainly. Of 126 phrasings that nobody had adjusted them to, most of them hints ("I keep a rope in the boot of my
  car"), they find 30, and take 7 of 327 everyday ones for such a text. Two lists of 120 plain phrasings were
  written independently and measured before the rules were adjusted to them: 104 were found of each, and 94 and 93 by
  the rules before that. What they miss is answered like any other text, and no language but English is found. Do not
  rely on them to keep anybody safe."""


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
        "## Retrained on people's judgements",
        "People's judgements made this model of an earlier one. Accuracy before and after, on judgements that it did\n"
        "not learn from and on the regression set (`container/training/evaluation/regression.tsv`); p is the chance\n"
        "of so great a loss there if both were equally good.",
        "\n".join(lines),
        f"What follows tells of the base data; its figures are {about}.",
    ]


def _spread(seeds: dict[str, Any]) -> str:
    if not seeds:
        return "Models of other splits were not measured beside this one."
    lines = [
        "## Figures over splits",
        "| seed | accuracy | macro-F1 | calibration error | accuracy on the surest 80 % |",
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
            "Seed 0 is the shipped model. Those of the other splits went through the first phase of training only.",
        ]
    return "\n".join(lines)


def _gains(gains: dict[str, Any]) -> str:
    if not gains:
        return "No baseline that learned from the labels alone was measured beside this model."
    lines = [
        "## What the teacher gave",
        "",
        "Each network beside a baseline that learned from ISEAR's labels and sentences of our own alone, on the same",
        "test texts; McNemar's exact test. The baselines are of an earlier release, with one layer of GRUs.",
        "",
        "| seed | baseline's accuracy | gain | only this one right | only the baseline right | p |",
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
    lines += ["", "Rows are what people said, columns what the model said:", ""]
    lines += ["| | " + " | ".join(LABELS) + " |", "|---" * (len(LABELS) + 1) + "|"]
    for label, counts in zip(LABELS, shipped["confusion"], strict=True):
        lines.append(f"| {label} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def _doubt(shipped: dict[str, Any]) -> str:
    shares = ", ".join(
        f"{value:.3f} on the surest {float(share):.0%}" for share, value in shipped["accuracy_at_coverage"].items()
    )
    return (
        "## Confidence and doubt\n\n"
        f"Expected calibration error {shipped['calibration_error']:.3f} (15 bins). Accuracy is {shares}. "
        f"Under a confidence of {shipped['threshold']:.3f}, chosen on validation, it abstains; "
        f"so it predicts an emotion for {shipped['answered']:.1%} of the test texts and is right in "
        f"{shipped['accuracy_answered']:.1%} of those."
    )


def _changed(shipped: dict[str, Any]) -> str:
    lines = ["## When the same texts are told differently", "", "| test texts | accuracy |", "|---|---|"]
    lines.append(f"| as they are | {shipped['accuracy']:.3f} |")
    lines += [f"| {name} | {value:.3f} |" for name, value in shipped["changed"].items()]
    return "\n".join(lines)


def _out_of_domain(seeds: dict[str, Any], shipped: dict[str, Any]) -> str:
    kinds = {
        "everyday sentences as people type them, test part (`everyday.tsv`)": "everyday",
        "situations of EmpatheticDialogues, the tenth that is held out": "situations",
        "sentences of our own, held out (`out_of_domain.tsv`: nothing learned from them)": "out_of_domain",
        "sentences of our own, every eighth of `examples.tsv`, whose others it learned from": "held_out",
        "comments of a forum (GoEmotions, test part; its labels are noisy)": "comments",
    }
    lines = [
        "## On texts that are not the survey's",
        "",
        "| texts | with a label | right | macro-F1 | answered | right of those | without one | left unanswered |",
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
        lines += ["", f"Over the seeds {mean(every):.1%} of `out_of_domain.tsv` are right."]
    strings = ", ".join(f"{name} {share:.1%}" for name, share in shipped["noise_examples"].items())
    lines += [
        "",
        f"Of 1,000 strings that are no language (`noise.py`), so many are left unanswered: {strings}.",
        "",
        "The everyday sentences were written by somebody who did not train the model, before it was trained; who "
        "wrote the other sentences of our own knew an earlier model.",
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
        confusion: counts, rows what people said, columns what the model said.
        path: PNG file to write.
    """
    pictures({"": confusion}, path)


def pictures(confusions: dict[str, Sequence[Sequence[int]]], path: Path) -> None:
    """Draw confusion matrices side by side.

    Args:
        confusions: by title; counts, rows what people said, columns what the model said.
        path: PNG file to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(confusions), 5.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (title, confusion) in zip(
        figure.subplots(1, len(confusions), squeeze=False)[0], confusions.items(), strict=True
    ):
        axes.set(xlabel="the model said", ylabel="people said", title=title)
        shares = [[count / max(sum(row), 1) for count in row] for row in confusion]
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(LABELS)), LABELS, rotation=45, ha="right")
        axes.set_yticks(range(len(LABELS)), LABELS)
        for y, row in enumerate(confusion):
            for x, count in enumerate(row):
                colour = "white" if shares[y][x] > 0.5 else "black"
                axes.text(x, y, str(count), ha="center", va="center", color=colour)
    figure.savefig(path, metadata={"Software": None})
