"""Every error that an operator may meet, as types: what happened, what to do next, and the exit code.

Nothing here prints; ``scripts.stage.display.show_error`` does, in one place.
"""

from __future__ import annotations

import botocore.exceptions as boto
from botocore.parsers import ResponseParserError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as in shells

EXPIRED_CODES = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
DENIED_CODES = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess"}
UNKNOWN_KEY_CODES = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"}
CLOCK_CODES = {"RequestTimeTooSkewed", "InvalidSignatureException"}
SIGN_IN_CODES = {"UnauthorizedException", "InvalidGrantException"}  # of IAM Identity Center, asked for credentials
THROTTLED_CODES = {
    *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"),
    *("RequestLimitExceeded", "TooManyRequestsException", "SlowDown", "PriorRequestNotComplete"),
}
# An account whose sign-up is not complete, and a service or region that it has not switched on.
INACTIVE_CODES = {
    *("OptInRequired", "SubscriptionRequiredException", "NotSignedUp", "PendingVerification", "AccountProblem"),
    *("RegionDisabledException", "InvalidAccessException"),
}
BROKEN_CODES = {
    *("InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable", "ServiceException", "503")
}
# What a call of AWS may raise. The last is of an answer that AWS did not write, such as a proxy's page.
AWS_ERRORS = (boto.BotoCoreError, boto.ClientError, ResponseParserError)
AGAIN = "then run the same command again."
SIGN_IN = f"Run `aws sso login` (with --profile, if you passed it here), {AGAIN}"
QUOTA = (
    "A quota is used up: `sentiment doctor` shows those of VPCs, addresses, instances and load balancers, and how to "
    "raise them; Service Quotas in the console has the others"
)
CORES = "Request more virtual CPUs: `sentiment doctor` shows the quota and the command"
INSTANCES = (
    "AWS has no instance of this type left in the zone: wait some minutes, or set another instance_type for the stage "
    "in scripts/stages.toml"
)
# What AWS says of an account's limits, by a code or some words of it, and what to do; the first that fits counts.
ADVICE = {
    "does not support creating load balancers": "Ask AWS Support (Account and billing, free of charge) to allow load "
    "balancers in this new account",
    "must be verified before you can add new cloudfront": "Ask AWS Support (Account and billing, free of charge) to "
    "allow CloudFront in this new account",
    "explicit deny": "A policy denies this, whatever allows it: deploy with another role, or ask whoever wrote it "
    "(perhaps your organisation) for an exception",
    "unreservedconcurrentexecution": "This account runs too few Lambdas at once for lambda_concurrency: set it to 0 in "
    "scripts/stages.toml, or request more concurrent executions in Service Quotas",
    "vcpulimitexceeded": CORES,
    "vcpu limit": CORES,
    "insufficientinstancecapacity": INSTANCES,
    "do not have sufficient": INSTANCES,
    "limitexceeded": QUOTA,
    "quotaexceeded": QUOTA,
    "[toomanybuckets]": "The account has as many buckets as it may: delete one, or ask for more in Service Quotas",
    "maximum number of": QUOTA,
}


class DeployError(Exception):
    """Something the operator can act on.

    Attributes:
        message: what happened, one or more lines.
        next_step: what to do about it; "" if there is nothing to add.
        exit_code: what the command line exits with.
    """

    exit_code = EXIT_FAILED

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class SettingsError(DeployError):
    """stages.toml, an option or an argument is wrong."""

    exit_code = EXIT_USAGE


class TemplateError(DeployError):
    """A template cannot be read, or its parameters and outputs do not fit together."""


class CredentialsError(DeployError):
    """There are no valid AWS credentials."""


class AccessDeniedError(DeployError):
    """AWS accepts the credentials but denies the call."""


class ForeignStackError(DeployError):
    """A stack has one of our names but not our tags: it is never touched."""


class StageLockedError(DeployError):
    """Another command holds the lock of the stage."""


class LockLostError(DeployError):
    """Another command took over the stage's lock, which this one held."""


class StackBusyError(DeployError):
    """Another operation on a stack is in progress."""


class StackFailedError(DeployError):
    """CloudFormation could not do what the template says."""


class DataAtRiskError(DeployError):
    """A change would replace or remove a resource that holds data, without the operator's consent."""


class ServiceError(DeployError):
    """The service did not become steady."""


class CanaryError(DeployError):
    """A canary served worse than the running revision, or could not be compared with it; it was removed."""


class AdviceError(DeployError):
    """Nothing stands in the way of a deployment, but the operator should know of something."""


class ImageError(DeployError):
    """The container image could not be built, found or pushed."""


class SmokeTestError(DeployError):
    """The deployed app does not work."""


class ApiClosedError(SmokeTestError):
    """The switch has closed the API, so it cannot be tested."""


class InterruptedDeployError(DeployError):
    """Ctrl-C."""

    exit_code = EXIT_INTERRUPTED


