"""Stack of what every other stack builds on: bucket of uploads, bucket of access logs, topic of alarms, and the key."""

from __future__ import annotations

from awacs import aws
from awacs import s3 as s3_actions
from troposphere import AWS_NO_VALUE, Equals, GetAtt, If, Not, Parameter, Ref, Sub, Template, kms, s3, sns

from generator import buckets, keys, topics
from generator.building import DISPOSABLE, NONE, add_output, name_tag, new_template, policy, purpose
from generator.parameters import parameter

WITH_MAIL = "WithMail"
FLOW_LOGS = "delivery.logs.amazonaws.com"  # the service that delivers the flow logs of VPCs
KEY_DAYS = 7  # the shortest time that KMS waits before it deletes a key


def build() -> Template:
    """Template of the stack."""
    template = new_template("artifacts")
    parameter(template, "Stage")
    template.add_condition(keys.WITH_KEY, Equals(Ref(parameter(template, "OwnKey")), "true"))

    logs = log_bucket(template, parameter(template, "LogDays"))
    log_bucket_policy(template, logs)
    bucket = artifacts_bucket(template, logs)
    bucket_policy(template, bucket)
    key = the_key(template)
    topic = alarm_topic(template, key)
    text = "Allows alarms and budgets of this account to publish, and only with TLS"
    topics.publishing(template, "AlarmTopicPolicy", topic, text)
    mail(template, topic, parameter(template, "AlarmEmail"))

    add_output(template, "ArtifactsBucketName", Ref(bucket), "Bucket for Lambda code and oversized templates")
    add_output(template, "LogBucketName", Ref(logs), "Bucket of access logs")
    add_output(template, "LogBucketDomainName", GetAtt(logs, "DomainName"), "Bucket of access logs, for CloudFront")
    add_output(template, "KeyArn", If(keys.WITH_KEY, GetAtt(key, "Arn"), NONE), "Key of the stage, or none")
    add_output(template, "AlarmTopicArn", Ref(topic), "Topic that alarms are sent to")
    return template


def artifacts_bucket(template: Template, logs: s3.Bucket) -> s3.Bucket:
    """The bucket: its content can be rebuilt from the sources, so it is deleted with the stack."""
    return template.add_resource(
        s3.Bucket(
            "ArtifactsBucket",
            **DISPOSABLE,
            Metadata=purpose("Stores the Lambda code of each deployment, and templates too large for a request"),
            BucketEncryption=buckets.encrypted(),
            LifecycleConfiguration=buckets.lifecycle(OldVersions=buckets.old_versions_expire(days=30)),
            LoggingConfiguration=buckets.logged_to(Ref(logs), "artifacts"),
            NotificationConfiguration=buckets.announced(),
            OwnershipControls=buckets.owned(),
            PublicAccessBlockConfiguration=buckets.CLOSED,
            Tags=name_tag("artifacts"),
            VersioningConfiguration=buckets.VERSIONED,
        )
    )


def bucket_policy(template: Template, bucket: s3.Bucket) -> s3.BucketPolicy:
    """Its policy."""
    text = "Denies access to the artifacts bucket without TLS"
    return buckets.add_policy(template, bucket, "ArtifactsBucketPolicy", policy(buckets.tls_only(bucket)), text)


def log_bucket(template: Template, days: Parameter) -> s3.Bucket:
    """Access logs and flow logs. CloudFront can write only into a bucket where access lists count."""
    return template.add_resource(
        s3.Bucket(
            "LogBucket",
            **DISPOSABLE,
            Metadata=purpose("Stores the access logs of buckets, CloudFront, load balancer and VPC until they expire"),
            BucketEncryption=buckets.encrypted(),
            LifecycleConfiguration=buckets.lifecycle(
                Expiry={"ExpirationInDays": Ref(days)}, OldVersions=buckets.old_versions_expire(days=1)
            ),
            NotificationConfiguration=buckets.announced(),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerPreferred")]
            ),
            PublicAccessBlockConfiguration=buckets.CLOSED,
            Tags=name_tag("access-logs"),
            VersioningConfiguration=buckets.VERSIONED,
        )
    )


def log_bucket_policy(template: Template, bucket: s3.Bucket) -> s3.BucketPolicy:
    """S3, load balancers and VPCs of this account may add logs; access without TLS is denied.

    Elastic Load Balancing is limited to this account by the path that it writes to: it is not documented whether it
    names the account in its calls, and a load balancer whose log cannot be written is not made at all (ELB user guide,
    "Enable access logs for your Application Load Balancer").
    """
    ours = aws.Condition(aws.StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")}))
    write = aws.Statement(
        Sid="Write",
        Effect=aws.Allow,
        Principal=aws.Principal("Service", [FLOW_LOGS, "logging.s3.amazonaws.com"]),
        Action=[s3_actions.PutObject],
        Resource=[buckets.objects_of(bucket)],
        Condition=ours,
    )
    balance = aws.Statement(
        Sid="WriteRequests",
        Effect=aws.Allow,
        Principal=aws.Principal("Service", "logdelivery.elasticloadbalancing.amazonaws.com"),
        Action=[s3_actions.PutObject],
        Resource=[Sub(f"${{{bucket.title}.Arn}}/{buckets.BALANCER_LOGS}/AWSLogs/${{AWS::AccountId}}/*")],
    )
    look = aws.Statement(
        Sid="Look",
        Effect=aws.Allow,
        Principal=aws.Principal("Service", FLOW_LOGS),
        Action=[s3_actions.GetBucketAcl],
        Resource=[GetAtt(bucket, "Arn")],
        Condition=ours,
    )
    text = "Allows S3, load balancers and VPCs of this account to add logs, and denies access without TLS"
    document = policy(write, balance, look, buckets.tls_only(bucket))
    return buckets.add_policy(template, bucket, "LogBucketPolicy", document, text)


def the_key(template: Template) -> kms.Key:
    """One key for all that can be rebuilt. Not for the tables: deleting the key would lose their data."""
    return template.add_resource(
        kms.Key(
            "Key",
            Condition=keys.WITH_KEY,
            **DISPOSABLE,
            Metadata=purpose(
                "Encrypts logs, alarms and Lambda settings; its policy is the one place that says who may read them"
            ),
            Description=Sub("Logs, alarms and Lambda settings of sentiment-${Stage}"),
            EnableKeyRotation=True,
            KeyPolicy=keys.key_policy(),
            PendingWindowInDays=KEY_DAYS,
            Tags=name_tag("key"),
        )
    )


def alarm_topic(template: Template, key: kms.Key) -> sns.Topic:
    """Receives all alarms; operators subscribe to it."""
    return template.add_resource(
        sns.Topic(
            "AlarmTopic",
            Metadata=purpose("Receives all alarms and sends them to its subscribers"),
            DisplayName=Sub("sentiment ${Stage}"),
            KmsMasterKeyId=If(keys.WITH_KEY, Ref(key), Ref(AWS_NO_VALUE)),
            Tags=name_tag("alarms"),
        )
    )


def mail(template: Template, topic: sns.Topic, address: Parameter) -> sns.SubscriptionResource:
    """E-mail to the stage's operator, who has to confirm the address once."""
    template.add_condition(WITH_MAIL, Not(Equals(Ref(address), "")))
    return template.add_resource(
        sns.SubscriptionResource(
            "AlarmMail",
            Condition=WITH_MAIL,
            Metadata=purpose("E-mails every alarm to the stage's operator, once the address is confirmed"),
            Endpoint=Ref(address),
            Protocol="email",
            TopicArn=Ref(topic),
        )
    )
