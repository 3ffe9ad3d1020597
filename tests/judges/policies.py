"""Judges IAM policies with parliament and cloudsplaining; runs in the judges' own environment.

Reads ``[[name, policy], ...]`` as JSON from standard input, writes ``[[name, finding], ...]``.
"""

from __future__ import annotations

import json
import sys

from cloudsplaining.scan.policy_document import PolicyDocument
from parliament import analyze_policy_string

LISTS = (
    "all_allowed_unrestricted_actions",
    "credentials_exposure",
    "infrastructure_modification",
    "permissions_management_without_constraints",
    "allows_data_exfiltration_actions",
    "service_wildcard",
)


def findings(policy: dict) -> list[str]:
    """What the two say about a policy, one line each."""
    judged = analyze_policy_string(json.dumps(policy), include_community_auditors=True)
    said = [f"parliament {one.issue} {one.detail} {one.location.get('actions', '')}" for one in judged.findings]
    document = PolicyDocument(policy)
    for name in LISTS:
        found = getattr(document, name)
        said += [f"cloudsplaining {name} {action}" for action in (found or [])]
    said += [f"cloudsplaining privilege escalation {one['type']}" for one in document.allows_privilege_escalation]
    return said


if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    json.dump([[name, said] for name, policy in wanted for said in findings(policy)], sys.stdout)
