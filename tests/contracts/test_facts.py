"""Facts that are deployed apart and so written down apart: catalogue, Lambdas, container, page, API description."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml

import jobs
import settings as lambda_settings
from generator import catalogue
from scripts import ROOT
from scripts.app.page import config_json
from scripts.stage.settings import load
from sentiment import settings as container_settings
from sentiment.app import HEALTH_PATH
from sentiment.model import Model
from shared import ledger
from tests.contracts.reading import TEMPLATES, nodes, resource

GUNICORN = ROOT / "container" / "gunicorn.conf.py"
DOCKERFILE = (ROOT / "container" / "Dockerfile").read_text()
PAGE = ROOT / "site"
OPENAPI = yaml.safe_load((ROOT / "docs" / "api" / "openapi.yaml").read_text())
ROUTES = [
    catalogue.PREDICT_ROUTE,
    catalogue.BATCH_ROUTE,
    *((function.method, function.path) for function in catalogue.FUNCTIONS),
]


class Asked(Mapping[str, str]):
    """An environment that remembers which of its variables somebody asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_by_name = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


def the_container() -> dict:
    (container,) = resource("service", "TaskDefinition")["ContainerDefinitions"]
    return container


def environment_of_the_container() -> dict[str, str]:
    """What a task gets when every Parameter has its Default."""
    defaults = {name: body.get("Default") for name, body in TEMPLATES["service"]["Parameters"].items()}
    variables = {variable["Name"]: variable["Value"] for variable in the_container()["Environment"]}
    return {
        name: str(defaults[value["Ref"]]) if isinstance(value, dict) else value for name, value in variables.items()
    }


# --- the container ---------------------------------------------------------------------------------------------


def test_the_container_reads_exactly_the_variables_that_it_is_given():
    environment = Asked(environment_of_the_container())
    container_settings.Settings.from_environment(environment)
    assert set(environment) == set(catalogue.SERVICE_ENVIRONMENT)
    secrets = {secret["Name"] for secret in the_container()["Secrets"]}
    assert secrets == {catalogue.RECEIPT_KEY_VARIABLE}
    # HOST is for processes side by side on one machine; in a container the default is right.
    assert environment.names == {*catalogue.SERVICE_ENVIRONMENT, *secrets, "HOST"}


def test_the_container_understands_what_it_is_given_and_its_defaults_are_the_same():
    given = container_settings.Settings.from_environment(environment_of_the_container())
    for found in (given, container_settings.Settings()):
        assert found.port == catalogue.CONTAINER_PORT


def test_the_container_knows_every_log_level_that_a_stage_may_set():
    assert set(TEMPLATES["service"]["Parameters"]["LogLevel"]["AllowedValues"]) <= set(container_settings.LOG_LEVELS)


def test_the_container_has_the_paths_that_are_called():
    assert HEALTH_PATH == catalogue.HEALTH_PATH
    app = ast.parse((ROOT / "container" / "sentiment" / "app.py").read_text())
    decorators = {
        ast.unparse(one) for node in ast.walk(app) if isinstance(node, ast.FunctionDef) for one in node.decorator_list
    }
    assert f"app.post({catalogue.PREDICT_PATH!r})" in decorators
    assert f"app.post({catalogue.BATCH_PATH!r})" in decorators
    assert "app.get(HEALTH_PATH)" in decorators
    assert f'"{catalogue.HEALTH_PATH}"' in (ROOT / "container" / "sentiment" / "probe.py").read_text()


def test_the_image_runs_as_the_task_definition_says():
    assert re.findall(r"^EXPOSE (.+)$", DOCKERFILE, re.M) == [str(catalogue.CONTAINER_PORT)]
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.M) == [the_container()["User"]]
    (probe,) = re.findall(r"^HEALTHCHECK .*CMD (\[.+\])$", DOCKERFILE, re.M)
    assert ["CMD", *ast.literal_eval(probe)] == the_container()["HealthCheck"]["Command"]
    assert (ROOT / "container" / "sentiment" / "probe.py").is_file()


