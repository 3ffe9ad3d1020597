"""Stack of what tasks run on: ECS cluster, EC2 Auto Scaling group, capacity provider, and the load balancer."""

from __future__ import annotations

import json

from troposphere import GetAtt, Parameter, Ref, Template, autoscaling, ecs
from troposphere import elasticloadbalancingv2 as elb

from generator import buckets
from generator.building import add_output, name_tag, new_template, purpose
from generator.catalogue import LISTENER_PORT, LOAD_BALANCER_IDLE_SECONDS
from generator.parameters import parameter
from generator.stacks.cluster import instances


def build() -> Template:
    """Template of the stack."""
    template = new_template("cluster")
    parameter(template, "Stage")
    subnets = parameter(template, "PublicSubnetIds")

    cluster = the_cluster(template, parameter(template, "ContainerInsights"))
    profile = instances.instance_profile(template, instances.instance_role(template, cluster))
    launch = instances.launch_template(template, profile, parameter(template, "InstanceSecurityGroupId"))
    group = instances.auto_scaling_group(template, launch, parameter(template, "InstanceSubnetIds"))
    provider = capacity_provider(template, group)
    capacity_of_cluster(template, cluster, provider)

    balancer = load_balancer(template, subnets, parameter(template, "LoadBalancerSecurityGroupId"))
    entry = listener(template, balancer)

    add_output(template, "ClusterName", Ref(cluster), "ECS cluster")
    add_output(template, "CapacityProviderName", Ref(provider), "Capacity provider of the instances")
    add_output(template, "AutoScalingGroupName", Ref(group), "Auto Scaling group of the instances")
    add_output(template, "ImageId", Ref(parameter(template, "InstanceImageId")), "Machine image of new instances")
    add_output(template, "ListenerArn", Ref(entry), "Listener that the VPC link calls and the service joins")
    full_name = GetAtt(balancer, "LoadBalancerFullName")
    add_output(template, "LoadBalancerFullName", full_name, "Load balancer's name in metrics")
    return template


def the_cluster(template: Template, insights: Parameter) -> ecs.Cluster:
    """The cluster itself: a name that instances join and services run in."""
    return template.add_resource(
        ecs.Cluster(
            "Cluster",
            Metadata=purpose("Groups the instances on which services place their tasks"),
            ClusterSettings=[ecs.ClusterSetting(Name="containerInsights", Value=Ref(insights))],
            Tags=name_tag("cluster"),
        )
    )


def capacity_provider(template: Template, group: autoscaling.AutoScalingGroup) -> ecs.CapacityProvider:
    """Scales the group to what the tasks need."""
    return template.add_resource(
        ecs.CapacityProvider(
            "CapacityProvider",
            Metadata=purpose("Adds an instance when a task does not fit, and drains one that has become idle"),
            AutoScalingGroupProvider=ecs.AutoScalingGroupProvider(
                AutoScalingGroupArn=GetAtt(group, "AutoScalingGroupARN"),
                ManagedScaling=ecs.ManagedScaling(
                    Status="ENABLED",
                    TargetCapacity=100,
                    MinimumScalingStepSize=1,
                    MaximumScalingStepSize=1,
                    InstanceWarmupPeriod=60,
                ),
                ManagedTerminationProtection="ENABLED",
                ManagedDraining="ENABLED",
            ),
            Tags=name_tag("instances"),
        )
    )


def capacity_of_cluster(
    template: Template, cluster: ecs.Cluster, provider: ecs.CapacityProvider
) -> ecs.ClusterCapacityProviderAssociations:
    """Makes the provider the cluster's default."""
    return template.add_resource(
        ecs.ClusterCapacityProviderAssociations(
            "ClusterCapacity",
            Metadata=purpose("Makes the capacity provider the default for the cluster's tasks"),
            Cluster=Ref(cluster),
            CapacityProviders=[Ref(provider)],
            DefaultCapacityProviderStrategy=[ecs.CapacityProviderStrategy(CapacityProvider=Ref(provider), Weight=1)],
        )
    )


def load_balancer(template: Template, subnets: Parameter, security_group: Parameter) -> elb.LoadBalancer:
    """Internal: the service cannot be reached without the API."""
    attributes = {
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "idle_timeout.timeout_seconds": str(LOAD_BALANCER_IDLE_SECONDS),
        "deletion_protection.enabled": Ref(parameter(template, "DeletionProtection")),
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": Ref(parameter(template, "LogBucketName")),
        "access_logs.s3.prefix": buckets.BALANCER_LOGS,
    }
    return template.add_resource(
        elb.LoadBalancer(
            "LoadBalancer",
            Metadata=purpose("Distributes predictions over the tasks; internal, so that the API is the only way in"),
            Type="application",
            Scheme="internal",
            Subnets=Ref(subnets),
            SecurityGroups=[Ref(security_group)],
            LoadBalancerAttributes=[
                elb.LoadBalancerAttributes(Key=key, Value=value) for key, value in attributes.items()
            ],
            Tags=name_tag("load-balancer"),
        )
    )


def listener(template: Template, balancer: elb.LoadBalancer) -> elb.Listener:
    """The listener that the VPC link calls. Until a service adds its rule, it answers that there is none."""
    problem = {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "No service is deployed.",
    }
    return template.add_resource(
        elb.Listener(
            "Listener",
            Metadata=purpose("Accepts the load balancer's requests; answers 503 until a service adds its rule"),
            LoadBalancerArn=Ref(balancer),
            Port=LISTENER_PORT,
            Protocol="HTTP",
            DefaultActions=[
                elb.Action(
                    Type="fixed-response",
                    FixedResponseConfig=elb.FixedResponseConfig(
                        StatusCode="503", ContentType="application/json", MessageBody=json.dumps(problem)
                    ),
                )
            ],
        )
    )
