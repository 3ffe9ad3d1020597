"""Small pieces that every stack is built from: template, purpose, tags, outputs, common policy statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs import aws, logs, sts
from troposphere import Equals, GetAtt, Not, Or, Output, Ref, Sub, Tags, Template
from troposphere.logs import LogGroup

from generator.catalogue import PROJECT, STACKS, receipt_key_name

# What can be rebuilt is deleted; what cannot is retained, whatever happens to the stack.
DISPOSABLE = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
PRECIOUS = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
MOST_OF_OR = 10  # conditions that one Fn::Or takes
NONE = "none"  # stands for an ARN where there is none: an Output cannot be empty


def new_template(stack: str) -> Template:
    """Empty template of a stack, described by its purpose in the catalogue.

    Args:
        stack: short name of one of ``catalogue.STACKS``.
    """
    template = Template(Description=next(s.purpose for s in STACKS if s.name == stack))
    template.set_version("2010-09-09")
    return template


def purpose(text: str) -> dict[str, str]:
    """Metadata of a resource: in one line, what it is for.

    Args:
        text: the line, shown while the resource is being created.
    """
    return {"Purpose": text}


def stage_name(suffix: str) -> Sub:
    """A name with project and stage, such as ``sentiment-dev-web``.

    Args:
        suffix: last part of the name.
    """
    return Sub(f"{PROJECT}-${{Stage}}-{suffix}")


def account_name(suffix: str) -> Sub:
    """A name for what no other region of the account may have under the same name, with the region in it.

    Args:
        suffix: last part of the name before the region.
    """
    return Sub(f"{PROJECT}-${{Stage}}-{suffix}-${{AWS::Region}}")


def not_in(template: Template, name: str, regions: Sequence[str]) -> str:
    """Add a Condition that holds in all regions but some; its name.

    Args:
        template: template that needs it.
        name: name of the Condition.
        regions: regions in which it does not hold.
    """
    here = [Equals(Ref("AWS::Region"), region) for region in regions]
    several = [Or(*here[start : start + MOST_OF_OR]) for start in range(0, len(here), MOST_OF_OR)]
    template.add_condition(name, Not(Or(*several) if len(several) > 1 else several[0]))
    return name


def name_tag(suffix: str) -> Tags:
    """The tag that the AWS console shows as a resource's name.

    Args:
        suffix: last part of the name.
    """
    return Tags(Name=stage_name(suffix))


def add_output(template: Template, name: str, value: Any, description: str, **options: Any) -> Output:
    """Add an Output; the orchestrator gives it to every Parameter of the same name.

    Args:
        template: template that has the value.
        name: name of the Output and of the Parameters it feeds.
        value: what it is.
        description: what it means.
        options: further attributes, such as ``Condition``.
    """
    return template.add_output(Output(name, Description=description, Value=value, **options))


def policy(*statements: aws.Statement) -> aws.PolicyDocument:
    """Policy document of some statements.

    Args:
        statements: what it allows and denies.
    """
    return aws.PolicyDocument(Version="2012-10-17", Statement=list(statements))


def allow(actions: Sequence[aws.Action], *resources: Any) -> aws.Statement:
    """Statement that allows calls on resources.

    Args:
        actions: the calls.
        resources: ARNs.
    """
    return aws.Statement(Effect=aws.Allow, Action=list(actions), Resource=list(resources))


def assumable_by(service: str) -> aws.PolicyDocument:
    """Trust policy of a role that an AWS service assumes.

    Args:
        service: its principal, such as ``ec2.amazonaws.com``.
    """
    return policy(aws.Statement(Effect=aws.Allow, Principal=aws.Principal("Service", service), Action=[sts.AssumeRole]))


def receipt_key_arn() -> Sub:
    """ARN of the SSM parameter that holds the keys of receipts.

    The key that encrypts it is the account's own for SSM (``aws/ssm``), which all of its roles may use through SSM.
    """
    return Sub(
        f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{receipt_key_name('${Stage}')}"
    )


def write_to(log_group: LogGroup) -> aws.Statement:
    """Statement that allows writing to one log group only.

    Args:
        log_group: the group; its ``Arn`` attribute ends in ``:*``, which stands for its streams.
    """
    return allow([logs.CreateLogStream, logs.PutLogEvents], GetAtt(log_group, "Arn"))
