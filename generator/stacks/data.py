"""Stack of the data that must never be lost, judgements and their counts, and of the resources for large exports."""

from __future__ import annotations

from troposphere import GetAtt, Parameter, Ref, Template, dynamodb, s3

from generator import buckets
from generator.building import DISPOSABLE, PRECIOUS, add_output, name_tag, new_template, policy, purpose
from generator.catalogue import COUNTS_KEY, EXPORTS_KEY, JUDGEMENTS_EXPIRY, JUDGEMENTS_KEY, LEDGER_KEY
from generator.parameters import parameter

STRING, NUMBER = "S", "N"


def build() -> Template:
    """Template of the stack."""
    template = new_template("data")
    parameter(template, "Stage")
    protection = parameter(template, "DeletionProtection")
    days = parameter(template, "ExportDays")

    judgements = judgements_table(template, protection)
    counts = counts_table(template, protection)
    ledger = ledger_table(template, protection)
    under_way = exports_table(template)
    exports = export_bucket(template, days)
    export_bucket_policy(template, exports)

    tables = {"JudgementsTable": judgements, "CountsTable": counts, "LedgerTable": ledger, "ExportsTable": under_way}
    for name, table in tables.items():
        add_output(template, f"{name}Name", Ref(table), f"Name of {name}")
        add_output(template, f"{name}Arn", GetAtt(table, "Arn"), f"ARN of {name}")
    add_output(template, "ExportBucketName", Ref(exports), "Name of the bucket of large exports")
    add_output(template, "ExportBucketArn", GetAtt(exports, "Arn"), "ARN of the bucket of large exports")
    return template


def judgements_table(template: Template, protection: Parameter) -> dynamodb.Table:
    """Every judgement, append-only: the text, the user's label, and the prediction."""
    text = "Stores every judgement, append-only: the only data here that cannot be rebuilt"
    table = _table(template, "JudgementsTable", "judgements", text, JUDGEMENTS_KEY, (STRING, STRING), protection)
    # Only judgements of stages with a retention period have the attribute.
    table.TimeToLiveSpecification = dynamodb.TimeToLiveSpecification(AttributeName=JUDGEMENTS_EXPIRY, Enabled=True)
    return table


def counts_table(template: Template, protection: Parameter) -> dynamodb.Table:
    """Counters by model revision, written in the same transaction as the judgements they count."""
    text = "Counts judgements by model revision, so that statistics need not read every judgement"
    return _table(template, "CountsTable", "counts", text, COUNTS_KEY, (STRING, NUMBER), protection)


def ledger_table(template: Template, protection: Parameter) -> dynamodb.Table:
    """Which judgement of a prediction counts, and what has been erased; written with the judgements it is about."""
    text = "Records which judgement of a prediction counts, and what was erased and must not come back"
    table = _table(template, "LedgerTable", "ledger", text, LEDGER_KEY, (STRING, STRING), protection)
    # A prediction's entry goes with its judgements; what was erased is remembered always.
    table.TimeToLiveSpecification = dynamodb.TimeToLiveSpecification(AttributeName=JUDGEMENTS_EXPIRY, Enabled=True)
    return table


def exports_table(template: Template) -> dynamodb.Table:
    """Progress of the large export being written: one item, obsolete once it is complete."""
    (key,) = EXPORTS_KEY
    return template.add_resource(
        dynamodb.Table(
            "ExportsTable",
            **DISPOSABLE,
            Metadata=purpose("Records the progress of the large export, so that it resumes where it stopped"),
            AttributeDefinitions=[dynamodb.AttributeDefinition(AttributeName=key, AttributeType=STRING)],
            KeySchema=[dynamodb.KeySchema(AttributeName=key, KeyType="HASH")],
            BillingMode="PAY_PER_REQUEST",
            PointInTimeRecoverySpecification=dynamodb.PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
            SSESpecification=dynamodb.SSESpecification(SSEEnabled=True, SSEType="KMS"),
            Tags=name_tag("exports"),
        )
    )


def _table(
    template: Template,
    title: str,
    suffix: str,
    text: str,
    key: tuple[str, str],
    types: tuple[str, str],
    protection: Parameter,
) -> dynamodb.Table:
    """A table billed per request, encrypted, restorable to any second of the last 35 days, kept when the stack goes."""
    return template.add_resource(
        dynamodb.Table(
            title,
            **PRECIOUS,
            Metadata=purpose(text),
            AttributeDefinitions=[
                dynamodb.AttributeDefinition(AttributeName=name, AttributeType=type_)
                for name, type_ in zip(key, types, strict=True)
            ],
            KeySchema=[
                dynamodb.KeySchema(AttributeName=name, KeyType=role)
                for name, role in zip(key, ("HASH", "RANGE"), strict=True)
            ],
            BillingMode="PAY_PER_REQUEST",
            DeletionProtectionEnabled=Ref(protection),
            PointInTimeRecoverySpecification=dynamodb.PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
            SSESpecification=dynamodb.SSESpecification(SSEEnabled=True, SSEType="KMS"),
            Tags=name_tag(suffix),
        )
    )


def export_bucket(template: Template, days: Parameter) -> s3.Bucket:
    """Exports too large for a response. Deleted and expired ones are removed permanently a day later."""
    text = "Stores large CSV exports until they expire; any page may read them, as the signed URL protects them"
    return template.add_resource(
        s3.Bucket(
            "ExportBucket",
            **DISPOSABLE,
            Metadata=purpose(text),
            BucketEncryption=buckets.encrypted(),
            CorsConfiguration=readable_across_origins(),
            LifecycleConfiguration=buckets.lifecycle(
                Expiry={"ExpirationInDays": Ref(days)}, OldVersions=buckets.old_versions_expire(days=1)
            ),
            LoggingConfiguration=buckets.logged_to(Ref(parameter(template, "LogBucketName")), "exports"),
            NotificationConfiguration=buckets.announced(),
            OwnershipControls=buckets.owned(),
            PublicAccessBlockConfiguration=buckets.CLOSED,
            Tags=name_tag("exports"),
            VersioningConfiguration=buckets.VERSIONED,
        )
    )


def readable_across_origins() -> s3.CorsConfiguration:
    """CORS of the export bucket: a page redirected here from the API sends ``Origin: null``, so only ``*`` fits."""
    rule = s3.CorsRules(AllowedMethods=["GET"], AllowedOrigins=["*"], ExposedHeaders=["Content-Disposition"])
    return s3.CorsConfiguration(CorsRules=[rule])


def export_bucket_policy(template: Template, bucket: s3.Bucket) -> s3.BucketPolicy:
    """Its policy."""
    text = "Denies access to the export bucket without TLS"
    return buckets.add_policy(template, bucket, "ExportBucketPolicy", policy(buckets.tls_only(bucket)), text)
