"""What moto's server lacks of CloudFormation, and what stands in for it. Each entry says why it is moto's gap.

Nothing here is about our templates or commands: those go to moto as they are. Of 5.2.5; what a later moto can do goes,
as ``test_gaps.py`` demands for types and attributes.
"""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from moto.apigatewayv2.models import ApiGatewayV2Backend, Stage
from moto.cloudformation import models, parsing
from moto.core.common_models import CloudFormationModel
from moto.core.utils import pascal_to_camelcase, remap_nested_keys
from moto.dynamodb.models.table import Table
from moto.ec2.models.route_tables import RouteTable
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition

RECORDED = "recorded-"
Attributes = Callable[[str], dict[str, str]]  # of a physical id: what Fn::GetAtt gives


def _none(_: str) -> dict[str, str]:
    return {}


# Types without a model for CloudFormation in moto 5.2.5 (``get_model_map``): they are only recorded.
TYPES: dict[str, Attributes] = {
    "AWS::ApiGatewayV2::Api": lambda id: {"ApiEndpoint": f"https://{id}.execute-api.us-east-1.amazonaws.com"},
    "AWS::ApiGatewayV2::Integration": _none,
    "AWS::ApiGatewayV2::Route": _none,
    "AWS::ApiGatewayV2::Stage": _none,
    "AWS::ApiGatewayV2::VpcLink": _none,
    "AWS::ApplicationAutoScaling::ScalableTarget": _none,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _none,
    "AWS::Budgets::Budget": _none,
    "AWS::CloudFront::Distribution": lambda id: {"DomainName": f"{id}.cloudfront.net"},
    "AWS::CloudFront::OriginAccessControl": lambda id: {"Id": id},
    "AWS::CloudFront::ResponseHeadersPolicy": _none,
    "AWS::CloudWatch::Alarm": lambda id: {"Arn": f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{id}"},
    "AWS::ECS::CapacityProvider": _none,
    "AWS::ECS::ClusterCapacityProviderAssociations": _none,
    "AWS::Events::ApiDestination": lambda id: {"Arn": f"arn:aws:events:us-east-1:123456789012:api-destination/{id}"},
    "AWS::Events::Connection": lambda id: {"Arn": f"arn:aws:events:us-east-1:123456789012:connection/{id}"},
    "AWS::IAM::OIDCProvider": _none,
    "AWS::S3::BucketPolicy": _none,
    "AWS::SNS::Subscription": _none,
    "AWS::SNS::TopicPolicy": _none,
}
# Attributes that a model lacks: of a type, how its resource gives one.
ATTRIBUTES: dict[tuple[str, str], Callable[[Any], str]] = {
    ("AWS::AutoScaling::AutoScalingGroup", "AutoScalingGroupARN"): lambda group: group.arn,
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName"): lambda one: one.arn.split(":loadbalancer/")[
        1
    ],
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName"): lambda group: group.arn.rpartition(":")[2],
}


def recorded(type_: str, attributes: Attributes) -> type[CloudFormationModel]:
    """A model that keeps nothing but a physical id."""

    class Recorded(CloudFormationModel):
        def __init__(self) -> None:
            self.physical_resource_id = f"{RECORDED}{uuid.uuid4().hex[:17]}"

        def get_cfn_attribute(self, name: str) -> str:
            return attributes(self.physical_resource_id)[name]

        def delete(self, account_id: str, region: str) -> None:
            pass

        def is_created(self) -> bool:
            return True

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return type_

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr in attributes("")

        @classmethod
        def create_from_cloudformation_json(cls, *_: Any, **__: Any) -> Recorded:
            return cls()

        @classmethod
        def update_from_cloudformation_json(cls, original_resource: Any, *_: Any, **__: Any) -> Any:
            return original_resource

        @classmethod
        def delete_from_cloudformation_json(cls, *_: Any, **__: Any) -> None:
            pass

    return Recorded


