"""Table of contents: every stack of the system and the module that builds its template, in teaching order."""

from __future__ import annotations

from collections.abc import Callable

from troposphere import Template

from generator.stacks import api, artifacts, cluster, data, network, service, site

BUILDERS: dict[str, Callable[[], Template]] = {
    "artifacts": artifacts.build,
    "network": network.build,
    "data": data.build,
    "cluster": cluster.build,
    "service": service.build,
    "site": site.build,
    "api": api.build,
}
