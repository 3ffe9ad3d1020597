"""Stack that lets GitHub's pipelines deploy: identity provider, one role each, CloudFormation's, and the boundary.

It is deployed on its own, by an administrator (`sentiment pipeline`): no pipeline can change what pipelines may do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from awacs import aws
from troposphere import Equals, GetAtt, If, Ref, Template, iam

from generator import boundary
from generator.building import add_output, name_tag, new_template, policy, purpose
from generator.catalogue import DEPLOY_ROLE, GITHUB_AUDIENCE, GITHUB_ISSUER
from generator.parameters import parameter
from generator.stacks.pipeline import boundary_policy, deploying, permissions, schedule

MAKES_PROVIDER = "MakesProvider"


def build(app: Mapping[str, Callable[[], Template]]) -> Template:
    """Template of the stack.

    Args:
        app: the stacks that the pipelines deploy.
    """
    template = new_template("pipeline")
    for name in ("Stage", "PipelineRepository"):
        parameter(template, name)
    documents = {name: make().to_dict() for name, make in app.items()}
    built, rolled = list(documents.values()), [documents[name] for name in permissions.SERVICE_STACKS]

    provider = identity_provider(template)
    the_boundary(template, built)
    site = role(template, "Site", "environment:${Stage}-site", provider, permissions.site())
    service = role(template, "Service", "environment:${Stage}-service", provider, permissions.service(rolled))
    subject = "environment:${Stage}-infrastructure"
    infrastructure = role(template, "Infrastructure", subject, provider, permissions.infrastructure(built))
    plan = role(template, "Plan", "environment:${Stage}-plan", provider, permissions.plan(built))

    retrain = role(template, "Retrain", "environment:${Stage}-retrain", provider, permissions.retrain())

    made = {"Site": site, "Service": service, "Infrastructure": infrastructure, "Plan": plan, "Retrain": retrain}
    for name, one in made.items():
        add_output(template, f"{name}RoleArn", GetAtt(one, "Arn"), f"Role of the pipeline: {name.lower()}")
    deploy = deploy_role(template, deploying.statements(_takers(built)))
    add_output(template, DEPLOY_ROLE, GetAtt(deploy, "Arn"), "Role that CloudFormation deploys the other stacks with")
    schedule.add(template)
    add_output(template, "IdentityProviderInUse", provider, "GitHub's identity provider that the roles trust")
    return template


def identity_provider(template: Template) -> If:
    """GitHub's identity provider. An account can have only one, so another stage may have created it."""
    given = parameter(template, "IdentityProviderArn")
    template.add_condition(MAKES_PROVIDER, Equals(Ref(given), ""))
    provider = template.add_resource(
        iam.OIDCProvider(
            "IdentityProvider",
            Condition=MAKES_PROVIDER,
            Metadata=purpose("Makes AWS trust GitHub's statement of a job's identity, without long-lived keys"),
            Url=f"https://{GITHUB_ISSUER}",
            ClientIdList=[GITHUB_AUDIENCE],
            Tags=name_tag("github"),
        )
    )
    return If(MAKES_PROVIDER, Ref(provider), Ref(given))


def the_boundary(template: Template, built: Iterable[dict[str, Any]]) -> iam.ManagedPolicy:
    """The most that a role of the app may ever do."""
    document = {"Version": "2012-10-17", "Statement": boundary_policy.statements(boundary_policy.actions_of(built))}
    return template.add_resource(
        iam.ManagedPolicy(
            "RoleBoundary",
            Metadata=purpose("Limits what any role of the app can do, whatever a pipeline writes"),
            ManagedPolicyName=boundary.name(),
            PolicyDocument=document,
        )
    )


def role(template: Template, name: str, subject: str, provider: If, statements: Iterable[aws.Statement]) -> iam.Role:
    """The role of one pipeline."""
    what = "a plan for pull requests needs" if name == "Plan" else f"the {name.lower()} pipeline needs"
    return template.add_resource(
        iam.Role(
            f"{name}Role",
            Metadata=purpose(f"Lets jobs of our repository do only what {what}"),
            AssumeRolePolicyDocument=policy(permissions.trust(provider, subject)),
            MaxSessionDuration=3600,
            Policies=[iam.Policy(PolicyName="pipeline", PolicyDocument=policy(*statements))],
            Tags=name_tag(f"{name.lower()}-pipeline"),
        )
    )


def deploy_role(template: Template, statements: Iterable[aws.Statement]) -> iam.Role:
    """CloudFormation's role. Each stack keeps it, so an administrator's deployment is made with it too."""
    trust = aws.Statement(
        Effect=aws.Allow,
        Principal=aws.Principal("Service", "cloudformation.amazonaws.com"),
        Action=[aws.Action("sts", "AssumeRole")],
    )
    return template.add_resource(
        iam.Role(
            "DeployRole",
            Metadata=purpose("Allows CloudFormation to make and change what the stage's stacks are made of"),
            AssumeRolePolicyDocument=policy(trust),
            Policies=[iam.Policy(PolicyName="deploy", PolicyDocument=policy(*statements))],
            Tags=name_tag("deploy"),
        )
    )


def _takers(built: Iterable[dict[str, Any]]) -> set[str]:
    """The services that assume the app's roles."""
    return {
        service
        for one in built
        for body in one["Resources"].values()
        if body["Type"] == "AWS::IAM::Role"
        for statement in body["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for service in _listed(statement["Principal"]["Service"])
    }


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
