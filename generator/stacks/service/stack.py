"""Stack of the RNN: task definition, ECS service with rolling deployments, target group, scaling, log group."""

from __future__ import annotations

from awacs import ecr, ssm
from troposphere import (
    Equals,
    GetAtt,
    If,
    Parameter,
    Ref,
    Sub,
    Template,
    applicationautoscaling,
    cloudwatch,
    ecs,
    iam,
    logs,
)
from troposphere import elasticloadbalancingv2 as elb

from generator import alarms, boundary, catalogue, keys
from generator.building import (
    DISPOSABLE,
    add_output,
    allow,
    assumable_by,
    name_tag,
    new_template,
    policy,
    purpose,
    receipt_key_arn,
    stage_name,
    write_to,
)
from generator.parameters import parameter
from generator.stacks.service import canary, container

DRAIN_SECONDS = 20  # for requests in flight; the API waits no longer than 10 s for any
WORK_TARGET = 0.5  # requests in hand of a task: it is busy half of the time
WORK_METRICS = (
    ("requests", "RequestCount", "Sum"),
    ("seconds", "TargetResponseTime", "Average"),
    ("tasks", "HealthyHostCount", "Average"),
)
FAILURES = 5  # a minute
SLOW_SECONDS = 1
NO_TASK_MINUTES = 5  # waking takes some three: an instance starts, joins and pulls the image
ASLEEP = "Asleep"


def build() -> Template:
    """Template of the stack."""
    template = new_template("service")
    parameter(template, "Stage")

    log_group = the_log_group(template, parameter(template, "LogDays"))
    role = execution_role(template, log_group)
    task = task_definition(template, role, log_group)
    targets = target_group(template, parameter(template, "VpcId"))
    rule = listener_rule(template, parameter(template, "ListenerArn"), targets)
    alarms_of_deployment = [failing(template, targets), slow(template, targets)]
    service = the_service(template, task, targets, rule, alarms_of_deployment)
    seen = [*alarms_of_deployment, no_task(template, targets, service)]
    scaled = scalable_target(template, service)
    scale_by_requests(template, scaled, targets)
    scale_by_work(template, scaled, targets)
    shared = behind_the_balancer(template, targets) | {"DependsOn": service.title}
    canary.add(template, role, log_group, shared, parameter(template, "ClusterName"))

    add_output(template, "ServiceName", GetAtt(service, "Name"), "ECS service")
    add_output(template, "TaskDefinitionArn", Ref(task), "Revision that the service is to run")
    full_name = GetAtt(targets, "TargetGroupFullName")
    add_output(template, "TargetGroupFullName", full_name, "Target group's name in metrics")
    for alarm in seen:
        add_output(template, f"{alarm.title}Arn", GetAtt(alarm, "Arn"), f"Alarm {alarm.title}")
    add_output(template, "LogGroupName", Ref(log_group), "Log group of the tasks")
    return template


def the_log_group(template: Template, days: Parameter) -> logs.LogGroup:
    """The tasks' output."""
    return template.add_resource(
        logs.LogGroup(
            "LogGroup",
            **DISPOSABLE,
            Metadata=purpose("Log of the tasks: latency, status and model revision, never what users typed"),
            RetentionInDays=Ref(days),
            KmsKeyId=keys.encryption(template),
            Tags=name_tag("service"),
        )
    )


def execution_role(template: Template, log_group: logs.LogGroup) -> iam.Role:
    """The execution role, with which ECS starts a task. The task itself makes no AWS calls, so it has no role."""
    pull = [ecr.BatchCheckLayerAvailability, ecr.BatchGetImage, ecr.GetDownloadUrlForLayer]
    repositories = Sub("arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*")
    document = policy(
        write_to(log_group),
        allow(pull, repositories),
        allow([ecr.GetAuthorizationToken], "*"),  # AWS offers no narrower form
        allow([ssm.GetParameters], receipt_key_arn()),
    )
    return template.add_resource(
        iam.Role(
            "ExecutionRole",
            Metadata=purpose(
                "Allows ECS to pull the image, pass on the key and write the log; the task itself has no role"
            ),
            AssumeRolePolicyDocument=assumable_by("ecs-tasks.amazonaws.com"),
            Policies=[iam.Policy(PolicyName="start-task", PolicyDocument=document)],
            PermissionsBoundary=boundary.of_roles(template),
            Tags=name_tag("execution"),
        )
    )


def task_definition(template: Template, role: iam.Role, log_group: logs.LogGroup) -> ecs.TaskDefinition:
    """One task: one container. The family has a fixed name, so that its revisions form one history."""
    return template.add_resource(
        ecs.TaskDefinition(
            "TaskDefinition",
            Metadata=purpose("Defines a task: its image, its share of the instance, and its restrictions"),
            Family=stage_name(catalogue.CONTAINER_NAME),
            RequiresCompatibilities=["EC2"],
            NetworkMode="bridge",
            ExecutionRoleArn=GetAtt(role, "Arn"),
            ContainerDefinitions=[container.definition(template, log_group)],
            Tags=name_tag(catalogue.CONTAINER_NAME),
        )
    )


