"""The Lambdas of the api stack: the calls that each may make, its variables, and how the API calls it."""

from __future__ import annotations

from awacs import aws, dynamodb, s3, ssm
from awacs import awslambda as awslambda_actions
from troposphere import Equals, GetAtt, Not, Ref, Sub, Template, apigatewayv2, awslambda, iam

from generator import catalogue, lambdas
from generator.building import allow, policy, purpose, receipt_key_arn
from generator.parameters import parameter

PRIVATE = "PrivateExport"


def add(template: Template, function: catalogue.Function) -> awslambda.Function:
    """Add a function with its log group and its role.

    Args:
        template: template of the api stack.
        function: what the catalogue says about it.
    """
    calls = PERMISSIONS[function.name](template)
    deployed = lambdas.add(template, function, calls, environment(template, function))
    if "EXPORT_TOKEN_PARAMETER" in function.environment:
        token_policy(template, f"{function.title}Role")
    return deployed


def record_permissions(template: Template) -> list[aws.Statement]:
    """A transaction needs the permissions of the calls in it; a judgement sent again is read for the reply.

    The keys of receipts are read to tell real predictions from invented ones.
    """
    return [
        allow([dynamodb.GetItem, dynamodb.PutItem], Ref(parameter(template, "JudgementsTableArn"))),
        allow([dynamodb.ConditionCheckItem, dynamodb.PutItem], Ref(parameter(template, "LedgerTableArn"))),
        allow([dynamodb.UpdateItem], Ref(parameter(template, "CountsTableArn"))),
        allow([ssm.GetParameter], receipt_key_arn()),
    ]


def withdraw_permissions(template: Template) -> list[aws.Statement]:
    """Finding and deleting a text's judgements, taking them out of the counts, and noting that in the ledger."""
    return [
        allow([dynamodb.DeleteItem, dynamodb.Query], Ref(parameter(template, "JudgementsTableArn"))),
        allow([dynamodb.GetItem, dynamodb.PutItem], Ref(parameter(template, "LedgerTableArn"))),
        allow([dynamodb.UpdateItem], Ref(parameter(template, "CountsTableArn"))),
        allow([ssm.GetParameter], receipt_key_arn()),
    ]


def export_permissions(template: Template) -> list[aws.Statement]:
    """Reading all judgements; starting an export and its writer; reading the object for signed URLs."""
    worker = next(one for one in catalogue.WORKERS if one.name == "writer")
    return [
        *writer_permissions(template),
        allow([s3.AbortMultipartUpload], Sub(f"${{{parameter(template, 'ExportBucketArn').title}}}/*")),
        allow([awslambda_actions.InvokeFunction], GetAtt(f"{worker.title}Function", "Arn")),
    ]


def writer_permissions(template: Template) -> list[aws.Statement]:
    """Reading all judgements, writing an object in parts, and recording the progress."""
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
    "withdraw": withdraw_permissions,
    "export": export_permissions,
    "writer": writer_permissions,
    "stats": stats_permissions,
}


def token_policy(template: Template, role: str) -> iam.PolicyType:
    """Reading the token, if the stage has one. Its key is the account's own for SSM, open to its roles."""
    name = parameter(template, "ExportTokenParameter")
    template.add_condition(PRIVATE, Not(Equals(Ref(name), "")))
    arn = Sub(f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter${{{name.title}}}")
    return template.add_resource(
        iam.PolicyType(
            "ExportTokenPolicy",
            Condition=PRIVATE,
            Metadata=purpose("Allows the function export to read the token of a private CSV"),
            PolicyName="export-token",
            PolicyDocument=policy(allow([ssm.GetParameter], arn)),
            Roles=[Ref(role)],
        )
    )


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
        "LEDGER_TABLE": "LedgerTableName",
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
    """Allows the API to call the function on its route only."""
    route = f"{function.method}{function.path}"
    return template.add_resource(
        awslambda.Permission(
            f"{function.title}Permission",
            Metadata=purpose(f"Allows only our API to call the function {function.name}, and only on its route"),
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
            f"{function.title}Integration",
            Metadata=purpose(f"Passes requests to the function {function.name}"),
            ApiId=Ref(api),
            IntegrationType="AWS_PROXY",
            IntegrationUri=GetAtt(deployed, "Arn"),
            PayloadFormatVersion="2.0",
            TimeoutInMillis=function.timeout_seconds * 1000,
        )
    )
