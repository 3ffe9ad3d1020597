"""How the system gets to where it is, and how it goes on from there: deployment and operation as steps."""

from __future__ import annotations

import itertools

from generator import catalogue
from generator.catalogue import HEALTH_PATH, PREDICT_ROUTE
from scripts.cloudformation import templates
from scripts.cloudformation.plan import make_plan
from scripts.docs import model
from scripts.docs.graph import Graph
from scripts.docs.pictures.stack import drop_shortcuts
from scripts.stage import settings

# What the orchestrator works out itself: Parameter -> what it comes from, and in words.
COMPUTED = {
    "LambdaCodeKey": ("Lambda code", "zip of lambda_src/, named by its content"),
    "ImageUri": ("Container image", "built from container/, named by its content"),
}


def deployment() -> Graph:
    """What a deployment does: the order follows from the templates, as the orchestrator itself works it out."""
    graph = Graph("Deployment: a stack starts as soon as what it needs is there", legend=False, tall=True, longest=120)
    computed = dict.fromkeys((*COMPUTED, *catalogue.ZONE_PARAMETERS), "")
    plan = make_plan("dev", templates.load_all(), computed, settings.load("dev").parameters)
    for step in plan.steps:
        count = len(model.stacks()[step.stack].resources)
        only = "unless images are kept elsewhere" if step.stack == "registry" else ""
        many = "resources" if count > 1 else "resource"
        graph.add(step.stack, step.stack, f"stack of {count} {many}", only, kind="network", icon="cloudformation")
    for step in plan.steps:
        for giver in sorted(step.needs):
            graph.join(giver, step.stack)
        for name in step.fixed.keys() & COMPUTED.keys():
            graph.join(graph.add(name, *COMPUTED[name], kind="compute"), step.stack)
    if "ArtifactsBucketName" in model.makers_of_outputs():
        graph.join("artifacts", "LambdaCodeKey", "upload")
    if {"registry", "ImageUri"} <= graph.nodes.keys():
        graph.join("registry", "ImageUri", "push", dashed=True)
    drop_shortcuts(graph)
    graph.add("files", "Page", "files that changed, and config.json", kind="page")
    graph.add("smoke", "Smoke test", "page, prediction, judgement, export", kind="watch")
    last = {step.stack for step in plan.steps} - {giver for step in plan.steps for giver in step.needs} - {"registry"}
    for stack in sorted(last):
        graph.join(stack, "files")
    graph.join("files", "smoke")
    graph.join("smoke", graph.add("ready", "Ready", "addresses are printed", kind="page"), "works")
    graph.join("smoke", graph.add("back", "Rolled back", "what ran before runs again", kind="access"), "does not")
    return graph


def operation() -> Graph:
    """The circle that the system lives in, from a judgement to the next revision of the model."""
    graph = Graph("Operation: from a judgement to the next revision", legend=False)
    routes = {function.name: f"{function.method} {function.path}" for function in catalogue.FUNCTIONS}
    steps = [
        graph.add(
            "ask",
            "Ask",
            " ".join(PREDICT_ROUTE),
            f"one of {len(catalogue.LABELS)} emotions",
            kind="person",
            icon="user",
        ),
        graph.add("judge", "Agree or correct", routes["record"], "appended, never changed", kind="person", icon="user"),
        graph.add("export", "Export", f"{routes['export']}, sentiment export", kind="data", icon="s3"),
        graph.add("train", "Retrain", "make retrain: measured", "against the old model", kind="compute"),
    ]
    for one, other in itertools.pairwise(steps):
        graph.join(one, other)
    graph.join(
        "judge", graph.add("stats", "Statistics", routes["stats"], "live accuracy", kind="data", icon="dynamodb")
    )
    graph.join("train", graph.add("image", "New image", "named by its content", kind="compute", icon="ecr"), "no worse")
    graph.join("train", graph.add("keep", "Old model stays", kind="access"), "worse")
    graph.join(
        "image",
        graph.add(
            "roll", "Roll out", "sentiment promote: new tasks", "beside the old ones", kind="compute", icon="ecs"
        ),
    )
    graph.join(
        "roll",
        graph.add("serve", "New revision serves", "old tasks drain", kind="page", icon="ecs"),
        f"{HEALTH_PATH}: 200",
    )
    graph.join("roll", graph.add("undo", "Rolled back", "by the circuit breaker", kind="access"), "not healthy")
    graph.join("serve", graph.add("again", "sentiment rollback", "undoes it by hand", kind="access"), dashed=True)
    return graph
