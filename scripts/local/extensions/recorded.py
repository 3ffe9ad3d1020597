"""Types without any effect on a laptop: NAT gateways, their addresses, flow logs, budgets, alarms on metric math.

Each is recorded in the emulator's own service, so that describing it shows what the template says.
"""

from __future__ import annotations

import re
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import budgets, ec2
from ministack.services.cloudformation import provisioners

from scripts.local.extensions.cloudformation import Made, Properties, add, check


def register() -> None:
    """Add these types, and alarms on several metrics, to the emulator's CloudFormation."""
    add("AWS::Budgets::Budget", _create_budget, _delete_budget, _update_budget)
    add("AWS::EC2::EIP", _create_address, _delete_address)
    add("AWS::EC2::FlowLog", _create_flow_log, _delete_flow_log)
    add("AWS::EC2::NatGateway", _create_nat_gateway, _delete_nat_gateway)
    _take_sums_of_metrics()


def _take_sums_of_metrics() -> None:
    """Record an alarm on metric math with its first metric: AWS's metrics do not exist here, so none ever fires."""
    record = provisioners._cw_metric_alarm_record

    def record_any(name: str, properties: Properties) -> dict[str, Any]:
        queries = properties.get("Metrics")
        if not queries:
            return dict(record(name, properties))
        first = next(each["MetricStat"] for each in queries if "MetricStat" in each)
        one = {**first["Metric"], "Statistic": first["Stat"], "Period": first["Period"]}
        alone = {key: value for key, value in properties.items() if key != "Metrics"}
        return {**record(name, {**alone, **one}), "Metrics": queries}

    provisioners._cw_metric_alarm_record = record_any


def _create_address(logical_id: str, properties: Properties, stack: str) -> Made:
    allocation = _made("allocationId", ec2._allocate_address({"Domain": ["vpc"]}))
    address = ec2._addresses[allocation]["PublicIp"]
    return address, {"AllocationId": allocation, "PublicIp": address}


def _delete_address(physical_id: str, properties: Properties) -> None:
    for allocation, address in list(ec2._addresses.items()):
        if address["PublicIp"] == physical_id:
            check(ec2._release_address({"AllocationId": [allocation]}))


def _create_nat_gateway(logical_id: str, properties: Properties, stack: str) -> Made:
    wanted = {key: [properties[key]] for key in ("AllocationId", "SubnetId")}
    gateway = _made("natGatewayId", ec2._create_nat_gateway(wanted))
    return gateway, {"NatGatewayId": gateway}


def _delete_nat_gateway(physical_id: str, properties: Properties) -> None:
    ec2._delete_nat_gateway({"NatGatewayId": [physical_id]})


def _create_flow_log(logical_id: str, properties: Properties, stack: str) -> Made:
    names = ("ResourceType", "TrafficType", "LogDestinationType", "LogDestination")
    wanted = {key: [properties[key]] for key in names} | {"ResourceId.1": [properties["ResourceId"]]}
    log = _made("flowLogIdSet><item", ec2._create_flow_logs(wanted))
    return log, {"Id": log}


def _delete_flow_log(physical_id: str, properties: Properties) -> None:
    ec2._delete_flow_logs({"FlowLogId.1": [physical_id]})


def _made(element: str, answer: Any) -> str:
    """The text of an element in EC2's reply."""
    check(answer)
    body = answer[2].decode() if isinstance(answer[2], bytes) else answer[2]
    found = re.search(f"<{element}>([^<]+)<", body)
    if found is None:
        raise ValueError(f"no {element} in {body}")
    return found[1]


def _create_budget(logical_id: str, properties: Properties, stack: str) -> Made:
    name = f"{stack}-{logical_id}"  # AWS makes one up too where the template has none
    budget = {"BudgetName": name, **properties["Budget"]}
    check(budgets._create_budget({"AccountId": get_account_id(), **properties, "Budget": budget}))
    return name, {}


def _update_budget(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
    budget = {"BudgetName": physical_id, **new["Budget"]}
    check(budgets._update_budget({"AccountId": get_account_id(), "NewBudget": budget}))
    return physical_id, {}


def _delete_budget(physical_id: str, properties: Properties) -> None:
    budgets._delete_budget({"AccountId": get_account_id(), "BudgetName": physical_id})
