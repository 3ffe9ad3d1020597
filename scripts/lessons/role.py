"""The role that a job of a workflow assumes on the laptop cloud, by a token like those that GitHub gives to jobs."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from generator import catalogue
from scripts.cloudformation import stacks
from scripts.local.session import STAGE, VARIABLES
from scripts.stage.session import Cloud

PIPELINES = f"sentiment-{STAGE}-pipeline"
_OUR_OWN = re.compile(r"^\$\{\{ matrix\.stage \}\}-(\w+)$")  # environment of a job: a stage's, for one pipeline


def keys_of_job(cloud: Cloud, job: dict[str, Any]) -> tuple[str, dict[str, str]] | None:
    """The role of a job, and its keys as the environment's variables; None where the pipelines are not deployed.

    Args:
        cloud: the laptop cloud.
        job: the job's definition in its workflow.

    Raises:
        botocore.exceptions.ClientError: the role does not trust the job.
    """
    environment = _OUR_OWN.match(str(job.get("environment", "")))
    if environment is None or PIPELINES not in stacks.all_by_name(cloud):
        return None
    [stack] = cloud.client("cloudformation").describe_stacks(StackName=PIPELINES)["Stacks"]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    made = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    role = made[f"{environment[1].capitalize()}RoleArn"]
    sts = cloud.client("sts")
    # AWS accepts any caller whose token the provider signed. No provider signs here, so the run's key does.
    sts.meta.events.register_first("choose-signer.sts.AssumeRoleWithWebIdentity", lambda **_: "v4")
    found = sts.assume_role_with_web_identity(
        RoleArn=role,
        RoleSessionName=environment[1],
        WebIdentityToken=_token(f"repo:{given['PipelineRepository']}:environment:{STAGE}-{environment[1]}"),
    )["Credentials"]
    values = (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
    return role.rsplit("/", 1)[1], dict(zip(VARIABLES.values(), values, strict=True))


def _token(subject: str) -> str:
    """An identity token as GitHub writes it; the emulator reads it without asking who signed it."""
    claims = {"iss": f"https://{catalogue.GITHUB_ISSUER}", "aud": catalogue.GITHUB_AUDIENCE, "sub": subject}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, claims)]
    return b".".join([*parts, b"unsigned"]).decode()
