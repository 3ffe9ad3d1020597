"""The command of the walkthrough: begin a lesson, check it, get hints, see the solution, go back. Only options here."""

from __future__ import annotations

from pathlib import Path

import click

from scripts import ROOT
from scripts.lessons import beginning, solution, stack, tutor, verdict
from scripts.lessons import workflow as pipeline
from scripts.lessons.reset import reset
from scripts.lessons.room import enter
from scripts.lessons.table import observe
from scripts.stage.errors import SettingsError


@click.command()
@click.argument("number", default="")
@click.option("--check", is_flag=True, help="Check the lesson's exercise: exit code 0 if it is done, 1 if not.")
@click.option("--hint", is_flag=True, help="Print the lesson's next hint, of three.")
@click.option("--solution", "solve", is_flag=True, help="Print the lesson's solution as a patch for `git apply`.")
@click.option("--reset", "back", is_flag=True, help="Go back to where the lesson began; a branch keeps your work.")
@click.option("--since", default="", metavar="COMMIT", help="Begin with the files of a commit, not with those here.")
@click.option(
    "--deploy",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Deploy a template of your own to the laptop cloud, as a stack of its own.",
)
@click.option("--workflow", default="", metavar="FILE/JOB", help="Run a pipeline's job here, on the laptop cloud.")
@click.option("--url", is_flag=True, help="Print the address of the laptop cloud's page.")
@click.pass_context
def learn_command(
    context: click.Context,
    number: str,
    check: bool,
    hint: bool,
    solve: bool,
    back: bool,
    since: str,
    deploy: Path | None,
    workflow: str,
    url: bool,
) -> None:
    """Learn with the walkthrough on the laptop cloud.

    With the NUMBER of a lesson, note where it begins: commit, files, and what the cloud runs. Without one, open the
    path: a tutor watches files and cloud, checks the lesson when you save or deploy, and gives hints.
    """
    if sum((check, hint, solve, back, url, deploy is not None, bool(workflow))) > 1:
        raise SettingsError(
            "Only one of --check, --hint, --solution, --reset, --deploy, --workflow and --url can be used.",
            "Choose one.",
        )
    if url:
        click.echo(enter().url)
    elif deploy:
        stack.deploy(enter(), deploy, click.echo)
    elif workflow:
        context.exit(0 if pipeline.run(ROOT, workflow, click.echo) else 1)
    elif back:
        reset(observe, click.echo, verdict.page_of(number).number if number else "")
    elif check:
        last = beginning.latest(ROOT)
        page = verdict.page_of(number or (last.number if last else ""))
        found = verdict.judge(page)
        beginning.touch(ROOT, page.number)
        click.echo(found.text)
        context.exit(0 if found.passed else 1)
    elif hint:
        click.echo(tutor.hint(_page(number)))
    elif solve:
        _show_solution(_page(number).number)
    elif number:
        _begin(number, since)
    else:
        _accompany()


def _page(number: str) -> verdict.Page:
    return verdict.page_of(number) if number else tutor.next_page()


def _begin(number: str, since: str) -> None:
    page = verdict.page_of(number)
    other = beginning.latest(ROOT)
    if other and other.number != page.number and beginning.changed_since(ROOT, other.files):
        click.echo(
            f"Note: changes of lesson {other.number} are still here, and this lesson begins with them. "
            f"To undo them: `make lesson-reset N={other.number}`, then `sentiment learn {page.number}` again.",
            err=True,
        )
    if not since and (edited := verdict.edited(page)):
        click.echo(f"Lesson {page.title} has already begun; changed since then: {', '.join(edited)}.")
        click.echo(f"Next: continue, or undo the change: `make lesson-reset N={page.number}`")
        return
    begun = verdict.begin(page, since=since)
    click.echo(f"Lesson {page.title} begins at commit {begun.commit[:7]}: {page.path.relative_to(ROOT)}")


def _show_solution(number: str) -> None:
    page = verdict.page_of(number)
    begun = beginning.of(ROOT, page.number)
    click.echo(solution.patch(page, ROOT, begun.files if begun else "HEAD"), nl=False)
    click.echo("Then run:\n" + "\n".join(f"  {each}" for each in solution.commands(page)), err=True)


def _accompany() -> None:
    page = tutor.next_page()
    if tutor.interactive():
        tutor.Tutor(click.echo).accompany(page)
        return
    click.echo(tutor.path(ROOT, page))
    click.echo(f"Next: `sentiment learn {page.number}` begins {page.title}")
