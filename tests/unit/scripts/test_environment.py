"""The environment is made in one piece, knows what it was made with, and heals itself; what it cannot, it says."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from scripts import ROOT, environment

PIECE = {
    "hello/__init__.py": "def main():\n    print('hello')\n",
    "hello-{version}.dist-info/METADATA": "Metadata-Version: 2.1\nName: hello\nVersion: {version}\n",
    "hello-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "hello-{version}.dist-info/entry_points.txt": "[console_scripts]\nhello = hello:main\n",
}


class House:
    """A project of one package, which is in a folder instead of an index."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "project"
        self.wheels = folder / "wheels"
        for each in (self.folder / "requirements", self.wheels):
            each.mkdir(parents=True)
        sets = {
            "app": environment.Set("app.txt", 1, project=False),
            "dev": environment.Set("dev.txt", 1, project=False, includes=("app",)),
        }
        patch.setattr(environment, "ROOT", self.folder)
        patch.setattr(environment, "LOCKS", self.folder / "requirements")
        patch.setattr(environment, "SETS", sets)
        for name in [name for name in os.environ if name.startswith(("PIP_", "UV"))]:
            patch.delenv(name)
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", self.wheels.as_uri())
        patch.setenv("UV", "")
        patch.setenv("PYTHON", "")
        self.lock("app", "1.0")
        self.lock("dev", "1.0")

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    def lock(self, name: str, version: str, digest: str = "") -> None:
        """Lock a version, which is there from now on."""
        wheel = self.wheels / f"hello-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            record = []
            for file, text in PIECE.items():
                path, content = file.format(version=version), text.format(version=version)
                archive.writestr(zipfile.ZipInfo(path), content)
                hashed = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
                record.append(f"{path},sha256={hashed},{len(content)}")
            archive.writestr(zipfile.ZipInfo(f"hello-{version}.dist-info/RECORD"), "\n".join(record) + "\n")
        known = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        text = f"hello=={version} --hash=sha256:{known}  # for {name}\n"
        (self.folder / "requirements" / f"{name}.txt").write_text(text)

    def make(self, name: str = "app") -> int:
        return environment.main([name])

    def hello(self) -> str:
        return subprocess.run([self.venv / "bin" / "hello"], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def house(tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(tmp_path, monkeypatch)
    create = environment._create

    def copy(folder: Path, installer: str) -> None:
        """Copy an environment that has pip: making one takes many seconds."""
        if environment.importlib.util.find_spec("ensurepip") is None:
            create(folder, installer)
        shutil.copytree(made, folder, symlinks=True)
        for each in (*folder.rglob("hello*"), folder / environment.RECORD):
            shutil.rmtree(each) if each.is_dir() else each.unlink(missing_ok=True)

    monkeypatch.setattr(environment, "_create", copy)
    return house


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment, to be copied: making one takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        house = House(tmp_path_factory.mktemp("made"), patch)
        assert house.make() == 0
        return house.venv


@pytest.fixture
def ready(house: House, made: Path) -> House:
    """A project whose environment is in order."""
    shutil.copytree(made, house.venv, symlinks=True)
    environment.write_record(house.venv, ["app"])
    assert environment.why_not(house.venv, "app") is None
    return house


def test_it_is_made_beside_and_its_programs_name_the_place_where_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"PIP_USER": "1", "PYTHONSAFEPATH": "1", "PYTHONPATH": "/nowhere", "PIP_TARGET": "/x"}.items():
        monkeypatch.setenv(name, value)

    assert house.make() == 0

    assert house.hello() == "hello\n"
    assert "Preparing .venv: about 1 MB to fetch, once ..." in capsys.readouterr().err
    assert sorted(each.name for each in house.folder.iterdir()) == [".venv", "build", "requirements"]
    named = [file for file in (house.venv / "bin").iterdir() if b".venv.new" in file.read_bytes()[:100_000]]
    assert named == []
    before = (house.venv / environment.RECORD).stat().st_mtime_ns
    assert house.make() == 0
    assert (house.venv / environment.RECORD).stat().st_mtime_ns == before
    assert capsys.readouterr().err == ""


def damage_nothing(house: House) -> None:
    """All is well."""


def break_interpreter(house: House) -> None:
    for name in ("python", "python3", f"python{sys.version_info.major}.{sys.version_info.minor}"):
        (house.venv / "bin" / name).unlink(missing_ok=True)
        (house.venv / "bin" / name).symlink_to("/nowhere/python3")


def change_interpreter(house: House) -> None:
    record = json.loads((house.venv / environment.RECORD).read_text()) | {"python": "3.10"}
    (house.venv / environment.RECORD).write_text(json.dumps(record))


def move(house: House) -> None:
    record = json.loads((house.venv / environment.RECORD).read_text()) | {"folder": "/elsewhere/.venv"}
    (house.venv / environment.RECORD).write_text(json.dumps(record))


def interrupt(house: House) -> None:
    environment.write_record(house.venv, ["app"], unfinished="dev")


def lock_another(house: House) -> None:
    house.lock("app", "2.0")


def cut_the_record(house: House) -> None:
    (house.venv / environment.RECORD).write_text("{")


TROUBLES = {
    damage_nothing: None,
    break_interpreter: "its Python is gone",
    change_interpreter: "its Python 3.10 is now 3.",
    move: "the checkout has been moved",
    interrupt: "its installation was interrupted",
    lock_another: "what is locked has changed",
    cut_the_record: "it is not whole",
}


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
def test_what_is_wrong_with_it_is_known(ready: House, trouble) -> None:
    trouble(ready)
    why, expected = environment.why_not(ready.venv, "app"), TROUBLES[trouble]
    assert why == expected if expected is None else expected in (why or "")


@pytest.mark.parametrize("trouble", [break_interpreter, lock_another], ids=lambda trouble: trouble.__name__)
def test_it_is_made_anew(ready: House, trouble, capsys: pytest.CaptureFixture[str]) -> None:
    trouble(ready)

    assert ready.make() == 0

    assert f"Making .venv anew, since {TROUBLES[trouble]}" in capsys.readouterr().err
    assert ready.hello() == "hello\n"
    assert environment.why_not(ready.venv, "app") is None


def test_another_set_is_added(ready: House) -> None:
    assert ready.make("dev") == 0
    assert environment.why_not(ready.venv, "dev") is None
    assert environment.why_not(ready.venv, "app") is None


def test_a_failure_leaves_the_former_one_as_it_was(ready: House, capsys: pytest.CaptureFixture[str]) -> None:
    ready.lock("dev", "2.0", digest="0" * 64)

    assert ready.make("dev") == 1

    assert "is not what is locked, so it was not installed" in capsys.readouterr().err
    assert environment.why_not(ready.venv, "app") is None
    assert ready.hello() == "hello\n"


def test_torch_that_is_not_what_is_locked_is_not_installed(ready: House, monkeypatch, capsys) -> None:
    ready.lock("torch", "2.0", digest="0" * 64)
    monkeypatch.setitem(environment.SETS, "train", environment.Set("dev.txt", 1, project=False, torch="torch.txt"))

    assert ready.make("train") == 1

    said = capsys.readouterr().err
    assert "is not what is locked, so it was not installed" in said
    assert "TORCH_INDEX names a copy of it" in said
    assert ready.hello() == "hello\n"


def test_torch_is_locked_for_every_python_on_both_processors() -> None:
    linux, mac = re.split(r"\n(?=torch==)", (ROOT / "requirements" / "torch.txt").read_text())[1:]
    pythons = 4  # 3.11 to 3.14
    for text, version, files in ((linux, "+cpu", 2 * pythons), (mac, "", pythons)):
        assert re.match(rf"torch==[\d.]+{re.escape(version)} ;", text)
        digests = re.findall(r"sha256:([0-9a-f]{64})\b", text)
        assert len(set(digests)) == len(digests) == files


def test_what_torch_depends_on_is_locked_with_the_rest() -> None:
    pytest.importorskip("torch", reason="needs torch (make train-env)")
    lock = (ROOT / "requirements" / "train.txt").read_text()
    needed = [re.split(r"[^\w-]", line)[0] for line in metadata.requires("torch") or () if "extra ==" not in line]
    assert "sympy" in needed
    assert [name for name in needed if not re.search(rf"^{name}==", lock, re.MULTILINE)] == []


def test_an_environment_of_somebody_s_own_is_kept(house: House, made: Path, monkeypatch, capsys) -> None:
    (house.venv / "mine").mkdir(parents=True)
    new = house.folder / ".venv.new"
    shutil.copytree(made, new, symlinks=True)
    environment._put(new, house.venv)
    assert (house.folder / ".venv.kept-1" / "mine").is_dir()
    assert "kept as .venv.kept-1" in capsys.readouterr().err


def test_a_python_without_venv_is_told_what_to_install(house: House, monkeypatch, capsys) -> None:
    real = environment.importlib.util.find_spec
    monkeypatch.setattr(
        environment.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else real(name)
    )
    assert house.make() == 1
    said = capsys.readouterr().err
    assert "lacks ensurepip" in said
    assert f"apt-get install python{sys.version_info.major}.{sys.version_info.minor}-venv" in said
    assert not house.venv.exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("WARNING: Retrying after connection broken by 'NewConnectionError(...)': /x/", "index cannot be reached"),
        ("ERROR: No matching distribution found for onnxruntime==1.32.0", "does not exist for Python 3"),
        ("error: command '/usr/bin/gcc' failed with exit code 1", "there is no compiler"),
        ("something else", "pip failed:\nsomething else"),
    ],
)
def test_an_error_says_what_to_do(line: str, words: str) -> None:
    assert words in environment._explain([line], "pip")


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def find_python(programs: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What `make` says on a machine with these programs alone."""
    for name in ("sh", "ldd", "uname", "dirname"):
        if not (programs / name).exists() and (found := shutil.which(name)):
            (programs / name).symlink_to(found)
    command = ["/bin/sh", str(ROOT / "scripts" / "environment.sh")]
    return subprocess.run(command, env={"PATH": str(programs), **variables}, capture_output=True, text=True, timeout=30)


OLD = 'case "$*" in *version_info?1*) echo 9;; *) echo 3.9.18;; esac'


def test_an_old_python_is_named_with_a_way_out(tmp_path: Path) -> None:
    script(tmp_path / "python3", OLD)
    done = find_python(tmp_path)
    assert done.returncode == 1
    assert "Python 3.11 to 3.14 is needed; here python3 is 3.9.18." in done.stderr
    assert "PYTHON=" in done.stderr


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    assert "here there is no python3." in find_python(tmp_path).stderr


def test_a_newer_one_beside_an_old_python3_is_found(tmp_path: Path) -> None:
    script(tmp_path / "python3", OLD)
    (tmp_path / "python3.12").symlink_to(sys.executable)
    assert find_python(tmp_path).returncode == 0


def test_a_python_that_is_named_must_fit(tmp_path: Path) -> None:
    script(tmp_path / "old", OLD)
    assert "is 3.9.18; needed is" in find_python(tmp_path, PYTHON="old").stderr
    assert "names no program" in find_python(tmp_path, PYTHON="none").stderr


def test_a_mac_is_told_which_macos_and_which_python(tmp_path: Path) -> None:
    script(tmp_path / "uname", 'test "$1" = -m && echo arm64 || echo Darwin')
    script(tmp_path / "sw_vers", "echo 13.6")
    assert "macOS 14 or newer is needed" in find_python(tmp_path).stderr
    script(tmp_path / "uname", 'test "$1" = -m && echo x86_64 || echo Darwin')
    done = find_python(tmp_path)
    assert "Python 3.11 to 3.13 is needed" in done.stderr
    assert "brew install python@3.13" in done.stderr


@pytest.mark.parametrize(
    ("program", "prints", "words"),
    [
        ("uname", "MINGW64_NT-10.0", "wsl --install"),
        ("uname", '$(test "$1" = -m && echo riscv64 || echo Linux)', "must be x86-64 or arm64"),
        ("ldd", "/lib/ld-musl-x86_64.so.1", "Use a Linux with glibc"),
    ],
)
def test_what_cannot_work_is_said_first(tmp_path: Path, program: str, prints: str, words: str) -> None:
    script(tmp_path / program, f'echo "{prints}"')
    done = find_python(tmp_path)
    assert done.returncode == 1
    assert words in done.stderr
