"""Rules for tenants and for access to Loki."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from logops.doctor.deployment import Agent, Cluster, Deployment, Location
from logops.doctor.rules.rule import RuleFinding
from logops.doctor.untyped import as_list, as_mapping
from logops.findings.classes import doctor as classes

_INGRESS_AUTHENTICATION = ("auth-url", "auth-type", "auth-tls-secret", "middlewares")


def tenants_without_auth(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report tenants in overrides or in agents if auth_enabled is false: Loki ignores them."""
    for cluster in deployment.clusters:
        if cluster.value("auth_enabled") is not False:
            continue
        agent_locations = [location for agent in _agents_of(deployment, cluster) for location in agent.tenants]
        if cluster.overrides or agent_locations:
            tenant_keys = [f"overrides.{tenant}" for tenant in cluster.overrides]
            tenant_keys += [f"{location.file} ({location.path})" for location in agent_locations]
            location = cluster.at("auth_enabled")
            yield RuleFinding(
                classes.TENANTS_WITHOUT_AUTH,
                location,
                f"{location.path} is false, but tenants are set in {', '.join(tenant_keys)}",
                cluster=cluster.name,
                evidence={"tenants_with_limits": len(cluster.overrides), "places_in_agents": len(agent_locations)},
            )


def agent_without_tenant(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report an agent without a tenant if every cluster that it may ship to requires a tenant."""
    for agent in deployment.agents:
        clusters = [cluster for cluster in deployment.clusters if agent.cluster in ("", cluster.name)]
        requiring = [c for c in clusters if c.value("auth_enabled") is not False and c.config and not _adds_tenant(c)]
        if clusters and len(requiring) == len(clusters) and not agent.tenants:
            names = ", ".join(cluster.name for cluster in requiring)
            message = f"agent {agent.name} sets no tenant, but Loki ({names}) requires a tenant"
            yield RuleFinding(classes.AGENT_WITHOUT_TENANT, agent.location, message, source=agent.name)


def gateway_open(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report an ingress of the chart that publishes Loki without authentication."""
    for cluster in deployment.clusters:
        for location, ingress in _unauthenticated_ingresses(cluster):
            hosts = [host.get("host") if isinstance(host, dict) else host for host in as_list(ingress.get("hosts"))]
            published = ", ".join(map(str, hosts)) or "its address"
            message = f"{location.path} publishes Loki on {published} without authentication"
            yield RuleFinding(
                classes.GATEWAY_OPEN, location, message, cluster=cluster.name, evidence={"hosts": len(hosts)}
            )


def _unauthenticated_ingresses(cluster: Cluster) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    values = cluster.values
    if values is None:
        return
    has_basic_auth = values.get("gateway", "basicAuth", "enabled") is True
    for path, protected in ((("gateway", "ingress"), has_basic_auth), (("ingress",), False)):
        ingress = as_mapping(values.get(*path))
        annotations = [str(name).rpartition("/")[2] for name in as_mapping(ingress.get("annotations"))]
        authenticates = any(name.endswith(_INGRESS_AUTHENTICATION) for name in annotations)
        if ingress.get("enabled") is True and not protected and not authenticates:
            yield values.at(*path), ingress


def _agents_of(deployment: Deployment, cluster: Cluster) -> list[Agent]:
    """Return the agents that ship to a cluster, and the agents whose cluster is unknown."""
    return [agent for agent in deployment.agents if agent.cluster in ("", cluster.name)]


def _adds_tenant(cluster: Cluster) -> bool:
    """Return whether the chart's gateway sets X-Scope-OrgID for its users."""
    if cluster.values is None:
        return False
    snippet = str(cluster.values.get("gateway", "nginxConfig", "locationSnippet") or "")
    return bool(cluster.values.get("loki", "tenants")) or "X-Scope-OrgID" in snippet
