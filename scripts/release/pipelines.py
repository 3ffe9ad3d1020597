"""Lets GitHub's pipelines deploy a stage: deploys the pipelines' own stack and prints what to set on GitHub."""

from __future__ import annotations

from generator import catalogue
from scripts.cloudformation import stacks, templates
from scripts.cloudformation.plan import make_plan
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.work import changing
from scripts.release.execute import execute
from scripts.release.plans import Release
from scripts.stage.errors import SettingsError
from scripts.stage.reporter import Reporter
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

STACK = "pipeline"


def let_in(cloud: Cloud, settings: Settings, repository: str | None, reporter: Reporter) -> dict[str, str]:
    """Deploy the pipelines' stack.

    Args:
        cloud: the stage.
        settings: the stage's settings.
        repository: as named in GitHub's tokens, such as owner@1/name@2; None for the stage's setting.
        reporter: told of progress.

    Returns:
        The stack's outputs.

    Raises:
        SettingsError: no repository is named.
        DeployError: CloudFormation could not do it.
    """
    chosen = repository or settings.parameters["PipelineRepository"]
    if not chosen:
        raise SettingsError(
            f"Stage {settings.stage} has no pipeline_repository.",
            "Set it in scripts/stages.toml to the repository's name in GitHub's tokens (docs/operations/pipelines.md"
            " says how to find it); it also gives the app's roles their permissions boundary.",
        )
    with changing(cloud, reporter, STACK) as work:
        return execute(work, plan(cloud, settings, chosen))


def plan(cloud: Cloud, settings: Settings, repository: str) -> Release:
    """The pipelines' stack alone.

    Args:
        cloud: the stage.
        settings: the stage's settings.
        repository: as named in GitHub's tokens.
    """
    found = stacks.all_by_name(cloud)
    values = {**settings.parameters, "PipelineRepository": repository}
    computed = {"IdentityProviderArn": _provider_of_others(cloud, found.get(catalogue.stack_name(cloud.stage, STACK)))}
    return Release(settings, make_plan(settings.stage, [templates.load(STACK)], computed, values, found))


def what_to_set(settings: Settings, outputs: dict[str, str], region: str) -> str:
    """The commands that configure the roles on GitHub, and the settings that they need there.

    Args:
        settings: the stage's settings.
        outputs: outputs of the pipelines' stack.
        region: the stage's region.
    """
    lines = ["Set once on GitHub (by hand or with GitHub's command line):"]
    for name in catalogue.PIPELINES:
        environment = f"{settings.stage}-{name}"
        arn = outputs[f"{name.capitalize()}RoleArn"]
        lines.append(f"  gh variable set AWS_ROLE_ARN --env {environment} --body {arn}")
        lines.append(f"  gh variable set AWS_REGION --env {environment} --body {region}")
    lines.append(
        f"  gh variable set STAGES --body '[\"{settings.stage}\"]'  # all stages that pipelines deploy, in order"
    )
    lines.append(
        "Allow deployments to each environment except plan's from main only; require a reviewer's approval for prod's."
    )
    if not settings.parameters["PipelineRepository"]:
        lines.append("Set pipeline_repository in scripts/stages.toml; without it, the app's roles have no boundary.")
    return "\n".join(lines)


def _provider_of_others(cloud: Cloud, state: StackState | None) -> str:
    """ARN of the account's provider for GitHub, "" when there is none or this stage's stack made it."""
    if state and "IdentityProviderArn" in state.parameters and state.kind == stacks.GOOD:
        return state.parameters["IdentityProviderArn"]
    found = cloud.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    arns = [str(entry["Arn"]) for entry in found]
    return next((arn for arn in arns if arn.endswith(f":oidc-provider/{catalogue.GITHUB_ISSUER}")), "")
