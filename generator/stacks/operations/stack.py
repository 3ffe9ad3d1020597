"""Stack for operators: alarms for what users notice, a dashboard, a budget, and the daily check of age.

Three alarms are not here but in the service stack. Two also end a deployment that goes wrong, so they must exist before
the service does; the third must fall silent with the service when the stage is put to sleep.
"""

from __future__ import annotations

from troposphere import Ref, Template, budgets, cloudwatch

from generator import alarms, keys, regions
from generator.alarms import metric, total
from generator.building import add_output, new_template, not_in, purpose, stage_name
from generator.catalogue import LAMBDAS, RETRAIN_RULE
from generator.parameters import parameter
from generator.stacks.operations import dashboard, switch, watch
from generator.stacks.pipeline import schedule

FIVE_MINUTES = 300
SLOW_MS = 2_000  # a prediction takes some 10 ms; a person notices after about a second
FAILURES = 5  # in five minutes; one or two may be a broken connection
CALLS = ("GetItem", "PutItem", "Scan", "TransactWriteItems")  # operations by which DynamoDB counts its own errors
FULL_MINUTES = 15
OLD_IMAGE_DAYS = 60  # AWS publishes a new image about every second week
CERTIFICATE_DAYS = 21  # AWS renews its own 60 days before they end
WARN_PERCENT = 80
DRIFT = 0.25  # of a day's predictions; chance alone makes it 0.08 (lambda_src/drift.py)


def build() -> Template:
    """Template of the stack."""
    template = new_template("operations")
    parameter(template, "Stage")
    keys.encryption(template)
    rings = [
        *api_alarms(template),
        *target_alarms(template),
        *lambda_alarms(template),
        *table_alarms(template),
        full(template),
        *watch.add(template),
        *switch.add(template),
        *age_alarms(template),
        drift(template),
    ]
    retrain_fails(template)
    board = dashboard.add(template, rings)
    the_budget(template)
    add_output(template, "DashboardName", Ref(board), "Dashboard of the stage in CloudWatch")
    return template


def api_alarms(template: Template) -> list[cloudwatch.Alarm]:
    """What clients of the API notice, whatever the cause."""
    api = {"ApiId": Ref(parameter(template, "ApiId"))}
    failures = metric("AWS/ApiGateway", "5xx", "Sum", FIVE_MINUTES, **api)
    slow = metric("AWS/ApiGateway", "Latency", "p95", FIVE_MINUTES, **api)
    text = f"One API request in twenty has taken longer than {SLOW_MS // 1000} s for ten minutes"
    return [
        alarms.add(template, "ApiFails", "The API has returned server errors (5xx)", failures, above=FAILURES),
        alarms.add(template, "ApiSlow", text, slow, above=SLOW_MS, times=(2, 2)),
    ]


def target_alarms(template: Template) -> list[cloudwatch.Alarm]:
    """Whether the load balancer finds a task; whether one is healthy is watched where the tasks are."""
    balancer = {"LoadBalancer": Ref(parameter(template, "LoadBalancerFullName"))}
    failures = metric("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", FIVE_MINUTES, **balancer)
    text = "The load balancer found no task to answer"
    return [alarms.add(template, "BalancerFails", text, failures, above=FAILURES)]


def lambda_alarms(template: Template) -> list[cloudwatch.Alarm]:
    """Errors and throttles of all functions of the API together; the dashboard shows which."""
    names = {one.name: {"FunctionName": Ref(parameter(template, f"{one.title}FunctionName"))} for one in LAMBDAS}
    errors = total("AWS/Lambda", {key: ("Errors", of) for key, of in names.items()}, FIVE_MINUTES)
    throttles = total("AWS/Lambda", {key: ("Throttles", of) for key, of in names.items()}, FIVE_MINUTES)
    return [
        alarms.add(template, "LambdaFails", "A Lambda of the API failed or timed out", errors, above=1),
        alarms.add(template, "LambdaThrottled", "Lambdas of the API were throttled", throttles, above=1),
    ]