def target_group(template: Template, vpc: Parameter) -> elb.TargetGroup:
    """The running tasks; each registers with the port that Docker picked for it."""
    attributes = {
        "deregistration_delay.timeout_seconds": str(DRAIN_SECONDS),
        "load_balancing.algorithm.type": "least_outstanding_requests",
    }
    return template.add_resource(
        elb.TargetGroup(
            "TargetGroup",
            Metadata=purpose("Lists the healthy tasks; checks the health of each every five seconds"),
            TargetType="instance",
            VpcId=Ref(vpc),
            Protocol="HTTP",
            Port=catalogue.CONTAINER_PORT,
            HealthCheckPort="traffic-port",
            HealthCheckPath=catalogue.HEALTH_PATH,
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=3,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
            Matcher=elb.Matcher(HttpCode="200"),
            TargetGroupAttributes=[elb.TargetGroupAttribute(Key=key, Value=value) for key, value in attributes.items()],
            Tags=name_tag("tasks"),
        )
    )


def listener_rule(template: Template, listener: Parameter, targets: elb.TargetGroup) -> elb.ListenerRule:
    """Everything that reaches the listener goes to the tasks."""
    return template.add_resource(
        elb.ListenerRule(
            "ListenerRule",
            Metadata=purpose("Sends what reaches the load balancer to the tasks"),
            ListenerArn=Ref(listener),
            Priority=1,
            Conditions=[elb.Condition(Field="path-pattern", PathPatternConfig=elb.PathPatternConfig(Values=["/*"]))],
            Actions=[elb.ListenerRuleAction(Type="forward", TargetGroupArn=Ref(targets))],
        )
    )


def the_service(
    template: Template,
    task: ecs.TaskDefinition,
    targets: elb.TargetGroup,
    rule: elb.ListenerRule,
    rolls_back: list[cloudwatch.Alarm],
) -> ecs.Service:
    """The service. No desired count: scaling sets it, and an update must not set it back."""
    return template.add_resource(
        ecs.Service(
            "Service",
            DependsOn=rule.title,
            Metadata=purpose(
                "Keeps the tasks running, and rolls out a new revision while enough old tasks keep answering"
            ),
            Cluster=Ref(parameter(template, "ClusterName")),
            TaskDefinition=Ref(task),
            DeploymentConfiguration=ecs.DeploymentConfiguration(
                MinimumHealthyPercent=100,
                MaximumPercent=200,
                # Tasks that do not start end a deployment, and so do tasks that start and then serve badly.
                DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(Enable=True, Rollback=True),
                Alarms=ecs.DeploymentAlarms(
                    AlarmNames=[Ref(alarm) for alarm in rolls_back], Enable=True, Rollback=True
                ),
            ),
            **behind_the_balancer(template, targets),
            Tags=name_tag("service"),
        )
    )


def behind_the_balancer(template: Template, targets: elb.TargetGroup) -> dict[str, object]:
    """Where tasks run and how requests reach them, as properties of a service."""
    return {
        "CapacityProviderStrategy": [
            ecs.CapacityProviderStrategyItem(
                CapacityProvider=Ref(parameter(template, "CapacityProviderName")), Weight=1
            )
        ],
        "LoadBalancers": [
            ecs.LoadBalancer(
                ContainerName=catalogue.CONTAINER_NAME,
                ContainerPort=catalogue.CONTAINER_PORT,
                TargetGroupArn=Ref(targets),
            )
        ],
        "HealthCheckGracePeriodSeconds": 30,
        "PlacementStrategies": [
            ecs.PlacementStrategy(Type="spread", Field="attribute:ecs.availability-zone"),
            ecs.PlacementStrategy(Type="binpack", Field="memory"),
        ],
        # Rebalancing tasks between zones would keep a second instance running just for balance.
        "AvailabilityZoneRebalancing": "DISABLED",
        "EnableECSManagedTags": True,
        "PropagateTags": "SERVICE",
    }


def failing(template: Template, targets: elb.TargetGroup) -> cloudwatch.Alarm:
    """The alarm for tasks that return server errors."""
    watched = alarms.metric("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", **of_tasks(template, targets))
    text = "Tasks return errors (5xx); a deployment in progress is rolled back"
    return alarms.add(template, "ServiceFails", text, watched, above=FAILURES, times=(2, 3))


def slow(template: Template, targets: elb.TargetGroup) -> cloudwatch.Alarm:
    """The alarm for predictions that take far too long."""
    watched = alarms.metric("AWS/ApplicationELB", "TargetResponseTime", "p95", **of_tasks(template, targets))
    text = "One prediction in twenty takes longer than a second; a deployment in progress is rolled back"
    return alarms.add(template, "ServiceSlow", text, watched, above=SLOW_SECONDS, times=(3, 5))


