"""Templates as AWS gets them from a stage: every Parameter, Condition and function that has a value gives way to it.

What only a deployment knows (an ARN, an id) becomes a text of its shape. For judges that read values and not functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.cloudformation.resolving import Resolver
from scripts.cloudformation.templates import Template

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
ARN = "arn:aws:{}:eu-central-1:123456789012:{}"


class Deployed(Resolver):
    """One template with a value for everything.

    Args:
        template: the template.
        settings: values of Parameters; the others take a text of their kind, as another stack puts it out.
        links: whether references between resources of the template stay, for judges that follow them.
    """

    def __init__(self, template: Template, settings: Mapping[str, str], links: bool) -> None:
        kinds = {name: str(body["Type"]) for name, body in template.document["Parameters"].items()}
        super().__init__(template, {name: _value(name, kind, settings) for name, kind in kinds.items()})
        self._links = links

    def document(self) -> dict[str, Any]:
        """The template without Parameters and Conditions, and with the resources alone that there will be."""
        bodies = self.template.document["Resources"]
        resources = {
            each.id: {key: self.resolve(value) for key, value in bodies[each.id].items() if key != "Condition"}
            for each in self.resources()
        }
        return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}

    def reference(self, name: str) -> Any:
        """Value of a Ref."""
        if self._links and name in self.template.resources:
            return {"Ref": name}
        return {**PSEUDO, **self.values}.get(name, name.lower())

    def attribute(self, resource: str, name: str) -> Any:
        """Value of an attribute of a resource."""
        if self._links:
            return {"Fn::GetAtt": [resource, name]}
        kind = self.template.resources[resource].type
        if not name.endswith("Arn"):
            return f"{resource}-{name}".lower()
        return "arn:aws:s3:::" + resource.lower() if kind == "AWS::S3::Bucket" else _arn(kind, resource)

    def function(self, name: str, value: Any) -> Any:
        """Value of a function that only a deployment can call: GetAZs, Cidr, Select."""
        return value if name == "Fn::Base64" else f"{name.removeprefix('Fn::').lower()}-{len(str(value))}"


def _arn(kind: str, name: str) -> str:
    _, service, thing = kind.lower().split("::")
    own = {
        "AWS::Logs::LogGroup": f"log-group:{name.lower()}:*",
        "AWS::DynamoDB::Table": f"table/{name.lower()}",
        "AWS::Lambda::Function": f"function:{name.lower()}",
    }
    return ARN.format(service, own.get(kind, f"{thing}/{name.lower()}"))


def _value(name: str, kind: str, settings: Mapping[str, str]) -> Any:
    """Value of a Parameter: the stage's, its Default, or a text of its kind."""
    found = settings.get(name)
    if found is None:
        return _made_up(name, kind)
    if found in ("true", "false"):
        return found == "true"
    return int(found) if kind == "Number" else found


def _made_up(name: str, kind: str) -> Any:
    if "List" in kind:
        return [f"{name.lower()}-{number}" for number in (1, 2)]
    for part, text in (
        ("Table", ARN.format("dynamodb", f"table/{name.lower()}")),
        ("Bucket", f"arn:aws:s3:::{name.lower()}"),
        ("Topic", ARN.format("sns", name.lower())),
        ("Key", ARN.format("kms", f"key/{name.lower()}")),
    ):
        if name.endswith("Arn") and part in name:
            return text
    return name.lower()
