"""CloudFormation types that the emulator does not know, except those of tables, gateway and tasks.

A type that has no effect on a laptop (a capacity provider's scaling, a budget) is only recorded in its service, so that
describing it shows what the template says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import ec2, ecs, ssm
from ministack.services.cloudformation import provisioners

# AWS's public parameter for the newest ECS-optimised machine image, which the emulator lacks, and the emulator's own
# image that replaces it.
ECS_IMAGE_PARAMETER = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
AMAZON_LINUX_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]  # physical id, attributes for Fn::GetAtt
Create = Callable[[str, Properties, str], Made]  # logical id, properties, name of the stack
Delete = Callable[[str, Properties], None]  # physical id, properties
Update = Callable[[str, Properties, Properties, str], Made]  # physical id, old and new properties, name of the stack


def register() -> None:
    """Teach the emulator's CloudFormation the missing types."""
    ssm._PUBLIC_AMI_PARAMETERS.setdefault(ECS_IMAGE_PARAMETER, ssm._PUBLIC_AMI_PARAMETERS[AMAZON_LINUX_PARAMETER])
    add_attributes("AWS::EC2::VPC", lambda vpc: {"CidrBlock": ec2._vpcs[vpc]["CidrBlock"]})
    add("AWS::EC2::SecurityGroupIngress", _create_rule, _delete_rule)
    add("AWS::ECS::CapacityProvider", _create_capacity_provider, _delete_capacity_provider)
    add("AWS::ECS::ClusterCapacityProviderAssociations", _associate, _dissociate, _reassociate)


def add(name: str, create: Create, delete: Delete, update: Update | None = None) -> None:
    """Register a type, unless the emulator already knows it.

    Args:
        name: the type, such as ``AWS::ECS::CapacityProvider``.
        create: makes the resource.
        delete: removes it.
        update: changes it in place; without one, nothing on a laptop feels what can be changed in place.
    """
    provisioners._RESOURCE_HANDLERS.setdefault(name, {"create": create, "delete": delete, "update": update or keep})


def add_attributes(name: str, attributes: Callable[[str], dict[str, Any]]) -> None:
    """Give a type more attributes for Fn::GetAtt than the emulator has.

    Args:
        name: the type.
        attributes: computes them from the physical id.
    """
    handler = provisioners._RESOURCE_HANDLERS[name]

    def adding(make: Callable[..., Made]) -> Callable[..., Made]:
        def make_and_add(*args: Any) -> Made:
            physical_id, known = make(*args)
            return physical_id, {**attributes(physical_id), **known}

        return make_and_add

    provisioners._RESOURCE_HANDLERS[name] = {
        **handler,
        "create": adding(handler["create"]),
        "update": adding(handler["update"]),
    }


def lower_keys(value: Any) -> Any:
    """Turn CloudFormation's ``PascalCase`` keys into the services' ``camelCase``, at every depth."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lower_keys(each) for key, each in value.items()}
    if isinstance(value, list):
        return [lower_keys(each) for each in value]
    return value


def check(answer: Any) -> None:
    """Raise if a service's handler refused, so that the stack fails with its message.

    Args:
        answer: status, headers and body.

    Raises:
        ValueError: the status is an error.
    """
    status, _, body = answer
    if status >= 400:
        raise ValueError(body.decode() if isinstance(body, bytes) else body)


def keep(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
    """Keep the physical id; the stack's record holds the new properties.

    Args:
        physical_id: of the resource.
        old: properties until now.
        new: properties from now on.
        stack: name of the stack.
    """
    return physical_id, {}


# --- rules of security groups ----------------------------------------------------------------------------------


def _create_rule(logical_id: str, properties: Properties, stack: str) -> Made:
    check(ec2._authorize_sg_ingress(_rule_parameters(properties)))
    physical_id = "sgr-" + new_uuid().replace("-", "")[:17]
    return physical_id, {"Id": physical_id}


def _delete_rule(physical_id: str, properties: Properties) -> None:
    check(ec2._revoke_sg_ingress(_rule_parameters(properties)))


def _rule_parameters(properties: Properties) -> dict[str, list[str]]:
    """A rule in EC2's query protocol."""
    values = {
        "GroupId": properties["GroupId"],
        "IpPermissions.1.IpProtocol": properties["IpProtocol"],
        "IpPermissions.1.FromPort": properties.get("FromPort"),
        "IpPermissions.1.ToPort": properties.get("ToPort"),
        "IpPermissions.1.Groups.1.GroupId": properties.get("SourceSecurityGroupId"),
        "IpPermissions.1.IpRanges.1.CidrIp": properties.get("CidrIp"),
    }
    return {key: [str(value)] for key, value in values.items() if value is not None}


# --- capacity of the cluster -----------------------------------------------------------------------------------


def _create_capacity_provider(logical_id: str, properties: Properties, stack: str) -> Made:
    name = properties.get("Name") or f"{stack}-{logical_id}-{new_uuid()[:8]}"
    check(ecs._create_capacity_provider({**lower_keys(properties), "name": name}))
    return name, {}


def _delete_capacity_provider(physical_id: str, properties: Properties) -> None:
    ecs._delete_capacity_provider({"capacityProvider": physical_id})


def _associate(logical_id: str, properties: Properties, stack: str) -> Made:
    check(ecs._put_cluster_capacity_providers(lower_keys(properties)))
    return properties["Cluster"], {}


def _reassociate(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
    return _associate("", new, stack)


def _dissociate(physical_id: str, properties: Properties) -> None:
    empty: dict[str, Any] = {"capacityProviders": [], "defaultCapacityProviderStrategy": []}
    ecs._put_cluster_capacity_providers({"cluster": physical_id, **empty})