def install() -> None:
    """Close the gaps, in this process."""
    for type_, attributes in TYPES.items():
        MODELS.append(recorded(type_, attributes))
    parsing.get_model_map.cache_clear()
    parsing.get_name_type_map.cache_clear()
    _evaluate_functions()
    _leave_out_no_value()
    _keep_what_cannot_be_updated()
    _update_what_depends_on_it()
    _update_task_definitions()
    _keep_outputs_of_change_sets()
    _describe_parameters_as_given()
    _run_tasks()
    _leave_tables_unprotected()
    _delete_route_tables()
    _name_repositories()
    _find_stages_of_recorded_apis()


MODELS: list[type[CloudFormationModel]] = []  # classes that nothing refers to would be forgotten


def _evaluate_functions() -> None:
    """``Fn::Cidr`` is unknown to ``clean_json``, and ``Fn::Select`` takes its index with ``int(...)``, a Ref or not."""
    clean = parsing.clean_json

    def clean_json(value: Any, resources: Any) -> Any:
        if isinstance(value, dict) and "Fn::GetAtt" in value:
            name, attribute = value["Fn::GetAtt"]
            resource = resources[name]
            give = ATTRIBUTES.get((getattr(resource, "cf_resource_type", ""), attribute))
            return give(resource) if give else clean(value, resources)
        if isinstance(value, dict) and "Fn::Cidr" in value:
            block, count, bits = (clean_json(each, resources) for each in value["Fn::Cidr"])
            network = ipaddress.ip_network(block)
            subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
            return [str(next(subnets)) for _ in range(int(count))]
        if isinstance(value, dict) and isinstance(value.get("Fn::Select"), list):
            index, values = value["Fn::Select"]
            return clean_json(values, resources)[int(clean_json(index, resources))]
        return clean(value, resources)

    parsing.clean_json = clean_json


def _leave_out_no_value() -> None:
    """``AWS::NoValue`` in a list leaves ``None`` there, where CloudFormation leaves nothing."""
    clean = parsing.clean_json

    def clean_json(value: Any, resources: Any) -> Any:
        found = clean(value, resources)
        return [each for each in found if each is not None] if isinstance(value, list) else found

    parsing.clean_json = clean_json


def _keep_what_cannot_be_updated() -> None:
    """A resource whose model has no update is replaced by ``None``, so that every Ref to it is empty from then on.

    And one that a condition switches off is updated as if it were there, which fails.
    """
    update = parsing.parse_and_update_resource

    def parse_and_update_resource(logical_name: str, body: Any, resources: Any, **where: str) -> Any:
        if resources[logical_name] is None:
            return None
        found = update(logical_name, body, resources, **where)
        return resources[logical_name] if found is None else found

    parsing.parse_and_update_resource = parse_and_update_resource


def _update_what_depends_on_it() -> None:
    """A resource that refers to one that is replaced is not updated with it: a service keeps its task definition."""
    find = parsing.ResourceMap.build_resource_diff

    def build_resource_diff(self: Any, template: Any, parameters: Any = None) -> dict[str, list[str]]:
        found: dict[str, list[str]] = find(self, template, parameters)
        for name, body in template["Resources"].items():
            refers = set(parsing.get_references_from_template(body)) & set(found["Modify"])
            if refers and name not in found["Modify"] + found["Add"]:
                found["Modify"].append(name)
        return found

    parsing.ResourceMap.build_resource_diff = build_resource_diff


def _update_task_definitions() -> None:
    """A task definition that is updated keeps CloudFormation's ``Image``, where ECS has ``image``."""
    update = TaskDefinition.update_from_cloudformation_json.__func__

    def update_from_cloudformation_json(cls: Any, cloudformation_json: Any, **others: Any) -> Any:
        properties = cloudformation_json["Properties"]
        containers = remap_nested_keys(properties["ContainerDefinitions"], pascal_to_camelcase)
        body = {**cloudformation_json, "Properties": {**properties, "ContainerDefinitions": containers}}
        return update(cls, cloudformation_json=body, **others)

    TaskDefinition.update_from_cloudformation_json = classmethod(update_from_cloudformation_json)


