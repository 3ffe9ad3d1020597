"""What boto3 raises, in the operator's words and with the next step."""

import botocore.exceptions as boto
import pytest
from botocore.parsers import ResponseParserError

from scripts.stage.errors import AccessDeniedError, CredentialsError, DeployError, advice, explain


def refusal(code):
    return boto.ClientError({"Error": {"Code": code, "Message": "the words of AWS"}}, "CreateStack")


@pytest.mark.parametrize(
    ("error", "kind", "next_step"),
    [
        (boto.NoCredentialsError(), CredentialsError, "aws configure"),
        (boto.PartialCredentialsError(provider="env", cred_var="SECRET"), CredentialsError, "aws configure"),
        (boto.ProfileNotFound(profile="x"), CredentialsError, "list-profiles"),
        (boto.NoRegionError(), CredentialsError, "--region"),
        (boto.UnauthorizedSSOTokenError(), CredentialsError, "aws sso login` (with --profile"),
        (boto.EndpointConnectionError(endpoint_url="https://x"), DeployError, "same command again"),
        (boto.ConnectTimeoutError(endpoint_url="https://x"), DeployError, "same command again"),
        (refusal("ExpiredToken"), CredentialsError, "resumes where it stopped"),
        (refusal("ExpiredTokenException"), CredentialsError, "resumes where it stopped"),
        (refusal("RequestExpired"), CredentialsError, "clock"),  # EC2's words for both
        (refusal("InvalidClientTokenId"), CredentialsError, "get-caller-identity"),
        (refusal("AccessDenied"), AccessDeniedError, "permission"),
        (refusal("AccessDeniedException"), AccessDeniedError, "permission"),
        (refusal("Throttling"), DeployError, "Wait a minute"),
        (refusal("ThrottledException"), DeployError, "Wait a minute"),
        (refusal("SlowDown"), DeployError, "Wait a minute"),
        (refusal("RequestTimeTooSkewed"), CredentialsError, "clock"),
        (refusal("InvalidSignatureException"), CredentialsError, "clock"),
        (refusal("UnauthorizedException"), CredentialsError, "aws sso login"),
        (boto.SSOTokenLoadError(error_msg="x"), CredentialsError, "aws sso login"),
        (refusal("LimitExceededException"), DeployError, "sentiment doctor"),
        (refusal("LimitExceeded"), DeployError, "sentiment doctor"),
        (refusal("VpcLimitExceeded"), DeployError, "sentiment doctor"),
        (refusal("VcpuLimitExceeded"), DeployError, "virtual CPUs"),
        (refusal("InsufficientInstanceCapacity"), DeployError, "instance_type"),
        (refusal("ServiceQuotaExceededException"), DeployError, "sentiment doctor"),
        (refusal("TooManyBuckets"), DeployError, "Service Quotas"),
        (refusal("OptInRequired"), DeployError, "sign-up"),
        (refusal("RegionDisabledException"), DeployError, "enable the region"),
        (refusal("InternalFailure"), DeployError, "Wait some minutes"),
        (refusal("UnrecognizedClientException"), CredentialsError, "enabled this region"),
        (boto.LoginRefreshRequired(), CredentialsError, "aws login"),
        (boto.LoginTokenLoadError(error_msg="x"), CredentialsError, "aws login"),
        (boto.MissingDependencyException(msg="botocore[crt]"), CredentialsError, "install awscrt"),
        (ResponseParserError("invalid XML received: b'<html>'"), DeployError, "HTTPS_PROXY"),
        (boto.InvalidRegionError(region_name="no region"), CredentialsError, "--region"),
        (boto.ConfigParseError(path="~/.aws/config"), CredentialsError, "aws configure"),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), DeployError, "same command again"),
        (refusal("SomethingElse"), DeployError, ""),
    ],
)
def test_trouble_with_aws_says_what_to_do_next(error, kind, next_step):
    found = explain(error)
    assert found is not None and type(found) is kind
    assert next_step in found.next_step
    if isinstance(error, boto.ClientError):
        assert "CreateStack: the words of AWS" in found.message


def test_our_own_errors_stay_as_they_are():
    error = DeployError("x")
    assert explain(error) is error


def test_a_mistake_of_ours_is_not_explained_away():
    assert explain(KeyError("x")) is None


def test_a_quota_of_which_the_doctor_knows_nothing_is_looked_up_elsewhere():
    """It counts four of the many that a deployment can use up."""
    found = explain(refusal("LimitExceededException"))
    assert found and "Service Quotas" in found.next_step


def test_what_a_policy_denies_no_permission_allows():
    words = "User: x is not authorized to perform: ec2:CreateVpc with an explicit deny in a service control policy"
    error = boto.ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": words}}, "CreateVpc")
    found = explain(error)
    assert isinstance(found, AccessDeniedError)
    assert "organisation" in found.next_step
    assert "Add the permission" not in found.next_step


def test_concurrency_that_lambda_does_not_give_is_a_setting():
    words = "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution"
    assert "lambda_concurrency" in advice(words)
