"""Stack of what tasks run on: ECS cluster, EC2 Auto Scaling group, capacity provider, and the load balancer."""

from __future__ import annotations

import json

from troposphere import Base64, GetAtt, Parameter, Ref, Sub, Template, autoscaling, ec2, ecs, iam
from troposphere import elasticloadbalancingv2 as elb

from generator import boundary
from generator.building import add_output, assumable_by, name_tag, new_template, purpose, stage_name
from generator.catalogue import LISTENER_PORT, LOAD_BALANCER_IDLE_SECONDS
from generator.parameters import parameter

ROOT_DISK_GIB = 30  # least that the ECS-optimised image accepts

# Runs once, at first boot. SELinux is announced (not enforced) so that ECS places tasks that ask for
# no-new-privileges; images have a tag for each content, so one that is there need not be looked up again.
USER_DATA = """\
#!/bin/bash
cat >> /etc/ecs/ecs.config <<'CONFIG'
ECS_CLUSTER=${Cluster}
ECS_IMAGE_PULL_BEHAVIOR=prefer-cached
ECS_SELINUX_CAPABLE=true
CONFIG
"""


def build() -> Template:
    """Template of the stack."""
    template = new_template("cluster")
    parameter(template, "Stage")
    subnets = parameter(template, "PublicSubnetIds")

    cluster = the_cluster(template, parameter(template, "ContainerInsights"))
    profile = instance_profile(template, instance_role(template))
    launch = launch_template(template, profile, parameter(template, "InstanceSecurityGroupId"))
    group = auto_scaling_group(template, launch, subnets)
    provider = capacity_provider(template, group)
    capacity_of_cluster(template, cluster, provider)

    balancer = load_balancer(template, subnets, parameter(template, "LoadBalancerSecurityGroupId"))
    entry = listener(template, balancer)

    add_output(template, "ClusterName", Ref(cluster), "ECS cluster")
    add_output(template, "CapacityProviderName", Ref(provider), "Capacity provider of the instances")
    add_output(template, "ListenerArn", Ref(entry), "Listener that the VPC link calls and the service joins")
    add_output(template, "LoadBalancerFullName", GetAtt(balancer, "LoadBalancerFullName"), "As its metrics name it")
    return template


def the_cluster(template: Template, insights: Parameter) -> ecs.Cluster:
    """The cluster itself: a name that instances join and services run in."""
    return template.add_resource(
        ecs.Cluster(
            "Cluster",
            Metadata=purpose("Where instances offer their room and services find it"),
            ClusterSettings=[ecs.ClusterSetting(Name="containerInsights", Value=Ref(insights))],
            Tags=name_tag("cluster"),
        )
    )


def instance_role(template: Template) -> iam.Role:
    """What an instance may do: be an ECS instance, and be reached through Session Manager instead of SSH."""
    managed = ("service-role/AmazonEC2ContainerServiceforEC2Role", "AmazonSSMManagedInstanceCore")
    return template.add_resource(
        iam.Role(
            "InstanceRole",
            Metadata=purpose("Lets an instance join ECS, and lets us reach it through Session Manager without SSH"),
            AssumeRolePolicyDocument=assumable_by("ec2.amazonaws.com"),
            ManagedPolicyArns=[Sub(f"arn:${{AWS::Partition}}:iam::aws:policy/{name}") for name in managed],
            PermissionsBoundary=boundary.of_roles(template),
            Tags=name_tag("instance"),
        )
    )


def instance_profile(template: Template, role: iam.Role) -> iam.InstanceProfile:
    """The form in which EC2 takes a role."""
    return template.add_resource(
        iam.InstanceProfile(
            "InstanceProfile",
            Metadata=purpose("Hands the instance role to EC2"),
            Roles=[Ref(role)],
        )
    )


