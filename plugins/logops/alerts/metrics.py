"""Findings and the age of every check as metrics for Prometheus. Pure.

Format: Prometheus text exposition 0.0.4 (Prometheus docs, instrumenting/exposition_formats).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from logops.alerts.audience import audience as audience_of
from logops.alerts.from_finding import team
from logops.alerts.last_delivery import INTERVAL, LastDelivery
from logops.checks.open_findings import OpenAfterRun
from logops.checks.schedule import intervals
from logops.environment import Environment
from logops.environment.cluster import Cluster, Data
from logops.environment.limits import Limits
from logops.findings.acceptance import Acceptance, acceptance_of

HELP = {
    "logops_build_info": "The version of logops that serves these metrics.",
    "logops_check_interval_seconds": "Time between two runs of a check that runs by a schedule.",
    "logops_check_last_run_timestamp_seconds": "Time of the newest run of a check.",
    "logops_check_paused": "Whether a person paused a check, as the last delivery of alerts knew it.",
    "logops_delivery_interval_seconds": "Time between two deliveries of alerts.",
    "logops_delivery_last_timestamp_seconds": "Time of the last delivery of alerts.",
    "logops_finding_accepted": "Open findings that a person accepted for a time.",
    "logops_finding_open": "Open findings that nobody accepted.",
    "logops_results_readable": "Whether the results store could be read.",
    "logops_tenant_limit": "A limit of a tenant, as the environment declares it.",
    "process_start_time_seconds": "Start time of the process, in Unix time.",
}
_MIB = 1 << 20
_LOKI_INGESTION_MB, _LOKI_STREAMS, _LOKI_TAILS = 4.0, 5_000, 10
"""Loki's defaults (pkg/validation/limits.go)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The value of one series."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def result_samples(
    environment: Environment,
    audience: Data,
    states: Sequence[OpenAfterRun],
    accepted: Sequence[Acceptance],
    delivery: LastDelivery | None,
) -> Iterator[Sample]:
    """Yield what the results store says: findings that the audience may see, and the age of every check."""
    yield from _finding_samples(environment, audience, states, accepted)
    for state in states:
        yield Sample("logops_check_last_run_timestamp_seconds", state.run.as_of.timestamp(), {"check": state.run.check})
    if delivery:
        yield Sample("logops_delivery_last_timestamp_seconds", delivery.at.timestamp())
        for check in intervals(environment):
            yield Sample("logops_check_paused", check in delivery.paused, {"check": check})


def declared_samples(environment: Environment, audience: Data) -> Iterator[Sample]:
    """Yield what the environment declares: the interval of every check, and the limits of the audience's tenants."""
    for check, interval in intervals(environment).items():
        yield Sample("logops_check_interval_seconds", interval.total_seconds(), {"check": check})
    yield Sample("logops_delivery_interval_seconds", INTERVAL.total_seconds())
    for name, cluster in environment.clusters.items():
        if cluster.data == audience:
            for tenant in cluster.tenants:
                for limit, value in _limits(cluster, tenant).items():
                    labels = {"cluster": name, "tenant": tenant, "limit": limit}
                    yield Sample("logops_tenant_limit", value, labels)


def exposition(samples: Iterable[Sample]) -> str:
    """Return samples as a page that Prometheus reads.

    >>> print(exposition([Sample("logops_results_readable", 1)]), end="")
    # HELP logops_results_readable Whether the results store could be read.
    # TYPE logops_results_readable gauge
    logops_results_readable 1
    """
    lines = []
    for name, series in groupby(sorted(samples, key=lambda sample: sample.name), key=lambda sample: sample.name):
        lines += [f"# HELP {name} {HELP[name]}", f"# TYPE {name} gauge"]
        lines += [f"{name}{_labels(sample.labels)} {sample.value:.15g}" for sample in series]
    return "\n".join(lines) + "\n"


def _finding_samples(
    environment: Environment, audience: Data, states: Iterable[OpenAfterRun], accepted: Sequence[Acceptance]
) -> Iterator[Sample]:
    """Yield counts of findings. Not their subjects: the number of series must not grow with that of tables."""
    counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
    findings = {entry.finding.identity: entry.finding for state in states for entry in state.open}
    for finding in findings.values():
        if audience_of(finding, environment) != audience:
            continue
        labels = {
            "class": finding.cls.name,
            "severity": finding.cls.severity.value,
            "team": team(finding.subject, environment),
            "cluster": finding.subject.cluster,
            "tenant": finding.subject.tenant,
        }
        name = "logops_finding_accepted" if acceptance_of(finding, accepted) else "logops_finding_open"
        counts[name, tuple(labels.items())] += 1
    for (name, items), count in sorted(counts.items()):
        yield Sample(name, count, dict(items))


def _limits(cluster: Cluster, tenant: str) -> dict[str, float]:
    """Return the limits of a tenant that rules compare with: its own, else the cluster's, else Loki's."""

    def limit(key: str, default: float) -> float:
        own: Limits = cluster.tenants[tenant].limits
        values = (getattr(own, key), getattr(cluster.limits, key), default)
        return float(next(value for value in values if value is not None))

    limits = {
        "ingestion_bytes_per_second": limit("ingestion_rate_mb", _LOKI_INGESTION_MB) * _MIB,
        "streams": limit("max_global_streams_per_user", _LOKI_STREAMS),
        "tails": limit("max_concurrent_tail_requests", _LOKI_TAILS),
    }
    # 0 means no limit.
    return {name: value for name, value in limits.items() if value}


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items() if value)
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
