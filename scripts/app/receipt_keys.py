"""The keys of receipts: created once per stage, read, rotated without a gap. Signing itself is `shared.receipts`'s.

They are one SSM SecureString. The first key signs and all of them verify, so that a receipt signed just before a
rotation stays valid. Tasks get them when they start; the Lambda that records judgements reads them when it needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from generator import catalogue
from scripts.app import service
from scripts.app.service import ServiceState
from scripts.cloudformation.work import Work
from scripts.stage import parameters
from scripts.stage.errors import DeployError
from scripts.stage.parameters import Found
from scripts.stage.session import Cloud, tags
from shared import receipts

LIFETIME = timedelta(seconds=receipts.LIFETIME_SECONDS)


def ensure(cloud: Cloud, kept: Path | None = None, found: Found | None = None) -> tuple[str, ...]:
    """Create the stage's first key, unless it has one; return all keys, the one that signs first.

    Args:
        cloud: the stage.
        kept: file that outlives the laptop cloud, whose parameters do not; None on AWS.
        found: the parameter, read since the stage's lock is held; None to ask for it.
    """
    there = _read(cloud, found)
    if there:
        return receipts.read_keys(there["Value"])
    value = _kept(kept) if kept and kept.exists() else receipts.new_key()
    marks = [{"Key": key, "Value": entry} for key, entry in tags(cloud.stage).items()]
    _write(cloud, value, Overwrite=False, Tags=marks)
    if kept:
        keep(cloud, kept)
    return receipts.read_keys(value)


def keep(cloud: Cloud, file: Path) -> None:
    """Write the stage's keys to a file that only its owner can read."""
    found = _read(cloud)
    if found:
        file.touch(mode=0o600)
        file.write_text(found["Value"])


def keys(cloud: Cloud) -> tuple[str, ...]:
    """The stage's keys, the one that signs first; none before the first deployment."""
    found = _read(cloud)
    return receipts.read_keys(found["Value"]) if found else ()


def too_soon(cloud: Cloud) -> bool:
    """Whether a rotation now would invalidate unexpired receipts: those of the key before the last rotation."""
    found = _read(cloud)
    if not found or len(found["Value"].split()) < 2:
        return False
    return bool(cloud.now() - found["LastModifiedDate"] < LIFETIME)


def rotate(work: Work, outputs: dict[str, str], revoke: bool) -> ServiceState:
    """Sign with a new key; the previous key still verifies what it signed.

    Args:
        work: where and how.
        outputs: outputs of the stage's stacks.
        revoke: whether the previous key becomes invalid at once, because it may have leaked.

    Returns:
        The service, once all of its tasks sign with the new key.

    Raises:
        DeployError: the stage has no key yet, or the service did not become steady; then its old tasks keep
            signing with the old key, which still verifies (unless it was revoked).
    """
    found = _read(work.cloud)
    if not found:
        raise DeployError(
            f"Stage {work.cloud.stage} has no key yet.",
            f"`sentiment deploy --stage {work.cloud.stage}` creates it.",
        )
    kept = [] if revoke else found["Value"].split()[:1]
    _write(work.cloud, " ".join([receipts.new_key(), *kept]), Overwrite=True)
    where = outputs["ClusterName"], outputs["ServiceName"]
    before = service.describe(work.cloud, *where)
    work.cloud.client("ecs").update_service(cluster=where[0], service=where[1], forceNewDeployment=True)
    state = service.wait_until_steady(work.cloud, *where, work.reporter, work.interrupt, before)
    work.reporter.stack("service", "done", state.progress)
    return state


def forget(cloud: Cloud) -> None:
    """Delete the keys once nothing of the stage is left."""
    cloud.client("ssm").delete_parameters(Names=[catalogue.receipt_key_name(cloud.stage)])


def _kept(file: Path) -> str:
    value = file.read_text(errors="replace")
    try:
        receipts.read_keys(value)
    except ValueError as error:
        raise DeployError(f"{file} holds {error}.", "Remove it: a new key is then created.") from None
    return value


def _read(cloud: Cloud, found: Found | None = None) -> Mapping[str, Any] | None:
    name = catalogue.receipt_key_name(cloud.stage)
    return (parameters.read(cloud, name) if found is None else found).get(name)


def _write(cloud: Cloud, value: str, **options: Any) -> None:
    cloud.client("ssm").put_parameter(
        Name=catalogue.receipt_key_name(cloud.stage),
        Value=value,
        Type="SecureString",
        Description="Keys of receipts: the first signs, all verify",
        **options,
    )
