"""Rules for Azure's lifecycle policies: they must not touch data that Loki still uses.

Azure counts days from the last modification of a blob. Loki modifies a chunk once, when it flushes the chunk, which is
never before the last line of the chunk. Loki deletes a chunk `retention + retention_delete_delay` after its last line,
in the next compaction.
Source: learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview, /access-tiers-overview.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from logops.doctor.deployment import (
    Cluster,
    Deployment,
    EffectiveLimits,
    LifecycleAction,
    LifecycleRule,
    Location,
    TierName,
)
from logops.doctor.quantities import days, go_duration
from logops.doctor.rules.retention import longest_life, periods_of
from logops.doctor.rules.rule import RuleFinding
from logops.doctor.rules.storage import containers
from logops.findings import FindingClass
from logops.findings.classes import doctor as classes

MINIMUM_STAY: dict[TierName, int] = {"cool": 30, "cold": 90, "archive": 180}
"""Days that Azure charges at least for each tier."""

_COLDER: tuple[TierName, ...] = ("cool", "cold", "archive")


def lifecycle_not_applied(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a resource type that Terraform's azurerm provider does not have, and a disabled rule."""
    for rule in deployment.lifecycle:
        if rule.resource_type not in ("", "azurerm_storage_management_policy"):
            location = replace(rule.location, path=rule.location.path.split(".rule")[0])
            message = f"the azurerm provider has no resource type {rule.resource_type}: the policy is never applied"
            yield RuleFinding(classes.LIFECYCLE_NOT_APPLIED, location, message, source=rule.name)
        if not rule.enabled:
            message = f"lifecycle rule {rule.name} is not enabled"
            yield RuleFinding(classes.LIFECYCLE_NOT_APPLIED, rule.location.at("enabled"), message, source=rule.name)


