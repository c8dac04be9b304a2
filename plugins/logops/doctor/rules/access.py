"""Tenants and who may reach them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from logops.doctor.deployment import Agent, Cluster, Deployment, Location
from logops.doctor.rules.rule import RuleFinding
from logops.doctor.untyped import as_list, as_mapping
from logops.findings.classes import doctor as classes

_INGRESS_AUTHENTICATION = ("auth-url", "auth-type", "auth-tls-secret", "middlewares")


def tenants_without_auth(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Tenants in overrides, or set by agents, that Loki will not look at."""
    for cluster in deployment.clusters:
        if cluster.value("auth_enabled") is not False:
            continue
        setting = [location for agent in _agents(deployment, cluster) for location in agent.tenants]
        if cluster.overrides or setting:
            whose = [
                *(f"overrides.{tenant}" for tenant in cluster.overrides),
                *(_where(location) for location in setting),
            ]
            location = cluster.at("auth_enabled")
            yield RuleFinding(
                classes.TENANTS_WITHOUT_AUTH,
                location,
                f"{location.path} is false, while tenants are set in {', '.join(whose)}",
                cluster=cluster.name,
                evidence={"tenants_with_limits": len(cluster.overrides), "places_in_agents": len(setting)},
            )


def agent_without_tenant(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """An agent whose every possible Loki wants a tenant, with no gateway that would add it."""
    for agent in deployment.agents:
        clusters = [cluster for cluster in deployment.clusters if agent.cluster in ("", cluster.name)]
        wanting = [c for c in clusters if c.value("auth_enabled") is not False and c.config and not _adds_tenant(c)]
        if clusters and len(wanting) == len(clusters) and not agent.tenants:
            message = f"{agent.name} sets no tenant, and {', '.join(c.name for c in wanting)} wants one"
            yield RuleFinding(classes.AGENT_WITHOUT_TENANT, agent.location, message, source=agent.name)


def gateway_open(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """An ingress of the chart, and authentication neither in it nor in the gateway."""
    for cluster in deployment.clusters:
        for location, ingress in _unguarded_ingresses(cluster):
            hosts = [host.get("host") if isinstance(host, dict) else host for host in as_list(ingress.get("hosts"))]
            published = ", ".join(map(str, hosts)) or "its address"
            message = f"{location.path} publishes Loki on {published} without authentication"
            yield RuleFinding(
                classes.GATEWAY_OPEN, location, message, cluster=cluster.name, evidence={"hosts": len(hosts)}
            )


def _unguarded_ingresses(cluster: Cluster) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    values = cluster.values
    if values is None:
        return
    behind_basic_auth = values.get("gateway", "basicAuth", "enabled") is True
    for path, guarded in ((("gateway", "ingress"), behind_basic_auth), (("ingress",), False)):
        ingress = as_mapping(values.get(*path))
        annotations = [str(name).rpartition("/")[2] for name in as_mapping(ingress.get("annotations"))]
        asks = any(name.endswith(_INGRESS_AUTHENTICATION) for name in annotations)
        if ingress.get("enabled") is True and not guarded and not asks:
            yield values.at(*path), ingress


def _agents(deployment: Deployment, cluster: Cluster) -> list[Agent]:
    """Agents that ship to a cluster, or may."""
    return [agent for agent in deployment.agents if agent.cluster in ("", cluster.name)]


def _adds_tenant(cluster: Cluster) -> bool:
    """Whether the chart's gateway sets X-Scope-OrgID for its users."""
    if cluster.values is None:
        return False
    snippet = str(cluster.values.get("gateway", "nginxConfig", "locationSnippet") or "")
    return bool(cluster.values.get("loki", "tenants")) or "X-Scope-OrgID" in snippet


def _where(location: Location) -> str:
    return f"{location.file} ({location.path})"
