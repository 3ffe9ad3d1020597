"""The instances of the cluster stack: role, launch template, and the group that keeps them running."""

from __future__ import annotations

from typing import ClassVar

from awacs import aws, ssm, ssmmessages
from awacs import ecs as ecs_actions
from troposphere import (
    AWS_NO_VALUE,
    Base64,
    Equals,
    GetAtt,
    If,
    Not,
    Parameter,
    Ref,
    Sub,
    Template,
    autoscaling,
    ec2,
    ecs,
    iam,
    policies,
)

from generator import boundary, private_network
from generator.building import allow, assumable_by, name_tag, policy, purpose, stage_name
from generator.parameters import parameter

ROOT_DISK_GIB = 30  # minimum of the ECS-optimised image
BURSTABLE = "BurstableInstances"
JOIN_SECONDS = 180  # from an instance's launch until its tasks answer, with a margin

# Runs once, at first boot. SELinux is announced (not enforced) so that ECS places tasks that ask for
# no-new-privileges; images have a tag for each content, so one that is there need not be looked up again.
USER_DATA = """\
#!/bin/bash
cat >> /etc/ecs/ecs.config <<'CONFIG'
ECS_CLUSTER=${Cluster}
ECS_IMAGE_PULL_BEHAVIOR=prefer-cached
ECS_SELINUX_CAPABLE=true
ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true
CONFIG
"""


def instance_role(template: Template, cluster: ecs.Cluster) -> iam.Role:
    """What an instance may do: act as an ECS instance, and be reached through Session Manager instead of SSH."""
    return template.add_resource(
        iam.Role(
            "InstanceRole",
            Metadata=purpose(
                "Allows an instance to join ECS, and operators to reach it through Session Manager without SSH"
            ),
            AssumeRolePolicyDocument=assumable_by("ec2.amazonaws.com"),
            Policies=[
                iam.Policy(PolicyName="join-ecs", PolicyDocument=policy(*join_ecs(cluster))),
                iam.Policy(PolicyName="session-manager", PolicyDocument=policy(*session_manager())),
            ],
            PermissionsBoundary=boundary.of_roles(template),
            Tags=name_tag("instance"),
        )
    )


def join_ecs(cluster: ecs.Cluster) -> list[aws.Statement]:
    """What the agent of ECS asks for on an instance of one cluster (ECS developer guide, container instance role).

    Less than AWS's managed policy for it, which is for all clusters and pulls images too: that is the execution role's.
    """
    instances = Sub(
        f"arn:${{AWS::Partition}}:ecs:${{AWS::Region}}:${{AWS::AccountId}}:container-instance/${{{cluster.title}}}/*"
    )
    of_cluster = [
        ecs_actions.DeregisterContainerInstance,
        ecs_actions.RegisterContainerInstance,
        ecs_actions.SubmitAttachmentStateChanges,
        ecs_actions.SubmitContainerStateChange,
        ecs_actions.SubmitTaskStateChange,
    ]
    of_instance = [
        ecs_actions.Poll,
        ecs_actions.StartTelemetrySession,
        ecs_actions.TagResource,
        ecs_actions.UpdateContainerInstancesState,
    ]
    return [
        allow(of_cluster, GetAtt(cluster, "Arn")),
        allow(of_instance, instances),
        allow([ecs_actions.DiscoverPollEndpoint], "*"),  # AWS offers no narrower form
    ]


def session_manager() -> list[aws.Statement]:
    """A shell on an instance without SSH (Systems Manager user guide, least permissions of Session Manager)."""
    itself = Sub("arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:instance/*")
    channels = [
        ssmmessages.CreateControlChannel,
        ssmmessages.CreateDataChannel,
        ssmmessages.OpenControlChannel,
        ssmmessages.OpenDataChannel,
    ]
    return [
        allow([ssm.UpdateInstanceInformation], itself),
        allow(channels, "*"),  # AWS offers no narrower form
    ]


def instance_profile(template: Template, role: iam.Role) -> iam.InstanceProfile:
    """The instance profile, the form in which EC2 accepts a role."""
    return template.add_resource(
        iam.InstanceProfile(
            "InstanceProfile",
            Metadata=purpose("Passes the instance role to EC2"),
            Roles=[Ref(role)],
        )
    )


