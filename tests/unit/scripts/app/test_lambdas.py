"""The Lambdas' zip: what is in it, that it is the same wherever it is made, and its upload against moto's S3."""

import io
import os
import re
import subprocess
import sys
import zipfile
from importlib import metadata

import pytest
from moto import mock_aws

from scripts import ROOT
from scripts.app import lambdas
from scripts.stage.errors import DeployError
from scripts.stage.session import Cloud

BUCKET = "artifacts"


@pytest.fixture
def s3(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        cloud = Cloud("dev", region="us-east-1")
        cloud.client("s3").create_bucket(Bucket=BUCKET)
        yield cloud


def test_the_zip_is_the_same_whenever_the_code_is(tmp_path):
    (tmp_path / "record.py").write_text("handler = 1")
    (tmp_path / "notes.txt").write_text("no code")
    first = lambdas.package(tmp_path)
    os.utime(tmp_path / "record.py", (0, 0))
    (tmp_path / "record.py").chmod(0o600)
    assert lambdas.package(tmp_path) == first
    entries = zipfile.ZipFile(io.BytesIO(first.content)).infolist()
    assert {(entry.create_system, entry.external_attr >> 16, entry.date_time) for entry in entries} == {
        (3, 0o644, (1980, 1, 1, 0, 0, 0))
    }
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}, "zlibs compress differently"
    assert all(entry.filename.endswith(".py") for entry in entries), "pip compiles for one version of Python"

    (tmp_path / "record.py").write_text("handler = 2")
    assert lambdas.package(tmp_path).key != first.key


def test_what_is_in_the_zip_runs_without_anything_of_this_checkout(tmp_path):
    """Every module can be imported, and what it imports beside the Lambda runtime's own comes out of the zip."""
    zipfile.ZipFile(io.BytesIO(lambdas.package().content)).extractall(tmp_path)
    modules = sorted(path.stem for path in tmp_path.glob("*.py"))
    assert {"record", "export", "writer", "stats", "watch"} <= set(modules)
    packages = ["shared", "itsdangerous"]
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"import {', '.join([*modules, *packages])}, shared.receipts\n"
        f"print(*(sys.modules[name].__file__ for name in {packages}), sep='\\n')"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines() == [str(tmp_path / name / "__init__.py") for name in packages]


def test_the_image_and_the_zip_carry_the_same_itsdangerous():
    installed = metadata.version("itsdangerous")
    assert f'"itsdangerous=={installed}"' in (ROOT / "pyproject.toml").read_text()
    locked = re.findall(r"^itsdangerous==(\S+)", (ROOT / "container/requirements.txt").read_text(), re.MULTILINE)
    assert locked == [installed]


def test_one_module_that_looks_like_two_has_another_key(tmp_path):
    (tmp_path / "a.py").write_text("1#")
    (tmp_path / "b.py").write_text("2")
    first = lambdas.package(tmp_path).key
    (tmp_path / "a.py").write_text("1#b.py\n2")
    (tmp_path / "b.py").unlink()
    assert lambdas.package(tmp_path).key != first


def test_the_zip_is_uploaded_once(s3, tmp_path):
    (tmp_path / "record.py").write_text("handler = 1")
    code = lambdas.package(tmp_path)
    assert lambdas.upload(s3, BUCKET, code)
    assert not lambdas.upload(s3, BUCKET, code)
    assert s3.client("s3").get_object(Bucket=BUCKET, Key=code.key)["Body"].read() == code.content


def test_no_code_is_an_error(tmp_path):
    with pytest.raises(DeployError, match="no Lambda code"):
        lambdas.package(tmp_path)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def handler(:\n", "line 1: invalid syntax"),
        ("x = 1\nreturn x\n", "line 2: 'return' outside"),
        ("a\0b", "null"),
    ],
)
def test_code_that_is_not_python_is_refused_with_its_line(tmp_path, code, words):
    (tmp_path / "fine.py").write_text("x = 1\n")
    (tmp_path / "broken.py").write_text(code)

    with pytest.raises(DeployError, match=r"^broken\.py") as error:
        lambdas.package(tmp_path)
    assert words in error.value.message and "Nothing was uploaded." in error.value.message
