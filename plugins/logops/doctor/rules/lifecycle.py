"""Azure's lifecycle rules against what Loki keeps in the containers.

Azure acts some days after a blob was last modified, which is when Loki flushed the chunk: never before the chunk's
last line was written. Loki deletes `retention + retention_delete_delay` after that line, once the next compaction ran.
Source: learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview, /access-tiers-overview.
"""

from collections.abc import Iterator
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
"""LifecycleAction that Azure charges at least."""

_COLDER: tuple[TierName, ...] = ("cool", "cold", "archive")


def lifecycle_not_applied(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """A resource type that Terraform's azurerm provider does not have, or a rule that is switched off."""
    for rule in deployment.lifecycle:
        if rule.resource_type not in ("", "azurerm_storage_management_policy"):
            location = Location(rule.location.file, rule.location.path.split(".rule")[0])
            message = f"the azurerm provider has no resource {rule.resource_type}: the policy is never applied"
            yield RuleFinding(classes.LIFECYCLE_NOT_APPLIED, location, message, source=rule.name)
        if not rule.enabled:
            message = f"the lifecycle rule {rule.name} is not enabled"
            yield RuleFinding(classes.LIFECYCLE_NOT_APPLIED, rule.location.at("enabled"), message, source=rule.name)


def lifecycle_touches_index(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """A prefix that covers the index or lies in it."""
    for cluster in deployment.clusters:
        for rule, container in _rules_of(deployment, cluster):
            folders = [f"{container}/{folder}" for folder in _index_folders(cluster)]
            for prefix, location in _prefixes(rule):
                if any(_overlap(prefix, folder) for folder in folders):
                    yield RuleFinding(
                        classes.LIFECYCLE_TOUCHES_INDEX,
                        location,
                        f"the lifecycle rule {rule.name} acts on {prefix or 'the whole account'!r},"
                        f" where Loki keeps its index ({folders[0]})",
                        cluster=cluster.name,
                        source=rule.name,
                        remedy=f"Write one prefix for each tenant instead: {container}/TENANT/"
                        f"{' (fake while auth_enabled is false)' if cluster.value('auth_enabled') is False else ''}.",
                    )


def lifecycle_on_live_chunks(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Chunks deleted or archived while the index points to them, or cooled before the promise."""
    for cluster in deployment.clusters:
        for rule, container in _rules_of(deployment, cluster):
            touched = _touched(cluster, rule, container)
            if not touched:
                continue
            lives = [longest_life(limits) for limits in touched]
            known = [life for life in lives if life is not None]
            gone = max(known) + _delete_delay(cluster) if len(known) == len(lives) else None
            yield from _on_live_chunks(cluster, rule, gone)


def early_deletion_fee(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """A tier left before its minimum stay: by the rule's own next step, or because Loki deletes."""
    for rule in deployment.lifecycle:
        lives = [days(life) for cluster in deployment.clusters for life in _lives(deployment, cluster, rule)]
        for tier, entered in rule.tiers.items():
            leaving = [step.days for step in _next_steps(rule, tier)] + lives
            stays = [left - entered.days for left in leaving if left > entered.days]
            if stays and min(stays) < MINIMUM_STAY[tier]:
                yield RuleFinding(
                    classes.EARLY_DELETION_FEE,
                    entered.location,
                    f"the lifecycle rule {rule.name} moves blobs to {tier.capitalize()} after {entered.days:g} days,"
                    f" and {min(stays):.3g} days later they leave it; Azure charges {MINIMUM_STAY[tier]}",
                    source=rule.name,
                    evidence={"stay_days": round(min(stays), 2), "charged_days": MINIMUM_STAY[tier]},
                )


def _on_live_chunks(cluster: Cluster, rule: LifecycleRule, gone: timedelta | None) -> Iterator[RuleFinding]:
    kept = "for ever" if gone is None else f"for up to {days(gone):g} days"
    archive = rule.tiers.get("archive")
    if rule.delete and _before(rule.delete, gone):
        message = f"deletes chunks after {rule.delete.days:g} days; Loki's index points to them {kept}"
        yield _on(classes.LIFECYCLE_DELETES_EARLY, cluster, rule, rule.delete, gone, message)
    if archive and _before(archive, gone):
        message = f"archives chunks after {archive.days:g} days; Loki's index points to them {kept}"
        yield _on(classes.LIFECYCLE_ARCHIVES_LIVE, cluster, rule, archive, gone, message)
    hot = cluster.promise.hot if cluster.promise else None
    first = min(rule.tiers.values(), key=lambda tier: tier.days, default=None)
    if hot and first and timedelta(days=first.days) < hot:
        message = f"takes chunks out of Hot after {first.days:g} days; {days(hot):g} are promised"
        yield _on(classes.LIFECYCLE_COOLS_EARLY, cluster, rule, first, hot, message)


def _on(
    cls: FindingClass,
    cluster: Cluster,
    rule: LifecycleRule,
    step: LifecycleAction,
    until: timedelta | None,
    message: str,
) -> RuleFinding:
    return RuleFinding(
        cls,
        step.location,
        f"the lifecycle rule {rule.name} {message}",
        cluster=cluster.name,
        source=rule.name,
        evidence={"rule_days": step.days, **({"needed_days": days(until)} if until else {})},
    )


def _rules_of(deployment: Deployment, cluster: Cluster) -> Iterator[tuple[LifecycleRule, str]]:
    """Rules that act on a container in which the cluster keeps chunks, with the container."""
    for container in containers(cluster):
        for rule in deployment.lifecycle:
            same_account = not rule.account or not container.account or rule.account == container.account
            touches = any(_overlap(prefix, f"{container.name}/") for prefix, _ in _prefixes(rule))
            if container.use == "chunks" and same_account and touches:
                yield rule, container.name


def _touched(cluster: Cluster, rule: LifecycleRule, container: str) -> list[EffectiveLimits]:
    """The limits of the tenants whose chunks a rule acts on. Chunks lie under `TENANT/`."""
    prefixes = [prefix for prefix, _ in _prefixes(rule)]
    if cluster.value("auth_enabled") is False:
        everybody = next(cluster.limits())
        return [everybody] if any(_overlap(prefix, f"{container}/fake/") for prefix in prefixes) else []
    indexes = [f"{container}/{folder}" for folder in _index_folders(cluster)]
    named = [f"{container}/{tenant}/" for tenant in cluster.overrides]
    touched = []
    for limits in cluster.limits():
        folder = f"{container}/{limits.tenant}/" if limits.tenant else f"{container}/"
        others = [*indexes, *([] if limits.tenant else named)]
        if any(_overlap(p, folder) and not any(p.startswith(other) for other in others) for p in prefixes):
            touched.append(limits)
    return touched


def _lives(deployment: Deployment, cluster: Cluster, rule: LifecycleRule) -> Iterator[timedelta]:
    """After how long Loki itself deletes the chunks that a rule acts on."""
    for found, container in _rules_of(deployment, cluster):
        if found is rule:
            for limits in _touched(cluster, rule, container):
                yield from (period + _delete_delay(cluster) for period in periods_of(limits) or [])


def _next_steps(rule: LifecycleRule, tier: TierName) -> list[LifecycleAction]:
    colder = _COLDER[_COLDER.index(tier) + 1 :]
    return [step for step in (*(rule.tiers.get(name) for name in colder), rule.delete) if step]


def _prefixes(rule: LifecycleRule) -> tuple[tuple[str, Location], ...]:
    return rule.prefixes or (("", rule.location),)


def _overlap(prefix: str, folder: str) -> bool:
    """Whether a prefix, which may end anywhere in a name, and a folder have blobs in common."""
    return folder.startswith(prefix) or prefix.startswith(folder)


def _index_folders(cluster: Cluster) -> list[str]:
    indexes = [period.get("index") for _, period in cluster.periods()]
    return sorted({str(index.get("path_prefix") or "index/") for index in indexes if isinstance(index, dict)}) or [
        "index/"
    ]


def _before(step: LifecycleAction, until: timedelta | None) -> bool:
    return until is None or timedelta(days=step.days) <= until


def _delete_delay(cluster: Cluster) -> timedelta:
    return go_duration(cluster.value("compactor.retention_delete_delay")) or timedelta(0)
