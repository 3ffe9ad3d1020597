"""Stacks against each other: where each Parameter gets its value, which ports and paths meet, who is let in."""

from __future__ import annotations

import ipaddress
import math
import re

import pytest

from generator import catalogue
from generator.parameters import DEFINITIONS, setting_name
from scripts.stage.settings import ORCHESTRATOR_KEYS, load, pascal
from sentiment import turns
from tests.contracts import evaluating
from tests.contracts.evaluating import Asked
from tests.contracts.reading import STAGES, TEMPLATES, nodes, resource, resources_of

COMPUTED = {"Stage", "LambdaCodeKey", "ImageUri", "InstanceImageId", *catalogue.ZONE_PARAMETERS}
# What each stack hands on, by name: the other parts of the project read these.
OUTPUTS = {
    "artifacts": {"ArtifactsBucketName", "LogBucketName", "LogBucketDomainName", "KeyArn", "AlarmTopicArn"},
    "registry": {"RepositoryUri"},
    "network": {
        "VpcId",
        "Zones",
        "PublicSubnetIds",
        "LinkSecurityGroupId",
        "LoadBalancerSecurityGroupId",
        "InstanceSecurityGroupId",
        "InstanceSubnetIds",
        "LambdaSecurityGroupId",
        "LambdaNetworkPolicyArn",
    },
    "data": {
        "JudgementsTableName",
        "JudgementsTableArn",
        "CountsTableName",
        "CountsTableArn",
        "LedgerTableName",
        "LedgerTableArn",
        "ExportsTableName",
        "ExportsTableArn",
        "ExportBucketName",
        "ExportBucketArn",
    },
    "cluster": {
        "ClusterName",
        "CapacityProviderName",
        "AutoScalingGroupName",
        "ImageId",
        "ListenerArn",
        "LoadBalancerFullName",
    },
    "service": {
        "CanaryName",
        "ServiceName",
        "TaskDefinitionArn",
        "TargetGroupFullName",
        "LogGroupName",
        "NoTaskArn",
        "ServiceFailsArn",
        "ServiceSlowArn",
    },
    "site": {"SiteBucketName", "SiteUrl", "DistributionId"},
    "api": {"ApiUrl", "ApiId", *(f"{function.title}FunctionName" for function in catalogue.LAMBDAS)},
    "operations": {"DashboardName", "TrafficCostsName"},
    "pipeline": {
        "SiteRoleArn",
        "ServiceRoleArn",
        "InfrastructureRoleArn",
        "PlanRoleArn",
        "RetrainRoleArn",
        "DeployRoleArn",
        "IdentityProviderInUse",
    },
}
SETTINGS = {pascal(key): value for key, value in STAGES["defaults"].items() if key not in ORCHESTRATOR_KEYS}
PARAMETERS = [
    (stack, name, body) for stack, template in TEMPLATES.items() for name, body in template["Parameters"].items()
]


