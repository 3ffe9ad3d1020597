"""A stage taken down and put up again, on a laptop cloud of its own: what goes, what stays, what is left."""

import json

import pytest
from click.testing import CliRunner

from scripts.cli.main import main
from scripts.release.release import current_image
from tests.local.running import start_and_wait

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    running = start_and_wait(tmp_path_factory.mktemp("own") / "state")
    yield running
    running.close()


@pytest.fixture
def run(own, monkeypatch):
    monkeypatch.setenv("STATE", str(own.state))

    def command(*arguments, code=0):
        result = CliRunner().invoke(main, [*arguments, "--stage", "local"])
        assert result.exit_code == code, result.stderr[-2000:]
        assert "Traceback" not in result.stderr
        return result

    return command


def test_a_stage_goes_down_in_steps_and_comes_up_again(own, run):
    """One test, because each step needs the one before."""
    cloud = own.cloud
    image = current_image(cloud)
    s3 = cloud.client("s3")
    site = json.loads(run("outputs", "--json").stdout)["SiteBucketName"]
    s3.put_bucket_versioning(Bucket=site, VersioningConfiguration={"Status": "Enabled"})
    for number in range(30):
        s3.put_object(Bucket=site, Key=f"extra/{number % 10}", Body=b"x")
    s3.delete_object(Bucket=site, Key="extra/0")
    assert own.request("POST", "/api/setSentiment", {"review": "kept", "sentiment": "joy"}).status == 200

    refused = run("destroy", code=2)
    assert "--yes" in refused.stderr
    assert "Goes:" in refused.stderr

    cloud.client("cloudformation").delete_stack(StackName="sentiment-local-api")  # behind our back
    gone = json.loads(run("destroy", "--keep-data", "--yes", "--json").stdout)
    assert gone["left"] == []
    assert gone["destroyed"] == ["artifacts", "cluster", "network", "operations", "service", "site"]
    assert len(gone["kept"]) == 1
    assert site not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]

    assert own.request("GET", "/").status == 404
    run("deploy")  # whose smoke test goes through the front, which has to find the new bucket and API by itself
    assert own.request("GET", "/").status == own.request("GET", "/api/getStats").status == 200
    outputs = json.loads(run("outputs", "--json").stdout)
    items = cloud.client("dynamodb").scan(TableName=outputs["JudgementsTableName"])["Items"]
    assert [item["review"]["S"] for item in items] == ["kept"]
    assert "No change." in run("plan", "--image", image).stdout

    everything = run("destroy", "--yes")
    assert "AND ALL JUDGEMENTS" in everything.stderr
    assert "Nothing else carries the stage's tags." in everything.stdout
    assert cloud.client("dynamodb").list_tables()["TableNames"] == []
    assert "there was nothing" in run("destroy", "--yes").stdout
    assert "Nothing of stage local is deployed" in run("outputs", code=1).stderr
