"""Keys that the programs do not know, do not know any more, or will not know for long."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from logops.doctor.deployment import Deployment, Place
from logops.doctor.keys.known import Path, dotted, hint, known, unknown_paths
from logops.doctor.keys.retired import OLD_INDEX_STORES, deprecated, removed
from logops.doctor.rules.found import Found
from logops.findings import FindingClass
from logops.findings.classes import doctor as classes


def keys_removed(deployment: Deployment, as_of: datetime) -> Iterator[Found]:
    """Keys that were Loki's, with what took their place."""
    for cluster in deployment.clusters:
        for path, _ in unknown_paths(cluster.config, known("loki")):
            retired = removed(dotted(path))
            if retired:
                place = cluster.at(str(path[0]), *path[1:])
                message = f"{place.path} was removed from Loki. {retired.advice}"
                remedy = f"Write {retired.replacement} instead." if retired.replacement else "Remove it."
                yield Found(classes.KEY_REMOVED, place, message, cluster=cluster.name, remedy=remedy)


def keys_unknown(deployment: Deployment, as_of: datetime) -> Iterator[Found]:
    """Keys that never were Loki's."""
    for cluster in deployment.clusters:
        for path, siblings in unknown_paths(cluster.config, known("loki")):
            if not removed(dotted(path)):
                cls = classes.LIMIT_UNKNOWN if path[0] == "limits_config" else classes.KEY_UNKNOWN
                yield _unknown(
                    cls, cluster.at(str(path[0]), *path[1:]), hint(path, siblings, "loki"), "Loki", cluster=cluster.name
                )


def overrides_unknown(deployment: Deployment, as_of: datetime) -> Iterator[Found]:
    """Keys in tenants' overrides that are no limits."""
    limits = known("loki")["limits_config"]
    for cluster in deployment.clusters:
        for tenant, own in cluster.overrides.items():
            for path, siblings in unknown_paths(own, limits):
                place = cluster.at("overrides", tenant, *path)
                retired = removed(f"limits_config.{dotted(path)}")
                if retired:
                    message = f"{place.path} was removed from Loki. {retired.advice}"
                    yield Found(classes.KEY_REMOVED, place, message, cluster=cluster.name, tenant=tenant)
                else:
                    text = hint(path, siblings, "loki")
                    yield _unknown(classes.LIMIT_UNKNOWN, place, text, "Loki", cluster=cluster.name, tenant=tenant)


def keys_deprecated(deployment: Deployment, as_of: datetime) -> Iterator[Found]:
    """Keys and index stores on their way out."""
    for cluster in deployment.clusters:
        for path in _written_paths(cluster.config):
            if retired := deprecated(dotted(path)):
                place = cluster.at(str(path[0]), *path[1:])
                message = f"{place.path} is deprecated. {retired.advice}"
                remedy = f"Write {retired.replacement} instead." if retired.replacement else ""
                yield Found(classes.KEY_DEPRECATED, place, message, cluster=cluster.name, remedy=remedy)
        for index, period in cluster.periods():
            for key, old in (("store", OLD_INDEX_STORES), ("object_store", OLD_INDEX_STORES - {"aws"})):
                if str(period.get(key)) in old:
                    place = cluster.at("schema_config.configs", index, key)
                    message = f"{place.path} is {period[key]}, which Loki is giving up"
                    yield Found(classes.KEY_DEPRECATED, place, message, cluster=cluster.name)


def agent_keys_unknown(deployment: Deployment, as_of: datetime) -> Iterator[Found]:
    """Keys that Promtail does not know: it does not start."""
    for agent in deployment.agents:
        for section, block, place in agent.blocks:
            keys = known("promtail")
            found = unknown_paths(block, keys.get(section)) if section else unknown_paths(block, keys)
            for path, siblings in found:
                where = place.at(*path)
                yield _unknown(
                    classes.KEY_UNKNOWN, where, hint(path, siblings, "promtail"), "Promtail", source=agent.name
                )


def _unknown(
    cls: FindingClass,
    place: Place,
    text: str,
    program: str,
    *,
    cluster: str = "",
    tenant: str = "",
    source: str = "",
) -> Found:
    message = f"{program} knows no {place.path}"
    return Found(cls, place, message, cluster=cluster, tenant=tenant, source=source, remedy=text)


def _written_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield (*path, str(key))
            yield from _written_paths(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _written_paths(element, (*path, index))