def get_att(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


# --- parameters and outputs ------------------------------------------------------------------------------------


def test_each_stack_puts_out_what_the_others_count_on():
    assert {stack: set(template["Outputs"]) for stack, template in TEMPLATES.items()} == OUTPUTS


@pytest.mark.parametrize(("stack", "name", "body"), PARAMETERS, ids=[f"{s}.{n}" for s, n, _ in PARAMETERS])
def test_every_parameter_has_exactly_one_source(stack, name, body):
    sources = [other for other, template in TEMPLATES.items() if other != stack and name in template["Outputs"]]
    sources += ["computed"] if name in COMPUTED else []
    sources += ["setting"] if name in SETTINGS else []
    if not sources and "Default" in body:
        sources = ["default"]
    assert len(sources) == 1


def test_a_subnet_is_in_a_zone_that_the_orchestrator_keeps_for_the_stages_life():
    """A subnet whose zone changes is created again with the same addresses, which EC2 refuses."""
    subnets = resources_of("network", "AWS::EC2::Subnet").values()
    zones = [each["AvailabilityZone"] for each in subnets]
    assert sorted(each["Ref"] for each in zones) == sorted([*catalogue.ZONE_PARAMETERS] * (len(subnets) // 2))
    assert not any("AvailabilityZoneId" in each for each in subnets)


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_of_a_stage_is_a_parameter_with_that_default(setting):
    having = [template["Parameters"][setting] for template in TEMPLATES.values() if setting in template["Parameters"]]
    assert having, f"no template has the Parameter {setting}; is {setting_name(setting)} in stages.toml a mistake?"
    for body in having:
        assert body["Default"] == SETTINGS[setting]
        allowed = body.get("AllowedValues")
        for stage, settings in STAGES.items():
            value = settings.get(setting_name(setting), SETTINGS[setting])
            assert allowed is None or value in allowed, f"stage {stage} sets what the template refuses"


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_defined_parameter_is_in_some_template(name):
    assert any(name in template["Parameters"] for template in TEMPLATES.values())


def test_every_stack_belongs_to_a_stage():
    assert [stack for stack, template in TEMPLATES.items() if "Stage" not in template["Parameters"]] == []


def test_outputs_that_a_condition_may_switch_off_feed_no_parameter():
    conditional = {
        name for template in TEMPLATES.values() for name, body in template["Outputs"].items() if "Condition" in body
    }
    assert conditional == {"CanaryName", "DistributionId"}
    assert [p for _, p, _ in PARAMETERS if p in conditional] == []


# --- from the API to the container: link, listener, target group, container ------------------------------------


@pytest.mark.parametrize(
    ("title", "path"),
    [("PredictIntegration", catalogue.PREDICT_PATH), ("BatchIntegration", catalogue.BATCH_PATH)],
)
def test_the_link_calls_the_listener_with_the_path_of_the_service(title, path):
    integration = resource("api", title)
    assert integration["ConnectionType"] == "VPC_LINK"
    assert integration["ConnectionId"] == {"Ref": "VpcLink"}
    assert integration["IntegrationUri"] == {"Ref": "ListenerArn"}
    assert integration["RequestParameters"]["overwrite:path"] == path
    assert TEMPLATES["cluster"]["Outputs"]["ListenerArn"]["Value"] == {"Ref": "Listener"}
    assert resource("cluster", "Listener")["Port"] == catalogue.LISTENER_PORT


def test_every_route_of_the_catalogue_has_its_integration_and_no_other_route_exists():
    routes = {
        body["RouteKey"]: body["Target"]["Fn::Sub"] for body in resources_of("api", "AWS::ApiGatewayV2::Route").values()
    }
    wanted = {
        " ".join(catalogue.PREDICT_ROUTE): "integrations/${PredictIntegration}",
        " ".join(catalogue.BATCH_ROUTE): "integrations/${BatchIntegration}",
    }
    for function in catalogue.FUNCTIONS:
        wanted[f"{function.method} {function.path}"] = f"integrations/${{{function.name.capitalize()}Integration}}"
    assert routes == wanted


def test_integrations_wait_as_long_as_their_lambda_and_no_longer_than_an_http_api_can():
    for function in catalogue.FUNCTIONS:
        title = function.name.capitalize()
        deployed = resource("api", f"{title}Function")
        assert deployed["Timeout"] == function.timeout_seconds
        milliseconds = resource("api", f"{title}Integration")["TimeoutInMillis"]
        assert 1000 * function.timeout_seconds <= milliseconds <= 30_000
    for title in ("PredictIntegration", "BatchIntegration"):
        assert resource("api", title)["TimeoutInMillis"] <= 30_000


def test_a_lambda_may_be_called_by_our_api_on_its_route_alone():
    for function in catalogue.FUNCTIONS:
        title = function.name.capitalize()
        permission = resource("api", f"{title}Permission")
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert permission["FunctionName"] == {"Ref": f"{title}Function"}
        arn = permission["SourceArn"]["Fn::Sub"]
        assert arn.endswith(":${HttpApi}/*/" + function.method + function.path)
        assert resource("api", f"{title}Integration")["IntegrationUri"] == get_att(f"{title}Function", "Arn")


def test_the_service_registers_the_port_that_the_container_listens_on():
    (container,) = resource("service", "TaskDefinition")["ContainerDefinitions"]
    (port,) = container["PortMappings"]
    assert (port["ContainerPort"], port["HostPort"]) == (catalogue.CONTAINER_PORT, 0)
    (balanced,) = resource("service", "Service")["LoadBalancers"]
    assert balanced["ContainerName"] == container["Name"] == catalogue.CONTAINER_NAME
    assert balanced["ContainerPort"] == catalogue.CONTAINER_PORT
    assert balanced["TargetGroupArn"] == {"Ref": "TargetGroup"}
    variables = {variable["Name"]: variable["Value"] for variable in container["Environment"]}
    assert variables["PORT"] == str(catalogue.CONTAINER_PORT)


def test_the_target_group_asks_the_health_path_on_the_port_that_docker_picked():
    group = resource("service", "TargetGroup")
    assert group["HealthCheckPath"] == catalogue.HEALTH_PATH
    assert group["HealthCheckPort"] == "traffic-port"
    (action,) = resource("service", "ListenerRule")["Actions"]
    assert action == {"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}}
    assert resource("service", "ListenerRule")["ListenerArn"] == {"Ref": "ListenerArn"}


def test_a_target_drains_longer_than_a_request_lasts_and_stops_later_than_that():
    attributes = {a["Key"]: a["Value"] for a in resource("service", "TargetGroup")["TargetGroupAttributes"]}
    drain = int(attributes["deregistration_delay.timeout_seconds"])
    (container,) = resource("service", "TaskDefinition")["ContainerDefinitions"]
    for title in ("PredictIntegration", "BatchIntegration"):
        assert resource("api", title)["TimeoutInMillis"] / 1000 <= drain < container["StopTimeout"]


def test_a_503_tells_to_wait_as_long_as_a_task_would_at_most():
    """The gateway overwrites what the service says (RefusedError): it cannot tell its 503 from the balancer's."""
    for title in ("PredictIntegration", "BatchIntegration"):
        (header,) = resource("api", title)["ResponseParameters"]["503"]["ResponseParameters"]
        assert header["Destination"] == "overwrite:header.Retry-After"
        assert int(header["Source"]) == math.ceil(turns.MAX_WAIT_SECONDS)


def test_scaling_owns_the_numbers_of_tasks_and_instances():
    """A desired count in the template would undo what scaling did, at every deploy."""
    assert "DesiredCount" not in resource("service", "Service")
    assert "DesiredCapacity" not in resource("cluster", "AutoScalingGroup")
    target = resource("service", "ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == ({"Ref": "MinTasks"}, {"Ref": "MaxTasks"})
    assert target["ResourceId"] == {"Fn::Sub": "service/${ClusterName}/${Service.Name}"}
    requests = resource("service", "ScaleByRequests")["TargetTrackingScalingPolicyConfiguration"]
    assert requests["TargetValue"] == {"Ref": "RequestsPerTask"}
    label = requests["PredefinedMetricSpecification"]["ResourceLabel"]
    assert label == {"Fn::Sub": "${LoadBalancerFullName}/${TargetGroup.TargetGroupFullName}"}
    work = resource("service", "ScaleByWork")["TargetTrackingScalingPolicyConfiguration"]
    *metrics, math = work["CustomizedMetricSpecification"]["Metrics"]
    for metric in metrics:
        of = {each["Name"]: each["Value"] for each in metric["MetricStat"]["Metric"]["Dimensions"]}
        assert of == {
            "LoadBalancer": {"Ref": "LoadBalancerFullName"},
            "TargetGroup": get_att("TargetGroup", "TargetGroupFullName"),
        }
        assert metric["Id"] in math["Expression"]
    # All policies must agree to scale in, and one whose metric has no value does not: this one is always reported.
    assert "FILL(tasks" not in math["Expression"]


def test_what_an_alarm_computes_is_written_without_exponents():
    """CloudWatch documents none for the numbers of an expression."""
    found = [each["Expression"] for each in nodes(TEMPLATES["operations"]) if "Expression" in each]
    assert found
    assert [each for each in found if re.search(r"\d[eE][-+]?\d", each)] == []


@pytest.mark.parametrize("stage", [name for name in STAGES if name != "defaults"])
def test_what_the_throttle_lets_through_can_bring_every_task_of_a_stage(stage):
    """Scaling adds a task when those that run have more than their target, so the throttle must let that much in."""
    values = load(stage).parameters
    a_minute = 60 * float(values["ThrottleRate"])
    assert a_minute > float(values["RequestsPerTask"]) * (int(values["MaxTasks"]) - 1)


def test_a_stage_that_is_asleep_does_not_alarm_for_having_no_task():
    alarm = TEMPLATES["service"]["Resources"]["NoTask"]
    assert TEMPLATES["service"]["Conditions"]["Asleep"] == {"Fn::Equals": [{"Ref": "MaxTasks"}, 0]}
    assert alarm["Properties"]["Threshold"] == {"Fn::If": ["Asleep", 0, 1]}
    assert alarm["Properties"]["ComparisonOperator"] == "LessThanThreshold", "no count is less than 0"
    assert alarm["Properties"]["TreatMissingData"] == {"Fn::If": ["Asleep", "notBreaching", "breaching"]}
    assert alarm["DependsOn"] == "Service", "before it there are no tasks to count"


def test_ecs_may_take_an_instance_away_only_after_draining_it():
    provider = resource("cluster", "CapacityProvider")["AutoScalingGroupProvider"]
    assert provider["ManagedTerminationProtection"] == "ENABLED"
    assert provider["ManagedDraining"] == "ENABLED"
    assert provider["ManagedScaling"]["Status"] == "ENABLED"
    assert resource("cluster", "AutoScalingGroup")["NewInstancesProtectedFromScaleIn"] is True


# --- who is let in -----------------------------------------------------------------------------------------------


def _rule(ports: tuple[int, int], **peer: object) -> dict[str, object]:
    return {"IpProtocol": "tcp", "FromPort": ports[0], "ToPort": ports[1], **peer}


def _bare(rule: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in rule.items() if key not in ("Description", "GroupId")}


@pytest.mark.parametrize("bits", range(16, 25))
def test_every_block_of_addresses_that_a_stage_may_name_holds_the_subnets(bits):
    """A stack that takes an address block which is too small fails in the middle of its deployment."""
    allowed = re.fullmatch(TEMPLATES["network"]["Parameters"]["VpcCidr"]["AllowedPattern"], f"10.20.0.0/{bits}")
    cuts = [subnet["CidrBlock"]["Fn::Select"] for subnet in resources_of("network", "AWS::EC2::Subnet").values()]
    whole = ipaddress.ip_network(f"10.20.0.0/{bits}")
    for place, cut in cuts:
        _, _, host_bits = cut["Fn::Cidr"]
        fits = whole.num_addresses >> host_bits > int(place)
        assert fits or not allowed
        assert allowed or bits > 22


def test_nat_gateways_come_after_the_internet_gateway_and_go_before_it():
    """AWS makes none in a VPC without an internet gateway, and detaches that while no public address is in use."""
    waiting = [
        (name, body.get("DependsOn"))
        for name, body in TEMPLATES["network"]["Resources"].items()
        if body["Type"] in ("AWS::EC2::EIP", "AWS::EC2::NatGateway")
    ]
    assert len(waiting) == 4
    assert {attachment for _, attachment in waiting} == {"InternetAttachment"}


def test_the_load_balancer_may_write_its_log_where_it_does():
    """Elastic Load Balancing names no account in its calls that a condition could ask for; the path has it."""
    statements = resource("artifacts", "LogBucketPolicy")["PolicyDocument"]["Statement"]
    (write,) = [one for one in statements if "logdelivery.elasticloadbalancing" in str(one["Principal"])]
    attributes = {one["Key"]: one["Value"] for one in resource("cluster", "LoadBalancer")["LoadBalancerAttributes"]}
    prefix = attributes["access_logs.s3.prefix"]
    assert write["Resource"] == [{"Fn::Sub": f"${{LogBucket.Arn}}/{prefix}/AWSLogs/${{AWS::AccountId}}/*"}]
    assert "Condition" not in write
    others = [one for one in statements if one["Effect"] == "Allow" and one is not write]
    assert all(one["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}} for one in others)


def test_instances_that_are_protected_from_scaling_in_can_be_replaced():
    """A rolling update takes away what it added by scaling in, and waits indefinitely where that is forbidden."""
    group = TEMPLATES["cluster"]["Resources"]["AutoScalingGroup"]
    assert group["Properties"]["NewInstancesProtectedFromScaleIn"] is True
    ((kind, refresh),) = group["UpdatePolicy"].items()
    assert (kind, refresh["Strategy"]) == ("AutoScalingInstanceRefresh", "Rolling")
    preferences = refresh["Preferences"]
    assert preferences["ScaleInProtectedInstances"] == "Refresh"
    assert preferences["MinHealthyPercentage"] == 100 < preferences["MaxHealthyPercentage"]
    role = evaluating.Role("DeployRole", "dev")
    calls = ("CancelInstanceRefresh", "DescribeInstanceRefreshes", "StartInstanceRefresh")
    assert evaluating.refused(role, [Asked(f"autoscaling:{call}") for call in calls]) == []


def test_each_security_group_admits_exactly_who_it_must():
    """The complete set of ways in, whether written into a group or beside it."""
    ways_in = [
        (body["GroupId"], _bare(body)) for body in resources_of("network", "AWS::EC2::SecurityGroupIngress").values()
    ]
    for name, group in resources_of("network", "AWS::EC2::SecurityGroup").items():
        ways_in += [(get_att(name, "GroupId"), _bare(rule)) for rule in group.get("SecurityGroupIngress", [])]
    listener = (catalogue.LISTENER_PORT, catalogue.LISTENER_PORT)
    balancer, link = get_att("LoadBalancerSecurityGroup", "GroupId"), get_att("LinkSecurityGroup", "GroupId")
    instances = get_att("InstanceSecurityGroup", "GroupId")
    wanted = [
        (balancer, _rule(listener, SourceSecurityGroupId=link)),
        (instances, _rule(catalogue.EPHEMERAL_PORTS, SourceSecurityGroupId=balancer)),
    ]
    assert sorted(ways_in, key=str) == sorted(wanted, key=str)


def test_each_security_group_lets_out_exactly_what_it_must():
    groups = resources_of("network", "AWS::EC2::SecurityGroup")
    ways_out = {name: [_bare(rule) for rule in group["SecurityGroupEgress"]] for name, group in groups.items()}
    listener = (catalogue.LISTENER_PORT, catalogue.LISTENER_PORT)
    balancer, instances = (get_att(f"{name}SecurityGroup", "GroupId") for name in ("LoadBalancer", "Instance"))
    assert ways_out == {
        "LinkSecurityGroup": [_rule(listener, DestinationSecurityGroupId=balancer)],
        "LoadBalancerSecurityGroup": [_rule(catalogue.EPHEMERAL_PORTS, DestinationSecurityGroupId=instances)],
        "InstanceSecurityGroup": [_rule((443, 443), CidrIp="0.0.0.0/0")],
        "LambdaSecurityGroup": [_rule((443, 443), CidrIp="0.0.0.0/0")],
    }
    assert resources_of("network", "AWS::EC2::SecurityGroupEgress") == {}


def test_each_part_wears_its_own_security_group_and_no_other_stack_makes_groups():
    assert resource("api", "VpcLink")["SecurityGroupIds"] == [{"Ref": "LinkSecurityGroupId"}]
    assert resource("cluster", "LoadBalancer")["SecurityGroups"] == [{"Ref": "LoadBalancerSecurityGroupId"}]
    assert resource("cluster", "LoadBalancer")["Scheme"] == "internal"
    (interface,) = resource("cluster", "LaunchTemplate")["LaunchTemplateData"]["NetworkInterfaces"]
    assert interface["Groups"] == [{"Ref": "InstanceSecurityGroupId"}]
    outputs = TEMPLATES["network"]["Outputs"]
    for name in ("LinkSecurityGroup", "LoadBalancerSecurityGroup", "InstanceSecurityGroup"):
        assert outputs[f"{name}Id"]["Value"] == get_att(name, "GroupId")
    for stack in TEMPLATES:
        types = {body["Type"] for body in TEMPLATES[stack]["Resources"].values()}
        assert stack == "network" or not {one for one in types if "SecurityGroup" in one}


def test_no_container_gets_at_the_role_of_its_instance():
    data = resource("cluster", "LaunchTemplate")["LaunchTemplateData"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1, "two hops reach into Docker's bridge"
    assert "KeyName" not in data, "SSH is not how we get in"
    assert resource("service", "TaskDefinition")["NetworkMode"] == "bridge"
    assert "TaskRoleArn" not in resource("service", "TaskDefinition")


def test_the_container_may_do_no_more_than_it_needs():
    (container,) = resource("service", "TaskDefinition")["ContainerDefinitions"]
    assert container["User"].split(":")[0] not in ("0", "root")
    assert container["ReadonlyRootFilesystem"] is True
    assert container["Privileged"] is False
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert container["DockerSecurityOptions"] == ["no-new-privileges"]
    assert container["Memory"] == {"Ref": "TaskMemory"}


def test_only_our_page_may_call_the_api_from_a_browser():
    cors = resource("api", "HttpApi")["CorsConfiguration"]
    assert cors["AllowOrigins"] == [{"Ref": "SiteUrl"}]
    assert set(cors["AllowMethods"]) == {catalogue.PREDICT_ROUTE[0], *(f.method for f in catalogue.FUNCTIONS)}
    assert "AllowCredentials" not in cors


@pytest.mark.parametrize(
    ("stack", "bucket"), [("artifacts", "ArtifactsBucket"), ("artifacts", "LogBucket"), ("data", "ExportBucket")]
)
def test_private_buckets_are_closed_and_refuse_plain_http(stack, bucket):
    assert set(resource(stack, bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    policies = resources_of(stack, "AWS::S3::BucketPolicy").values()
    (policy,) = [one for one in policies if one["Bucket"] == {"Ref": bucket}]
    (statement,) = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [get_att(bucket, "Arn"), {"Fn::Sub": f"${{{bucket}.Arn}}/*"}]
    assert policy["Bucket"] == {"Ref": bucket}


def test_the_site_bucket_is_public_to_readers_without_cloudfront_and_private_with_it():
    # One policy: a bucket has only one, and of two the one that is given up would take the other along.
    ((_, policy),) = resources_of("site", "AWS::S3::BucketPolicy").items()
    assert policy["Bucket"] == {"Ref": "SiteBucket"}
    switch, *documents = policy["PolicyDocument"]["Fn::If"]
    assert switch == "WithCloudFront"
    private, [public] = (document["Statement"] for document in documents)
    assert (public["Principal"], public["Action"]) == ("*", ["s3:GetObject"])
    assert public["Resource"] == [{"Fn::Sub": "${SiteBucket.Arn}/*"}]
    read, tls = private
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "${Distribution}" in read["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
    assert tls["Effect"] == "Deny"
    block = resource("site", "SiteBucket")["PublicAccessBlockConfiguration"]
    closed_with = {"Ref": "CloudFront"}  # "true" or "false"
    assert (block["BlockPublicPolicy"], block["RestrictPublicBuckets"]) == (closed_with, closed_with)
    assert TEMPLATES["site"]["Conditions"]["WithoutCloudFront"] == {"Fn::Not": [{"Condition": "WithCloudFront"}]}
