"""Stack of the network: VPC, two public subnets, routes, gateway endpoints, and the chain of security groups.

Without ``private_network`` there is no NAT gateway: instances have public addresses, and a security group that admits
only the load balancer, which is just as closed and costs nothing.
"""

from __future__ import annotations

from troposphere import Equals, GetAtt, If, Join, Parameter, Ref, Sub, Template, ec2

from generator import private_network
from generator.building import NONE, add_output, name_tag, new_template, purpose
from generator.catalogue import EPHEMERAL_PORTS, LISTENER_PORT, ZONE_PARAMETERS
from generator.parameters import parameter
from generator.stacks.network import lambda_policy, private_subnets
from generator.stacks.network.private_subnets import addresses

ANYWHERE = "0.0.0.0/0"
HTTPS_PORT = 443
WITH_FLOW_LOGS = "WithFlowLogs"


def build() -> Template:
    """Template of the stack."""
    template = new_template("network")
    parameter(template, "Stage")
    cidr = parameter(template, "VpcCidr")
    zones = [parameter(template, name) for name in ZONE_PARAMETERS]

    vpc = the_vpc(template, cidr)
    gateway = internet_gateway(template)
    attachment = internet_attachment(template, vpc, gateway)
    table = route_table(template, vpc)
    internet_route(template, table, gateway, attachment)
    subnets = [public_subnet(template, vpc, number, zone, table) for number, zone in enumerate(zones)]
    private = private_subnets.add(template, vpc, zones, subnets, attachment)
    tables = [Ref(table), *private_subnets.only_with(private.tables)]
    gateway_endpoint(template, vpc, tables, "DynamoDb", "dynamodb")
    gateway_endpoint(template, vpc, tables, "S3", "s3")

    flow_log(template, vpc)

    # From the inside out: each group names the next in its egress, and a separate rule admits the previous one.
    instances = instance_group(template, vpc)
    balancer = load_balancer_group(template, vpc, instances)
    link = link_group(template, vpc, balancer)
    functions = function_group(template, vpc)
    admit_load_balancer(template, instances, balancer)
    admit_link(template, balancer, link)
    lambdas = lambda_policy.add(template, private.subnets, functions)

    add_output(template, "VpcId", Ref(vpc), "VPC of the stage")
    public = Join(",", [Ref(subnet) for subnet in subnets])
    add_output(template, "PublicSubnetIds", public, "The two public subnets")
    add_output(template, "Zones", Join(",", [Ref(zone) for zone in zones]), "Availability zones of the subnets")
    inside = If(private_network.WITH, Join(",", [Ref(subnet) for subnet in private.subnets]), public)
    add_output(template, "InstanceSubnetIds", inside, "Where instances are: the private subnets, or the public ones")
    add_output(template, "LinkSecurityGroupId", GetAtt(link, "GroupId"), "Security group of the VPC link")
    text = "Security group of the load balancer"
    add_output(template, "LoadBalancerSecurityGroupId", GetAtt(balancer, "GroupId"), text)
    add_output(template, "InstanceSecurityGroupId", GetAtt(instances, "GroupId"), "Security group of the instances")
    add_output(template, "LambdaSecurityGroupId", GetAtt(functions, "GroupId"), "Security group of Lambdas in the VPC")
    add_output(
        template,
        "LambdaNetworkPolicyArn",
        If(private_network.WITH, Ref(lambdas), NONE),
        "Policy of Lambdas in the VPC, or none",
    )
    return template


def the_vpc(template: Template, cidr: Parameter) -> ec2.VPC:
    """The stage's own network."""
    return template.add_resource(
        ec2.VPC(
            "Vpc",
            Metadata=purpose("Isolates the stage's network from everything else in the account"),
            CidrBlock=Ref(cidr),
            EnableDnsSupport=True,
            EnableDnsHostnames=True,
            Tags=name_tag("vpc"),
        )
    )


def internet_gateway(template: Template) -> ec2.InternetGateway:
    """The internet gateway."""
    return template.add_resource(
        ec2.InternetGateway(
            "InternetGateway",
            Metadata=purpose("Connects to the internet: instances pull images and report to ECS through it"),
            Tags=name_tag("internet"),
        )
    )


