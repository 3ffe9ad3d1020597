"""Stack that lets GitHub's pipelines deploy: identity provider, one role each, and the boundary of the app's roles.

It is deployed on its own, by an administrator (`sentiment pipeline`): no pipeline can change what pipelines may do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from awacs import aws
from troposphere import Equals, GetAtt, If, Ref, Template, encode_to_dict, iam

from generator import boundary
from generator.building import add_output, name_tag, new_template, policy, purpose
from generator.catalogue import GITHUB_AUDIENCE, GITHUB_ISSUER
from generator.parameters import parameter
from generator.stacks.pipeline import boundary_policy, permissions

MAKES_PROVIDER = "MakesProvider"
LARGEST_POLICY = 5_800  # characters; a managed policy may have 6,144, and CloudFormation fills in names


def build(app: Mapping[str, Callable[[], Template]]) -> Template:
    """Template of the stack.

    Args:
        app: the stacks that the pipelines deploy.
    """
    template = new_template("pipeline")
    for name in ("Stage", "PipelineRepository"):
        parameter(template, name)
    built = [make().to_dict() for make in app.values()]
    types = sorted({resource["Type"] for one in built for resource in one["Resources"].values()})

    provider = identity_provider(template)
    the_boundary(template, built)
    site = role(template, "Site", "environment:${Stage}-site", provider, permissions.site())
    service = role(template, "Service", "environment:${Stage}-service", provider, permissions.service())
    bounded_changes(template, "Service", service, permissions.service_changes())
    subject = "environment:${Stage}-infrastructure"
    infrastructure = role(template, "Infrastructure", subject, provider, permissions.infrastructure())
    touching = sorted([*permissions.reads(types), *permissions.changes(types)], key=permissions.service_of)
    statements = [*permissions.roles(_takers(built)), *touching]
    bounded_changes(template, "Infrastructure", infrastructure, statements)
    plan = role(template, "Plan", "environment:${Stage}-plan", provider, permissions.plan())

    for name, made in (("Site", site), ("Service", service), ("Infrastructure", infrastructure), ("Plan", plan)):
        add_output(template, f"{name}RoleArn", GetAtt(made, "Arn"), f"Role of the pipeline: {name.lower()}")
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


def bounded_changes(template: Template, name: str, its_role: iam.Role, statements: Iterable[aws.Statement]) -> None:
    """What CloudFormation does in a role's name, split into managed policies because each has a maximum size."""
    parts: list[list[aws.Statement]] = [[]]
    for statement in statements:
        if len(json.dumps(encode_to_dict(policy(*parts[-1], statement)))) > LARGEST_POLICY and parts[-1]:
            parts.append([])
        parts[-1].append(statement)
    for number, part in enumerate(parts, 1):
        template.add_resource(
            iam.ManagedPolicy(
                f"{name}Changes{number}",
                Metadata=purpose(f"CloudFormation's part of the {name.lower()} pipeline, {number} of {len(parts)}"),
                PolicyDocument=policy(*part),
                Roles=[Ref(its_role)],
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
