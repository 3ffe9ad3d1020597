"""Table of contents: every stack of the system and the module that builds its template, in teaching order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from troposphere import Template

from generator.stacks import api, artifacts, cluster, data, network, operations, pipeline, registry, service, site

APP: dict[str, Callable[[], Template]] = {
    "artifacts": artifacts.build,
    "registry": registry.build,
    "network": network.build,
    "data": data.build,
    "cluster": cluster.build,
    "service": service.build,
    "site": site.build,
    "api": api.build,
    "operations": operations.build,
}
# What the pipelines may do is derived from the other stacks.
BUILDERS: dict[str, Callable[[], Template]] = {**APP, "pipeline": partial(pipeline.build, APP)}


def source(stack: str) -> str:
    """The file with a stack's ``build``, such as ``generator/stacks/data.py``.

    Args:
        stack: its short name, a key of ``BUILDERS``.
    """
    build = BUILDERS[stack]
    made_by = build.func if isinstance(build, partial) else build
    return made_by.__module__.replace(".", "/") + ".py"