def no_task(template: Template, targets: elb.TargetGroup, service: ecs.Service) -> cloudwatch.Alarm:
    """The alarm for a service without a healthy task, which a stage that is asleep is meant to have.

    It is made after the service, whose first task takes some minutes.
    """
    template.add_condition(ASLEEP, Equals(Ref(parameter(template, "MaxTasks")), 0))
    healthy = alarms.metric("AWS/ApplicationELB", "HealthyHostCount", "Maximum", **of_tasks(template, targets))
    return alarms.add(
        template,
        "NoTask",
        "No task is healthy: there are no predictions",
        healthy,
        below=If(ASLEEP, 0, 1),
        times=(NO_TASK_MINUTES, NO_TASK_MINUTES),
        silence=If(ASLEEP, "notBreaching", "breaching"),
        DependsOn=service.title,
    )


def of_tasks(template: Template, targets: elb.TargetGroup) -> dict[str, Ref | GetAtt]:
    """The dimensions of the metrics."""
    return {
        "LoadBalancer": Ref(parameter(template, "LoadBalancerFullName")),
        "TargetGroup": GetAtt(targets, "TargetGroupFullName"),
    }


def scalable_target(template: Template, service: ecs.Service) -> applicationautoscaling.ScalableTarget:
    """The number that scaling changes: the service's desired count."""
    return template.add_resource(
        applicationautoscaling.ScalableTarget(
            "ScalableTarget",
            Metadata=purpose("Allows scaling to set the number of tasks within the stage's bounds"),
            ServiceNamespace="ecs",
            ScalableDimension="ecs:service:DesiredCount",
            ResourceId=Sub(f"service/${{ClusterName}}/${{{service.title}.Name}}"),
            MinCapacity=Ref(parameter(template, "MinTasks")),
            MaxCapacity=Ref(parameter(template, "MaxTasks")),
        )
    )


def scale_by_requests(
    template: Template, target: applicationautoscaling.ScalableTarget, targets: elb.TargetGroup
) -> applicationautoscaling.ScalingPolicy:
    """Enough tasks to keep the requests per task at the stage's target."""
    balancer = parameter(template, "LoadBalancerFullName")
    metric = applicationautoscaling.PredefinedMetricSpecification(
        PredefinedMetricType="ALBRequestCountPerTarget",
        ResourceLabel=Sub(f"${{{balancer.title}}}/${{{targets.title}.TargetGroupFullName}}"),
    )
    text = "Adds and removes tasks so that each gets about the target number of requests a minute"
    per_task = Ref(parameter(template, "RequestsPerTask"))
    return _scaling_policy(template, "ScaleByRequests", "requests", text, target, metric, per_task)


def scale_by_work(
    template: Template, target: applicationautoscaling.ScalableTarget, targets: elb.TargetGroup
) -> applicationautoscaling.ScalingPolicy:
    """More tasks if requests are few but expensive, or wait.

    What the tasks have in hand at a time is, by Little's law, the requests that come times the time that each takes. A
    task works at one request at a time, so this is the share of its time that it is busy; and more, once requests wait
    for each other. Unlike CPU it also shows an instance that has no CPU credits left.
    """
    of = [
        applicationautoscaling.TargetTrackingMetricDimension(Name=key, Value=value)
        for key, value in of_tasks(template, targets).items()
    ]
    queries = [
        applicationautoscaling.TargetTrackingMetricDataQuery(
            Id=key,
            ReturnData=False,
            MetricStat=applicationautoscaling.TargetTrackingMetricStat(
                Metric=applicationautoscaling.TargetTrackingMetric(
                    Namespace="AWS/ApplicationELB", MetricName=name, Dimensions=of
                ),
                Stat=statistic,
            ),
        )
        for key, name, statistic in WORK_METRICS
    ]
    # The number of tasks is reported even if there are no requests; a metric without a value would stop scaling in.
    work = applicationautoscaling.TargetTrackingMetricDataQuery(
        Id="work",
        Expression="FILL(requests,0)*FILL(seconds,0)/60/tasks",
        Label="Requests in hand of each task",
        ReturnData=True,
    )
    metric = applicationautoscaling.CustomizedMetricSpecification(Metrics=[*queries, work])
    text = "Also adds tasks when requests are few but expensive, or wait for each other"
    return _scaling_policy(template, "ScaleByWork", "work", text, target, metric, WORK_TARGET)


def _scaling_policy(
    template: Template,
    title: str,
    name: str,
    text: str,
    target: applicationautoscaling.ScalableTarget,
    metric: applicationautoscaling.PredefinedMetricSpecification | applicationautoscaling.CustomizedMetricSpecification,
    value: Ref | float,
) -> applicationautoscaling.ScalingPolicy:
    """Target tracking: scales out within half a minute, in only after two."""
    customized = isinstance(metric, applicationautoscaling.CustomizedMetricSpecification)
    return template.add_resource(
        applicationautoscaling.ScalingPolicy(
            title,
            Metadata=purpose(text),
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            ScalingTargetId=Ref(target),
            TargetTrackingScalingPolicyConfiguration=(
                applicationautoscaling.TargetTrackingScalingPolicyConfiguration(
                    TargetValue=value,
                    **{f"{'Customized' if customized else 'Predefined'}MetricSpecification": metric},
                    ScaleOutCooldown=30,
                    ScaleInCooldown=120,
                )
            ),
        )
    )