def test_gunicorn_outlasts_the_load_balancer_and_stops_before_it_is_killed():
    settings: dict[str, Any] = {
        target.id: node.value.value
        for node in ast.walk(ast.parse(GUNICORN.read_text()))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    attributes = {a["Key"]: a["Value"] for a in resource("cluster", "LoadBalancer")["LoadBalancerAttributes"]}
    idle = int(attributes["idle_timeout.timeout_seconds"])
    assert idle == catalogue.LOAD_BALANCER_IDLE_SECONDS
    assert settings["keepalive"] > idle, "a connection that the load balancer still uses would be closed under it"
    assert settings["graceful_timeout"] < the_container()["StopTimeout"]


def test_the_model_that_is_shipped_tells_apart_the_labels_of_the_catalogue():
    assert Model.find(container_settings.MODEL_DIRECTORY).labels == catalogue.LABELS


# --- the Lambdas -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [*catalogue.FUNCTIONS, *catalogue.WORKERS], ids=lambda function: function.name)
def test_a_lambda_understands_what_it_is_given(function):
    given = resource("api", f"{function.name.capitalize()}Function")["Environment"]["Variables"]
    environment = {
        name: value if isinstance(value, str) else next(iter(value.values())) for name, value in given.items()
    }
    environment |= {"JUDGEMENT_DAYS": "7"} if "JUDGEMENT_DAYS" in environment else {}
    found = getattr(lambda_settings, function.name.capitalize()).load(environment)
    facts = {
        "labels": catalogue.LABELS,
        "judgements_table": "JudgementsTableName",
        "counts_table": "CountsTableName",
        "ledger_table": "LedgerTableName",
        "exports_table": "ExportsTableName",
        "export_bucket": "ExportBucketName",
        "export_writer": "WriterFunction",
        "judgement_days": 7,
        "export_token_parameter": "ExportTokenParameter",
        "receipt_key_parameter": catalogue.receipt_key_name("${Stage}"),
    }
    assert vars(found) == {name: facts[name] for name in vars(found)}


def test_the_tables_have_the_keys_that_the_lambdas_write():
    keys = {
        table: tuple(key["AttributeName"] for key in resource("data", table)["KeySchema"])
        for table in ("JudgementsTable", "CountsTable", "LedgerTable")
    }
    assert keys == {
        "JudgementsTable": catalogue.JUDGEMENTS_KEY,
        "CountsTable": catalogue.COUNTS_KEY,
        "LedgerTable": catalogue.LEDGER_KEY,
    }
    assert tuple(ledger.request_key("q")) == tuple(ledger.erasure_key("m")) == catalogue.LEDGER_KEY
    for table in ("JudgementsTable", "LedgerTable"):
        expiry = resource("data", table)["TimeToLiveSpecification"]
        assert expiry == {"AttributeName": catalogue.JUDGEMENTS_EXPIRY, "Enabled": True}
    (exports_key,) = resource("data", "ExportsTable")["KeySchema"]
    assert (exports_key["AttributeName"],) == catalogue.EXPORTS_KEY == tuple(jobs.ITEMS[True])
    assert [item["id"]["S"] for item in jobs.ITEMS.values()] == list(catalogue.EXPORTS)
    types = {a["AttributeName"]: a["AttributeType"] for a in resource("data", "CountsTable")["AttributeDefinitions"]}
    assert types == {"model": "S", "shard": "N"}
    code = "".join((ROOT / "lambda_src" / f"{module}.py").read_text() for module in ("record", "writes"))
    for name in (*catalogue.JUDGEMENTS_KEY, *catalogue.COUNTS_KEY):
        assert f'"{name}": {{"{types.get(name, "S")}": ' in code, f"record writes no key {name}"


def test_no_lambda_reads_more_than_it_is_given():
    """Lambdas are small; what they hold in memory and how long they take is bounded by what the template gives."""
    for function in catalogue.FUNCTIONS:
        deployed = resource("api", f"{function.name.capitalize()}Function")
        assert deployed["MemorySize"] == function.memory_mib
        assert deployed["Timeout"] == function.timeout_seconds < 30


# --- the page ----------------------------------------------------------------------------------------------------


class Inline(HTMLParser):
    """Collects what a page's security headers forbid: scripts, styles and handlers written into the HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = dict(attributes)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]


def test_the_page_has_the_files_that_the_bucket_serves():
    website = resource("site", "SiteBucket")["WebsiteConfiguration"]["Fn::If"][1]
    assert website == {"IndexDocument": catalogue.SITE_INDEX, "ErrorDocument": catalogue.SITE_ERROR}
    distribution = resource("site", "Distribution")["DistributionConfig"]
    assert distribution["DefaultRootObject"] == catalogue.SITE_INDEX
    assert {one["ResponsePagePath"] for one in distribution["CustomErrorResponses"]} == {f"/{catalogue.SITE_ERROR}"}
    assert (PAGE / catalogue.SITE_INDEX).is_file() and (PAGE / catalogue.SITE_ERROR).is_file()
    assert not (PAGE / catalogue.SITE_CONFIG).exists(), "it is written at deploy"


@pytest.mark.parametrize("name", [catalogue.SITE_INDEX, catalogue.SITE_ERROR])
def test_the_page_holds_nothing_that_its_security_headers_forbid(name):
    page = Inline()
    page.feed((PAGE / name).read_text())
    assert page.found == []


def test_the_page_calls_the_routes_that_exist():
    called = set(re.findall(r'\bat\(\s*[`"](\w+)', "".join(path.read_text() for path in PAGE.glob("*.js"))))
    assert called
    assert {f"/{path}" for path in called} <= {path for _, path in ROUTES}


def test_the_page_reads_the_settings_that_a_deployment_writes():
    written = json.loads(config_json(load("dev"), {"ApiUrl": "https://example.execute-api.eu-central-1.amazonaws.com"}))
    assert written["labels"] == list(catalogue.LABELS)
    assert written["maxReviewCharacters"] == catalogue.MAX_REVIEW_CHARACTERS
    scripts = "".join(path.read_text() for path in PAGE.glob("*.js"))
    # "config.json" is the file's name.
    read = set(re.findall(r"\bconfig\??\.(?!json\b)(\w+)", scripts))
    for names in re.findall(r"\{ ([\w, ]+) \} = (?:config|await load\(\))", scripts):
        read |= set(names.split(", "))
    assert read == set(written)
    assert f'call("{catalogue.SITE_CONFIG}"' in scripts


def test_the_page_has_a_word_and_a_colour_for_each_label():
    languages = [re.findall(r'"label\.(\w+)":', (PAGE / name).read_text()) for name in ("words.js", "de.js")]
    styles = (PAGE / "styles.css").read_text()
    assert languages == [list(catalogue.LABELS)] * 2
    assert re.findall(r'^\[data-label="(\w+)"\]', styles, re.M) == list(catalogue.LABELS)


# --- the description of the API ------------------------------------------------------------------------------------


def test_the_description_has_the_routes_that_exist():
    described = {
        (method.upper(), path)
        for path, operations in OPENAPI["paths"].items()
        for method in operations
        if method in ("get", "put", "post", "delete", "patch", "head", "options")
    }
    assert described == set(ROUTES)


def test_the_description_has_the_labels_and_limits_of_the_catalogue():
    lists = [value for node in nodes(OPENAPI) for value in node.values() if _names_labels(value)]
    assert lists
    for found in lists:
        assert [label for label in found if label in catalogue.LABELS] == list(catalogue.LABELS)
    assert OPENAPI["components"]["schemas"]["Review"]["maxLength"] == catalogue.MAX_REVIEW_CHARACTERS


def _names_labels(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(one, str) and one in catalogue.LABELS for one in value)