def internet_attachment(template: Template, vpc: ec2.VPC, gateway: ec2.InternetGateway) -> ec2.VPCGatewayAttachment:
    """Attaches the internet gateway to the VPC."""
    return template.add_resource(
        ec2.VPCGatewayAttachment(
            "InternetAttachment",
            Metadata=purpose("Attaches the internet gateway to the VPC"),
            VpcId=Ref(vpc),
            InternetGatewayId=Ref(gateway),
        )
    )


def route_table(template: Template, vpc: ec2.VPC) -> ec2.RouteTable:
    """Routes that both subnets share."""
    return template.add_resource(
        ec2.RouteTable(
            "PublicRoutes",
            Metadata=purpose("Routes that both public subnets share"),
            VpcId=Ref(vpc),
            Tags=name_tag("public"),
        )
    )


def internet_route(
    template: Template, table: ec2.RouteTable, gateway: ec2.InternetGateway, attachment: ec2.VPCGatewayAttachment
) -> ec2.Route:
    """Traffic to destinations outside the VPC goes through the internet gateway, once that is attached."""
    return template.add_resource(
        ec2.Route(
            "InternetRoute",
            DependsOn=attachment.title,
            Metadata=purpose("Routes traffic that leaves the VPC to the internet gateway"),
            RouteTableId=Ref(table),
            DestinationCidrBlock=ANYWHERE,
            GatewayId=Ref(gateway),
        )
    )


def public_subnet(template: Template, vpc: ec2.VPC, number: int, zone: Parameter, table: ec2.RouteTable) -> ec2.Subnet:
    """One of the subnets, in a zone of its own. Public addresses are assigned only on request: the instances do."""
    subnet = template.add_resource(
        ec2.Subnet(
            f"PublicSubnet{number + 1}",
            Metadata=purpose(
                f"Public subnet for load balancer, instances and VPC link in availability zone {number + 1}"
            ),
            VpcId=Ref(vpc),
            AvailabilityZone=Ref(zone),
            CidrBlock=addresses(vpc, number),
            MapPublicIpOnLaunch=False,
            Tags=name_tag(f"public-{number + 1}"),
        )
    )
    template.add_resource(
        ec2.SubnetRouteTableAssociation(
            f"{subnet.title}Routes",
            Metadata=purpose(f"Associates public subnet {number + 1} with its route table"),
            SubnetId=Ref(subnet),
            RouteTableId=Ref(table),
        )
    )
    return subnet


def gateway_endpoint(
    template: Template, vpc: ec2.VPC, tables: list[Ref | If], name: str, service: str
) -> ec2.VPCEndpoint:
    """Free route to a service that bypasses the internet gateway."""
    return template.add_resource(
        ec2.VPCEndpoint(
            f"{name}Endpoint",
            Metadata=purpose(f"Connects the subnets to {name} privately and free of charge"),
            VpcId=Ref(vpc),
            ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
            VpcEndpointType="Gateway",
            RouteTableIds=tables,
        )
    )


def flow_log(template: Template, vpc: ec2.VPC) -> ec2.FlowLog:
    """Accepted and rejected connections: evidence for when something has gone wrong."""
    template.add_condition(WITH_FLOW_LOGS, Equals(Ref(parameter(template, "FlowLogs")), "true"))
    bucket = parameter(template, "LogBucketName")
    return template.add_resource(
        ec2.FlowLog(
            "FlowLog",
            Condition=WITH_FLOW_LOGS,
            Metadata=purpose("Logs accepted and rejected connections in the VPC"),
            ResourceId=Ref(vpc),
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="s3",
            LogDestination=Sub(f"arn:${{AWS::Partition}}:s3:::${{{bucket.title}}}"),
            MaxAggregationInterval=600,
            Tags=name_tag("flow-log"),
        )
    )