def _keep_outputs_of_change_sets() -> None:
    """A stack that is made or changed by a change set keeps the outputs, parameters and tags that it had before."""
    execute = models.CloudFormationBackend.execute_change_set

    def execute_change_set(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        execute(self, change_set_name, stack_name)
        done = self.describe_change_set(change_set_name)
        stack = self.stacks[done.stack_id]
        stack.parameters, stack.tags = done.parameters, done.tags
        stack._parse_template()
        stack.output_map = stack._create_output_map()

    models.CloudFormationBackend.execute_change_set = execute_change_set


def _describe_parameters_as_given() -> None:
    """Parameters are described, and used again, as they were parsed: what an SSM parameter holds, not its name."""

    def given(self: Any) -> dict[str, str]:
        defaults = {name: each.get("Default") for name, each in self.template_dict.get("Parameters", {}).items()}
        named = {name: value for name, value in self.parameters.items() if name in defaults}
        return {name: str(value) for name, value in {**defaults, **named}.items()}

    def parameter_list(self: Any) -> list[dict[str, str]]:
        return [{"ParameterKey": name, "ParameterValue": value} for name, value in given(self).items()]

    models.Stack.parameter_list = property(parameter_list)
    models.Stack.stack_parameters = property(given)


def _run_tasks() -> None:
    """No service ever has a running task: what a service wants counts as running at once, in its one deployment."""
    describe = EC2ContainerServiceBackend.describe_services

    def describe_services(self: Any, cluster: str, services: list[str]) -> Any:
        found, failures = describe(self, cluster, services)
        for service in found:
            count = {"desiredCount": service.desired_count, "runningCount": service.desired_count, "pendingCount": 0}
            wanted = {"taskDefinition": service.task_definition, "rolloutState": "COMPLETED"}
            service.running_count, service.pending_count = service.desired_count, 0
            service.deployments[0].update(count | wanted)
        return found, failures

    EC2ContainerServiceBackend.describe_services = describe_services


def _leave_tables_unprotected() -> None:
    """A table's ``DeletionProtectionEnabled`` is taken for true when a Parameter's text, "false", says otherwise."""
    create = Table.create_from_cloudformation_json.__func__

    def create_from_cloudformation_json(cls: Any, name: str, body: Any, *where: str, **more: str) -> Any:
        table = create(cls, name, body, *where, **more)
        table.deletion_protection_enabled = str(table.deletion_protection_enabled).lower() == "true"
        return table

    Table.create_from_cloudformation_json = classmethod(create_from_cloudformation_json)


def _delete_route_tables() -> None:
    """Route tables and their associations stay when their stack goes, so that their VPC cannot go."""

    def delete(self: Any, account_id: str, region: str) -> None:
        for association in list(self._associations):
            self.ec2_backend.disassociate_route_table(association)
        self.ec2_backend.delete_route_table(self.id)

    RouteTable.delete = delete


def _name_repositories() -> None:
    """A repository gets a name with upper-case letters of its stack's logical id, which ECR itself then refuses."""
    generate = parsing.generate_resource_name

    def generate_resource_name(type_: str, stack: str, logical_id: str) -> str:
        name: str = generate(type_, stack, logical_id)
        return name.lower() if type_ == "AWS::ECR::Repository" else name

    parsing.generate_resource_name = generate_resource_name


def _find_stages_of_recorded_apis() -> None:
    """An API that is only recorded has no stages to be asked for; here it has each, with the service's own limits."""
    find = ApiGatewayV2Backend.get_stage

    def get_stage(self: Any, api_id: str, stage_name: str) -> Any:
        if not api_id.startswith(RECORDED):
            return find(self, api_id, stage_name)
        return Stage(api=SimpleNamespace(protocol_type="HTTP"), config={"stageName": stage_name})

    ApiGatewayV2Backend.get_stage = get_stage
