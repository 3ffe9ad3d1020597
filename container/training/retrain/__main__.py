"""Retrain the current model on judgements: `python -m training.retrain --csv judgements.csv`. Options only."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.retrain import run
from training.teacher.soft_labels import say
from training.texts import data

EXIT_INTERRUPTED = 130
ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    """Read the command line and retrain; whatever is wrong with files is one clear line."""
    options = _parser().parse_args()
    try:
        with _bar() as tell:
            result = run.retrain(
                run.Wanted(
                    csv=options.csv,
                    model=options.model,
                    out=options.out,
                    data=options.data,
                    private=options.private,
                    seed=options.seed,
                    force=options.force,
                    unproven=options.unproven,
                    hurried=options.hurried,
                    least=options.least,
                    emoji_only=options.emoji_only,
                    new=options.new,
                    erased=options.erased,
                ),
                tell,
            )
    except run.TooFewError as problem:
        say(f"{'nothing to do' if options.new else 'error'}: {problem}")
        return 0 if options.new else 2
    except data.DataError as problem:
        say(f"error: {problem}")
        return 2
    except KeyboardInterrupt:
        say(f"Stopped by Ctrl-C. The model in {options.model} is as it was.")
        return EXIT_INTERRUPTED
    say(result.outcome.decision)
    facts = {
        "promoted": result.outcome.promoted,
        "forced": result.outcome.forced,
        "decision": result.outcome.decision,
        "from": result.outcome.old,
        "to": result.outcome.new,
        "model": str(result.model),
        "report": str(result.report),
        "seed": result.outcome.seed,
        "share": result.outcome.chosen.point.share,
        "held_out": result.outcome.verdict.judged.figures,
        **{name: one.figures for name, one in result.outcome.verdict.kept.items()},
    }
    text = f"report: {result.report}\nmodel: {result.model}"
    print(json.dumps(facts, indent=1) if options.json else text)
    if result.outcome.promoted:
        say("Next: `sentiment promote --stage ...` builds its image and rolls it out.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training.retrain", description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="judgements, as `sentiment export` writes them")
    parser.add_argument(
        "--model",
        type=Path,
        default=ROOT / "container" / "model",
        help="folder of the current model, replaced if all is well",
    )
    parser.add_argument("--out", type=Path, default=Path("build/retrain"), help="where report and candidate go")
    parser.add_argument("--data", type=Path, help=f"the base data, to be shown again. {data.WHERE}")
    parser.add_argument(
        "--erased",
        type=Path,
        help="what was erased or withdrawn since the CSV was exported: the .erased file of a newer export",
    )
    parser.add_argument("--private", type=Path, help="sentences of your own to compare on: label, tab, text a line")
    parser.add_argument(
        "--seed",
        type=int,
        help="seed of a run to repeat; without it nobody can foresee what is held out",
    )
    parser.add_argument("--force", action="store_true", help="promote in spite of objections; the card records that")
    parser.add_argument("--unproven", action="store_true", help="count judgements without a valid receipt too")
    parser.add_argument(
        "--hurried", action="store_true", help="count all texts of a minute: judgements that you imported yourself"
    )
    parser.add_argument(
        "--least",
        type=_share,
        default=run.LEAST,
        help="set labels aside that the old model gives a lower probability; 0: none",
    )
    parser.add_argument(
        "--emoji-only",
        action="store_true",
        help="give no vector to new words, which may be names: anyone who has the model's file can read its words",
    )
    parser.add_argument(
        "--new",
        action="store_true",
        help="count only judgements newer than those that the current model has learned from; if too few, no error",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _share(written: str) -> float:
    """A share, 0..1, as an option has it."""
    try:
        share = float(written)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{written!r} is not a share between 0 and 1")
    return share


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr; what is called with the name of the work, and how much of it is done."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {}

        def tell(name: str, done: int, of: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=of)
                if not bar.console.is_terminal:
                    say(f"{name} ...")
            bar.update(tasks[name], completed=done)

        yield tell


if __name__ == "__main__":
    sys.exit(main())
