"""Rules for an upgrade to Loki 4: what it refuses, and what it does differently."""

from collections.abc import Iterator
from datetime import datetime

from logops.doctor.deployment import Cluster, Deployment
from logops.doctor.keys.known import Path, dotted
from logops.doctor.keys.loki4 import EXPRESSIONS, INDEX_STORES, LEGACY_CLIENTS, TARGETS, find_removed_in_4
from logops.doctor.rules.keys import configured_paths
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes
from logops.findings.classes.rollout import CHECK_INCOMPLETE


def loki_4_incompatible(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report what breaks with Loki 4, if the deployment is to be upgraded or comes from an environment."""
    if not deployment.for_loki_4:
        return
    for cluster in deployment.clusters:
        yield from _removed_keys(cluster)
        yield from _unreadable_periods(cluster)
        yield from _removed_mode(cluster)
        yield from _other_storage_client(cluster)


def expression_breaks(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report expressions of rules and dashboards that Loki 4 breaks. Without --loki 4, nothing judges them."""
    if deployment.expressions and not deployment.for_loki_4:
        location = deployment.expressions[0].location
        message = "rules and dashboards are judged with --loki 4 only"
        remedy = "Add --loki 4. `logops rules check` and `logops logql lint` judge expressions for Loki 3."
        yield RuleFinding(CHECK_INCOMPLETE, location, message, remedy=remedy)
        return
    for expression in deployment.expressions:
        for pattern, becomes, remedy in EXPRESSIONS:
            match = pattern.search(expression.text)
            if match and not _has_both_names(match[0], expression.text):
                name = f"{match[0]} " if match[0].startswith("loki_") else ""
                message = f"{expression.location.path}: {name}{becomes} in Loki 4"
                yield RuleFinding(classes.LOKI_4_INCOMPATIBLE, expression.location, message, remedy=remedy)


def _has_both_names(metric: str, text: str) -> bool:
    renamed = metric.replace("_boltdb_shipper_", "_tsdb_shipper_")
    return renamed != metric and renamed in text


def _removed_keys(cluster: Cluster) -> Iterator[RuleFinding]:
    reported: list[Path] = []
    for path in configured_paths(cluster.config):
        retired = find_removed_in_4(dotted(path))
        if retired and not any(path[: len(above)] == above for above in reported):
            reported.append(path)
            location = cluster.at(str(path[0]), *path[1:])
            message = f"{location.path} is removed in Loki 4. {retired.advice}"
            remedy = f"Write {retired.replacement} instead." if retired.replacement else "Remove it."
            yield RuleFinding(classes.LOKI_4_INCOMPATIBLE, location, message, cluster=cluster.name, remedy=remedy)
    for tenant, limits in cluster.overrides.items():
        for path in configured_paths(limits):
            if retired := find_removed_in_4(f"limits_config.{dotted(path)}"):
                location = cluster.at("overrides", tenant, *path)
                message = f"{location.path} is removed in Loki 4. {retired.advice}"
                yield RuleFinding(classes.LOKI_4_INCOMPATIBLE, location, message, cluster=cluster.name, tenant=tenant)


def _unreadable_periods(cluster: Cluster) -> Iterator[RuleFinding]:
    for number, period in cluster.periods():
        if str(period.get("store")) in INDEX_STORES:
            location = cluster.at("schema_config.configs", number, "store")
            message = f"{location.path} is {period['store']}, an index that Loki 4 cannot read: it does not start"
            remedy = "Upgrade when all logs of this period are deleted, and remove the period then."
            yield RuleFinding(classes.LOKI_4_INCOMPATIBLE, location, message, cluster=cluster.name, remedy=remedy)


def _removed_mode(cluster: Cluster) -> Iterator[RuleFinding]:
    targets = str(cluster.configured("target") or "").split(",")
    mode = str(cluster.values.get("deploymentMode") or "") if cluster.values else ""
    if not TARGETS.isdisjoint(targets):
        location, value = cluster.at("target"), ",".join(targets)
    elif cluster.values and "SimpleScalable" in mode:
        location, value = cluster.values.at("deploymentMode"), mode
    else:
        return
    message = f"{location.path} is {value}, but Loki 4 has no targets read, write, backend and table-manager"
    remedy = "Change to the distributed mode before the upgrade."
    yield RuleFinding(classes.LOKI_4_INCOMPATIBLE, location, message, cluster=cluster.name, remedy=remedy)


def _other_storage_client(cluster: Cluster) -> Iterator[RuleFinding]:
    """Report object stores that the clients of Loki 3 read: Loki 4 ignores these blocks by default."""
    for section in ("storage_config", "common.storage"):
        blocks = sorted(cluster.section(section).keys() & LEGACY_CLIENTS)
        if blocks and _uses_client_of_3(cluster):
            location = cluster.at(f"{section}.{blocks[0]}")
            message = (
                f"{location.path} is for the storage client of Loki 3, but storage_config.use_thanos_objstore is not"
                " set: Loki 4 uses another client, which does not read this block"
            )
            place = "loki.storage.object_store" if cluster.values else "storage_config.object_store"
            remedy = f"Write {place}.{blocks[0]}, or set use_thanos_objstore: false for now."
            yield RuleFinding(classes.LOKI_4_INCOMPATIBLE, location, message, cluster=cluster.name, remedy=remedy)
            return


def _uses_client_of_3(cluster: Cluster) -> bool:
    in_values = cluster.values and cluster.values.get("loki", "storage", "use_thanos_objstore")
    return in_values is None and cluster.configured("storage_config.use_thanos_objstore") is None
