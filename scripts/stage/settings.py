"""Settings of the stages, read from stages.toml and checked. Does not use AWS."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from generator import catalogue, paths
from scripts.stage.errors import SettingsError

STAGES_FILE = paths.STAGES
# Keys that the orchestrator reads itself; every other key is a Parameter of some template.
ORCHESTRATOR_KEYS = ("place", "region", "image_repository", "site_api_url", "site_source_url", "blind_sample")
# Instance types with AWS's own Arm processors: a "g" after the generation (EC2 user guide, "Amazon EC2 instance type
# naming conventions", read 2026-11-27); a1 is from before that.
ARM = re.compile(r"(a1|[a-z]+\d+g[a-z]*)\.")
# Those that earn CPU credits (same guide, "Burstable performance instances"); others start with no setting for them.
BURSTABLE = re.compile(r"t\d")

Setting = str | int


@dataclass(frozen=True)
class Settings:
    """The settings of one stage, defaults included.

    Attributes:
        stage: name of the stage.
        values: every setting, in snake_case as in stages.toml.
    """

    stage: str
    values: dict[str, Setting]

    @property
    def place(self) -> str:
        """Where the stage lives: ``aws`` or ``laptop``."""
        return str(self.values["place"])

    @property
    def region(self) -> str:
        """AWS region, "" for the one that AWS's own tools would use."""
        return str(self.values["region"])

    @property
    def image_repository(self) -> str:
        """Where images are pushed: ``ecr`` for a registry of the stage's own, "" for nowhere."""
        return str(self.values["image_repository"])

    @property
    def instance_type(self) -> str:
        """EC2 instance type of the cluster, such as ``t3.micro``."""
        return str(self.values["instance_type"])

    @property
    def architecture(self) -> str:
        """Architecture of that type, as Docker names it: ``arm64`` or ``amd64``."""
        return "arm64" if ARM.match(self.instance_type) else "amd64"

    @property
    def site_api_url(self) -> str:
        """The address that the page calls, "" for the HTTP API's own."""
        return str(self.values["site_api_url"])

    @property
    def alarm_email(self) -> str:
        """Where alarms are mailed to, "" for nowhere."""
        return str(self.values.get("alarm_email", ""))

    def mailing(self, address: str) -> Settings:
        """The same settings with another address for alarms."""
        return Settings(self.stage, {**self.values, "alarm_email": address})

    def check_name(self) -> None:
        """Refuse to deploy a stage under a name that was allowed once.

        Raises:
            SettingsError: its rights could reach another stage's resources, or its own would not reach its own.
        """
        if not catalogue.is_stage_name(self.stage):
            raise SettingsError(
                f"The stage {self.stage!r} cannot be deployed under this name: it must be {catalogue.STAGE_NAME_RULE}. "
                "With a hyphen, one stage's rights reach the resources of another; a longer name is cut off.",
                f"Rename its table in {STAGES_FILE.name}, and deploy. What is deployed under the old name goes on: as "
                f"long as the table [{self.stage}] is there too, `sentiment export` and `sentiment destroy` work.",
            )

    @property
    def protects_data(self) -> bool:
        """Whether resources that hold data are protected against deletion."""
        return self.values.get("deletion_protection") == "true"

    @property
    def parameters(self) -> dict[str, str]:
        """The settings that are template Parameters, by Parameter name, as text for CloudFormation."""
        found = {pascal(key): str(value) for key, value in self.values.items() if key not in ORCHESTRATOR_KEYS}
        if "InstanceType" in found and not BURSTABLE.match(found["InstanceType"]):
            found["CpuCredits"] = "none"
        return found


def pascal(key: str) -> str:
    """``task_memory`` as a Parameter's name: ``TaskMemory``."""
    return "".join(word.capitalize() for word in key.split("_"))


def stages(path: Path = STAGES_FILE) -> list[str]:
    """Names of all stages, in the file's order."""
    return [name for name in tables(path) if name != "defaults"]


def load(stage: str, path: Path = STAGES_FILE) -> Settings:
    """Settings of a stage: the defaults, overridden by the stage's own.

    Args:
        stage: name of a stage, a table in the file.
        path: the file.

    Raises:
        SettingsError: there is no such stage, no stage could ever be called that, or it has a key that the defaults
            lack, or of another type.
    """
    found = tables(path)
    defaults = found["defaults"]
    if stage == "defaults" or stage not in found:
        known = ", ".join(name for name in found if name != "defaults")
        raise SettingsError(
            f"There is no stage {stage!r}; {path.name} has: {known}.",
            f"Name one of them with --stage, or add a table [{stage}] to {path.name}.",
        )
    if not re.fullmatch(catalogue.STAGE_NAME_BEFORE, stage):
        raise SettingsError(
            f"{stage!r} cannot be the name of a stage: it must be {catalogue.STAGE_NAME_RULE}.",
            f"Rename its table in {path.name}.",
        )
    for key, value in found[stage].items():
        _check(stage, key, value, defaults, path)
    return Settings(stage, {**defaults, **found[stage]})


def tables(path: Path = STAGES_FILE) -> dict[str, dict[str, Setting]]:
    """The file as written: ``defaults``, and each stage's own settings.

    Args:
        path: the file.

    Raises:
        SettingsError: it cannot be read, or is not a valid settings file.
    """
    try:
        written = path.stat()
        return _parse(path, written.st_mtime_ns, written.st_size)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error


@lru_cache(maxsize=1)
def _parse(path: Path, written_ns: int, size: int) -> dict[str, dict[str, Setting]]:
    """Contents of the file as of a modification time: parsed once, and again after an edit."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    if not isinstance(found.get("defaults"), dict):
        raise SettingsError(f"{path} has no table [defaults].")
    for name, table in found.items():
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: {name} is outside of any table.", "Move it under [defaults] or a stage.")
    return found


def _check(stage: str, key: str, value: object, defaults: dict[str, Setting], path: Path) -> None:
    if key not in defaults:
        raise SettingsError(
            f"{path.name}: stage {stage} sets {key!r}, which [defaults] does not have.",
            "Correct the name, or give it a default (and a template a Parameter of that name).",
        )
    if type(value) is not type(defaults[key]):
        raise SettingsError(
            f"{path.name}: {key} of stage {stage} is {value!r}; it must be a {_kind(defaults[key])}"
            f" like its default {defaults[key]!r}."
        )


def _kind(value: Setting) -> str:
    return "text in quotes" if isinstance(value, str) else "whole number"