def launch_template(template: Template, profile: iam.InstanceProfile, security_group: Parameter) -> ec2.LaunchTemplate:
    """The configuration of every instance."""
    data = ec2.LaunchTemplateData(
        ImageId=Ref(parameter(template, "InstanceImageId")),
        InstanceType=Ref(parameter(template, "InstanceType")),
        CreditSpecification=credits(template),
        IamInstanceProfile=ec2.IamInstanceProfile(Arn=GetAtt(profile, "Arn")),
        NetworkInterfaces=[
            ec2.NetworkInterfaces(
                DeviceIndex=0,
                AssociatePublicIpAddress=If(private_network.condition(template), False, True),
                Groups=[Ref(security_group)],
            )
        ],
        MetadataOptions=token_only_metadata(),
        BlockDeviceMappings=[root_disk()],
        Monitoring=ec2.Monitoring(Enabled=Ref(parameter(template, "DetailedMonitoring"))),
        TagSpecifications=[
            ec2.TagSpecifications(ResourceType=kind, Tags=name_tag("instance")) for kind in ("instance", "volume")
        ],
        UserData=Base64(Sub(USER_DATA)),
    )
    return template.add_resource(
        ec2.LaunchTemplate(
            "LaunchTemplate",
            Metadata=purpose("Defines every instance: image, size, encrypted disk, and how it joins the cluster"),
            LaunchTemplateData=data,
        )
    )


def credits(template: Template) -> If:
    """What a burstable instance does when its CPU credits are used up. Other types of instance take no such setting."""
    chosen = parameter(template, "CpuCredits")
    template.add_condition(BURSTABLE, Not(Equals(Ref(chosen), "none")))
    return If(BURSTABLE, ec2.LaunchTemplateCreditSpecification(CpuCredits=Ref(chosen)), Ref(AWS_NO_VALUE))


def token_only_metadata() -> ec2.MetadataOptions:
    """Instance metadata by token (IMDSv2). One hop: a reply never reaches a container on Docker's bridge."""
    return ec2.MetadataOptions(HttpEndpoint="enabled", HttpTokens="required", HttpPutResponseHopLimit=1)


def root_disk() -> ec2.LaunchTemplateBlockDeviceMapping:
    """The only disk; it is deleted with its instance."""
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
            AvailabilityZones=Ref(parameter(template, "Zones")),
            UpdatePolicy=one_after_the_other(),
            HealthCheckType="EC2",
            HealthCheckGracePeriod=60,
            # ECS removes the protection from an instance once it is drained; without protection, scaling in ends tasks.
            NewInstancesProtectedFromScaleIn=True,
            MetricsCollection=[autoscaling.MetricsCollection(Granularity="1Minute")],
            Tags=[
                autoscaling.Tag("Name", stage_name("instance"), True),
                # ECS sets this tag on groups that it manages; an update of the stack must not remove it.
                autoscaling.Tag("AmazonECSManaged", "true", True),
            ],
        )
    )


class RefreshPolicy(policies.UpdatePolicy):
    """CloudFormation's newest update policy, which Troposphere does not know yet."""

    props: ClassVar = {**policies.UpdatePolicy.props, "AutoScalingInstanceRefresh": (dict, False)}


def one_after_the_other() -> RefreshPolicy:
    """What a new machine image or instance type does: the instances are replaced, one at a time.

    A new one starts before an old one is terminated, which happens only after ECS has drained it (the capacity
    provider's lifecycle hook holds its end back). The older ``AutoScalingRollingUpdate`` would hang: it takes the
    instance that it had added away by scaling in, which the protection of all instances forbids.
    """
    preferences = {
        "MinHealthyPercentage": 100,
        "MaxHealthyPercentage": 110,  # of a few instances: one more
        "InstanceWarmup": JOIN_SECONDS,
        "ScaleInProtectedInstances": "Refresh",
    }
    return RefreshPolicy(AutoScalingInstanceRefresh={"Strategy": "Rolling", "Preferences": preferences})
