"""The command line: what goes to stdout and to stderr, exit codes, questions, and no stack trace for anybody."""

import errno
import json
import os

import pytest
from click.testing import CliRunner

from scripts.cli import options
from scripts.cli.main import main
from scripts.cloudformation.changesets import Change
from scripts.stage.errors import SettingsError


@pytest.fixture
def run(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "STAGE", "DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("STATE", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, list(arguments), prog_name="sentiment")


def write_cloud_json(tmp_path, pid):
    cloud = {"endpoint_url": "http://127.0.0.1:1", "url": "http://127.0.0.1:8080", "pid": pid}
    cloud |= {"access_key_id": "a run's", "secret_access_key": "its secret"}
    (tmp_path / "cloud.json").write_text(json.dumps(cloud))


@pytest.mark.parametrize(
    ("arguments", "message", "next_step", "code"),
    [
        (["outputs"], "No AWS region is set", "--region", 1),
        (["outputs", "--region", "eu-central-1"], "No usable AWS credentials", "aws configure", 1),
        (["deploy", "--region", "eu-central-1"], "No usable AWS credentials", "aws configure", 1),
        (["outputs", "--profile", "nobody"], "nobody", "list-profiles", 1),
        (["outputs", "--stage", "nowhere"], "no stage 'nowhere'", "local, dev, prod", 2),
        (["plan", "--stage", "nowhere"], "no stage 'nowhere'", "local, dev, prod", 1),
        (["plan", "--region", "eu-central-1", "--image", "x"], "No usable AWS credentials", "aws configure", 1),
        (["outputs", "--stage", "local"], "laptop cloud is not running", "make local", 1),
    ],
)
def test_what_an_operator_forgot_is_said_with_the_next_step(run, arguments, message, next_step, code):
    result = run(*arguments)
    assert result.exit_code == code
    assert result.stdout == ""
    assert message in result.stderr
    assert next_step in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("command", "code"), [("plan", 1), ("deploy", 2)])
def test_a_slip_in_the_options_is_never_taken_for_a_plan_with_changes(run, command, code):
    result = run(command, "--nonsense")
    assert result.exit_code == code
    assert "No such option" in result.stderr


def test_the_laptop_cloud_of_a_process_that_is_gone_is_not_running(run, tmp_path):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    write_cloud_json(tmp_path, pid)
    assert "laptop cloud is not running" in run("outputs", "--stage", "local").stderr


def test_outputs_are_a_result_on_stdout(run, monkeypatch, tmp_path):
    write_cloud_json(tmp_path, os.getpid())
    monkeypatch.setattr(options, "collect_outputs", lambda cloud: {"B": "2", "ALong": cloud.endpoint_url})
    assert run("outputs", "--stage", "local").stdout == "ALong  http://127.0.0.1:1\nB      2\n"
    assert json.loads(run("outputs", "--stage", "local", "--json").stdout) == {"ALong": "http://127.0.0.1:1", "B": "2"}


def test_nothing_deployed_is_an_error_with_the_way_to_it(run, monkeypatch, tmp_path):
    write_cloud_json(tmp_path, os.getpid())
    monkeypatch.setattr(options, "collect_outputs", lambda cloud: {})
    result = run("outputs", "--stage", "local")
    assert result.exit_code == 1
    assert "deploy --stage local" in result.stderr


def test_a_mistake_of_ours_shows_no_stack_trace_unless_asked_to(run, monkeypatch, tmp_path):
    def broken(_cloud):
        raise KeyError("oops")

    write_cloud_json(tmp_path, os.getpid())
    monkeypatch.setattr(options, "collect_outputs", broken)
    result = run("outputs", "--stage", "local")
    assert result.exit_code == 1
    assert "This is a bug: KeyError: 'oops'" in result.stderr
    assert "Traceback" not in result.stderr

    monkeypatch.setenv("DEBUG", "1")
    assert "Traceback" in run("outputs", "--stage", "local").stderr


def test_a_reader_who_has_seen_enough_is_no_mistake(run, monkeypatch, tmp_path):
    def cut_off(_cloud):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    write_cloud_json(tmp_path, os.getpid())
    monkeypatch.setattr(options, "collect_outputs", cut_off)
    result = run("outputs", "--stage", "local")
    assert (result.exit_code, result.stderr) == (1, "")


def test_ctrl_c_ends_with_the_shells_exit_code(run, monkeypatch, tmp_path):
    def interrupted(_cloud):
        raise KeyboardInterrupt

    write_cloud_json(tmp_path, os.getpid())
    monkeypatch.setattr(options, "collect_outputs", interrupted)
    assert run("outputs", "--stage", "local").exit_code == 130


def test_a_question_without_anybody_to_answer_is_an_error_not_a_hang():
    chosen = options.Options("dev", None, None, yes=False, as_json=False)
    with pytest.raises(SettingsError, match="Delete it all") as raised:
        chosen.ask("Delete it all?")
    assert "--yes" in raised.value.next_step
    assert options.Options("dev", None, None, yes=True, as_json=False).ask("Delete it all?")


def test_yes_is_no_consent_to_losing_data():
    changes = [Change("Remove", "Table", "AWS::DynamoDB::Table", "", "Keeps judgements")]
    chosen = options.Options("dev", None, None, yes=True, as_json=False)
    assert not options.data_loss_question(chosen, allowed=False)("data", changes)
    assert options.data_loss_question(chosen, allowed=True)("data", changes)
