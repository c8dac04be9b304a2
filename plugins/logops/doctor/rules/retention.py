"""Retention: what the compactor deletes, and when."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from logops.doctor.deployment import Deployment, EffectiveLimits, Location
from logops.doctor.quantities import DAY, days, days_text, limit_duration
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes


def retention_short(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Logs deleted before the promise, by a tenant's period or by a rule for some of its streams."""
    for cluster in deployment.clusters:
        promised = cluster.promise.keep if cluster.promise else timedelta(0)
        for limits in cluster.limits():
            for period, location in _own_periods(limits):
                if timedelta(0) < period < promised:
                    yield RuleFinding(
                        classes.RETENTION_SHORT,
                        location,
                        f"{location.path} deletes logs after {days_text(period)}; {days_text(promised)} are promised",
                        cluster=cluster.name,
                        tenant=limits.tenant,
                        remedy=f"Write {days(promised):g}d, or change the promise.",
                        evidence={"retention_days": days(period), "promised_days": days(promised)},
                    )


def retention_not_enabled(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """A period is configured or promised, and the compactor is not told to delete."""
    for cluster in deployment.clusters:
        if cluster.value("compactor.retention_enabled") is True or not (cluster.config or cluster.values):
            continue
        location = cluster.at("compactor.retention_enabled")
        wanted = [period for limits in cluster.limits() for period, _ in _own_periods(limits) if period]
        if not wanted and not cluster.promise:
            continue
        said = f"a retention of {days_text(max(wanted))} is configured" if wanted else ""
        if cluster.promise and not said:
            said = f"deletion after {days_text(cluster.promise.keep)} is promised"
        yield RuleFinding(
            classes.RETENTION_NOT_ENABLED,
            location,
            f"{said}, but {location.path} is not true: nothing is ever deleted",
            cluster=cluster.name,
            evidence={"configured_periods": len(wanted)},
        )


def retention_unlimited(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """0 is for ever: where a promise ends, or where the other tenants' logs are deleted."""
    for cluster in deployment.clusters:
        if cluster.value("compactor.retention_enabled") is not True:
            continue
        base = limit_duration(cluster.value("limits_config.retention_period"))
        for limits in cluster.limits():
            written = limits.own.get("retention_period")
            zero = limit_duration(written) == timedelta(0)
            unset_for_all = not limits.tenant and written is None and cluster.promise is not None and not base
            if unset_for_all or (zero and (cluster.promise is not None or (limits.tenant and base))):
                location = limits.at("retention_period")
                yield RuleFinding(
                    classes.RETENTION_UNLIMITED,
                    location,
                    f"{location.path} is {'not set' if written is None else written}, which keeps logs for ever",
                    cluster=cluster.name,
                    tenant=limits.tenant,
                    evidence={"retention_days": 0},
                )


def stream_retention_refused(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Loki takes no stream rule under a day (pkg/validation/limits.go, EffectiveLimits.Validate)."""
    for cluster in deployment.clusters:
        for limits in cluster.limits():
            for period, location in stream_periods(limits):
                if period < DAY:
                    yield RuleFinding(
                        classes.STREAM_RETENTION_REFUSED,
                        location,
                        f"{location.path} is {period.total_seconds() / 3600:g} hours; Loki takes 24 and more",
                        cluster=cluster.name,
                        tenant=limits.tenant,
                        evidence={"hours": period.total_seconds() / 3600},
                    )


def delete_store_missing(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Loki wants to know where delete requests are kept (pkg/compactor/config.go, Config.Validate)."""
    for cluster in deployment.clusters:
        enabled = cluster.value("compactor.retention_enabled") is True
        if enabled and not cluster.value("compactor.delete_request_store"):
            stores = [period.get("object_store") for _, period in cluster.periods()]
            location = cluster.at("compactor.delete_request_store")
            yield RuleFinding(
                classes.DELETE_STORE_MISSING,
                location,
                f"{location.path} is not set while retention is enabled",
                cluster=cluster.name,
                remedy=f"Write delete_request_store: {stores[-1]}." if stores and stores[-1] else "",
            )


def periods_of(limits: EffectiveLimits) -> list[timedelta] | None:
    """After how long a tenant's chunks are deleted, by its period and its rules for streams; None where never."""
    if limits.cluster.value("compactor.retention_enabled") is not True:
        return None
    inherited = limits if "retention_stream" in limits.own else next(limits.cluster.limits())
    periods = [limit_duration(limits.value("retention_period")), *(period for period, _ in stream_periods(inherited))]
    return [period for period in periods if period] if all(periods) else None


def longest_life(limits: EffectiveLimits) -> timedelta | None:
    """How long the index may point to a tenant's chunk: its longest period, or the promise; None for ever."""
    periods = periods_of(limits)
    if periods is None:
        return None
    promise = limits.cluster.promise
    return max(*periods, promise.keep if promise else timedelta(0))


def stream_periods(limits: EffectiveLimits) -> Iterator[tuple[timedelta, Location]]:
    """Periods of the rules for streams that these limits bring along."""
    rules = limits.own.get("retention_stream")
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        period = limit_duration(rule.get("period")) if isinstance(rule, dict) else None
        if period is not None:
            yield period, limits.at("retention_stream", index, "period")


def _own_periods(limits: EffectiveLimits) -> Iterator[tuple[timedelta, Location]]:
    period = limit_duration(limits.own.get("retention_period"))
    if period is not None:
        yield period, limits.at("retention_period")
    yield from stream_periods(limits)
