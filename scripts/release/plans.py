"""Plans of changes to a stage: which stacks, which image, the page, the smoke test. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from generator import catalogue
from scripts.app import lambdas, throttle
from scripts.app.lambdas import Package
from scripts.cloudformation import stacks, templates
from scripts.cloudformation.plan import Plan, make_plan
from scripts.cloudformation.stacks import StackState
from scripts.image import repository
from scripts.release import images, zones
from scripts.stage.session import Cloud
from scripts.stage.settings import Settings

NO_CODE = Package("", b"")
FIRST = "This was the first deployment: it is left in place so that you can inspect it."


@dataclass(frozen=True)
class Release:
    """One change of a stage, as data: `preview` shows it, `execute` makes it, `back` undoes it.

    Attributes:
        settings: the stage's settings.
        stacks: the stacks to bring up to date, in order, and the stage as it was found.
        code: the Lambdas' zip; empty where no stack runs it.
        image: the image that the service runs; remembered once the smoke test has passed. "" where no stack runs one.
        image_before: the image that it ran before, "" for none.
        page: whether to upload the page's files.
        smoke_test: whether to run the smoke test.
        public_url: the page's address; None for the one in the stacks' outputs.
        if_first_fails: message if a first deployment fails, as nothing is undone then.
    """

    settings: Settings
    stacks: Plan
    code: Package = NO_CODE
    image: str = ""
    image_before: str = ""
    page: bool = False
    smoke_test: bool = False
    public_url: str | None = None
    if_first_fails: str = FIRST

    def __post_init__(self) -> None:
        """Refuse a stage whose name is not allowed any more.

        Raises:
            SettingsError: it is not.
        """
        self.settings.check_name()

    @property
    def first(self) -> bool:
        """Whether nothing ran before: the stage had no service yet."""
        names = [each.name for each in catalogue.STACKS if each.service]
        found = [self.stacks.found.get(catalogue.stack_name(self.stacks.stage, name)) for name in names]
        return not any(state and state.was_complete for state in found)

    def url(self, outputs: Mapping[str, str]) -> str:
        """The page's address.

        Args:
            outputs: outputs of the stage's stacks.
        """
        return self.public_url or outputs[next(each.site.url for each in catalogue.STACKS if each.site)]


def everything(cloud: Cloud, settings: Settings, image: str, public_url: str | None = None) -> Release:
    """Every stack, the service and the page.

    Args:
        cloud: the stage.
        settings: its settings.
        image: reference of the container image.
        public_url: the page's address; None for the one in the stacks' outputs.

    Raises:
        TemplateError: the templates do not fit together.
    """
    return _release(cloud, settings, stacks.all_by_name(cloud), image, public_url, page=True)


def stacks_alone(cloud: Cloud, settings: Settings, public_url: str | None = None) -> Release:
    """All stacks; the service keeps its image, the site its files.

    Raises:
        DeployError: there is no image to keep.
    """
    found = stacks.all_by_name(cloud)
    return _release(cloud, settings, found, images.to_keep(cloud, found), public_url)


def service_alone(cloud: Cloud, settings: Settings, image: str | None, public_url: str | None = None) -> Release:
    """A rolling deployment: only the service's stack.

    Args:
        cloud: the stage.
        settings: its settings.
        image: reference of the container image; None for the last that worked before the present one.
        public_url: the page's address; None for the one in the stacks' outputs.

    Raises:
        DeployError: nothing is deployed, or no earlier image is recorded.
    """
    found = stacks.all_by_name(cloud)
    images.check_deployed(cloud, found)
    whole = _release(cloud, settings, found, image or images.previous(cloud, found), public_url)
    return replace(whole, stacks=whole.stacks.only(lambda declared: declared.service is not None))


def wired(
    settings: Settings,
    image: str = "",
    code_key: str = "",
    where: Mapping[str, str] | None = None,
    found: Mapping[str, StackState] | None = None,
) -> Plan:
    """All stacks of a stage in order, with where each parameter comes from.

    Args:
        settings: the stage's settings.
        image: reference of the container image; "" where only the order matters.
        code_key: key of the Lambdas' zip; "" where only the order matters.
        where: names of the availability zones, by Parameter; None where only the order matters.
        found: the account's stacks by name, as they are now.

    Raises:
        TemplateError: the templates do not fit together.
    """
    computed = {each.service.image: image for each in catalogue.STACKS if each.service}
    computed |= {each.lambda_code: code_key for each in catalogue.STACKS if each.lambda_code}
    computed["InstanceImageId"] = catalogue.MACHINE_IMAGES[settings.architecture]
    computed |= where if where is not None else dict.fromkeys(catalogue.ZONE_PARAMETERS, "")
    return make_plan(settings.stage, templates.load_all(), computed, settings.parameters, found)


def _release(
    cloud: Cloud,
    settings: Settings,
    found: Mapping[str, StackState],
    image: str,
    public_url: str | None,
    page: bool = False,
) -> Release:
    code = lambdas.package()
    settings = still_mailing(settings, found)
    chosen = zones.of_stage(cloud, settings, found)
    plan = wired(settings, image, code.key, chosen, found).only(lambda declared: repository.chosen(settings, declared))
    plan = throttle.while_closed(plan)
    before = images.current(cloud, found)
    return Release(settings, plan, code, image, before, page=page, smoke_test=True, public_url=public_url)


def still_mailing(settings: Settings, found: Mapping[str, StackState]) -> Settings:
    """The settings with the address of alarms that a deployment was given before, where stages.toml names none.

    Args:
        settings: the stage's settings.
        found: the account's stacks by name.
    """
    before = (
        state.parameters.get("AlarmEmail", "") for state in found.values() if stacks.is_ours(settings.stage, state)
    )
    return settings if settings.alarm_email else settings.mailing(next(filter(None, before), ""))
