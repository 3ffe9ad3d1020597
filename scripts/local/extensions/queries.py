"""CloudWatch Logs Insights: the emulator skips what it does not know of a query; here such a query is refused.

Moreover a line that is a JSON object has its keys as fields, which the emulator's queries do not see.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch_logs

Record = dict[str, Any]

_NAME = r"@?[A-Za-z_]\w*"
_OTHER_COMMANDS = re.compile(rf"(?i)fields\s+{_NAME}(\s*,\s*{_NAME})*|sort\s+@timestamp(\s+(asc|desc))?|limit\s+\d+")
_EQUALS = re.compile(rf"(?i:filter)\s+({_NAME})\s*=\s*(?:\"([^\"\\]*)\"|'([^'\\]*)'|(\d+))")


def register() -> None:
    """Put it into the emulator."""
    start, public, compile_ = (
        cloudwatch_logs._start_query,
        cloudwatch_logs._public_log_record,
        cloudwatch_logs._compile_insights_filter,
    )

    def compile_filter(command: str) -> Callable[[Record], bool] | None:
        if not (found := _EQUALS.fullmatch(command)):
            known: Callable[[Record], bool] | None = compile_(command)
            return known
        name, value = found[1], found[found.lastindex or 0]
        return lambda record: name in (fields := public_record(record)) and str(fields[name]) == value

    def public_record(record: Record) -> Record:
        return {**_fields(record["@message"]), **public(record)}

    def start_query(data: Record) -> Any:
        commands = cloudwatch_logs._split_insights_pipes(data.get("queryString", ""))
        names = [command.split()[0].lower() for command in commands]
        wrong = [one for one in commands if not _OTHER_COMMANDS.fullmatch(one) and not compile_filter(one)]
        if wrong or len(names) - names.count("filter") != len({*names} - {"filter"}):
            detail = f"The laptop cloud cannot apply this query: {wrong[0] if wrong else 'a command is there twice'}"
            return error_response_json("MalformedQueryException", detail, 400)
        return start(data)

    cloudwatch_logs._start_query = start_query
    cloudwatch_logs._public_log_record = public_record
    cloudwatch_logs._compile_insights_filter = compile_filter


def _fields(message: str) -> Record:
    try:
        found = json.loads(message)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}