def instance_group(template: Template, vpc: ec2.VPC) -> ec2.SecurityGroup:
    """Group of the instances: out by HTTPS only; DNS and time come from the VPC itself, which no group filters."""
    out = ec2.SecurityGroupRule(
        IpProtocol="tcp",
        FromPort=HTTPS_PORT,
        ToPort=HTTPS_PORT,
        CidrIp=ANYWHERE,
        Description="HTTPS to AWS and to the image registry",
    )
    text = "Instances: accept traffic only from the load balancer, send only HTTPS"
    return _group(template, vpc, "InstanceSecurityGroup", "instances", text, out)


def function_group(template: Template, vpc: ec2.VPC) -> ec2.SecurityGroup:
    """Group of Lambdas, if they are in the VPC: no incoming traffic, outgoing HTTPS only."""
    out = ec2.SecurityGroupRule(
        **_ports(HTTPS_PORT, HTTPS_PORT), CidrIp=ANYWHERE, Description="HTTPS to the services of AWS"
    )
    text = "Lambdas: accept no traffic, send only HTTPS"
    return _group(template, vpc, "LambdaSecurityGroup", "lambdas", text, out)


def load_balancer_group(template: Template, vpc: ec2.VPC, instances: ec2.SecurityGroup) -> ec2.SecurityGroup:
    """Group of the load balancer: out to the instances' dynamic ports only."""
    out = ec2.SecurityGroupRule(
        **_ports(*EPHEMERAL_PORTS),
        DestinationSecurityGroupId=GetAtt(instances, "GroupId"),
        Description="Tasks, on ports that Docker picks",
    )
    text = "Load balancer: accepts traffic only from the VPC link, sends only to the instances"
    return _group(template, vpc, "LoadBalancerSecurityGroup", "load-balancer", text, out)


def link_group(template: Template, vpc: ec2.VPC, balancer: ec2.SecurityGroup) -> ec2.SecurityGroup:
    """Group of the VPC link: nothing in (the API comes through AWS's own network), out to the listener only."""
    out = ec2.SecurityGroupRule(
        **_ports(LISTENER_PORT, LISTENER_PORT),
        DestinationSecurityGroupId=GetAtt(balancer, "GroupId"),
        Description="Listener of the load balancer",
    )
    text = "VPC link: accepts no traffic, sends only to the load balancer"
    return _group(template, vpc, "LinkSecurityGroup", "link", text, out)


def admit_load_balancer(
    template: Template, instances: ec2.SecurityGroup, balancer: ec2.SecurityGroup
) -> ec2.SecurityGroupIngress:
    """Instances accept traffic from the load balancer."""
    return template.add_resource(
        ec2.SecurityGroupIngress(
            "InstancesFromLoadBalancer",
            Metadata=purpose("Allows only the load balancer to reach the tasks on the instances"),
            GroupId=GetAtt(instances, "GroupId"),
            **_ports(*EPHEMERAL_PORTS),
            SourceSecurityGroupId=GetAtt(balancer, "GroupId"),
            Description="Load balancer, to ports that Docker picks",
        )
    )


def admit_link(template: Template, balancer: ec2.SecurityGroup, link: ec2.SecurityGroup) -> ec2.SecurityGroupIngress:
    """The load balancer accepts traffic from the VPC link."""
    return template.add_resource(
        ec2.SecurityGroupIngress(
            "LoadBalancerFromLink",
            Metadata=purpose("Allows only the VPC link to reach the load balancer"),
            GroupId=GetAtt(balancer, "GroupId"),
            **_ports(LISTENER_PORT, LISTENER_PORT),
            SourceSecurityGroupId=GetAtt(link, "GroupId"),
            Description="VPC link of the API",
        )
    )


def _ports(first: int, last: int) -> dict[str, str | int]:
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last}


def _group(
    template: Template, vpc: ec2.VPC, title: str, suffix: str, text: str, egress: ec2.SecurityGroupRule
) -> ec2.SecurityGroup:
    """A group with one egress rule; without a rule, AWS would allow all outgoing traffic."""
    return template.add_resource(
        ec2.SecurityGroup(
            title,
            Metadata=purpose(text),
            GroupDescription=text.split(":")[0],
            VpcId=Ref(vpc),
            SecurityGroupEgress=[egress],
            Tags=name_tag(suffix),
        )
    )