def launch_template(template: Template, profile: iam.InstanceProfile, security_group: Parameter) -> ec2.LaunchTemplate:
    """What every instance is like."""
    data = ec2.LaunchTemplateData(
        ImageId=Ref(parameter(template, "InstanceImageId")),
        InstanceType=Ref(parameter(template, "InstanceType")),
        IamInstanceProfile=ec2.IamInstanceProfile(Arn=GetAtt(profile, "Arn")),
        NetworkInterfaces=[
            ec2.NetworkInterfaces(DeviceIndex=0, AssociatePublicIpAddress=True, Groups=[Ref(security_group)])
        ],
        MetadataOptions=token_only_metadata(),
        BlockDeviceMappings=[root_disk()],
        Monitoring=ec2.Monitoring(Enabled=False),
        TagSpecifications=[
            ec2.TagSpecifications(ResourceType=kind, Tags=name_tag("instance")) for kind in ("instance", "volume")
        ],
        UserData=Base64(Sub(USER_DATA)),
    )
    return template.add_resource(
        ec2.LaunchTemplate(
            "LaunchTemplate",
            Metadata=purpose("What every instance is like: image, size, encrypted disk, and how it joins the cluster"),
            LaunchTemplateData=data,
        )
    )


def token_only_metadata() -> ec2.MetadataOptions:
    """Instance metadata by token (IMDSv2). One hop: an answer never gets into a container on Docker's bridge."""
    return ec2.MetadataOptions(HttpEndpoint="enabled", HttpTokens="required", HttpPutResponseHopLimit=1)


def root_disk() -> ec2.LaunchTemplateBlockDeviceMapping:
    """The only disk; it goes with its instance."""
    disk = ec2.EBSBlockDevice(VolumeType="gp3", VolumeSize=ROOT_DISK_GIB, Encrypted=True, DeleteOnTermination=True)
    return ec2.LaunchTemplateBlockDeviceMapping(DeviceName="/dev/xvda", Ebs=disk)


def auto_scaling_group(
    template: Template, launch: ec2.LaunchTemplate, subnets: Parameter
) -> autoscaling.AutoScalingGroup:
    """The instances. No desired capacity: the capacity provider sets it, and an update must not set it back."""
    return template.add_resource(
        autoscaling.AutoScalingGroup(
            "AutoScalingGroup",
            Metadata=purpose("Keeps as many instances running as the capacity provider asks for"),
            MinSize=Ref(parameter(template, "MinInstances")),
            MaxSize=Ref(parameter(template, "MaxInstances")),
            VPCZoneIdentifier=Ref(subnets),
            LaunchTemplate=autoscaling.LaunchTemplateSpecification(
                LaunchTemplateId=Ref(launch), Version=GetAtt(launch, "LatestVersionNumber")
            ),
            HealthCheckType="EC2",
            HealthCheckGracePeriod=60,
            # ECS takes the protection off an instance once it has drained it; without it, scaling in ends tasks.
            NewInstancesProtectedFromScaleIn=True,
            MetricsCollection=[autoscaling.MetricsCollection(Granularity="1Minute")],
            Tags=[
                autoscaling.Tag("Name", stage_name("instance"), True),
                # ECS sets this tag on groups that it manages; an update of the stack must not take it off.
                autoscaling.Tag("AmazonECSManaged", "true", True),
            ],
        )
    )


def capacity_provider(template: Template, group: autoscaling.AutoScalingGroup) -> ecs.CapacityProvider:
    """Grows and shrinks the group to what the tasks need."""
    return template.add_resource(
        ecs.CapacityProvider(
            "CapacityProvider",
            Metadata=purpose("Adds an instance when a task finds no room, and drains one that has become idle"),
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
            Metadata=purpose("Makes the capacity provider what the cluster's tasks run on"),
            Cluster=Ref(cluster),
            CapacityProviders=[Ref(provider)],
            DefaultCapacityProviderStrategy=[ecs.CapacityProviderStrategy(CapacityProvider=Ref(provider), Weight=1)],
        )
    )


def load_balancer(template: Template, subnets: Parameter, security_group: Parameter) -> elb.LoadBalancer:
    """Internal: nobody gets to the service around the API."""
    attributes = {
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "idle_timeout.timeout_seconds": str(LOAD_BALANCER_IDLE_SECONDS),
    }
    return template.add_resource(
        elb.LoadBalancer(
            "LoadBalancer",
            Metadata=purpose("Spreads predictions over the tasks; internal, so that the API is the only way in"),
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
    """Where the VPC link calls. Until a service adds its rule, the answer is that there is none."""
    problem = {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "No service is deployed.",
    }
    return template.add_resource(
        elb.Listener(
            "Listener",
            Metadata=purpose("Entry of the load balancer; answers 503 until a service adds its rule"),
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
