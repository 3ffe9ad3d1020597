"""Writes the page of each stack, docs/stacks/NAME.md: picture, resources, parameters, outputs, and who may do what."""

from __future__ import annotations

from collections.abc import Iterable

from generator.stacks import source
from scripts.cloudformation.templates import Template
from scripts.docs import access, model
from scripts.docs.pictures.stack import CROWDED
from scripts.docs.pictures.workflows import COMPUTED
from scripts.stage import settings
from scripts.stage.settings import pascal

BANNER = "<!-- Written by `make docs-sources`; do not edit. -->\n"  # last, for a page begins with its title


def pages() -> dict[str, str]:
    """Name of each file in docs/stacks/ -> its text."""
    return {"index.md": _index()} | {f"{name}.md": _page(template) for name, template in model.stacks().items()}


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table, or a sentence when it has no rows."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    if not lines:
        return "None.\n"
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *lines]) + "\n"


def _index() -> str:
    rows = (
        (f"[{each.stack}]({each.stack}.md)", each.description, str(len(each.resources)))
        for each in model.stacks().values()
    )
    picture = "../pictures/deployment.svg"
    return (
        "# The stacks\n\nEach is one CloudFormation template, in the order in which they are taught. The"
        " orchestrator works out the order of deployment itself: a stack comes after every stack that has an output of"
        f" the name of one of its parameters.\n\n[![{_alt('Deployment')}]({picture})]({picture})\n\n"
        + table(("Stack", "What it is for", "Resources"), rows)
        + f"\n{BANNER}"
    )


def _page(template: Template) -> str:
    resources = [
        (f"`{each.id}`", f"`{each.type}`", each.purpose + _condition(each.condition))
        for each in template.resources.values()
    ]
    parameters = [
        (f"`{name}`", str(entry.get("Description", "")), _source(template, name, entry))
        for name, entry in template.document["Parameters"].items()
    ]
    outputs = [
        (f"`{name}`", str(entry.get("Description", "")), _takers(template, name))
        for name, entry in template.outputs.items()
    ]
    picture = f"../pictures/stack-{template.stack}.svg"
    named = ""
    if template.stack in CROWDED:
        named = " Where many arrows would start or end at one box, the boxes at their other ends name it instead."
    return "\n".join(
        [
            f"# Stack {template.stack}\n",
            f"{template.description}.\n",
            f"[![{_alt('Stack ' + template.stack)}]({picture})]({picture})\n",
            "An arrow leads from a resource to one that builds on it; it is dashed where a condition decides. Grey"
            f" boxes are other stacks, with the values that come from them or go to them.{named}\n",
            f"The template is `templates/{template.stack}.yaml`; `{source(template.stack)}` writes it.\n",
            "## Resources\n",
            table(("Resource", "Type", "What it is for"), resources),
            "## Parameters\n",
            table(("Parameter", "What it is", "Where its value comes from"), parameters),
            "## Outputs\n",
            table(("Output", "What it is", "Used by"), outputs),
            "## Who may do what\n",
            table(access.HEADS, (access.row(each) for each in access.grants() if each.stack == template.stack)),
            BANNER,
        ]
    )


def _condition(name: str) -> str:
    return f" ({model.only(name)}: `{name}`)" if name else ""


def _alt(what: str) -> str:
    return f"{what}: boxes and arrows; the tables say the same in words"


def _source(template: Template, name: str, entry: dict[str, object]) -> str:
    maker = model.makers_of_outputs().get(name, (template.stack, ""))[0]
    if maker != template.stack:
        return f"output of [{maker}]({maker}.md)"
    if name == "Stage":
        return "the stage's name"
    if name in COMPUTED:
        return f"worked out: {COMPUTED[name][1]}"
    by_parameter = {pascal(key): key for key in settings.load("dev").values}
    if name in by_parameter:
        key = by_parameter[name]
        return f"setting `{key}`, in `dev` {_shown(settings.load('dev').values[key])}"
    return f"its default, {_shown(entry.get('Default'))}"


def _shown(value: object) -> str:
    return "empty" if value == "" else f"`{value}`"


def _takers(template: Template, name: str) -> str:
    takers = [
        each.stack for each in model.stacks().values() if name in each.parameters and each.stack != template.stack
    ]
    return ", ".join(f"[{taker}]({taker}.md)" for taker in takers) or "the orchestrator and operators"
