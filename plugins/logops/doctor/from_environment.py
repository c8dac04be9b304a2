"""Make the deployment that an environment renders to, with locations in the environment file."""

from collections.abc import Iterator
from pathlib import Path

from logops.doctor.deployment import (
    Agent,
    Cluster,
    Deployment,
    LifecycleAction,
    LifecyclePolicy,
    LifecycleRule,
    Location,
    RetentionPromise,
    TierName,
)
from logops.environment.cluster import Cluster as DeclaredCluster
from logops.environment.model import Environment
from logops.environment.sources import FileSource, PodSource, Source
from logops.environment.storage import LifecycleRule as DeclaredRule
from logops.render.addresses import Addresses, kubernetes_addresses, local_addresses
from logops.render.loki import loki_config
from logops.render.overrides import overrides
from logops.render.storage import join_rules, lifecycle_rules
from logops.render.topology import local_topology

_PODS = "/var/log/pods/*/*.log"
_STATE = Path("state")
"""A placeholder for the state folder: no rule reads it."""


def from_environment(environment: Environment, file: str = "", text: str = "") -> Deployment:
    """Return the deployment that an environment renders to.

    file   name of the environment file, as findings show it
    text   its text: findings then have a line and a column

    Raises PlacementError (logops.render) if the platform cannot run the environment.
    """
    top = Location(file or f"{environment.name}.yaml")
    return Deployment(
        environment=environment.name,
        clusters=tuple(
            _cluster(environment, name, declared, top.at("clusters", name))
            for name, declared in environment.clusters.items()
        ),
        lifecycle=tuple(rule for account in environment.storage_accounts for rule in _rules(environment, account, top)),
        policies=tuple(
            LifecyclePolicy(
                top.at("storage_accounts", name),
                account.account_name,
                len(join_rules(lifecycle_rules(environment, name))),
                # Azurite, the storage of the local platform, has every tier.
                "" if environment.platform.kind == "local" else account.redundancy,
            )
            for name, account in environment.storage_accounts.items()
        ),
        agents=tuple(_agents(environment, top)),
        for_loki_4=True,
        texts={top.file: text} if text else {},
    )


def _cluster(environment: Environment, name: str, declared: DeclaredCluster, location: Location) -> Cluster:
    ingesters = declared.components["all" if declared.mode == "single" else "ingester"]
    hot = [tenant.retention.hot.timedelta for tenant in declared.tenants.values() if tenant.retention.then]
    return Cluster(
        name,
        location,
        loki_config(declared, _addresses(environment, name), f"{environment.name}-{name}"),
        key_locations=dict(_key_locations(declared, location)),
        overrides=overrides(declared)["overrides"],
        replicas={"ingester": declared.ingesters},
        # On the local platform the folder of the volume is kept.
        ingester_volume=environment.platform.kind == "local" or ingesters.volume is not None,
        security=declared.data == "security",
        promise=RetentionPromise(declared.keep_at_least.timedelta, min(hot, default=None)),
    )


def _addresses(environment: Environment, cluster: str) -> Addresses:
    if environment.platform.kind == "local":
        return local_addresses(local_topology(environment, _STATE), cluster)
    return kubernetes_addresses(environment, cluster)


def _key_locations(declared: DeclaredCluster, location: Location) -> Iterator[tuple[str, Location]]:
    """Yield the keys of Loki's configuration that have another path in the environment file, with their location."""
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
        tenant_location = location.at("tenants", name)
        yield f"overrides.{name}", tenant_location.at("limits")
        yield f"overrides.{name}.retention_period", tenant_location.at("retention", "keep")
        for index in range(len(tenant.retention.streams)):
            stream = tenant_location.at("retention", "streams", index)
            yield f"overrides.{name}.retention_stream[{index}].period", stream.at("keep")


def _rules(environment: Environment, account: str, top: Location) -> Iterator[LifecycleRule]:
    """Yield the rules declared for the account, then those derived from tenants' retention, in the rendered order."""
    declared_account = environment.storage_accounts[account]
    locations = [
        top.at("storage_accounts", account, "lifecycle", index) for index in range(len(declared_account.lifecycle))
    ]
    derived = [
        top.at("clusters", name, "tenants", tenant, "retention", "hot")
        for name, cluster in environment.clusters.items()
        if cluster.storage_account == account
        for tenant, declared in cluster.tenants.items()
        if declared.retention.then
    ]
    rules = lifecycle_rules(environment, account)
    for number, (rule, location) in enumerate(zip(rules, [*locations, *derived], strict=True)):
        yield _rule(rule, location, declared_account.account_name, declared=number < len(locations))


def _rule(rule: DeclaredRule, location: Location, account: str, *, declared: bool) -> LifecycleRule:
    def action(key: str) -> LifecycleAction | None:
        after = getattr(rule, key)
        return None if after is None else LifecycleAction(after, location.at(key) if declared else location)

    tiers: dict[TierName, LifecycleAction | None] = {
        "cool": action("cool_after"),
        "cold": action("cold_after"),
        "archive": action("archive_after"),
    }
    return LifecycleRule(
        rule.name,
        location,
        prefixes=((f"{rule.container}/{rule.prefix}", location.at("prefix") if declared else location),),
        tiers={name: action for name, action in tiers.items() if action},
        delete=action("delete_after"),
        account=account,
    )


def _agents(environment: Environment, top: Location) -> Iterator[Agent]:
    """Yield each agent once for each cluster to which it ships."""
    for name, agent in environment.agents.items():
        for cluster in environment.clusters:
            sources = {source: environment.sources[source] for source in agent.sources}
            cluster_sources = {source: declared for source, declared in sources.items() if declared.cluster == cluster}
            if cluster_sources:
                source_locations = {source: top.at("sources", source) for source in cluster_sources}
                yield Agent(
                    name,
                    agent.kind,
                    top.at("agents", name),
                    cluster=cluster,
                    labels=tuple(
                        (label, source_locations[source].at("parse", "labels", index))
                        for source, declared in cluster_sources.items()
                        for index, label in enumerate(declared.parse.labels)
                    ),
                    tenants=tuple(location.at("tenant") for location in source_locations.values()),
                    tailed_globs=tuple(
                        glob
                        for source, declared in cluster_sources.items()
                        for glob in _tailed_globs(declared, source_locations[source])
                    ),
                    drop_expressions=tuple(
                        (rule.expression, source_locations[source].at("parse", "drop", index))
                        for source, declared in cluster_sources.items()
                        for index, rule in enumerate(declared.parse.drop)
                        if rule.expression and not rule.field
                    ),
                )


def _tailed_globs(source: Source, location: Location) -> Iterator[tuple[str, Location]]:
    if isinstance(source, FileSource):
        yield from ((path, location.at("paths", index)) for index, path in enumerate(source.paths))
    elif isinstance(source, PodSource):
        yield _PODS, location
