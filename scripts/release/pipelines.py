"""Lets GitHub's pipelines deploy a stage: deploys the pipelines' own stack, and says what to set on GitHub."""

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
        repository: as GitHub's tokens name it, such as owner@1/name@2; None for the stage's setting.
        reporter: hears of progress.

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
            "Set it in scripts/stages.toml to what GitHub's tokens call the repository (docs/operations/pipelines.md"
            " tells how to ask); the app's roles get their bounds by it too.",
        )
    with changing(cloud, reporter, STACK) as work:
        return execute(work, plan(cloud, settings, chosen))


def plan(cloud: Cloud, settings: Settings, repository: str) -> Release:
    """The pipelines' stack alone.

    Args:
        cloud: the stage.
        settings: the stage's settings.
        repository: as GitHub's tokens name it.
    """
    found = stacks.all_by_name(cloud)
    values = {**settings.parameters, "PipelineRepository": repository}
    computed = {"IdentityProviderArn": _provider_of_others(cloud, found.get(catalogue.stack_name(cloud.stage, STACK)))}
    return Release(settings, make_plan(settings.stage, [templates.load(STACK)], computed, values, found))


def what_to_set(settings: Settings, outputs: dict[str, str], region: str) -> str:
    """The commands that tell GitHub of the roles, and what they must be accompanied by.

    Args:
        settings: the stage's settings.
        outputs: outputs of the pipelines' stack.
        region: the stage's region.
    """
    lines = ["Set on GitHub, once (by hand, or with GitHub's own command line):"]
    for name in catalogue.PIPELINES:
        environment = f"{settings.stage}-{name}"
        arn = outputs[f"{name.capitalize()}RoleArn"]
        lines.append(f"  gh variable set AWS_ROLE_ARN --env {environment} --body {arn}")
        lines.append(f"  gh variable set AWS_REGION --env {environment} --body {region}")
    lines.append(
        f"  gh variable set STAGES --body '[\"{settings.stage}\"]'  # every stage that pipelines deploy, in order"
    )
    lines.append("Let each environment but plan's be deployed to from main alone; prod's by approval of a reviewer.")
    if not settings.parameters["PipelineRepository"]:
        lines.append("Set pipeline_repository in scripts/stages.toml too: without it, the app's roles have no bounds.")
    return "\n".join(lines)


def _provider_of_others(cloud: Cloud, state: StackState | None) -> str:
    """ARN of the account's provider for GitHub, "" when there is none or this stage's stack made it."""
    if state and "IdentityProviderArn" in state.parameters and state.kind == stacks.GOOD:
        return state.parameters["IdentityProviderArn"]
    found = cloud.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    arns = [str(entry["Arn"]) for entry in found]
    return next((arn for arn in arns if arn.endswith(f":oidc-provider/{catalogue.GITHUB_ISSUER}")), "")
