"""Each template by itself: fresh, readable in order, every resource explained, data kept, references that exist."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import cfn_flip
import pytest
import yaml

from generator import __main__ as generator
from generator import catalogue
from generator.rendering import OUTPUT_KEYS, PARAMETER_KEYS, RESOURCE_KEYS, SECTIONS
from generator.stacks import BUILDERS, source
from scripts import ROOT
from scripts.cloudformation.references import names
from tests.contracts.reading import RESOURCES, TEMPLATES, nodes

STATEFUL = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Logs::LogGroup"}
each_stack = pytest.mark.parametrize("stack", TEMPLATES)
each_resource = pytest.mark.parametrize(("stack", "name", "body"), RESOURCES, ids=[f"{s}.{n}" for s, n, _ in RESOURCES])


def test_the_catalogue_names_every_stack_that_is_built_in_teaching_order():
    assert [stack.name for stack in catalogue.STACKS] == list(BUILDERS)
    assert set(TEMPLATES) == set(BUILDERS)


def test_what_everything_imports_of_the_generator_takes_the_standard_library_alone():
    """Without site-packages (-S) nothing else can be imported, so deploying needs no Troposphere."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'container'}"}
    command = [sys.executable, "-S", "-c", "import generator.catalogue, generator.paths"]
    done = subprocess.run(command, cwd=ROOT, env=environment)
    assert done.returncode == 0


def test_templates_are_what_the_generator_writes():
    assert generator.problems(ROOT / "templates") == []


def test_check_names_stale_missing_and_surplus_files(tmp_path, capsys):
    generator.main([], tmp_path)
    assert generator.main(["--check"], tmp_path) == 0
    (tmp_path / "data.yaml").unlink()
    (tmp_path / "old.yaml").write_text("Resources: {}\n")
    network = tmp_path / "network.yaml"
    network.write_text(network.read_text().replace("PublicRoutes", "Paths"))
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    assert generator.main(["--check"], tmp_path) == 1

    said = capsys.readouterr().err
    assert "missing: data.yaml" in said
    assert "surplus: old.yaml" in said
    assert "stale: network.yaml" in said
    assert "-  Paths:" in said and "+  PublicRoutes:" in said
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before, "--check must write nothing"


