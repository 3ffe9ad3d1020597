"""What the regions that AWS sells commercially lack of what the stacks use. Only the standard library is imported here.

Sources: CloudFormation's schemas of November 2026, as cfn-lint carries them; CloudFront developer guide, "Choose an
Amazon S3 bucket to receive log files" (2026-11), which names no region that must be opted into.
"""

from __future__ import annotations

# Regions that every account has without asking (AWS Account Management guide, "Enable or disable AWS Regions").
BY_DEFAULT = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)
# Regions in which CloudFormation has no AWS::Budgets::Budget.
WITHOUT_BUDGETS = (
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-3",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "mx-central-1",
)
# Regions to whose buckets CloudFront delivers no access log.
WITHOUT_CLOUDFRONT_LOGS = (
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
)


# The others among them have to be opted into, and a stage cannot be there (``unsuitable``).
NO_BUDGET_BY_DEFAULT = tuple(region for region in WITHOUT_BUDGETS if region in BY_DEFAULT)
ELSEWHERE = ("cn-", "us-gov-", "us-iso", "eu-iso", "eusc-")  # regions that AWS does not sell commercially


def unsuitable(region: str) -> str:
    """Why a stage cannot be in a region; "" where it can.

    Args:
        region: AWS region.
    """
    if region.startswith(ELSEWHERE):
        return f"{region} is not one of AWS's commercial regions, for which the stacks are written"
    if region in WITHOUT_BUDGETS and region not in BY_DEFAULT:
        return f"CloudFormation makes no budgets in {region}, so the operations stack cannot be made there"
    return ""


def lacking(region: str, cloud_front: bool) -> list[str]:
    """What a stage does not get in a region that it can be in, in sentences; empty where it gets everything.

    Args:
        region: AWS region.
        cloud_front: whether the stage's page is behind CloudFront.
    """
    found = []
    if region in WITHOUT_BUDGETS:
        found.append(
            f"CloudFormation makes no budgets in {region}: nothing watches the bill, and only traffic_cents closes the "
            "API."
        )
    if cloud_front and region in WITHOUT_CLOUDFRONT_LOGS:
        found.append(f"CloudFront writes no access log to a bucket in {region}.")
    return found