def explain(error: Exception) -> DeployError | None:
    """Translate an error of boto3 into one of ours.

    Args:
        error: anything raised while talking to AWS.

    Returns:
        The same error with its next step, or None if no operator can cause it (a bug of ours).
    """
    if isinstance(error, DeployError):
        return error
    if isinstance(error, boto.ProfileNotFound):
        return CredentialsError(
            str(error) + ".",
            "`aws configure list-profiles` lists all profiles; choose one with --profile or AWS_PROFILE.",
        )
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError | boto.CredentialRetrievalError):
        return CredentialsError(
            f"No usable AWS credentials: {error}",
            "Run `aws configure sso` or `aws configure`, set AWS_PROFILE, or pass --profile.",
        )
    if isinstance(error, boto.TokenRetrievalError | boto.UnauthorizedSSOTokenError | boto.SSOTokenLoadError):
        return CredentialsError(f"The sign-in has expired: {error}", SIGN_IN)
    if isinstance(error, boto.LoginError):
        return CredentialsError(f"The sign-in has expired: {error}", "Run `aws login`, then the same command again.")
    if isinstance(error, boto.MissingDependencyException):  # signing in with `aws login` needs AWS's own C library
        return CredentialsError(
            f"{error}", "`.venv/bin/python -m pip install awscrt`, or sign in with `aws configure sso`."
        )
    if isinstance(error, boto.ConfigParseError | boto.ConfigNotFound | boto.InvalidConfigError):
        return CredentialsError(f"The AWS configuration cannot be used: {error}", "Correct that file: `aws configure`.")
    if isinstance(error, boto.InvalidRegionError):
        return CredentialsError(f"{error}", "`aws ec2 describe-regions --all-regions` lists all; choose with --region.")
    if isinstance(error, boto.NoRegionError):
        return CredentialsError(
            "No AWS region is set.",
            "Pass --region, set AWS_REGION, or set `region` for the stage in stages.toml or for the profile "
            "(`aws configure set region eu-central-1`).",
        )
    if isinstance(error, boto.ConnectionError | boto.HTTPClientError | boto.IncompleteReadError):
        return DeployError(
            f"AWS cannot be reached: {error}",
            "Nothing is lost: CloudFormation continues. Run the same command again to resume. If that was the first "
            "call: is there a network, and is the region spelled as AWS does?",
        )
    if isinstance(error, ResponseParserError):
        return DeployError(
            f"The reply is not one that AWS sends: {str(error)[:300]}",
            "Is there a proxy or a sign-in page in between (HTTPS_PROXY)? Otherwise run the same command again.",
        )
    if isinstance(error, boto.ClientError):
        return _explain_answer(error)
    if isinstance(error, boto.BotoCoreError):
        return DeployError(f"{type(error).__name__}: {error}")
    return None


def code_of(error: boto.ClientError) -> str:
    """AWS's code of an error, such as ``AccessDenied``; "" if the reply has none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: boto.ClientError) -> str:
    """AWS's words of an error."""
    return str(error.response.get("Error", {}).get("Message", ""))


def _explain_answer(error: boto.ClientError) -> DeployError:
    code = code_of(error)
    words = f"{error.operation_name}: {message_of(error) or code}"
    if code in EXPIRED_CODES:
        return CredentialsError(
            f"The AWS session has expired ({words}).",
            "Sign in again (`aws sso login`, or new keys), then rerun the command: it resumes where it stopped. If the "
            "sign-in is new, set this machine's clock: `sentiment doctor` shows how far it is off.",
        )
    if code in UNKNOWN_KEY_CODES:
        return CredentialsError(
            f"AWS does not accept the credentials ({words}).",
            "`aws sts get-caller-identity` shows whether they work; check AWS_PROFILE, the keys and the clock, and "
            "whether the account has enabled this region (`aws account list-regions`).",
        )
    if code in DENIED_CODES:
        step = advice(words) or "Add the permission named above to the user or role you deploy with"
        return AccessDeniedError(f"Access denied ({words}).", f"{step}, {AGAIN}")
    if code in THROTTLED_CODES:
        return DeployError(
            f"AWS is throttling this account ({words}).", "Wait a minute, then run the same command again."
        )
    if code in CLOCK_CODES:
        return CredentialsError(
            f"AWS does not accept the signature ({words}).",
            f"Set this machine's clock (`sentiment doctor` shows how far it is off), {AGAIN} "
            "If it is right, the secret key is wrong: `aws configure`.",
        )
    if code in SIGN_IN_CODES:
        return CredentialsError(f"The sign-in has expired ({words}).", SIGN_IN)
    if code in INACTIVE_CODES:
        return DeployError(
            f"This account may not use the service or region yet ({words}).",
            f"Complete the account's sign-up (payment, phone; it can take a day), or enable the region, {AGAIN}",
        )
    if code in BROKEN_CODES:
        return DeployError(
            f"AWS had an internal error ({words}).", "Wait some minutes, then run the same command again."
        )
    known = advice(f"[{code}] {words}")
    return DeployError(f"AWS refused {words} [{code}]", known and f"{known}, {AGAIN}")


def advice(words: str) -> str:
    """What to do about an account's limits, by AWS's words; "" where nothing is known.

    Args:
        words: an error's code and message, or the reason of an event.
    """
    said = words.lower()
    return next((step for sign, step in ADVICE.items() if sign in said), "")
