"""Roles against code: each Lambda may make exactly the calls that its code makes, on exactly what it works with."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from generator import catalogue
from scripts import ROOT
from tests.contracts.calls import Code, aws_calls, variables_read
from tests.contracts.reading import TEMPLATES, resource, resources_of

CODE = Code.of(ROOT / "lambda_src")
each_function = pytest.mark.parametrize(
    "function", [*catalogue.FUNCTIONS, *catalogue.WORKERS], ids=lambda function: function.name
)

# Which permission each call asks for (AWS service authorization reference). A call that is missing here fails.
ACTIONS = {
    ("dynamodb", "Put"): "dynamodb:PutItem",
    ("dynamodb", "Update"): "dynamodb:UpdateItem",
    ("dynamodb", "Delete"): "dynamodb:DeleteItem",
    ("dynamodb", "ConditionCheck"): "dynamodb:ConditionCheckItem",
    ("dynamodb", "get_item"): "dynamodb:GetItem",
    ("dynamodb", "put_item"): "dynamodb:PutItem",
    ("dynamodb", "update_item"): "dynamodb:UpdateItem",
    ("dynamodb", "delete_item"): "dynamodb:DeleteItem",
    ("dynamodb", "query"): "dynamodb:Query",
    ("dynamodb", "scan"): "dynamodb:Scan",
    ("s3", "put_object"): "s3:PutObject",
    ("s3", "get_object"): "s3:GetObject",
    ("s3", "head_object"): "s3:GetObject",
    ("s3", "create_multipart_upload"): "s3:PutObject",
    ("s3", "upload_part"): "s3:PutObject",
    ("s3", "complete_multipart_upload"): "s3:PutObject",
    ("s3", "abort_multipart_upload"): "s3:AbortMultipartUpload",
    ("ssm", "get_parameter"): "ssm:GetParameter",
    ("lambda", "invoke"): "lambda:InvokeFunction",
}
# For these AWS knows no resource (service authorization reference): * is the narrowest form.
NOT_NARROWER = {
    "cloudwatch:GetMetricData",
    "ec2:DescribeImages",
    "ecr:GetAuthorizationToken",
    "ecs:DiscoverPollEndpoint",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
# Lambda asks about these without naming a resource, before it makes a function in a VPC.
IN_THE_VPC = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
# Policies that every Lambda has for what the stage switches on: its key.
SHARED = {"settings"}
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
JUDGEMENTS, COUNTS, LEDGER = ({"Ref": f"{table}TableArn"} for table in ("Judgements", "Counts", "Ledger"))
EXPORTS = {"Fn::Sub": "${ExportBucketArn}/*"}
UNDER_WAY = {"Ref": "ExportsTableArn"}
TOKEN = {
    "Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${ExportTokenParameter}",
}
RECEIPT_KEY = {
    "Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/sentiment/${Stage}/receipt-key",
}
WRITING = {
    "dynamodb:Scan": JUDGEMENTS,
    **dict.fromkeys(("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"), UNDER_WAY),
    **dict.fromkeys(("s3:PutObject", "s3:GetObject"), EXPORTS),
}
# On what each call works; which calls there are is read from the code.
RESOURCES: dict[str, dict[str, Any]] = {
    "record": {
        "dynamodb:PutItem": [JUDGEMENTS, LEDGER],
        "dynamodb:GetItem": JUDGEMENTS,
        "dynamodb:ConditionCheckItem": LEDGER,
        "dynamodb:UpdateItem": COUNTS,
        "ssm:GetParameter": RECEIPT_KEY,
    },
    "withdraw": {
        "dynamodb:Query": JUDGEMENTS,
        "dynamodb:DeleteItem": JUDGEMENTS,
        "dynamodb:GetItem": LEDGER,
        "dynamodb:PutItem": LEDGER,
        "dynamodb:UpdateItem": COUNTS,
        "ssm:GetParameter": RECEIPT_KEY,
    },
    "export": {
        **WRITING,
        "s3:AbortMultipartUpload": EXPORTS,
        "ssm:GetParameter": TOKEN,
        "lambda:InvokeFunction": {"Fn::GetAtt": ["WriterFunction", "Arn"]},
    },
    "writer": WRITING,
    "stats": {"dynamodb:Scan": COUNTS},
}


def named_policies(role: dict) -> list[dict]:
    """The role's policies; those that only a stage's setting switches on are in Fn::If."""
    return [policy.get("Fn::If", [None, policy])[1] for policy in role.get("Policies", [])]


def granted(function: catalogue.Function) -> dict[str, object]:
    """Action -> resource of everything that the function's role allows, in itself and through policies beside it.

    An action that is granted on several resources has a list of them.
    """
    role = f"{function.name.capitalize()}Role"
    own = [policy for policy in named_policies(resource("api", role)) if policy["PolicyName"] not in SHARED]
    documents = [policy["PolicyDocument"] for policy in own]
    documents += [
        policy["PolicyDocument"]
        for policy in resources_of("api", "AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Roles"]
    ]
    found: dict[str, list[object]] = {}
    for statement in (statement for document in documents for statement in document["Statement"]):
        assert statement["Effect"] == "Allow"
        (where,) = statement["Resource"]
        for action in statement["Action"]:
            assert where not in found.get(action, []), f"{action} is granted twice"
            found.setdefault(action, []).append(where)
    return {action: where[0] if len(where) == 1 else where for action, where in found.items()}


@each_function
def test_a_lambda_may_make_exactly_the_calls_that_its_code_makes(function):
    needed = {ACTIONS[call] for call in aws_calls(CODE, (function.name, "handler"))}
    assert granted(function).keys() - LOGS == needed


@each_function
def test_a_lambda_may_touch_exactly_what_it_works_with(function):
    log = {"Fn::GetAtt": [f"{function.name.capitalize()}Log", "Arn"]}
    assert granted(function) == {**RESOURCES[function.name], **dict.fromkeys(LOGS, log)}


@each_function
def test_a_lambda_has_a_role_and_a_log_of_its_own(function):
    title = function.name.capitalize()
    deployed = resource("api", f"{title}Function")
    assert deployed["Role"] == {"Fn::GetAtt": [f"{title}Role", "Arn"]}
    assert deployed["LoggingConfig"]["LogGroup"] == {"Ref": f"{title}Log"}
    role = resource("api", f"{title}Role")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize("function", [*catalogue.LAMBDAS, *catalogue.CARETAKERS], ids=lambda function: function.name)
def test_a_lambda_is_given_exactly_the_variables_that_its_code_reads(function):
    stack = "operations" if function in catalogue.CARETAKERS else "api"
    given = resource(stack, f"{function.title}Function")["Environment"]["Variables"]
    assert set(given) == set(function.environment) == variables_read(CODE, (function.name, "handler"))


@each_function
def test_a_lambda_runs_the_handler_that_its_code_has(function):
    deployed = resource("api", f"{function.name.capitalize()}Function")
    module, _, name = deployed["Handler"].partition(".")
    assert (module, name) in CODE.definitions
    assert deployed["Runtime"] == catalogue.LAMBDA_RUNTIME


def test_the_token_may_be_read_only_where_there_is_one():
    policy = TEMPLATES["api"]["Resources"]["ExportTokenPolicy"]
    assert policy["Condition"] == "PrivateExport"
    condition = TEMPLATES["api"]["Conditions"]["PrivateExport"]
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExportTokenParameter"}, ""]}]}


def test_clients_and_variables_are_got_in_one_place_each():
    """What the tests above read is all there is: nothing else makes a client or looks at the environment."""
    makers, readers = set(), set()
    for (module, _), statements in CODE.definitions.items():
        for node in (node for statement in statements for node in ast.walk(statement)):
            text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            if text in ("boto3.client", "boto3.resource", "boto3.Session", "boto3.session"):
                makers.add(module)
            if text in ("os.environ", "os.getenv"):
                readers.add(module)
    assert makers == {"aws"}
    assert readers == {"settings"}


def test_no_policy_grants_everything():
    """A star stands alone as the resource only where AWS offers no narrower form, and never in an action.

    The pipelines' roles have tests of their own.
    """
    for stack, template in ((stack, template) for stack, template in TEMPLATES.items() if stack != "pipeline"):
        for name, body in template["Resources"].items():
            for statement in _allowed(body):
                if body["Type"] == "AWS::KMS::Key":
                    continue  # in a key's policy * is that key, and the account's own line is AWS's default
                assert not [action for action in statement["Action"] if "*" in action], f"{stack}.{name}"
                if statement["Resource"] == ["*"]:
                    narrowest = IN_THE_VPC if name == "LambdaNetworkPolicy" else NOT_NARROWER
                    assert set(statement["Action"]) <= narrowest, f"{stack}.{name}"


def test_a_task_is_given_the_key_that_its_lambda_reads():
    """The parameter that the service's role may read is the one that the container names, and that record looks up."""
    (container,) = resource("service", "TaskDefinition")["ContainerDefinitions"]
    assert [secret["ValueFrom"] for secret in container["Secrets"]] == [RECEIPT_KEY]
    name = RECEIPT_KEY["Fn::Sub"].partition(":parameter")[2]
    variables = resource("api", "RecordFunction")["Environment"]["Variables"]
    assert variables["RECEIPT_KEY_PARAMETER"] == {"Fn::Sub": name}
    assert name == catalogue.receipt_key_name("${Stage}")


