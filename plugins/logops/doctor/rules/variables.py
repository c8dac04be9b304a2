"""Rules for `${VARIABLES}` that stay literal texts."""

from collections.abc import Iterator
from datetime import datetime

from logops.doctor.deployment import Deployment, Location
from logops.doctor.rules.rule import RuleFinding
from logops.doctor.variables import variables_in
from logops.findings.classes import doctor as classes


def variable_not_expanded(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report variables that the agent does not expand."""
    for agent in deployment.agents:
        for variable, location in agent.unexpanded_variables:
            message = f"{location.path} is the literal text {variable}: agent {agent.name} does not expand variables"
            yield RuleFinding(classes.VARIABLE_NOT_EXPANDED, location, message, source=agent.name)


def loki_variable_not_expanded(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report variables that Loki does not expand: without -config.expand-env, and always in overrides.

    Source: pkg/util/cfg/files.go and pkg/runtime of Loki 3.7.8. The runtime configuration is never expanded.
    """
    for cluster in deployment.clusters:
        if cluster.expands_variables is False:
            for variable, below in variables_in(cluster.config, Location("")):
                location = cluster.at(below.path)
                message = f"{location.path} is the literal text {variable}: Loki is started without -config.expand-env"
                remedy = (
                    f"Start Loki with -config.expand-env=true{': in the chart, extraArgs' if cluster.chart else ''}."
                )
                yield RuleFinding(classes.VARIABLE_NOT_EXPANDED, location, message, cluster=cluster.name, remedy=remedy)
        for tenant, limits in cluster.overrides.items():
            for variable, below in variables_in(limits, Location("")):
                location = cluster.at(f"overrides.{tenant}.{below.path}")
                message = f"{location.path} is the literal text {variable}: Loki expands no variables in overrides"
                yield RuleFinding(
                    classes.VARIABLE_NOT_EXPANDED,
                    location,
                    message,
                    cluster=cluster.name,
                    tenant=tenant,
                    remedy="Write the value itself.",
                )
