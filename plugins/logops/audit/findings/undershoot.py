"""Find chunks that earlier audits counted and that are gone before their time. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from logops.audit.judge.table_stats import Fault, TableStats
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.retention import FOR_EVER
from logops.audit.survey.objects import DAY_MS

_COUNTED = ("chunk-missing", "chunk-orphaned", "ingester-not-uploading")
"""Faults that already report the same chunks: a blob without entry, an entry without blob."""

Key = tuple[str, str]
"""Table and tenant."""


@dataclass(frozen=True)
class EarlierCount:
    """The largest count of any earlier audit, for a tenant's chunks of one retention period in a table."""

    table: str
    day: int
    tenant: str
    period_ms: int
    indexed: int
    bytes: int
    """Size of all its blobs then."""
    chunks: int
    counted_at: float
    """Time of that audit, Unix seconds."""
    tenant_total: int
    """The largest total of one audit for the tenant in the table, over all periods."""


def undershoot(
    counts: Iterable[EarlierCount],
    holdings: Sequence[TableStats],
    faults: Iterable[Fault],
    policy: AuditPolicy,
    until_ms: int,
) -> list[Fault]:
    """Return what is gone from bucket and index, though nothing in its table could have expired.

    Chunks expire one by one. A table with expired chunks, or one that a delete request affects, is not judged. If
    another rule changed a chunk's period, the chunk is not gone: so a loss counts only up to the loss of the
    tenant's whole table.

    until_ms   what expired before this time may be gone
    """
    now: dict[tuple[str, str, int], int] = defaultdict(int)
    total_now: dict[Key, int] = defaultdict(int)
    for holding in holdings:
        now[holding.table, holding.tenant, holding.period_ms] += holding.indexed
        total_now[holding.table, holding.tenant] += holding.indexed
    reported: dict[Key, int] = defaultdict(int)
    for fault in faults:
        if fault.cls in _COUNTED:
            reported[fault.table, fault.tenant] += fault.count + fault.candidates
    groups: dict[Key, list[EarlierCount]] = defaultdict(list)
    for earlier in counts:
        groups[earlier.table, earlier.tenant].append(earlier)
    losses = []
    for (table, tenant), before in sorted(groups.items()):
        kept = [earlier for earlier in before if _all_kept(earlier, policy, until_ms)]
        if not kept:
            continue
        fall = sum(max(earlier.indexed - now[table, tenant, earlier.period_ms], 0) for earlier in kept)
        total_fall = max(earlier.tenant_total for earlier in before) - total_now[table, tenant]
        gone = min(fall, total_fall) - reported[table, tenant]
        if gone > 0:
            chunks = max(sum(earlier.chunks for earlier in kept), 1)
            losses.append(
                Fault(
                    cls="retention-undershoot",
                    table=table,
                    day=kept[0].day,
                    tenant=tenant,
                    count=gone,
                    bytes=gone * sum(earlier.bytes for earlier in kept) // chunks,
                    since=max(earlier.counted_at for earlier in kept),
                    sample=(),
                )
            )
    return losses


def _all_kept(earlier: EarlierCount, policy: AuditPolicy, until_ms: int) -> bool:
    """Whether every chunk must still exist: the first moment of the table is within the period, by the old and the new
    rules."""
    rules = policy.rules.get(earlier.tenant, policy.default)
    periods: Mapping[int, bool] = {rules.period_ms: True, **{rule.period_ms: True for rule in rules.streams}}
    if earlier.period_ms not in periods:
        return False
    start, end = earlier.day * DAY_MS, (earlier.day + 1) * DAY_MS
    if any(request.start_ms < end and request.end_ms >= start for request in policy.deletes.get(earlier.tenant, ())):
        return False
    return earlier.period_ms == FOR_EVER or until_ms - start <= earlier.period_ms
