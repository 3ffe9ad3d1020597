"""Who may publish to the stage's topics."""

from __future__ import annotations

from awacs import aws
from awacs import sns as sns_actions
from troposphere import Ref, Template, sns

from generator import keys
from generator.building import policy, purpose


def publishing(template: Template, title: str, topic: sns.Topic, text: str) -> sns.TopicPolicy:
    """A policy by which CloudWatch and Budgets of this account may publish, and only with TLS.

    Args:
        template: of the topic.
        title: the policy's name in the template.
        topic: the topic.
        text: what it is for.
    """
    publish = aws.Statement(
        Sid="Publish",
        Effect=aws.Allow,
        Principal=aws.Principal("Service", keys.SENDERS),
        Action=[sns_actions.Publish],
        Resource=[Ref(topic)],
        Condition=aws.Condition(aws.StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")})),
    )
    tls = aws.Statement(
        Sid="TlsOnly",
        Effect=aws.Deny,
        Principal=aws.Principal("*"),
        Action=[sns_actions.Publish],
        Resource=[Ref(topic)],
        Condition=aws.Condition(aws.Bool({"aws:SecureTransport": "false"})),
    )
    return template.add_resource(
        sns.TopicPolicy(title, Metadata=purpose(text), PolicyDocument=policy(publish, tls), Topics=[Ref(topic)])
    )
