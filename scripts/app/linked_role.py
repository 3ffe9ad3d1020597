"""ECS's service-linked role, created before the account's first cluster. Other services create theirs reliably."""

from __future__ import annotations

from botocore.exceptions import ClientError

from scripts.stage.errors import code_of
from scripts.stage.session import Cloud

SERVICE = "ecs.amazonaws.com"
# It exists ("has been taken in this account"), or we may not create it: CloudFormation then says what is missing.
FINE = ("InvalidInput", "EntityAlreadyExists", "AccessDenied", "AccessDeniedException")


def ensure(cloud: Cloud) -> None:
    """Create ECS's service-linked role, unless the account has it.

    ECS creates it with the first cluster and assumes it at once, usually before IAM has propagated it, so the first
    deployment in an account fails ("Unable to assume the service linked role"). If it is created before the first
    stack, it has propagated by the time the network is ready.

    Args:
        cloud: the stage.

    Raises:
        ClientError: IAM refuses for another reason.
    """
    if not cloud.has_linked_roles:
        return
    try:
        cloud.client("iam").create_service_linked_role(AWSServiceName=SERVICE)
    except ClientError as error:
        if code_of(error) not in FINE:
            raise
