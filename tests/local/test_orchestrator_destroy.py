"""A stage taken down and put up again, on a laptop cloud of its own: what goes, what stays, what is left."""

import functools
import json
import shutil

import pytest
from click.testing import CliRunner

from scripts import ROOT
from scripts.app import page
from scripts.cli.main import main
from scripts.local import place
from scripts.release import destroy, images, smoke
from scripts.stage import history
from tests.local import leftovers
from tests.local.running import start_and_wait
from tests.local.small_app import says

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
    image = images.current(cloud)
    assert history.images(cloud) == [image], "the start of the laptop cloud is a deployment like any other"
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

    destroy._release_instances(cloud, outputs["AutoScalingGroupName"])  # as far as a run came that died there

    kinds = {kind for kind, names in leftovers.held(cloud.client).items() if names}
    assert {"addresses", "gateways", "keys", "logs", "buckets", "dashboards", "alarms", "balancers"} <= kinds
    everything = run("destroy", "--yes")
    assert not {kind: names for kind, names in leftovers.held(cloud.client).items() if names}, "what would cost"
    assert "AND ALL JUDGEMENTS" in everything.stderr
    assert "Nothing else carries the stage's tags." in everything.stdout
    left = cloud.client("ssm").get_parameters_by_path(Path="/sentiment/local", Recursive=True)["Parameters"]
    assert left == [], "lock, history and key go too"
    assert "nothing was there" in run("destroy", "--yes").stdout
    assert "Nothing of stage local is deployed" in run("outputs", code=1).stderr


def test_a_first_deployment_that_fails_stays_and_a_later_one_is_taken_back(own, run, container, monkeypatch, tmp_path):
    """One test, because a later deployment needs a first."""
    monkeypatch.setattr(smoke, "smoke_test", functools.partial(smoke.smoke_test, timeout=1.0))
    run("destroy", "--yes")
    container('{"nothing": "useful"}')
    error = run("deploy", code=1).stderr
    assert "returns no prediction" in error
    assert "This was the first deployment: it is left in place so that you can inspect it." in error
    assert "What ran before" not in error
    assert own.request("GET", "/").status == 200
    assert says(own).json["nothing"] == "useful"
    assert set(json.loads(run("status", "--json").stdout)["stacks"].values()) == {"CREATE_COMPLETE"}
    assert history.images(own.cloud) == []

    monkeypatch.setattr(place, "CONTAINER_DIR", ROOT / "container")
    run("deploy")
    model, index = says(own).json["model"], own.request("GET", "/").body
    site = tmp_path / "site"
    shutil.copytree(page.SITE_DIR, site)
    (site / "index.html").write_text((site / "index.html").read_text() + "<!-- new -->")
    (site / "new.txt").write_text("new")
    monkeypatch.setattr(page.upload, "__defaults__", (site,))
    container('{"nothing": "useful"}')
    assert "Restored to the previous state: service, the page." in run("deploy", code=1).stderr
    assert (says(own).json["model"], own.request("GET", "/").body) == (model, index)
    assert own.request("GET", "/new.txt").status == 404
