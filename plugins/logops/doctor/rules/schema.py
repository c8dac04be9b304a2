"""Rules for the schema: the format in which Loki writes its index."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from logops.doctor.deployment import Cluster, Deployment
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes

WHOLE = frozenset({"auth_enabled", "common", "server", "storage_config"})
"""Keys of which a whole configuration has at least one. A file without them is an excerpt."""


def schema_missing(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report a configuration without a schema period: Loki panics in validateSchemaRequirements.

    The chart has a check of its own, see helm_values_refused.
    """
    for cluster in deployment.clusters:
        is_whole = cluster.values is None and not cluster.is_excerpt and cluster.config.keys() & WHOLE
        if is_whole and not cluster.periods():
            location = cluster.at("schema_config.configs")
            message = f"{location.path} is not set, so Loki has no schema"
            yield RuleFinding(classes.SCHEMA_MISSING, location, message, cluster=cluster.name)


def structured_metadata_unsupported(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report structured metadata that the active schema period does not support.

    Loki checks the period that is active when it starts (pkg/loki/validation.go).
    """
    for cluster in deployment.clusters:
        active = active_period(cluster, as_of)
        if active is None or cluster.value("limits_config.allow_structured_metadata") is not True:
            continue
        if active.get("store") != "tsdb" or _version(active) < 13:
            location = cluster.at("limits_config.allow_structured_metadata")
            state = (
                "true" if cluster.configured("limits_config.allow_structured_metadata") is True else "not set, so true"
            )
            yield RuleFinding(
                classes.STRUCTURED_METADATA_UNSUPPORTED,
                location,
                f"{location.path} is {state}, but the active schema is {active.get('store')} with"
                f" {active.get('schema')}",
                cluster=cluster.name,
                evidence={"schema": _version(active), "needed": 13},
            )


def schema_outdated(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report an outdated newest period. Older periods must stay: Loki reads the data of a period as it was written."""
    for cluster in deployment.clusters:
        for number, period in cluster.periods()[-1:]:
            current = {"store": period.get("store") == "tsdb", "schema": _version(period) >= 13}
            old = [key for key, is_current in current.items() if not is_current]
            if old:
                location = cluster.at("schema_config.configs", number)
                location = location.at(*old) if len(old) == 1 else location
                state = " with ".join(str(period.get(key)) for key in old)
                required = " with ".join({"store": "tsdb", "schema": "v13"}[key] for key in old)
                message = f"{location.path} is {state}, but new logs should use {required}"
                yield RuleFinding(classes.SCHEMA_OUTDATED, location, message, cluster=cluster.name)


def active_period(cluster: Cluster, as_of: datetime) -> Mapping[str, Any] | None:
    """Return the newest period that has begun, else the first period; None if there is no readable schema."""
    periods = [period for _, period in cluster.periods()]
    begun = [period for period in periods if (start := start_of(period)) and start <= as_of.date()]
    return begun[-1] if begun else periods[0] if periods else None


def start_of(period: Mapping[str, Any]) -> date | None:
    """Return the first day of a period; None if it cannot be parsed."""
    start = period.get("from")
    if isinstance(start, datetime):
        return start.date()
    if isinstance(start, date):
        return start
    try:
        return date.fromisoformat(str(start))
    except ValueError:
        return None


def _version(period: Mapping[str, Any]) -> int:
    digits = str(period.get("schema", "")).removeprefix("v")
    return int(digits) if digits.isdigit() else 0
