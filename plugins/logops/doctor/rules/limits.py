"""Rules for the values of limits: contradictions, and values that Loki cannot parse."""

from collections.abc import Callable, Iterator
from datetime import datetime

from logops.doctor.deployment import Cluster, Deployment, EffectiveLimits, Location
from logops.doctor.quantities import days, days_text, go_duration, limit_duration, number, size
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes
from logops.findings.classes.rollout import CHECK_INCOMPLETE

_MIB = 2**20

_PAIRS = (
    ("per_stream_rate_limit", "ingestion_rate_mb"),
    ("per_stream_rate_limit_burst", "ingestion_burst_size_mb"),
)
"""A limit of a stream, and the limit of its tenant that it must not exceed, if both are configured.

A burst below the rate of the same level is no contradiction: it is a smaller bucket, which is full again sooner.
"""

_LIMIT_READERS: dict[str, Callable[[object], object | None]] = {
    "retention_period": limit_duration,
    "max_query_lookback": limit_duration,
    "per_stream_rate_limit": size,
    "per_stream_rate_limit_burst": size,
    "ingestion_rate_mb": number,
    "ingestion_burst_size_mb": number,
}
_READERS: dict[str, Callable[[object], object | None]] = {
    "compactor.retention_delete_delay": go_duration,
    "compactor.compaction_interval": go_duration,
    "common.replication_factor": number,
    "ingester.lifecycler.ring.replication_factor": number,
}
"""Keys that the rules read, each with a parser that accepts what Loki accepts."""


def value_refused(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report values that Loki cannot parse. The value of a variable is unknown: report it as not checked."""
    for cluster in deployment.clusters:
        for path, read in _READERS.items():
            yield from _check_value(cluster, "", cluster.at(path), cluster.configured(path), read)
        for limits in cluster.limits():
            for key, read in _LIMIT_READERS.items():
                yield from _check_value(cluster, limits.tenant, limits.at(key), limits.configured.get(key), read)
            rules = limits.configured.get("retention_stream")
            for index, rule in enumerate(rules if isinstance(rules, list) else []):
                location = limits.at("retention_stream", index, "period")
                period = rule.get("period") if isinstance(rule, dict) else None
                yield from _check_value(cluster, limits.tenant, location, period, limit_duration)


def limits_contradict(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report pairs of limits that contradict each other."""
    for cluster in deployment.clusters:
        for limits in cluster.limits():
            yield from _rates(limits)
            yield from _times(limits)


def _rates(limits: EffectiveLimits) -> Iterator[RuleFinding]:
    tenant, burst = number(limits.value("ingestion_rate_mb")), number(limits.value("ingestion_burst_size_mb"))
    rate_of = {
        "ingestion_rate_mb": tenant,
        "ingestion_burst_size_mb": burst,
        **{key: _mebibytes(limits.value(key)) for key in ("per_stream_rate_limit", "per_stream_rate_limit_burst")},
    }
    for low_key, high_key in _PAIRS:
        low, high = rate_of[low_key], rate_of[high_key]
        set_key = next((key for key in (low_key, high_key) if limits.configured.get(key) is not None), None)
        both = _is_configured(limits, low_key) and _is_configured(limits, high_key)
        if set_key and both and low and high and low > high:
            text = f"{low_key} ({low:g} {_unit(low_key)}) exceeds {high_key} ({high:g} {_unit(high_key)})"
            yield _contradiction(limits, set_key, text, {low_key: low, high_key: high})


def _times(limits: EffectiveLimits) -> Iterator[RuleFinding]:
    retention = limit_duration(limits.value("retention_period"))
    lookback = limit_duration(limits.value("max_query_lookback"))
    set_key = next(
        (key for key in ("max_query_lookback", "retention_period") if limits.configured.get(key) is not None), None
    )
    if set_key and retention and lookback and lookback < retention:
        text = (
            f"logs are kept for {days_text(retention)} (retention_period),"
            f" but queries reach back only {days_text(lookback)} (max_query_lookback)"
        )
        evidence = {"max_query_lookback_days": days(lookback), "retention_days": days(retention)}
        yield _contradiction(limits, set_key, text, evidence)


def _unit(key: str) -> str:
    return "MB" if "burst" in key else "MB/s"


def _mebibytes(value: object) -> float | None:
    size_bytes = size(value)
    return None if size_bytes is None else size_bytes / _MIB


def _is_configured(limits: EffectiveLimits, key: str) -> bool:
    return limits.configured.get(key) is not None or limits.cluster.configured(f"limits_config.{key}") is not None


def _contradiction(limits: EffectiveLimits, key: str, message: str, evidence: dict[str, float]) -> RuleFinding:
    return RuleFinding(
        classes.LIMITS_CONTRADICT,
        limits.at(key),
        message,
        cluster=limits.cluster.name,
        tenant=limits.tenant,
        evidence=evidence,
    )


def _check_value(
    cluster: Cluster, tenant: str, location: Location, value: object, read: Callable[[object], object | None]
) -> Iterator[RuleFinding]:
    if value is None or read(value) is not None:
        return
    if "${" in str(value):
        message = f"{location.path} is the variable {value}: its value was not checked"
        yield RuleFinding(CHECK_INCOMPLETE, location, message, cluster=cluster.name, tenant=tenant)
    else:
        message = f"{location.path} is {value!r}, which Loki cannot parse"
        yield RuleFinding(classes.VALUE_REFUSED, location, message, cluster=cluster.name, tenant=tenant)
