"""The schema: what the index is written with."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from logops.doctor.deployment import Cluster, Deployment
from logops.doctor.rules.rule import RuleFinding
from logops.findings.classes import doctor as classes


def structured_metadata_unsupported(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Loki compares with the period that is active when it starts (pkg/loki/validation.go)."""
    for cluster in deployment.clusters:
        active = active_period(cluster, as_of)
        if active is None or cluster.value("limits_config.allow_structured_metadata") is not True:
            continue
        if active.get("store") != "tsdb" or _version(active) < 13:
            location = cluster.at("limits_config.allow_structured_metadata")
            how = "true" if cluster.written("limits_config.allow_structured_metadata") is True else "not set, so true"
            yield RuleFinding(
                classes.STRUCTURED_METADATA_UNSUPPORTED,
                location,
                f"{location.path} is {how}; the active schema is {active.get('store')} with {active.get('schema')}",
                cluster=cluster.name,
                evidence={"schema": _version(active), "needed": 13},
            )


def schema_outdated(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """The newest period: older ones are read with what they were written with, and must stay."""
    for cluster in deployment.clusters:
        for number, period in cluster.periods()[-1:]:
            location = cluster.at("schema_config.configs", number)
            for key, wanted in (("store", "tsdb"), ("schema", "v13")):
                fine = period.get("store") == wanted if key == "store" else _version(period) >= 13
                if not fine:
                    message = f"{location.at(key).path} is {period.get(key)}; new logs should be written with {wanted}"
                    yield RuleFinding(classes.SCHEMA_OUTDATED, location.at(key), message, cluster=cluster.name)


def active_period(cluster: Cluster, as_of: datetime) -> Mapping[str, Any] | None:
    """The newest period that has begun, or else the first; None without a readable schema."""
    periods = [period for _, period in cluster.periods()]
    begun = [period for period in periods if (start := start_of(period)) and start <= as_of.date()]
    return begun[-1] if begun else periods[0] if periods else None


def start_of(period: Mapping[str, Any]) -> date | None:
    """The day from which a period counts; None where it cannot be read."""
    written = period.get("from")
    if isinstance(written, datetime):
        return written.date()
    if isinstance(written, date):
        return written
    try:
        return date.fromisoformat(str(written))
    except ValueError:
        return None


def _version(period: Mapping[str, Any]) -> int:
    digits = str(period.get("schema", "")).removeprefix("v")
    return int(digits) if digits.isdigit() else 0