def table_alarms(template: Template) -> list[cloudwatch.Alarm]:
    """Whether the tables serve all requests."""
    tables = {
        key: Ref(parameter(template, name))
        for key, name in (("judgements", "JudgementsTableName"), ("counts", "CountsTableName"))
    }
    throttled = {
        f"{key}{kind}": (f"{kind}ThrottleEvents", {"TableName": table})
        for key, table in tables.items()
        for kind in ("Read", "Write")
    }
    broken = {
        f"{key}{call}": ("SystemErrors", {"TableName": table, "Operation": call})
        for key, table in tables.items()
        for call in CALLS
    }
    errors, throttles = total("AWS/DynamoDB", broken, FIVE_MINUTES), total("AWS/DynamoDB", throttled, FIVE_MINUTES)
    return [
        alarms.add(template, "TableFails", "DynamoDB failed to read or write", errors, above=FAILURES),
        alarms.add(template, "TableThrottled", "A table is throttled", throttles, above=FAILURES),
    ]


def full(template: Template) -> cloudwatch.Alarm:
    """Whether there is no room left to scale out."""
    group = {"AutoScalingGroupName": Ref(parameter(template, "AutoScalingGroupName"))}
    running = metric("AWS/AutoScaling", "GroupInServiceInstances", "Minimum", **group)
    most = Ref(parameter(template, "MaxInstances"))
    text = f"The maximum number of instances has been running for {FULL_MINUTES} minutes: no room to scale out"
    return alarms.add(template, "ClusterFull", text, running, above=most, times=(FULL_MINUTES, FULL_MINUTES))


def age_alarms(template: Template) -> list[cloudwatch.Alarm]:
    """Whether image and certificates were renewed: the watch reports their age once a day."""
    stage = {"Stage": Ref("Stage")}
    image = metric(watch.NAMESPACE, watch.IMAGE_AGE, "Maximum", alarms.DAY, **stage)
    certificate = metric(watch.NAMESPACE, watch.CERTIFICATE_LEFT, "Minimum", alarms.DAY, **stage)
    old = f"The instances' machine image is older than {OLD_IMAGE_DAYS} days: deploy to get the newest"
    ends = f"A public certificate expires within {CERTIFICATE_DAYS} days"
    return [
        alarms.add(template, "ImageOld", old, image, above=OLD_IMAGE_DAYS),
        alarms.add(template, "CertificateEnds", ends, certificate, below=CERTIFICATE_DAYS),
    ]


def drift(template: Template) -> cloudwatch.Alarm:
    """Whether today's predictions are others than last month's: the watch reports their distance once a day."""
    shifted = metric(watch.NAMESPACE, watch.DRIFT, "Maximum", alarms.DAY, Stage=Ref("Stage"))
    text = "A day's mix of labels and abstentions is far from the month's before: users may write about other things"
    return alarms.add(template, "Drift", text, shifted, above=DRIFT)


def retrain_fails(template: Template) -> cloudwatch.Alarm:
    """Whether GitHub took the schedule's calls, where there is a schedule; not on the dashboard, which always is."""
    schedule.switched_on(template)
    failed = metric("AWS/Events", "FailedInvocations", "Sum", alarms.DAY, RuleName=stage_name(RETRAIN_RULE))
    text = "GitHub refused the call that starts the retraining: its token may have expired"
    return alarms.add(template, "RetrainFails", text, failed, above=1, Condition=schedule.HAS_SCHEDULE)


def the_budget(template: Template) -> budgets.Budget:
    """What the account may cost. Not by tag: a tag counts only once it is activated in Billing.

    CloudFormation names it: names are unique in the account, and other notifications mean another budget.
    """
    topic = Ref(parameter(template, "AlarmTopicArn"))
    tells = (("ACTUAL", WARN_PERCENT, topic), ("FORECASTED", 100, topic), ("ACTUAL", 100, switch.subscriber(template)))
    limit = Ref(parameter(template, "MonthlyBudget"))
    return template.add_resource(
        budgets.Budget(
            "Budget",
            Condition=not_in(template, "RegionHasBudgets", regions.NO_BUDGET_BY_DEFAULT),
            Metadata=purpose(
                "Warns when the account's bill nears the monthly budget, and closes the API when it is used up"
            ),
            Budget=budgets.BudgetData(
                BudgetType="COST",
                TimeUnit="MONTHLY",
                BudgetLimit=budgets.Spend(Amount=limit, Unit="USD"),
            ),
            NotificationsWithSubscribers=[
                budgets.NotificationWithSubscribers(
                    Notification=budgets.Notification(
                        NotificationType=kind,
                        ComparisonOperator="GREATER_THAN",
                        Threshold=percent,
                        ThresholdType="PERCENTAGE",
                    ),
                    Subscribers=[budgets.Subscriber(Address=address, SubscriptionType="SNS")],
                )
                for kind, percent, address in tells
            ],
        )
    )
