"""What macOS brings is old: GNU make 3.81 and bash 3.2. What they do not know is in no file that runs there."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from scripts import ROOT

# Newer than make 3.81: assignment from a shell, POSIX's immediate assignment, and these names.
NEW_MAKE = re.compile(r"^\s*[\w.]+\s*(!=|::=|:::=)|\.ONESHELL|\$\((file|let|intcmp|guile) |^undefine ", re.MULTILINE)
# Newer than bash 3.2: associative arrays, case conversion, mapfile, |&, &>>, options of completion.
NEW_BASH = re.compile(r"declare -A|\$\{\w+(,,|\^\^)|\b(mapfile|readarray|coproc|compopt)\b|\|&|&>>|-o nosort|\$\{\w+@")
BASH_ALONE = re.compile(r"\[\[|\bfunction \w+|=\(|<<<|<\(|\blocal \w+=")
SCRIPTS = ["scripts/environment.sh", "tests/newcomer/two-commands.sh"]


def test_the_makefile_is_for_make_3_81_and_a_plain_shell():
    text = (ROOT / "Makefile").read_text()
    for newer in (NEW_MAKE, NEW_BASH, BASH_ALONE):
        assert not newer.search(text)
    assert "SHELL := /bin/sh\n" in text


@pytest.mark.parametrize("line", ["A != date", "A ::= b", ".ONESHELL:", "A := $(file <x)"])
def test_what_is_newer_than_make_3_81_is_found(line):
    assert NEW_MAKE.search(line)


@pytest.mark.parametrize("line", ["complete -o nosort x", "compopt +o x", "mapfile lines", "declare -A a", "a |& b"])
def test_what_is_newer_than_bash_3_2_is_found(line):
    assert NEW_BASH.search(line)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_for_any_shell(name):
    text = (ROOT / name).read_text()
    assert text.startswith("#!/bin/sh\n")
    assert not NEW_BASH.search(text)
    assert not BASH_ALONE.search(text)
    for shell in filter(shutil.which, ("dash", "bash")):
        assert subprocess.run([shell, "-n", ROOT / name]).returncode == 0


def test_the_gate_needs_no_newer_bash_than_macos_has():
    assert not NEW_BASH.search((ROOT / ".ci/run").read_text())


def test_every_file_ends_its_lines_with_lf_wherever_it_is_cloned():
    assert "* text=auto eol=lf\n" in (ROOT / ".gitattributes").read_text()


def test_no_lock_names_an_index():
    for lock in [*(ROOT / "requirements").glob("*.txt"), ROOT / "container" / "requirements.txt"]:
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text()), lock.name
