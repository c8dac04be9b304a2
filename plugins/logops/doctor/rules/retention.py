"""Rules for retention: when the compactor deletes logs."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from logops.doctor.deployment import Deployment, EffectiveLimits, Location
from logops.doctor.helm_keys import ignored_keys
from logops.doctor.quantities import DAY, days, days_text, limit_duration
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes


def retention_short(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report retention periods, of tenants or of streams, that are shorter than the promise."""
    for cluster in deployment.clusters:
        promised = cluster.promise.keep if cluster.promise else timedelta(0)
        for limits in cluster.limits():
            for period, location in _configured_periods(limits):
                if timedelta(0) < period < promised:
                    yield RuleFinding(
                        classes.RETENTION_SHORT,
                        location,
                        f"{location.path} deletes logs after {days_text(period)}, but {days_text(promised)} are"
                        " promised",
                        cluster=cluster.name,
                        tenant=limits.tenant,
                        remedy=f"Write {days(promised):g}d, or change the promise.",
                        evidence={"retention_days": days(period), "promised_days": days(promised)},
                    )


def retention_not_enabled(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report that retention is configured or promised, but the compactor does not apply it."""
    for cluster in deployment.clusters:
        if cluster.value("compactor.retention_enabled") is True or not (cluster.config or cluster.values):
            continue
        location = cluster.at("compactor.retention_enabled")
        configured = [period for limits in cluster.limits() for period, _ in _configured_periods(limits) if period]
        table_manager = cluster.configured("table_manager.retention_deletes_enabled") is True
        if table_manager and not configured:
            location = cluster.at("table_manager.retention_deletes_enabled")
            message = f"{location.path} is true, but Loki 3 runs no table manager: nothing is ever deleted"
            yield RuleFinding(classes.RETENTION_NOT_ENABLED, location, message, cluster=cluster.name)
            continue
        if not configured and not cluster.promise:
            continue
        if cluster.values and "loki.compactor.retention_enabled" in dict(ignored_keys(cluster.values)).values():
            continue  # helm-key-ignored names the key and its place.
        if configured:
            reason = f"a retention of {days_text(max(configured))} is configured"
        elif cluster.promise:
            reason = f"deletion after {days_text(cluster.promise.keep)} is promised"
        yield RuleFinding(
            classes.RETENTION_NOT_ENABLED,
            location,
            f"{reason}, but {location.path} is not true: nothing is ever deleted",
            cluster=cluster.name,
            evidence={"configured_periods": len(configured)},
        )


def retention_unlimited(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a retention of 0, which keeps logs forever.

    It is reported where a promise exists, where other tenants' logs are deleted, and where no logs are ever deleted
    although retention is enabled.
    """
    for cluster in deployment.clusters:
        if cluster.value("compactor.retention_enabled") is not True:
            continue
        base = limit_duration(cluster.value("limits_config.retention_period"))
        nothing_expires = not any(period for limits in cluster.limits() for period, _ in _configured_periods(limits))
        for limits in cluster.limits():
            configured = limits.configured.get("retention_period")
            zero = limit_duration(configured) == timedelta(0)
            expected = cluster.promise is not None or (nothing_expires and not limits.tenant)
            unset_for_all = not limits.tenant and configured is None and expected and not base
            if unset_for_all or (zero and (expected or (limits.tenant and base))):
                location = limits.at("retention_period")
                reason = "retention is enabled, but " if nothing_expires and cluster.promise is None else ""
                state = "not set" if configured is None else configured
                yield RuleFinding(
                    classes.RETENTION_UNLIMITED,
                    location,
                    f"{reason}{location.path} is {state}, which keeps logs forever",
                    cluster=cluster.name,
                    tenant=limits.tenant,
                    evidence={"retention_days": 0},
                )


def stream_retention_refused(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report stream retention under one day, which Loki refuses (Limits.Validate in pkg/validation/limits.go)."""
    for cluster in deployment.clusters:
        for limits in cluster.limits():
            for period, location in stream_periods(limits):
                if period < DAY:
                    yield RuleFinding(
                        classes.STREAM_RETENTION_REFUSED,
                        location,
                        f"{location.path} is {period.total_seconds() / 3600:g} hours, but Loki requires at least 24",
                        cluster=cluster.name,
                        tenant=limits.tenant,
                        evidence={"hours": period.total_seconds() / 3600},
                    )


def delete_store_missing(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report retention without a store for delete requests (Config.Validate in pkg/compactor/config.go)."""
    for cluster in deployment.clusters:
        enabled = cluster.value("compactor.retention_enabled") is True
        # Where the removed key shared_store is set, that finding names delete_request_store as its replacement.
        renamed = cluster.configured("compactor.shared_store")
        if enabled and not renamed and not cluster.value("compactor.delete_request_store"):
            stores = [period.get("object_store") for _, period in cluster.periods()]
            location = cluster.at("compactor.delete_request_store")
            yield RuleFinding(
                classes.DELETE_STORE_MISSING,
                location,
                f"{location.path} is not set, but retention is enabled",
                cluster=cluster.name,
                remedy=f"Write delete_request_store: {stores[-1]}." if stores and stores[-1] else "",
            )


def periods_of(limits: EffectiveLimits) -> list[timedelta] | None:
    """Return the periods after which a tenant's chunks are deleted; None if some are never deleted.

    They are the tenant's retention_period and the periods of its stream rules.
    """
    if limits.cluster.value("compactor.retention_enabled") is not True:
        return None
    inherited = limits if "retention_stream" in limits.configured else next(limits.cluster.limits())
    periods = [limit_duration(limits.value("retention_period")), *(period for period, _ in stream_periods(inherited))]
    return [period for period in periods if period] if all(periods) else None


def longest_life(limits: EffectiveLimits) -> timedelta | None:
    """Return how long the index may list a tenant's chunk: its longest period or the promise; None means forever."""
    periods = periods_of(limits)
    if periods is None:
        return None
    promise = limits.cluster.promise
    return max(*periods, promise.keep if promise else timedelta(0))


def stream_periods(limits: EffectiveLimits) -> Iterator[tuple[timedelta, Location]]:
    """Yield the periods of the stream rules in these limits."""
    rules = limits.configured.get("retention_stream")
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        period = limit_duration(rule.get("period")) if isinstance(rule, dict) else None
        if period is not None:
            yield period, limits.at("retention_stream", index, "period")


def _configured_periods(limits: EffectiveLimits) -> Iterator[tuple[timedelta, Location]]:
    """Yield the periods that are configured at the level of these limits, for all streams and for some."""
    period = limit_duration(limits.configured.get("retention_period"))
    if period is not None:
        yield period, limits.at("retention_period")
    yield from stream_periods(limits)
