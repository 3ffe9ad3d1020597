"""What the catalogue declares of each stack, held against the templates: nothing is declared that is not there."""

from __future__ import annotations

import pytest

from generator import catalogue
from scripts.cloudformation.templates import Template, load
from tests.contracts.reading import TEMPLATES, resources_of

DECLARED = {stack.name: stack for stack in catalogue.STACKS}


def named(what: str) -> set[str]:
    """Stacks of which something is declared."""
    return {name for name, stack in DECLARED.items() if getattr(stack, what)}


def holding(kind: str) -> set[str]:
    """Stacks whose template has a resource of a type."""
    return {stack for stack in TEMPLATES if resources_of(stack, kind)}


@pytest.fixture(params=sorted(DECLARED))
def stack(request) -> tuple[catalogue.Stack, Template]:
    return DECLARED[request.param], load(request.param)


def test_what_is_declared_is_in_the_template(stack):
    declared, template = stack
    service, site = declared.service, declared.site
    outputs = {declared.artifacts, declared.registry, service and service.name}
    outputs |= {site.bucket, site.url, site.distribution} if site else set()
    parameters = {declared.lambda_code}
    parameters |= {service.cluster, service.image, service.min_tasks} if service else set()
    assert outputs - {"", None} <= set(template.outputs)
    assert parameters - {""} <= template.parameters.keys()
    if service:
        (ref,) = template.document["Outputs"][service.task_definition]["Value"].values()
        assert template.resources[ref].type == "AWS::ECS::TaskDefinition"


def test_every_stack_that_needs_it_declares_it():
    assert named("service") == holding("AWS::ECS::Service")
    assert named("site") == {
        name
        for name in TEMPLATES
        for bucket in resources_of(name, "AWS::S3::Bucket").values()
        if "WebsiteConfiguration" in bucket
    }
    assert named("registry") == holding("AWS::ECR::Repository")
    retain = {name for name in TEMPLATES for each in load(name).resources.values() if each.deletion_policy == "Retain"}
    assert named("data") == retain
    assert named("lambda_code") == holding("AWS::Lambda::Function")


def test_the_lambdas_code_is_looked_for_where_it_is_uploaded():
    (artifacts,) = [stack for stack in DECLARED.values() if stack.artifacts]
    for stack in (DECLARED[name] for name in named("lambda_code")):
        for function in resources_of(stack.name, "AWS::Lambda::Function").values():
            assert function["Code"] == {"S3Bucket": {"Ref": artifacts.artifacts}, "S3Key": {"Ref": stack.lambda_code}}


@pytest.mark.parametrize("what", ["artifacts", "registry", "service", "site"])
def test_one_stack_alone_has_it(what):
    assert len(named(what)) == 1


def test_a_stack_that_is_declared_nowhere_has_nothing_special():
    assert catalogue.stack("gone") == catalogue.Stack("gone", "")
    assert catalogue.stack("service").service is not None