def lifecycle_touches_index(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a prefix that overlaps with the index."""
    for cluster in deployment.clusters:
        for rule, container in _rules_of(deployment, cluster):
            folders = [f"{container}/{folder}" for folder in _index_folders(cluster)]
            tenant_folder = "fake/" if cluster.value("auth_enabled") is False else "TENANT/"
            for prefix, location in _prefixes(rule):
                if any(_overlap(prefix, folder) for folder in folders):
                    yield RuleFinding(
                        classes.LIFECYCLE_TOUCHES_INDEX,
                        location,
                        f"lifecycle rule {rule.name} applies to {repr(prefix) if prefix else 'the complete account'},"
                        f" where Loki stores its index ({folders[0]})",
                        cluster=cluster.name,
                        source=rule.name,
                        remedy=f"Write one prefix for each tenant instead: {container}/{tenant_folder}.",
                    )


def lifecycle_on_live_chunks(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report actions on chunks that Loki still uses.

    These are chunks that are deleted or archived while the index lists them, or leave Hot before the promise ends.
    """
    for cluster in deployment.clusters:
        for rule, container in _rules_of(deployment, cluster):
            affected = _affected_limits(cluster, rule, container)
            if not affected:
                continue
            lives = [longest_life(limits) for limits in affected]
            finite = [life for life in lives if life is not None]
            deleted_after = max(finite) + _delete_delay(cluster) if len(finite) == len(lives) else None
            yield from _on_live_chunks(cluster, rule, deleted_after)


def early_deletion_fee(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a tier that blobs leave before its minimum stay: a later action moves them, or Loki deletes them."""
    for rule in deployment.lifecycle:
        lives = [days(life) for cluster in deployment.clusters for life in _lives(deployment, cluster, rule)]
        for tier, entered in rule.tiers.items():
            leave_days = [action.days for action in _later_actions(rule, tier)] + lives
            stays = [days_left - entered.days for days_left in leave_days if days_left > entered.days]
            if stays and min(stays) < MINIMUM_STAY[tier]:
                yield RuleFinding(
                    classes.EARLY_DELETION_FEE,
                    entered.location,
                    f"lifecycle rule {rule.name} moves blobs to {tier.capitalize()} after {entered.days:g} days, and"
                    f" they leave it {min(stays):.3g} days later; Azure charges at least {MINIMUM_STAY[tier]} days",
                    source=rule.name,
                    evidence={"stay_days": round(min(stays), 2), "charged_days": MINIMUM_STAY[tier]},
                )


def _on_live_chunks(cluster: Cluster, rule: LifecycleRule, deleted_after: timedelta | None) -> Iterator[RuleFinding]:
    listed = "forever" if deleted_after is None else f"for up to {days(deleted_after):g} days"
    archive = rule.tiers.get("archive")
    if rule.delete and _before(rule.delete, deleted_after):
        message = f"deletes chunks after {rule.delete.days:g} days, but Loki's index lists them {listed}"
        yield _action_finding(classes.LIFECYCLE_DELETES_EARLY, cluster, rule, rule.delete, deleted_after, message)
    if archive and _before(archive, deleted_after):
        message = f"archives chunks after {archive.days:g} days, but Loki's index lists them {listed}"
        yield _action_finding(classes.LIFECYCLE_ARCHIVES_LIVE, cluster, rule, archive, deleted_after, message)
    hot = cluster.promise.hot if cluster.promise else None
    first = min(rule.tiers.values(), key=lambda tier: tier.days, default=None)
    if hot and first and timedelta(days=first.days) < hot:
        message = f"moves chunks out of Hot after {first.days:g} days, but {days(hot):g} days in Hot are promised"
        yield _action_finding(classes.LIFECYCLE_COOLS_EARLY, cluster, rule, first, hot, message)


def _action_finding(
    cls: FindingClass,
    cluster: Cluster,
    rule: LifecycleRule,
    action: LifecycleAction,
    until: timedelta | None,
    message: str,
) -> RuleFinding:
    return RuleFinding(
        cls,
        action.location,
        f"lifecycle rule {rule.name} {message}",
        cluster=cluster.name,
        source=rule.name,
        evidence={"rule_days": action.days, **({"needed_days": days(until)} if until else {})},
    )


def _rules_of(deployment: Deployment, cluster: Cluster) -> Iterator[tuple[LifecycleRule, str]]:
    """Yield the rules that apply to a container with the cluster's chunks, each with the container's name."""
    for container in containers(cluster):
        for rule in deployment.lifecycle:
            same_account = not rule.account or not container.account or rule.account == container.account
            touches = any(_overlap(prefix, f"{container.name}/") for prefix, _ in _prefixes(rule))
            if container.use == "chunks" and same_account and touches:
                yield rule, container.name


def _affected_limits(cluster: Cluster, rule: LifecycleRule, container: str) -> list[EffectiveLimits]:
    """Return the limits of the tenants to whose chunks a rule applies. Chunks are stored under `TENANT/`."""
    prefixes = [prefix for prefix, _ in _prefixes(rule)]
    if cluster.value("auth_enabled") is False:
        default_limits = next(cluster.limits())
        return [default_limits] if any(_overlap(prefix, f"{container}/fake/") for prefix in prefixes) else []
    indexes = [f"{container}/{folder}" for folder in _index_folders(cluster)]
    override_folders = [f"{container}/{tenant}/" for tenant in cluster.overrides]
    affected = []
    for limits in cluster.limits():
        folder = f"{container}/{limits.tenant}/" if limits.tenant else f"{container}/"
        excluded = [*indexes, *([] if limits.tenant else override_folders)]
        if any(_overlap(p, folder) and not p.startswith(tuple(excluded)) for p in prefixes):
            affected.append(limits)
    return affected


def _lives(deployment: Deployment, cluster: Cluster, rule: LifecycleRule) -> Iterator[timedelta]:
    """Yield the times after which Loki deletes chunks to which a rule applies."""
    for cluster_rule, container in _rules_of(deployment, cluster):
        if cluster_rule is rule:
            for limits in _affected_limits(cluster, rule, container):
                yield from (period + _delete_delay(cluster) for period in periods_of(limits) or [])


def _later_actions(rule: LifecycleRule, tier: TierName) -> list[LifecycleAction]:
    colder = _COLDER[_COLDER.index(tier) + 1 :]
    actions = (*(rule.tiers.get(name) for name in colder), rule.delete)
    return [action for action in actions if action]


def _prefixes(rule: LifecycleRule) -> tuple[tuple[str, Location], ...]:
    return rule.prefixes or (("", rule.location),)


def _overlap(prefix: str, folder: str) -> bool:
    """Return whether a prefix, which may end anywhere in a name, and a folder can have blobs in common."""
    return folder.startswith(prefix) or prefix.startswith(folder)


def _index_folders(cluster: Cluster) -> list[str]:
    indexes = [period.get("index") for _, period in cluster.periods()]
    return sorted({str(index.get("path_prefix") or "index/") for index in indexes if isinstance(index, dict)}) or [
        "index/"
    ]


def _before(action: LifecycleAction, until: timedelta | None) -> bool:
    return until is None or timedelta(days=action.days) <= until


def _delete_delay(cluster: Cluster) -> timedelta:
    return go_duration(cluster.value("compactor.retention_delete_delay")) or timedelta(0)
