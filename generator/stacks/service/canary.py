"""The canary: one task of another image behind the same target group, for as long as a stack parameter names it.

With n tasks in the service, its share of the traffic is 1/(n + 1). ECS's own canary deployments start as many tasks of
the new revision as there are of the old one, which one small instance has no room for, and compare nothing but alarms.
"""

from __future__ import annotations

from troposphere import Equals, GetAtt, Not, Parameter, Ref, Template, ecs, iam, logs

from generator import catalogue
from generator.building import add_output, name_tag, purpose, stage_name
from generator.parameters import parameter
from generator.stacks.service import container

HAS_CANARY = "HasCanary"


def add(
    template: Template, role: iam.Role, log_group: logs.LogGroup, shared: dict[str, object], cluster: Parameter
) -> ecs.Service:
    """The canary's task definition and service.

    Args:
        template: the stack's.
        role: with which ECS starts its task.
        log_group: of all tasks.
        shared: properties that it has in common with the service.
        cluster: name of the cluster.
    """
    image = parameter(template, catalogue.CANARY.image)
    template.add_condition(HAS_CANARY, Not(Equals(Ref(image), "")))
    task = template.add_resource(
        ecs.TaskDefinition(
            "CanaryTaskDefinition",
            Condition=HAS_CANARY,
            Metadata=purpose("Defines the canary's task: the same as the others, with another image"),
            Family=stage_name(catalogue.CANARY.stream),
            RequiresCompatibilities=["EC2"],
            NetworkMode="bridge",
            ExecutionRoleArn=GetAtt(role, "Arn"),
            ContainerDefinitions=[
                container.definition(template, log_group, catalogue.CANARY.image, catalogue.CANARY.stream)
            ],
            Tags=name_tag(catalogue.CANARY.stream),
        )
    )
    service = template.add_resource(
        ecs.Service(
            "Canary",
            Condition=HAS_CANARY,
            Metadata=purpose("Runs one task of a new revision beside the others while the two are compared"),
            Cluster=Ref(cluster),
            TaskDefinition=Ref(task),
            DesiredCount=1,
            DeploymentConfiguration=ecs.DeploymentConfiguration(
                DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(Enable=True, Rollback=False)
            ),
            Tags=name_tag(catalogue.CANARY.stream),
            **shared,
        )
    )
    text = "ECS service of the canary, while there is one"
    add_output(template, catalogue.CANARY.name, GetAtt(service, "Name"), text, Condition=HAS_CANARY)
    return service