def test_writing_replaces_stale_files_and_removes_surplus_ones(tmp_path):
    (tmp_path / "old.yaml").write_text("Resources: {}\n")
    (tmp_path / "data.yaml").write_text("stale")
    generator.main([], tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(BUILDERS)
    assert generator.problems(tmp_path) == []


@each_stack
def test_a_template_says_where_it_comes_from_and_reads_from_top_to_bottom(stack):
    text = (ROOT / "templates" / f"{stack}.yaml").read_text()
    assert text.startswith(f"# Generated from {source(stack)} by `make templates`; do not edit.\n")
    assert "def build(" in (ROOT / source(stack)).read_text()
    template = TEMPLATES[stack]
    assert list(template) == [section for section in SECTIONS if section in template]
    for section, first in (("Parameters", PARAMETER_KEYS), ("Resources", RESOURCE_KEYS), ("Outputs", OUTPUT_KEYS)):
        for name, body in template[section].items():
            known = [key for key in first if key in body]
            assert list(body)[: len(known)] == known, f"{section}.{name} is not in reading order"


@each_stack
def test_yaml_holds_what_was_built(stack):
    """Short forms and one-line lists lose nothing: AWS's own view of the file equals Troposphere's, and ours too."""
    seen_by_aws = json.loads(cfn_flip.to_json((ROOT / "templates" / f"{stack}.yaml").read_text()))
    assert seen_by_aws == _as_built(BUILDERS[stack]().to_dict())
    assert seen_by_aws == TEMPLATES[stack]


@each_stack
def test_a_template_fits_into_a_request_and_has_no_long_forms_where_short_ones_exist(stack):
    text = (ROOT / "templates" / f"{stack}.yaml").read_text()
    assert len(text.encode()) <= 51_200, "CloudFormation takes larger templates from S3 only"
    assert [line for line in text.splitlines() if "Fn::" in line and "Fn::Base64" not in line] == []
    assert "&id" not in text, "YAML anchors: CloudFormation takes them, people stumble"


@each_resource
def test_every_resource_says_in_one_line_what_it_is_for(stack, name, body):
    purpose = body.get("Metadata", {}).get("Purpose", "")
    assert 15 <= len(purpose) <= 110
    assert "\n" not in purpose
    assert purpose[0].isupper() or not purpose[0].isalpha()
    assert not purpose.endswith(".")


def test_no_two_resources_of_a_stack_have_the_same_purpose():
    said = [(stack, body["Metadata"]["Purpose"]) for stack, _, body in RESOURCES]
    assert sorted({one for one in said if said.count(one) > 1}) == []


@each_resource
def test_what_holds_data_says_what_becomes_of_it(stack, name, body):
    if body["Type"] in STATEFUL:
        assert "DeletionPolicy" in body and "UpdateReplacePolicy" in body
    if name == "ExportsTable":  # worth nothing once the export is written
        assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("Delete", "Delete")
    elif body["Type"] == "AWS::DynamoDB::Table":
        assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("Retain", "Retain")
        properties = body["Properties"]
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert properties["SSESpecification"]["SSEEnabled"] is True
        assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    if body["Type"] == "AWS::Logs::LogGroup":
        assert body["Properties"]["RetentionInDays"] == {"Ref": "LogDays"}


@each_resource
def test_references_and_conditions_exist(stack, name, body):
    template = TEMPLATES[stack]
    assert set(names(body)) <= template["Parameters"].keys() | template["Resources"].keys()
    used = {node["Fn::If"][0] for node in nodes(body) if "Fn::If" in node}
    used |= {body["Condition"]} if "Condition" in body else set()
    assert used <= template.get("Conditions", {}).keys()
    depends = body.get("DependsOn", [])
    assert set([depends] if isinstance(depends, str) else depends) <= template["Resources"].keys()


@each_stack
def test_outputs_refer_to_what_exists_and_lock_no_stacks_together(stack):
    template = TEMPLATES[stack]
    for name, body in template["Outputs"].items():
        assert set(names(body["Value"])) <= template["Parameters"].keys() | template["Resources"].keys()
        assert body["Description"]
        assert "Export" not in body, f"{name} would lock the stacks together"
        if "Condition" in body:
            assert body["Condition"] in template["Conditions"]


@each_stack
def test_every_parameter_is_described_and_used(stack):
    template = TEMPLATES[stack]
    used = set(names([template["Resources"], template["Outputs"], template.get("Conditions", {})]))
    assert template["Parameters"].keys() - used == set()
    assert [name for name, body in template["Parameters"].items() if not body.get("Description")] == []


@each_resource
def test_cloudformation_names_what_needs_no_name(stack, name, body):
    """A fixed name makes a replacement fail and two stacks collide; those here are the contract, or carry the stage."""
    own_name = body["Type"].split("::")[-1] + "Name"
    # A policy's name is its role's affair, and $default is what keeps a stage's name out of the paths.
    if body["Type"] not in ("AWS::IAM::Policy", "AWS::ApiGatewayV2::Stage"):
        given = body.get("Properties", {}).get(own_name)
        # Every stack knows the boundary by its name, without waiting for the stack that makes it.
        assert given is None or (name == "RoleBoundary" and "${Stage}" in given["Fn::Sub"])
    label = body.get("Properties", {}).get("Name")
    assert label is None or "${Stage}" in label["Fn::Sub"]


def _as_built(document):
    """The template as Troposphere has it, in the types that YAML knows."""
    return yaml.safe_load(yaml.safe_dump(_plain(document)))


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return _plain(value.to_dict()) if hasattr(value, "to_dict") else value
