"""The watch of the operations stack: a Lambda that looks once a day how old machine image and certificates are.

Neither has a metric of AWS's own: an image's age is only in its description, and the certificates are AWS's.
"""

from __future__ import annotations

from awacs import ec2, sns
from troposphere import GetAtt, Ref, Template, awslambda, cloudwatch, events, iam, logs

from generator import alarms, boundary, keys, lambdas, private_network
from generator.building import DISPOSABLE, allow, assumable_by, name_tag, policy, purpose, write_to
from generator.catalogue import LAMBDA_RUNTIME, WATCH_CERTIFICATE_METRIC, WATCH_IMAGE_METRIC, WATCH_NAMESPACE
from generator.parameters import parameter

NAMESPACE, IMAGE_AGE, CERTIFICATE_LEFT = WATCH_NAMESPACE, WATCH_IMAGE_METRIC, WATCH_CERTIFICATE_METRIC
SECONDS = 60


def add(template: Template) -> list[cloudwatch.Alarm]:
    """Add the function, its clock, and the alarm that it broke.

    Args:
        template: template of the operations stack.
    """
    private_network.condition(template)
    function = the_function(template)
    clock(template, function)
    broke = alarms.metric("AWS/Lambda", "Errors", "Sum", alarms.DAY, FunctionName=Ref(function))
    text = "The daily look at machine image and certificates did not come to its end"
    return [alarms.add(template, "WatchFails", text, broke, above=1)]


def the_function(template: Template) -> awslambda.Function:
    """The function. CloudWatch takes what it finds out of its log, so it needs no call for that."""
    topic = parameter(template, "AlarmTopicArn")
    log = template.add_resource(
        logs.LogGroup(
            "WatchLog",
            **DISPOSABLE,
            Metadata=purpose("What the watch found each day: ages of machine image and certificates"),
            RetentionInDays=Ref(parameter(template, "LogDays")),
            KmsKeyId=keys.encryption(template),
            Tags=name_tag("watch"),
        )
    )
    document = policy(
        write_to(log),
        allow([ec2.DescribeImages], "*"),  # AWS offers no narrower form
        allow([sns.Publish], Ref(topic)),
    )
    role = template.add_resource(
        iam.Role(
            "WatchRole",
            Metadata=purpose("Lets the watch look up the machine image, and tell when it cannot"),
            AssumeRolePolicyDocument=assumable_by("lambda.amazonaws.com"),
            Policies=[
                iam.Policy(PolicyName="watch", PolicyDocument=document),
                lambdas.settings_policy(template, sends=True),
            ],
            ManagedPolicyArns=lambdas.network_policies(template),
            PermissionsBoundary=boundary.of_roles(template),
            Tags=name_tag("watch"),
        )
    )
    values = {
        "STAGE": Ref("Stage"),
        "IMAGE_ID": Ref(parameter(template, "ImageId")),
        "SITE_URL": Ref(parameter(template, "SiteUrl")),
        "API_URL": Ref(parameter(template, "ApiUrl")),
    }
    return template.add_resource(
        awslambda.Function(
            "WatchFunction",
            Metadata=purpose("Looks once a day how old machine image and certificates are"),
            Handler="watch.handler",
            Runtime=LAMBDA_RUNTIME,
            Architectures=["arm64"],
            Code=awslambda.Code(
                S3Bucket=Ref(parameter(template, "ArtifactsBucketName")),
                S3Key=Ref(parameter(template, "LambdaCodeKey")),
            ),
            Role=GetAtt(role, "Arn"),
            Timeout=SECONDS,
            MemorySize=128,
            ReservedConcurrentExecutions=lambdas.concurrency(template),
            Environment=awslambda.Environment(Variables=values),
            KmsKeyArn=keys.encryption(template),
            DeadLetterConfig=awslambda.DeadLetterConfig(TargetArn=Ref(topic)),
            LoggingConfig=awslambda.LoggingConfig(LogGroup=Ref(log)),
            VpcConfig=lambdas.vpc_config(template),
            Tags=name_tag("watch"),
        )
    )


def clock(template: Template, function: awslambda.Function) -> None:
    """Once a day."""
    rule = template.add_resource(
        events.Rule(
            "WatchClock",
            Metadata=purpose("Calls the watch once a day"),
            ScheduleExpression="rate(1 day)",
            Targets=[events.Target(Id="watch", Arn=GetAtt(function, "Arn"))],
        )
    )
    template.add_resource(
        awslambda.Permission(
            "WatchPermission",
            Metadata=purpose("Lets the clock, and nobody else, call the watch"),
            Action="lambda:InvokeFunction",
            FunctionName=Ref(function),
            Principal="events.amazonaws.com",
            SourceArn=GetAtt(rule, "Arn"),
        )
    )
