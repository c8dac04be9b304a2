"""Find references in an environment to names that are not declared."""

from collections.abc import Collection, Iterator

from logops.environment.alerts import Alertmanager
from logops.environment.model import Environment
from logops.environment.problem import Problem
from logops.findings.classes import REGISTRY
from logops.suggestions import did_you_mean

Reference = tuple[str, str, Collection[str]]
"""Path in the file, the name at that path, the declared names."""


def find_dangling_references(environment: Environment) -> Iterator[Problem]:
    """Yield a problem for every reference to a name that is not declared, with the declared names."""
    for path, name, declared in (
        *_cluster_references(environment),
        *_account_references(environment),
        *_agent_references(environment),
        *_alert_references(environment),
    ):
        if name not in declared:
            yield Problem(path, f'"{name}"', f"one of: {', '.join(sorted(declared)) or 'no name is declared'}")
    for path, name in _classes_of_routes(environment):
        if name not in REGISTRY:
            yield Problem(path, f'"{name}"', f"a class of docs/findings.md.{did_you_mean(name, REGISTRY)}")


def _cluster_references(environment: Environment) -> Iterator[Reference]:
    for name, cluster in environment.clusters.items():
        cluster_path = f"clusters.{name}"
        yield f"{cluster_path}.storage_account", cluster.storage_account, environment.storage_accounts
        if account := environment.storage_accounts.get(cluster.storage_account):
            yield f"{cluster_path}.containers.chunks", cluster.containers.chunks, account.containers
            yield f"{cluster_path}.containers.ruler", cluster.containers.ruler, account.containers
        if cluster.canary:
            yield f"{cluster_path}.canary.tenant", cluster.canary.tenant, cluster.tenants


def _account_references(environment: Environment) -> Iterator[Reference]:
    for name, account in environment.storage_accounts.items():
        for index, rule in enumerate(account.lifecycle):
            yield f"storage_accounts.{name}.lifecycle.{index}.container", rule.container, account.containers


def _agent_references(environment: Environment) -> Iterator[Reference]:
    for name, source in environment.sources.items():
        yield f"sources.{name}.cluster", source.cluster, environment.clusters
        if cluster := environment.clusters.get(source.cluster):
            yield f"sources.{name}.tenant", source.tenant, cluster.tenants
            allowed = source.tenant_from.allowed if source.tenant_from else ()
            for index, tenant in enumerate(allowed):
                yield f"sources.{name}.tenant_from.allowed.{index}", tenant, cluster.tenants
    for name, agent in environment.agents.items():
        for index, source_name in enumerate(agent.sources):
            yield f"agents.{name}.sources.{index}", source_name, environment.sources
        if agent.archive:
            archive = f"agents.{name}.archive"
            yield f"{archive}.storage_account", agent.archive.storage_account, environment.storage_accounts
            if account := environment.storage_accounts.get(agent.archive.storage_account):
                yield f"{archive}.container", agent.archive.container, account.containers


def _alert_references(environment: Environment) -> Iterator[Reference]:
    for audience, alertmanager in _alertmanagers(environment):
        path = f"alerts.{audience}"
        if alertmanager.receiver:
            yield f"{path}.receiver", alertmanager.receiver, alertmanager.receivers
        for index, route in enumerate(alertmanager.routes):
            yield f"{path}.routes.{index}.receiver", route.receiver, alertmanager.receivers


def _classes_of_routes(environment: Environment) -> Iterator[tuple[str, str]]:
    for audience, alertmanager in _alertmanagers(environment):
        for number, route in enumerate(alertmanager.routes):
            for index, name in enumerate(route.classes):
                yield f"alerts.{audience}.routes.{number}.classes.{index}", name


def _alertmanagers(environment: Environment) -> Iterator[tuple[str, Alertmanager]]:
    yield from (("standard", environment.alerts.standard), ("security", environment.alerts.security))
