"""ECS's own role in an account, made before its first cluster. The other services make theirs without a fault."""

from __future__ import annotations

from botocore.exceptions import ClientError

from scripts.stage.errors import code_of
from scripts.stage.session import Cloud

SERVICE = "ecs.amazonaws.com"
# There already ("has been taken in this account"), or not ours to make: CloudFormation then says what is missing.
FINE = ("InvalidInput", "EntityAlreadyExists", "AccessDenied", "AccessDeniedException")


def ensure(cloud: Cloud) -> None:
    """Make the role that ECS works with, unless the account has it.

    ECS makes it at the first cluster, takes it on at once and mostly finds that IAM does not know it yet, so that the
    first deployment in an account fails ("Unable to assume the service linked role"). Made before the first stack, it
    is known by the time that the network is there.

    Args:
        cloud: the stage.

    Raises:
        ClientError: IAM answers something else.
    """
    if not cloud.has_linked_roles:
        return
    try:
        cloud.client("iam").create_service_linked_role(AWSServiceName=SERVICE)
    except ClientError as error:
        if code_of(error) not in FINE:
            raise
