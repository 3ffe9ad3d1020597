"""``make newcomer``: README's two commands on a bare machine, and all that is known to go wrong on one, as a table.

Where no bare machine can be made, as in a container without rights, it says so and goes on.
"""

from __future__ import annotations

import os
import re
import signal
import sys

from tests.newcomer.machine import CHECKOUT, HOME, Done, Machine, UnavailableError, bare_machine

READY = "Ready: http://127.0.0.1:8080"
WITHIN_A_SECOND = 2.0  # of a machine that does other things too
# What of the tests a bare machine runs in the gate, which has just run all of them: each kind, within minutes.
SOME_TESTS = "tests/unit/local tests/unit/scripts/cli tests/contracts/test_rooms.py tests/docs/test_walkthrough.py"


class Report:
    """The table: one row as soon as it is known."""

    def __init__(self) -> None:
        self.failed = False

    def row(self, what: str, done: Done | None, wrong: str = "", megabytes: float | None = None) -> None:
        """Show how something went; ``wrong`` says what is not as it should be."""
        self.failed |= bool(wrong)
        seconds = f"{done.seconds:7.1f}" if done else f"{'':7}"
        size = f"{megabytes:6.0f}" if megabytes is not None else f"{'':6}"
        print(f"{'FAIL' if wrong else 'ok':4}  {seconds} s  {size} MB  {what}", flush=True)
        if wrong:
            print(
                f"      {wrong}\n" + "\n".join(f"      | {line}" for line in (done.output if done else "").splitlines())
            )


def main() -> int:
    """Do all of it; the exit code."""
    report = Report()
    try:
        with bare_machine() as machine:
            system = machine.run(". /etc/os-release; echo $PRETTY_NAME").output.strip()
            print(f"A newcomer's machine: {system}", flush=True)
            for part in (without_venv, first_start, later_starts, surroundings, folders, healing, tests):
                part(machine, report)
    except UnavailableError as reason:
        print(f"!!! NOT TRIED ON A NEWCOMER'S MACHINE: {reason}", file=sys.stderr)
        return 0
    return int(report.failed)


# `make` ends by the signal that all in its window have got, after what it had started.
ENDED = (0, 130, -signal.SIGINT)


def expect(
    done: Done, code: int | tuple[int, ...], *words: str, without: str = "Traceback", first_within: float = 0
) -> str:
    """What is wrong with how a command has ended; "" when nothing is."""
    text = " ".join(done.output.split())
    if done.code not in (code if isinstance(code, tuple) else (code,)):
        return f"exit code {done.code}, not {code}"
    if missing := [each for each in words if each not in text]:
        return f"does not say {missing}"
    if without in text:
        return f"says {without!r}"
    if first_within and done.first > first_within:
        return f"says its first word after {done.first:.1f} s"
    return ""


def megabytes_fetched(done: Done) -> float:
    """What a command says it has fetched, in MB."""
    said = re.search(r"ready; (\d+) MB fetched", done.output)
    return float(said[1]) if said else 0.0


def without_venv(machine: Machine, report: Report) -> None:
    """Debian's python3 lacks the module that makes environments; what the message names is then installed."""
    done = machine.run("make local")
    wrong = expect(done, 2, "lacks ensurepip", "then run the same command again", first_within=WITHIN_A_SECOND)
    report.row("make local without python3-venv: says which package, within a second", done, wrong)
    named = re.search(r"`sudo (apt-get install \S+)`", done.output)
    command = named[1] if named else "false"
    done = machine.run(f"apt-get update -qq && DEBIAN_FRONTEND=noninteractive {command} -y -qq >/dev/null", user="root")
    report.row(f"the command that it names: {command}", done, expect(done, 0))


def first_start(machine: Machine, report: Report) -> None:
    """README's first command."""
    done = machine.run("make local", until=READY)
    fetched = megabytes_fetched(done)
    said = re.search(r"about (\d+) MB to fetch", done.output)
    wrong = expect(done, ENDED, "Preparing .venv", "Judgements are kept in", READY, first_within=WITHIN_A_SECOND)
    if not wrong and not (said and abs(int(said[1]) - fetched) < 0.25 * fetched):
        wrong = f"{fetched:.0f} MB were fetched"
    report.row("make local, until Ready and Ctrl-C: fetched", done, wrong, fetched)
    report.row("its environment", None, "", machine.megabytes(f"{CHECKOUT}/.venv"))


def later_starts(machine: Machine, report: Report) -> None:
    """Nothing is fetched again."""
    done = machine.run("make local", until=READY, network=False)
    report.row("make local again, without network, lo with 127.0.0.1 alone", done, expect(done, ENDED, READY))


def surroundings(machine: Machine, report: Report) -> None:
    """What other software has people set."""
    odd = {
        "AWS_PROFILE": "nobody",
        "AWS_CONFIG_FILE": "/etc/shadow",  # which a user may not read
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "PIP_USER": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": "/nowhere",
    }
    script = (
        "make local & while ! [ -f .local/cloud.json ]; do sleep 0.2; done; "
        "make status STAGE=local && make clean; echo clean ended with $?; echo Enough; wait"
    )
    done = machine.run(script, until="Enough", variables=odd)
    wrong = expect(done, ENDED, READY, "stop it first (Ctrl-C", "clean ended with 2")
    report.row("with AWS_PROFILE, a proxy, PIP_USER and others set; make clean refused meanwhile", done, wrong)


def folders(machine: Machine, report: Report) -> None:
    """A folder of somebody's own is left alone."""
    machine.run("mkdir -p ~/mystuff/logs ~/mystuff/images/holiday; echo mine >~/mystuff/logs/diary; chmod -R a+rX ~")
    done = machine.run("STATE=~/mystuff make local")
    wrong = expect(done, 2, "is not a state folder of the laptop cloud", "STATE=folder")
    if not wrong and not machine.path(f"{HOME}/mystuff/logs/diary").exists():
        wrong = "it has been emptied"
    report.row("STATE=~/mystuff make local: refused, nothing removed", done, wrong)


def healing(machine: Machine, report: Report) -> None:
    """An environment that is not as it should be is made anew by the command that needs it."""

    def again(what: str, damage: str, words: str) -> None:
        machine.run(damage)
        done = machine.run("make local", until=READY)
        report.row(what, done, expect(done, ENDED, words, READY))

    again("the interpreter has gone", "ln -sf /nowhere/python3 .venv/bin/python3", "since its Python is gone")
    again("an installation was interrupted", "rm .venv/made.json; mv .venv .venv.new", "Preparing .venv")
    killed = machine.run("make test", until="Adding dev to .venv", then=signal.SIGKILL)
    done = machine.run("make local", until=READY)
    wrong = expect(done, ENDED, READY)
    report.row(f"make test killed after {killed.seconds:.0f} s while it fetches, then make local", done, wrong)


def tests(machine: Machine, report: Report) -> None:
    """README's second command: some of the tests here, all of them with NEWCOMER_TESTS set to nothing."""
    chosen = os.environ.get("NEWCOMER_TESTS", SOME_TESTS)
    done = machine.run(f"make test TESTS='{chosen}'", within=2400)
    counted = re.findall(r"=+ (.*(?:passed|failed).*) =+", done.output)
    fetched = megabytes_fetched(done)
    report.row(f"make test, {chosen or 'all of it'}: {counted[-1] if counted else ''}", done, expect(done, 0), fetched)
    done = machine.run("make clean")
    report.row("make clean: keeps judgements", done, expect(done, 0, "`make clean-data` removes judgements"))


if __name__ == "__main__":
    sys.exit(main())