@pytest.mark.parametrize(
    ("function", "calls", "allowed"),
    [
        (
            catalogue.WATCH,
            {("ec2", "describe_images"), ("cloudwatch", "get_metric_data")},
            {"ec2:DescribeImages": "*", "cloudwatch:GetMetricData": "*"},
        ),
        (
            catalogue.SWITCH,
            {("apigatewayv2", "update_stage"), ("ssm", "put_parameter"), ("sns", "publish")},
            {
                "ssm:PutParameter": {
                    "Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter"
                    f"/sentiment/${{Stage}}/{catalogue.CLOSED_PARAMETER}"
                },
                "apigateway:PATCH": {
                    "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}::/apis/${ApiId}/stages/*"
                },
            },
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_caretaker_may_make_exactly_the_calls_that_its_code_makes(function, calls, allowed):
    assert aws_calls(CODE, (function.name, "handler")) == calls
    role = resource("operations", f"{function.title}Role")
    (own,) = [one for one in named_policies(role) if one["PolicyName"] not in SHARED]
    found = {
        action: where
        for one in own["PolicyDocument"]["Statement"]
        for action in one["Action"]
        for where in one["Resource"]
    }
    log = {"Fn::GetAtt": [f"{function.title}Log", "Arn"]}
    # Lambda itself sends to the topic, in the role's name, when the function failed for good.
    assert found == {**dict.fromkeys(LOGS, log), **allowed, "sns:Publish": {"Ref": "AlarmTopicArn"}}


@pytest.mark.parametrize(
    "role",
    [
        *(f"api.{one.title}Role" for one in catalogue.FUNCTIONS),
        *(f"operations.{one.title}Role" for one in catalogue.CARETAKERS),
    ],
)
def test_shared_policies_are_there_only_with_what_they_are_about(role):
    stack, name = role.split(".")
    conditions = {
        one["Fn::If"][1]["PolicyName"]: (one["Fn::If"][0], one["Fn::If"][2])
        for one in resource(stack, name)["Policies"]
        if "Fn::If" in one
    }
    nothing = {"Ref": "AWS::NoValue"}
    assert conditions == {"settings": ("WithOwnKey", nothing)}


def test_lambda_may_put_functions_into_the_private_subnets_and_their_code_may_not():
    create, manage, refuse = resource("network", "LambdaNetworkPolicy")["PolicyDocument"]["Statement"]
    # Asked about without a resource: a narrower form is refused ("does not have permissions to call
    # DeleteNetworkInterface on EC2"), and the function is not made.
    assert (set(manage["Action"]), manage["Resource"], "Condition" in manage) == (IN_THE_VPC, ["*"], False)
    assert create["Action"] == ["ec2:CreateNetworkInterface"]
    assert {arn["Fn::Sub"].rpartition(":")[2] for arn in create["Resource"]} == {
        "network-interface/*",
        "subnet/${PrivateSubnet1}",
        "subnet/${PrivateSubnet2}",
        "security-group/${LambdaSecurityGroup.GroupId}",
    }
    assert refuse["Effect"] == "Deny"
    assert set(refuse["Action"]) == {*create["Action"], *manage["Action"]}
    assert list(refuse["Condition"]) == ["ArnLike"]
    ((key, whose),) = refuse["Condition"]["ArnLike"].items()
    assert key == "lambda:SourceFunctionArn"
    assert whose["Fn::Sub"].endswith(":function:sentiment-${Stage}-*")


def test_the_execution_role_may_pull_images_read_the_key_and_write_its_own_log():
    (policy,) = resource("service", "ExecutionRole")["Policies"]
    found = {tuple(one["Action"]): one["Resource"] for one in policy["PolicyDocument"]["Statement"]}
    repositories = {"Fn::Sub": "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*"}
    assert found == {
        ("logs:CreateLogStream", "logs:PutLogEvents"): [{"Fn::GetAtt": ["LogGroup", "Arn"]}],
        ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"): [repositories],
        ("ecr:GetAuthorizationToken",): ["*"],
        ("ssm:GetParameters",): [RECEIPT_KEY],
    }


def _allowed(body):
    properties = body.get("Properties", {})
    documents = [policy["PolicyDocument"] for policy in named_policies(properties)]
    if "PolicyDocument" in properties:
        document = properties["PolicyDocument"]
        documents += document["Fn::If"][1:] if "Fn::If" in document else [document]
    return [one for document in documents for one in document["Statement"] if one["Effect"] == "Allow"]
