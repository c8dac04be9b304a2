"""How much longer than its retention a line is kept.

Loki deletes a chunk when its last line expires (`Expired` in pkg/compactor/retention/expiration.go). So its first line
is kept longer, by the time from the first line to the last one. If lines arrive at their time, a chunk is written after
`max_chunk_age`, or `chunk_idle_period` after its last line. If lines of many days arrive together, one chunk may have
all of them.
"""

from collections import defaultdict
from collections.abc import Iterator

from logops.environment import Environment
from logops.environment.audit import Audit
from logops.environment.cluster import Cluster, Tenant
from logops.number_text import age_text

_MAX_SAMPLE_AGE_MS = 7 * 86_400_000
"""Loki's default of reject_old_samples_max_age."""


def allowed_ms(cluster: Cluster, audit: Audit) -> int:
    """Return how much longer a line may be kept: `audit.kept_longer`, or what the ingesters' settings aim at."""
    if audit.kept_longer:
        return audit.kept_longer.value
    aim = max(cluster.ingester.sync_period.value, _open_ms(cluster))
    return min([aim, *(longest for tenant in cluster.tenants.values() if (longest := possible_ms(cluster, tenant)))])


def possible_ms(cluster: Cluster, tenant: Tenant) -> int | None:
    """Return how much longer a tenant's line can be kept if lines arrive late; None: without limit."""
    is_limited = tenant.limits.reject_old_samples
    if is_limited is None:
        is_limited = cluster.limits.reject_old_samples
    if is_limited is False:
        return None
    age = tenant.limits.reject_old_samples_max_age or cluster.limits.reject_old_samples_max_age
    return (age.value if age else _MAX_SAMPLE_AGE_MS) + _open_ms(cluster)


def late_lines(environment: Environment) -> Iterator[str]:
    """Yield how much longer than their retention late lines can be kept: for each cluster, a sentence a limit."""
    for name, cluster in environment.clusters.items():
        allowed = allowed_ms(cluster, environment.audit)
        tenants: dict[int | None, list[str]] = defaultdict(list)
        for tenant, declared in cluster.tenants.items():
            tenants[possible_ms(cluster, declared)].append(tenant)
        for longest, names in tenants.items():
            if longest is not None and longest <= allowed:
                continue
            most = "any time" if longest is None else f"up to {age_text(longest / 1000)}"
            limit = "reject_old_samples" if longest is None else "reject_old_samples_max_age"
            yield (
                f"{name}: a line that arrives late can be kept {most} longer than its retention, with the newer lines "
                f"of its chunk ({limit}: {', '.join(names)}). The retention audit reports "
                f"more than {age_text(allowed / 1000)} (audit.kept_longer)."
            )


def _open_ms(cluster: Cluster) -> int:
    """Return how long a chunk takes lines that arrive at their time."""
    return cluster.ingester.max_chunk_age.value + cluster.ingester.chunk_idle_period.value
