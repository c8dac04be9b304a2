"""Rules for configuration keys that are unknown, removed or deprecated."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from logops.doctor.deployment import Deployment, Location
from logops.doctor.keys.known import Path, dotted, hint, known_keys, unknown_paths
from logops.doctor.keys.retired import OLD_INDEX_STORES, find_deprecated, find_removed
from logops.doctor.rules.rule import RuleFinding
from logops.findings import FindingClass
from logops.findings.classes import doctor as classes


def keys_removed(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report keys that Loki has removed, with their replacement."""
    for cluster in deployment.clusters:
        for path, _ in unknown_paths(cluster.config, known_keys("loki")):
            retired = find_removed(dotted(path))
            if retired:
                location = cluster.at(str(path[0]), *path[1:])
                message = f"{location.path} was removed from Loki. {retired.advice}"
                remedy = f"Write {retired.replacement} instead." if retired.replacement else "Remove it."
                yield RuleFinding(classes.KEY_REMOVED, location, message, cluster=cluster.name, remedy=remedy)


def keys_unknown(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report keys that no version of Loki knows."""
    for cluster in deployment.clusters:
        for path, siblings in unknown_paths(cluster.config, known_keys("loki")):
            if not find_removed(dotted(path)):
                cls = classes.LIMIT_UNKNOWN if path[0] == "limits_config" else classes.KEY_UNKNOWN
                yield _unknown(
                    cls, cluster.at(str(path[0]), *path[1:]), hint(path, siblings, "loki"), "Loki", cluster=cluster.name
                )


def overrides_unknown(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report keys in tenants' overrides that are not limits."""
    limits = known_keys("loki")["limits_config"]
    for cluster in deployment.clusters:
        for tenant, overrides in cluster.overrides.items():
            for path, siblings in unknown_paths(overrides, limits):
                location = cluster.at("overrides", tenant, *path)
                retired = find_removed(f"limits_config.{dotted(path)}")
                if retired:
                    message = f"{location.path} was removed from Loki. {retired.advice}"
                    yield RuleFinding(classes.KEY_REMOVED, location, message, cluster=cluster.name, tenant=tenant)
                else:
                    remedy = hint(path, siblings, "loki")
                    yield _unknown(classes.LIMIT_UNKNOWN, location, remedy, "Loki", cluster=cluster.name, tenant=tenant)


def keys_deprecated(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report keys and index stores that are deprecated."""
    for cluster in deployment.clusters:
        for path in configured_paths(cluster.config):
            if (retired := find_deprecated(dotted(path))) and not deployment.for_loki_4:
                location = cluster.at(str(path[0]), *path[1:])
                message = f"{location.path} is deprecated. {retired.advice}"
                remedy = f"Write {retired.replacement} instead." if retired.replacement else ""
                yield RuleFinding(classes.KEY_DEPRECATED, location, message, cluster=cluster.name, remedy=remedy)
        for index, period in cluster.periods():
            for key, old in (("store", OLD_INDEX_STORES), ("object_store", OLD_INDEX_STORES - {"aws"})):
                if str(period.get(key)) in old and not deployment.for_loki_4:
                    location = cluster.at("schema_config.configs", index, key)
                    message = f"{location.path} is {period[key]}, a store that Loki has deprecated"
                    yield RuleFinding(classes.KEY_DEPRECATED, location, message, cluster=cluster.name)


def agent_keys_unknown(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report keys that the agent does not know: it does not start with them."""
    for agent in deployment.agents:
        for instead, location in agent.refused_keys:
            message = f"{location.path} is not a key of Fluent Bit's plugin loki, but of the plugin grafana-loki"
            remedy = f"Write {instead} instead." if instead else "Remove it."
            yield RuleFinding(classes.KEY_UNKNOWN, location, message, source=agent.name, remedy=remedy)
        for section, block, location in agent.config_blocks:
            keys = known_keys("promtail")
            unknown = unknown_paths(block, keys.get(section) if section else keys)
            for path, siblings in unknown:
                key_location = location.at(*path)
                yield _unknown(
                    classes.KEY_UNKNOWN, key_location, hint(path, siblings, "promtail"), "Promtail", source=agent.name
                )


def _unknown(
    cls: FindingClass,
    location: Location,
    remedy: str,
    program: str,
    *,
    cluster: str = "",
    tenant: str = "",
    source: str = "",
) -> RuleFinding:
    message = f"{location.path} is not a key of {program}"
    return RuleFinding(cls, location, message, cluster=cluster, tenant=tenant, source=source, remedy=remedy)


def configured_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every key of a configuration."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield (*path, str(key))
            yield from configured_paths(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from configured_paths(element, (*path, index))
