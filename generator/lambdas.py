"""A Lambda with what each needs: a log group, a role with exactly the calls of its code, subnets if any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from awacs import aws, kms
from troposphere import AWS_NO_VALUE, Equals, GetAtt, If, Not, Ref, Template, awslambda, iam, logs

from generator import boundary, catalogue, keys, private_network
from generator.building import DISPOSABLE, allow, assumable_by, name_tag, policy, purpose, write_to
from generator.parameters import parameter

WITH_SHARE = "WithShareOfConcurrency"


def add(
    template: Template,
    function: catalogue.Function,
    calls: Sequence[aws.Statement],
    variables: Mapping[str, Any],
    failures: Ref | None = None,
) -> awslambda.Function:
    """Add a function with its log group and its role.

    Args:
        template: template that it goes into.
        function: its entry in the catalogue.
        calls: what its code may call, besides writing its log.
        variables: its environment.
        failures: topic for failed calls, if no caller waits for the reply.
    """
    log = log_group(template, function)
    its_role = role(template, function, log, calls, sends=failures is not None)
    return lambda_function(template, function, its_role, log, variables, failures)


def log_group(template: Template, function: catalogue.Function) -> logs.LogGroup:
    """The function's own log."""
    return template.add_resource(
        logs.LogGroup(
            f"{function.title}Log",
            **DISPOSABLE,
            Metadata=purpose(f"Log of the function {function.name}, never what users typed"),
            RetentionInDays=Ref(parameter(template, "LogDays")),
            KmsKeyId=keys.encryption(template),
            Tags=name_tag(function.name),
        )
    )


def role(
    template: Template,
    function: catalogue.Function,
    log: logs.LogGroup,
    calls: Sequence[aws.Statement],
    sends: bool,
) -> iam.Role:
    """What the function may do: write its log, and the calls that its code makes."""
    document = policy(write_to(log), *calls)
    return template.add_resource(
        iam.Role(
            f"{function.title}Role",
            Metadata=purpose(f"Allows the function {function.name} exactly the calls that its code makes"),
            AssumeRolePolicyDocument=assumable_by("lambda.amazonaws.com"),
            Policies=[
                iam.Policy(PolicyName=function.name, PolicyDocument=document),
                settings_policy(template, sends),
            ],
            ManagedPolicyArns=network_policies(template),
            PermissionsBoundary=boundary.of_roles(template),
            Tags=name_tag(function.name),
        )
    )


def lambda_function(
    template: Template,
    function: catalogue.Function,
    its_role: iam.Role,
    log: logs.LogGroup,
    variables: Mapping[str, Any],
    failures: Ref | None,
) -> awslambda.Function:
    """The function itself; all of them share one zip."""
    dead_letters = {"DeadLetterConfig": awslambda.DeadLetterConfig(TargetArn=failures)} if failures else {}
    return template.add_resource(
        awslambda.Function(
            f"{function.title}Function",
            Metadata=purpose(function.purpose),
            Handler=f"{function.name}.handler",
            Runtime=catalogue.LAMBDA_RUNTIME,
            Architectures=["arm64"],  # a fifth cheaper than x86_64, and the code is pure Python
            Code=awslambda.Code(
                S3Bucket=Ref(parameter(template, "ArtifactsBucketName")),
                S3Key=Ref(parameter(template, "LambdaCodeKey")),
            ),
            Role=GetAtt(its_role, "Arn"),
            MemorySize=function.memory_mib,
            Timeout=function.timeout_seconds,
            Environment=awslambda.Environment(Variables=dict(variables)),
            KmsKeyArn=keys.encryption(template),
            ReservedConcurrentExecutions=concurrency(template),
            LoggingConfig=awslambda.LoggingConfig(LogGroup=Ref(log)),
            VpcConfig=vpc_config(template),
            Tags=name_tag(function.name),
            **dead_letters,
        )
    )


def settings_policy(template: Template, sends: bool) -> If:
    """Lambda decrypts a function's settings in the name of its role, if the stage has a key.

    Args:
        template: template of the Lambda.
        sends: whether it sends to the topic of alarms, which the key encrypts too, each message with a key of its own.
    """
    keys.encryption(template)
    actions = [kms.Decrypt, kms.GenerateDataKey] if sends else [kms.Decrypt]
    document = policy(allow(actions, Ref(parameter(template, "KeyArn"))))
    return If(keys.WITH_KEY, iam.Policy(PolicyName="settings", PolicyDocument=document), Ref(AWS_NO_VALUE))


def network_policies(template: Template) -> If:
    """Managed policies of a function's role: the network's, if the stage has private subnets."""
    arn = Ref(parameter(template, "LambdaNetworkPolicyArn"))
    return If(private_network.condition(template), [arn], Ref(AWS_NO_VALUE))


def vpc_config(template: Template) -> If:
    """A function's connection to the private subnets, if the stage has them."""
    place = awslambda.VPCConfig(
        SubnetIds=Ref(parameter(template, "InstanceSubnetIds")),
        SecurityGroupIds=[Ref(parameter(template, "LambdaSecurityGroupId"))],
    )
    return If(private_network.condition(template), place, Ref(AWS_NO_VALUE))


def concurrency(template: Template) -> If:
    """Reserved concurrency for each function, if the stage sets it."""
    share = parameter(template, "LambdaConcurrency")
    template.add_condition(WITH_SHARE, Not(Equals(Ref(share), 0)))
    return If(WITH_SHARE, Ref(share), Ref(AWS_NO_VALUE))
