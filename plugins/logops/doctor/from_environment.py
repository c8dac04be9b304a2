"""An environment as the rules look at it: what would be rendered, at its paths in the environment file."""

from collections.abc import Iterator
from pathlib import Path

from logops.doctor.deployment import (
    Agent,
    Cluster,
    Deployment,
    LifecycleAction,
    LifecycleRule,
    Location,
    RetentionPromise,
    TierName,
)
from logops.environment.agents import FileSource, PodSource, Source
from logops.environment.cluster import Cluster as DeclaredCluster
from logops.environment.model import Environment
from logops.environment.storage import LifecycleRule as DeclaredRule
from logops.render.addresses import Addresses, kubernetes_addresses, local_addresses
from logops.render.loki import loki_config
from logops.render.overrides import overrides
from logops.render.storage import lifecycle_rules
from logops.render.topology import local_topology

_PODS = "/var/log/pods/*/*.log"
_STATE = Path("state")
"""Stands for the state folder, which no rule looks at."""


def from_environment(environment: Environment, file: str = "") -> Deployment:
    """The deployment that an environment renders to; `file` names it in findings.

    Raises PlacementError (logops.render) for an environment that its platform has no location for.
    """
    top = Location(file or f"{environment.name}.yaml")
    return Deployment(
        environment=environment.name,
        clusters=tuple(
            _cluster(environment, name, declared, top.at("clusters", name))
            for name, declared in environment.clusters.items()
        ),
        lifecycle=tuple(rule for account in environment.storage_accounts for rule in _rules(environment, account, top)),
        agents=tuple(_agents(environment, top)),
    )


def _cluster(environment: Environment, name: str, declared: DeclaredCluster, location: Location) -> Cluster:
    ingesters = declared.components["all" if declared.mode == "single" else "ingester"]
    hot = [tenant.retention.hot.timedelta for tenant in declared.tenants.values() if tenant.retention.then]
    return Cluster(
        name,
        location,
        loki_config(declared, _addresses(environment, name), f"{environment.name}-{name}"),
        moved=dict(_moved(declared, location)),
        overrides=overrides(declared)["overrides"],
        replicas={"ingester": declared.ingesters},
        # On this machine the folder that stands for the volume stays where it is.
        ingester_volume=environment.platform.kind == "local" or ingesters.volume is not None,
        security=declared.data == "security",
        promise=RetentionPromise(declared.keep_at_least.timedelta, min(hot, default=None)),
    )


def _addresses(environment: Environment, cluster: str) -> Addresses:
    if environment.platform.kind == "local":
        return local_addresses(local_topology(environment, _STATE), cluster)
    return kubernetes_addresses(environment, cluster)


def _moved(declared: DeclaredCluster, location: Location) -> Iterator[tuple[str, Location]]:
    """Paths of Loki's configuration that the environment has elsewhere; the others it has by the same name."""
    component = "all" if declared.mode == "single" else "ingester"
    yield "common.replication_factor", location.at("replication_factor")
    yield "common.ring", location.at("ring")
    yield "schema_config.configs", location.at("schema_periods")
    yield "storage_config.object_store.azure", location.at("storage_account")
    yield "storage_config.object_store.azure.account_name", location.at("storage_account")
    yield "ruler_storage.azure", location.at("storage_account")
    yield "ruler_storage.azure.account_name", location.at("storage_account")
    yield "ingester.persistence", location.at("components", component, "volume")
    yield "limits_config", location.at("limits")
    yield "limits_config.retention_period", location.at("keep_at_least")
    for name, tenant in declared.tenants.items():
        at = location.at("tenants", name)
        yield f"overrides.{name}", at.at("limits")
        yield f"overrides.{name}.retention_period", at.at("retention", "keep")
        for index in range(len(tenant.retention.streams)):
            stream = at.at("retention", "streams", index)
            yield f"overrides.{name}.retention_stream[{index}].period", stream.at("keep")


def _rules(environment: Environment, account: str, top: Location) -> Iterator[LifecycleRule]:
    """The account's own rules, then those that follow from its tenants' retention, in the order rendered."""
    own = environment.storage_accounts[account]
    locations = [top.at("storage_accounts", account, "lifecycle", index) for index in range(len(own.lifecycle))]
    derived = [
        top.at("clusters", name, "tenants", tenant, "retention", "hot")
        for name, cluster in environment.clusters.items()
        if cluster.storage_account == account
        for tenant, declared in cluster.tenants.items()
        if declared.retention.then
    ]
    rules = lifecycle_rules(environment, account)
    for number, (rule, location) in enumerate(zip(rules, [*locations, *derived], strict=True)):
        yield _rule(rule, location, own.account_name, declared=number < len(locations))


def _rule(rule: DeclaredRule, location: Location, account: str, *, declared: bool) -> LifecycleRule:
    def days(key: str) -> LifecycleAction | None:
        after = getattr(rule, key)
        return None if after is None else LifecycleAction(after, location.at(key) if declared else location)

    tiers: dict[TierName, LifecycleAction | None] = {
        "cool": days("cool_after"),
        "cold": days("cold_after"),
        "archive": days("archive_after"),
    }
    return LifecycleRule(
        rule.name,
        location,
        prefixes=((f"{rule.container}/{rule.prefix}", location.at("prefix") if declared else location),),
        tiers={name: step for name, step in tiers.items() if step},
        delete=days("delete_after"),
        account=account,
    )


def _agents(environment: Environment, top: Location) -> Iterator[Agent]:
    """An agent for each cluster it ships to, as it is run."""
    for name, agent in environment.agents.items():
        for cluster in environment.clusters:
            sources = {source: environment.sources[source] for source in agent.sources}
            own = {source: declared for source, declared in sources.items() if declared.cluster == cluster}
            if own:
                at = {source: top.at("sources", source) for source in own}
                yield Agent(
                    name,
                    agent.kind,
                    top.at("agents", name),
                    cluster=cluster,
                    labels=tuple(
                        (label, at[source].at("parse", "labels", index))
                        for source, declared in own.items()
                        for index, label in enumerate(declared.parse.labels)
                    ),
                    tenants=tuple(location.at("tenant") for location in at.values()),
                    reads=tuple(read for source, declared in own.items() for read in _reads(declared, at[source])),
                    drops=tuple(
                        (expression, at[source].at("parse", "drop", index))
                        for source, declared in own.items()
                        for index, expression in enumerate(declared.parse.drop)
                    ),
                )


def _reads(source: Source, location: Location) -> Iterator[tuple[str, Location]]:
    if isinstance(source, FileSource):
        yield from ((path, location.at("paths", index)) for index, path in enumerate(source.paths))
    elif isinstance(source, PodSource):
        yield _PODS, location
