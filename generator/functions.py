"""The Lambdas of the api stack: function, log group, role with exactly the calls its code makes, and integration."""

from __future__ import annotations

from awacs import aws, dynamodb, s3, ssm
from awacs import awslambda as awslambda_actions
from troposphere import (
    AWS_NO_VALUE,
    Equals,
    GetAtt,
    If,
    Not,
    Parameter,
    Ref,
    Sub,
    Template,
    apigatewayv2,
    awslambda,
    iam,
    logs,
)

from generator import boundary, catalogue, keys, private_subnets, shared_policies
from generator.building import (
    DISPOSABLE,
    allow,
    assumable_by,
    name_tag,
    policy,
    purpose,
    receipt_key_arn,
    write_to,
)
from generator.parameters import parameter

PRIVATE = "PrivateExport"
WITH_SHARE = "WithShareOfConcurrency"


def add(template: Template, function: catalogue.Function, days: Parameter) -> awslambda.Function:
    """Add a function with its log group and its role.

    Args:
        template: template of the api stack.
        function: what the catalogue says about it.
        days: how long its log is kept.
    """
    log = log_group(template, function, days)
    return lambda_function(template, function, role(template, function, log), log)


def log_group(template: Template, function: catalogue.Function, days: Parameter) -> logs.LogGroup:
    """The function's own log."""
    return template.add_resource(
        logs.LogGroup(
            _title(function, "Log"),
            **DISPOSABLE,
            Metadata=purpose(f"What the function {function.name} logs, never what people typed"),
            RetentionInDays=Ref(days),
            KmsKeyId=keys.encryption(template),
            Tags=name_tag(function.name),
        )
    )


def role(template: Template, function: catalogue.Function, log: logs.LogGroup) -> iam.Role:
    """What the function may do: write its log, and the calls that its code makes."""
    document = policy(write_to(log), *PERMISSIONS[function.name](template))
    made = template.add_resource(
        iam.Role(
            _title(function, "Role"),
            Metadata=purpose(f"Lets the function {function.name} make the calls that its code makes, and no other"),
            AssumeRolePolicyDocument=assumable_by("lambda.amazonaws.com"),
            Policies=[
                iam.Policy(PolicyName=function.name, PolicyDocument=document),
                shared_policies.settings(template),
            ],
            ManagedPolicyArns=shared_policies.in_the_vpc(template),
            PermissionsBoundary=boundary.of_roles(template),
            Tags=name_tag(function.name),
        )
    )
    if "EXPORT_TOKEN_PARAMETER" in function.environment:
        token_policy(template, made)
    return made


def record_permissions(template: Template) -> list[aws.Statement]:
    """A transaction asks for the permissions of the calls in it; a judgement sent again is read to be answered.

    The key of receipts is read to tell the predictions that were made from those that are made up.
    """
    return [
        allow([dynamodb.GetItem, dynamodb.PutItem], Ref(parameter(template, "JudgementsTableArn"))),
        allow([dynamodb.UpdateItem], Ref(parameter(template, "CountsTableArn"))),
        allow([ssm.GetParameter], receipt_key_arn()),
    ]


def export_permissions(template: Template) -> list[aws.Statement]:
    """Reading all judgements; beginning an export and having it written; the reading that a signed URL lends."""
    worker = next(one for one in catalogue.WORKERS if one.name == "writer")
    return [
        *writer_permissions(template),
        allow([s3.AbortMultipartUpload], Sub(f"${{{parameter(template, 'ExportBucketArn').title}}}/*")),
        allow([awslambda_actions.InvokeFunction], GetAtt(_title(worker, "Function"), "Arn")),
    ]


def writer_permissions(template: Template) -> list[aws.Statement]:
    """Reading all judgements, writing an object in parts, and noting how far it is."""
    bucket = parameter(template, "ExportBucketArn")
    noting = [dynamodb.DeleteItem, dynamodb.GetItem, dynamodb.PutItem]
    return [
        allow([dynamodb.Scan], Ref(parameter(template, "JudgementsTableArn"))),
        allow(noting, Ref(parameter(template, "ExportsTableArn"))),
        allow([s3.GetObject, s3.PutObject], Sub(f"${{{bucket.title}}}/*")),
    ]


def stats_permissions(template: Template) -> list[aws.Statement]:
    """Reading all counts."""
    return [allow([dynamodb.Scan], Ref(parameter(template, "CountsTableArn")))]


PERMISSIONS = {
    "record": record_permissions,
    "export": export_permissions,
    "writer": writer_permissions,
    "stats": stats_permissions,
}


