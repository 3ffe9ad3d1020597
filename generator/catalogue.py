"""Names, ports, limits and labels: every fact that two parts of the system share, each written down once.

The stacks write these into the templates, the orchestrator reads them, and a contract test holds the Lambdas, the
container and the site (which are deployed alone and so read environment variables) against them. What Lambdas and
container hold in their own code, limits and names of attributes, is in ``container/shared`` and named here for the
templates. Only the standard library is imported here, so that deploying needs no Troposphere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared import counters, judgements, ledger, limits

PROJECT = "sentiment"
# No hyphen: policies name resources by ``sentiment-STAGE-*``, and dev's would reach those of dev-2. At most 12
# characters: CloudFormation shortens names of 64 characters and more, from the end of the stack's name too.
STAGE_NAME = "[a-z][a-z0-9]{0,11}"
STAGE_NAME_RULE = "a lower-case letter, then up to 11 lower-case letters or digits"
# What was allowed until November 2026: such a stage can still be looked at, exported and destroyed.
STAGE_NAME_BEFORE = "[a-z][a-z0-9-]{0,15}"

# What the model can predict and a user can choose, in the order in which they are shown everywhere.
LABELS = ("anger", "disgust", "fear", "guilt", "joy", "sadness", "shame")


@dataclass(frozen=True)
class Service:
    """The ECS service in a stack, for which a deployment waits.

    Attributes:
        cluster: Parameter with the cluster's name.
        name: Output with the service's name.
        task_definition: Output with the ARN of the task-definition revision that the stack has.
        image: Parameter with the image that it runs.
        min_tasks: Parameter with the minimum number of tasks.
    """

    cluster: str
    name: str
    task_definition: str
    image: str
    min_tasks: str


@dataclass(frozen=True)
class Canary:
    """The task of a new revision that runs beside the service's for a while.

    Attributes:
        image: Parameter with its image; empty while there is none.
        name: Output with the name of its service, while there is one.
        stream: what the names of its log streams begin with.
    """

    image: str = "CanaryImageUri"
    name: str = "CanaryName"
    stream: str = "canary"


CANARY = Canary()


@dataclass(frozen=True)
class Site:
    """The website in a stack, into whose bucket a deployment uploads the page.

    Attributes:
        bucket: Output with the bucket's name.
        url: Output with the page's address.
        distribution: Output with the CloudFront distribution's id, where there is one.
    """

    bucket: str
    url: str
    distribution: str


@dataclass(frozen=True)
class Stack:
    """One CloudFormation stack, and what a deployment must know about it beyond its template.

    Attributes:
        name: its short name.
        purpose: in one line, what it is for.
        apart: whether it is deployed on its own, by an administrator, rather than with the others.
        data: whether it holds what must survive it; such a stack is protected against termination where a stage asks.
        artifacts: Output with the name of the bucket that takes Lambda code and large templates; "" for none.
        lambda_code: Parameter with the key of the Lambdas' zip in that bucket; "" when it has no Lambda.
        registry: Output with the address that images are pushed to; only stages that push there have such a stack.
        zones: Output with the names of the availability zones that its subnets are in; "" when it has no subnet.
        service: its ECS service; None when it has none.
        site: its website; None when it has none.
    """

    name: str
    purpose: str
    apart: bool = False
    data: bool = False
    artifacts: str = ""
    lambda_code: str = ""
    registry: str = ""
    zones: str = ""
    service: Service | None = None
    site: Site | None = None


# In teaching order. The order of deployment is worked out from the stacks' inputs and outputs, not from this list.
STACKS = (
    Stack(
        "artifacts",
        "What every other stack builds on: buckets for uploads and access logs, alarm topic, key",
        artifacts="ArtifactsBucketName",
    ),
    Stack(
        "registry",
        "Registry of the container image, for stages that keep it in their own account",
        registry="RepositoryUri",
    ),
    Stack(
        "network",
        "VPC with two public subnets, routes, and security groups that admit only the necessary traffic",
        zones="Zones",
    ),
    Stack(
        "data",
        "Tables of judgements, of their counts and of what was erased, and the bucket of large exports",
        data=True,
    ),
    Stack("cluster", "ECS cluster on an Auto Scaling group of EC2 instances, behind an internal load balancer"),
    Stack(
        "service",
        "The RNN as an ECS service of one to three tasks",
        service=Service("ClusterName", "ServiceName", "TaskDefinitionArn", "ImageUri", "MinTasks"),
    ),
    Stack(
        "site",
        "The website's bucket and, if the stage wants HTTPS for it, its CloudFront distribution",
        site=Site("SiteBucketName", "SiteUrl", "DistributionId"),
    ),
    Stack(
        "api",
        "HTTP API: the private link to the RNN, and the Lambdas that record, export and count judgements",
        lambda_code="LambdaCodeKey",
    ),
    Stack(
        "operations",
        "Alarms for what users notice, the dashboard, the budget, and a daily check of image and certificate age",
        lambda_code="LambdaCodeKey",
    ),
    Stack(
        "pipeline",
        "What allows GitHub's pipelines to deploy: identity provider, one role each, and their boundary",
        apart=True,
    ),
)
# Parameters with the names of those zones; the orchestrator chooses them once (scripts/release/zones.py).
ZONE_PARAMETERS = ("FirstZone", "SecondZone")


def stack(name: str) -> Stack:
    """What is declared of a stack; only its name if it is not (or no longer) in ``STACKS``.

    Args:
        name: its short name.
    """
    return next((each for each in STACKS if each.name == name), Stack(name, ""))


def stack_name(stage: str, stack: str) -> str:
    """Name of a stack in CloudFormation, such as ``sentiment-dev-network``.

    Args:
        stage: name of the stage, such as ``dev``.
        stack: short name of one of ``STACKS``.
    """
    return f"{PROJECT}-{stage}-{stack}"


def is_stage_name(name: str) -> bool:
    """Whether a stage can be deployed under a name."""
    return re.fullmatch(STAGE_NAME, name) is not None


# Tags on every stack, and through CloudFormation on all its resources: they mark what is ours.
TAG_PROJECT = "project"
TAG_STAGE = "stage"

# --- the service -------------------------------------------------------------------------------------------------
CONTAINER_NAME = "rnn"
CONTAINER_PORT = 8000
HEALTH_PATH = "/healthz"
PREDICT_PATH = "/predict"
BATCH_PATH = "/predict/batch"
LISTENER_PORT = 80
# A connection without traffic is closed by the load balancer after this; the service must keep it open for longer.
LOAD_BALANCER_IDLE_SECONDS = 60
# Docker picks the host port of a task in bridge mode from here (the ECS agent's default range on Linux).
EPHEMERAL_PORTS = (32768, 65535)
# Environment variables that the container reads; the service stack sets each of them.
SERVICE_ENVIRONMENT = ("STAGE", "PORT", "WORKERS", "LOG_LEVEL")

# What instances boot and images are built for, by the architecture of the instance type: names of SSM parameters (ECS
# developer guide, "Retrieving Amazon ECS-optimized Linux AMI metadata", read 2026-11-27), and platforms of images.
MACHINE_IMAGES = {
    "amd64": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "arm64": "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
}

# --- receipts ----------------------------------------------------------------------------------------------------
# With each prediction the service returns a signed receipt, which the Lambda that records judgements verifies.
# The key is an SSM SecureString that the orchestrator makes; a task gets it as a secret in this variable.
RECEIPT_KEY_VARIABLE = "RECEIPT_KEY"


def receipt_key_name(stage: str) -> str:
    """Name of the SSM parameter that holds the keys of receipts, such as ``/sentiment/dev/receipt-key``.

    Args:
        stage: name of the stage; ``${Stage}`` in a template.
    """
    return f"/{PROJECT}/{stage}/receipt-key"


# --- limits of the API -------------------------------------------------------------------------------------------
MAX_REVIEW_CHARACTERS = limits.MAX_REVIEW_CHARACTERS
MAX_REVIEWS = limits.MAX_REVIEWS
MAX_BODY_BYTES = limits.MAX_BODY_BYTES
MAX_BATCH_BODY_BYTES = limits.MAX_BATCH_BODY_BYTES

# --- the Lambdas -------------------------------------------------------------------------------------------------
LAMBDA_RUNTIME = "python3.15"


@dataclass(frozen=True)
class Function:
    """One Lambda function.

    Attributes:
        name: module in ``lambda_src/``; its handler is ``<name>.handler``.
        method: HTTP method of its route; "" for a function that no route leads to.
        path: path of its route.
        purpose: what it is for, in one line.
        environment: names of the variables that its code reads.
        memory_mib: memory, which also sets its share of a CPU.
        timeout_seconds: after which Lambda ends it; an HTTP API waits at most 30.
    """

    name: str
    method: str
    path: str
    purpose: str
    environment: tuple[str, ...]
    memory_mib: int = 256
    timeout_seconds: int = 15

    @property
    def title(self) -> str:
        """Beginning of the logical ids of its resources."""
        return self.name.capitalize()


FUNCTIONS = (
    Function(
        "record",
        "POST",
        "/setSentiment",
        "Stores one judgement, once, and counts it",
        ("JUDGEMENTS_TABLE", "COUNTS_TABLE", "LEDGER_TABLE", "LABELS", "RECEIPT_KEY_PARAMETER", "JUDGEMENT_DAYS"),
    ),
    Function(
        "withdraw",
        "POST",
        "/withdraw",
        "Erases the judgement of a prediction for the visitor who has its receipt",
        ("JUDGEMENTS_TABLE", "COUNTS_TABLE", "LEDGER_TABLE", "RECEIPT_KEY_PARAMETER"),
    ),
    Function(
        "export",
        "GET",
        "/getcsv",
        "Writes all judgements as CSV: directly, or through the export bucket when they are many",
        ("JUDGEMENTS_TABLE", "EXPORTS_TABLE", "EXPORT_BUCKET", "EXPORT_WRITER", "EXPORT_TOKEN_PARAMETER"),
        timeout_seconds=29,
    ),
    Function(
        "stats",
        "GET",
        "/getStats",
        "Returns totals, live accuracy and the confusion matrix, by model revision",
        ("COUNTS_TABLE", "LABELS"),
    ),
)
# Called by another function, for work that takes longer than a request may.
WORKERS = (
    Function(
        "writer",
        "",
        "",
        "Writes a large export into the export bucket, part by part",
        ("JUDGEMENTS_TABLE", "EXPORTS_TABLE", "EXPORT_BUCKET"),
        timeout_seconds=900,
    ),
)
LAMBDAS = (*FUNCTIONS, *WORKERS)  # the functions that alarms watch
# Called by a schedule, in the operations stack.
WATCH = Function(
    "watch",
    "",
    "",
    "Checks once a day the age of machine image and certificates, and drift; keeps the VPC link in use",
    ("STAGE", "IMAGE_ID", "SITE_URL", "API_URL", "LABELS"),
    memory_mib=128,
    timeout_seconds=60,
)
# Called by a topic, in the operations stack.
SWITCH = Function(
    "switch",
    "",
    "",
    "Closes the API when its traffic or the account's bill exceeds what the stage allows, and says so",
    ("STAGE", "API_ID", "ALARM_TOPIC_ARN", "CLOSED_PARAMETER"),
    memory_mib=128,
    timeout_seconds=30,
)
# What the operations stack runs beside the API.
CARETAKERS = (WATCH, SWITCH)
API_STAGE = "$default"  # the API's one stage: its name is not part of any path
PREDICT_ROUTE = ("POST", "/getSentiment")
BATCH_ROUTE = ("POST", "/getSentiments")

# Key attributes of the tables.
JUDGEMENTS_KEY = judgements.KEY
COUNTS_KEY = counters.KEY
JUDGEMENTS_EXPIRY = judgements.EXPIRY
EXPORTS_KEY = ("id",)
EXPORTS = ("export", "export-raw")  # the items of that table: a large export of each form
LEDGER_KEY = ledger.KEY
COUNT_SHARDS = counters.COUNT_SHARDS

# --- the smoke test ----------------------------------------------------------------------------------------------
SMOKE_REVIEW = "I am so happy that this deployment works."
# Judgements of smoke tests are counted under revisions of their own, so that no count of a real model ever includes
# one, not even for the moment before it is removed again. The orchestrator may do that: it has the key of receipts.
SMOKE_MODEL_PREFIX = "smoke-"

# --- what a stage stores in SSM parameters, below /sentiment/STAGE/ --------------------------------------------
LOCK_PATH = "lock"  # a parameter for each generation of the lock: lock/1, lock/2, ...
HISTORY_PARAMETER = "images"
CLOSED_PARAMETER = "api-closed"  # why the switch has closed the API; not there while it is open
# Images that a stage remembers as having worked: the one that runs, and those that it can be rolled back to. Its own
# registry keeps these and the newest that were pushed, and together they stay within the 500 MB a month that are free
# in an account's first year (aws.amazon.com/ecr/pricing, read 2026-11-27). Registries store layers compressed, and
# shared ones once; tests/image measures what an image has at most.
IMAGES_KEPT = 3
IMAGES_PUSHED = 2
IMAGE_MB = 100
KEPT_PREFIX = "kept-"  # of the tag that keeps an image in the stage's own registry

# --- the pipelines -----------------------------------------------------------------------------------------------
GITHUB_ISSUER = "token.actions.githubusercontent.com"
GITHUB_AUDIENCE = "sts.amazonaws.com"
# Output with the ARN of the role that CloudFormation deploys with, where a stage has pipelines.
DEPLOY_ROLE = "DeployRoleArn"
# Each deploys from GitHub environments of its own, named STAGE-PIPELINE: its role trusts those and no other.
PIPELINES = ("site", "service", "infrastructure", "plan", "retrain")
# The pipeline that a schedule on AWS may start: its workflow, the input that names the stage, the branch that it runs
# on, and the ends of two names: of the schedule's rule, and of the secret that has GitHub's token.
RETRAIN_WORKFLOW = "retrain.yml"
RETRAIN_INPUT = "stage"
MAIN_BRANCH = "main"
RETRAIN_RULE = "retrain"
GITHUB_TOKEN_SECRET = "github-token"  # noqa: S105 - its name
# What the watch (lambda_src/watch.py) reports once a day, and alarms read.
WATCH_NAMESPACE = "Sentiment"
WATCH_IMAGE_METRIC = "ImageAgeDays"
WATCH_CERTIFICATE_METRIC = "CertificateDaysLeft"
WATCH_DRIFT_METRIC = "Drift"

# --- the site ----------------------------------------------------------------------------------------------------
SITE_INDEX = "index.html"
SITE_ERROR = "error.html"
SITE_CONFIG = "config.json"