def token_policy(template: Template, export_role: iam.Role) -> iam.PolicyType:
    """Reading the token, where the stage has one. The key behind it is the account's own for SSM, open to its roles."""
    name = parameter(template, "ExportTokenParameter")
    template.add_condition(PRIVATE, Not(Equals(Ref(name), "")))
    arn = Sub(f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter${{{name.title}}}")
    return template.add_resource(
        iam.PolicyType(
            "ExportTokenPolicy",
            Condition=PRIVATE,
            Metadata=purpose("Lets the function export read the token that a private CSV asks for"),
            PolicyName="export-token",
            PolicyDocument=policy(allow([ssm.GetParameter], arn)),
            Roles=[Ref(export_role)],
        )
    )


def lambda_function(
    template: Template, function: catalogue.Function, its_role: iam.Role, log: logs.LogGroup
) -> awslambda.Function:
    """The function itself; all of them share one zip."""
    return template.add_resource(
        awslambda.Function(
            _title(function, "Function"),
            Metadata=purpose(function.purpose),
            Handler=f"{function.name}.handler",
            Runtime=catalogue.LAMBDA_RUNTIME,
            Architectures=["arm64"],  # a fifth cheaper than x86_64, and the code is Python alone
            Code=awslambda.Code(
                S3Bucket=Ref(parameter(template, "ArtifactsBucketName")),
                S3Key=Ref(parameter(template, "LambdaCodeKey")),
            ),
            Role=GetAtt(its_role, "Arn"),
            MemorySize=function.memory_mib,
            Timeout=function.timeout_seconds,
            Environment=awslambda.Environment(Variables=environment(template, function)),
            KmsKeyArn=keys.encryption(template),
            ReservedConcurrentExecutions=concurrency(template),
            LoggingConfig=awslambda.LoggingConfig(LogGroup=Ref(log)),
            VpcConfig=in_the_vpc(template),
            Tags=name_tag(function.name),
        )
    )


def in_the_vpc(template: Template) -> If:
    """A function's place in the private subnets, where the stage has them."""
    place = awslambda.VPCConfig(
        SubnetIds=Ref(parameter(template, "InstanceSubnetIds")),
        SecurityGroupIds=[Ref(parameter(template, "LambdaSecurityGroupId"))],
    )
    return If(private_subnets.condition(template), place, Ref(AWS_NO_VALUE))


def concurrency(template: Template) -> If:
    """A share of the account's concurrency for each function alone, where the stage wants that."""
    share = parameter(template, "LambdaConcurrency")
    template.add_condition(WITH_SHARE, Not(Equals(Ref(share), 0)))
    return If(WITH_SHARE, Ref(share), Ref(AWS_NO_VALUE))


def environment(template: Template, function: catalogue.Function) -> dict[str, str | Ref | Sub]:
    """The variables that the catalogue says the function reads."""
    facts = {
        "LABELS": ",".join(catalogue.LABELS),
        "EXPORT_WRITER": Ref("WriterFunction"),
        "RECEIPT_KEY_PARAMETER": Sub(catalogue.receipt_key_name("${Stage}")),
    }
    parameters = {
        "JUDGEMENTS_TABLE": "JudgementsTableName",
        "COUNTS_TABLE": "CountsTableName",
        "EXPORTS_TABLE": "ExportsTableName",
        "JUDGEMENT_DAYS": "JudgementDays",
        "EXPORT_BUCKET": "ExportBucketName",
        "EXPORT_TOKEN_PARAMETER": "ExportTokenParameter",
    }
    return {
        name: facts[name] if name in facts else Ref(parameter(template, parameters[name]))
        for name in function.environment
    }


def callable_by(
    template: Template, deployed: awslambda.Function, function: catalogue.Function, api: apigatewayv2.Api
) -> awslambda.Permission:
    """Lets the API call the function on its route, and on no other."""
    route = f"{function.method}{function.path}"
    return template.add_resource(
        awslambda.Permission(
            _title(function, "Permission"),
            Metadata=purpose(f"Lets our API, and nobody else, call the function {function.name}, on its route alone"),
            Action="lambda:InvokeFunction",
            FunctionName=Ref(deployed),
            Principal="apigateway.amazonaws.com",
            SourceArn=Sub(
                f"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{api.title}}}/*/{route}"
            ),
        )
    )


def integration(
    template: Template, deployed: awslambda.Function, function: catalogue.Function, api: apigatewayv2.Api
) -> apigatewayv2.Integration:
    """How the API calls the function; it waits as long as the function may take."""
    return template.add_resource(
        apigatewayv2.Integration(
            _title(function, "Integration"),
            Metadata=purpose(f"Passes requests to the function {function.name}"),
            ApiId=Ref(api),
            IntegrationType="AWS_PROXY",
            IntegrationUri=GetAtt(deployed, "Arn"),
            PayloadFormatVersion="2.0",
            TimeoutInMillis=function.timeout_seconds * 1000,
        )
    )


def _title(function: catalogue.Function, suffix: str) -> str:
    return function.title + suffix
