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
class Most:
    """The largest count of any earlier audit, for a tenant's chunks of one retention period in a table."""

    table: str
    day: int
    tenant: str
    period_ms: int
    indexed: int
    bytes: int
    """Size of all its blobs then."""
    chunks: int
    seen: float
    """Time of that audit, Unix seconds."""
    whole: int
    """The largest total of one audit for the tenant in the table, over all periods."""


def undershoot(
    most: Iterable[Most], holdings: Sequence[TableStats], faults: Iterable[Fault], terms: AuditPolicy, until_ms: int
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
    told: dict[Key, int] = defaultdict(int)
    for fault in faults:
        if fault.cls in _COUNTED:
            told[fault.table, fault.tenant] += fault.count + fault.candidates
    groups: dict[Key, list[Most]] = defaultdict(list)
    for one in most:
        groups[one.table, one.tenant].append(one)
    found = []
    for (table, tenant), before in sorted(groups.items()):
        kept = [one for one in before if _all_kept(one, terms, until_ms)]
        if not kept:
            continue
        fall = sum(max(one.indexed - now[table, tenant, one.period_ms], 0) for one in kept)
        total_fall = max(one.whole for one in before) - total_now[table, tenant]
        gone = min(fall, total_fall) - told[table, tenant]
        if gone > 0:
            chunks = max(sum(one.chunks for one in kept), 1)
            found.append(
                Fault(
                    cls="retention-undershoot",
                    table=table,
                    day=kept[0].day,
                    tenant=tenant,
                    count=gone,
                    bytes=gone * sum(one.bytes for one in kept) // chunks,
                    since=max(one.seen for one in kept),
                    sample=(),
                )
            )
    return found


def _all_kept(one: Most, terms: AuditPolicy, until_ms: int) -> bool:
    """Whether every chunk must still exist: the first moment of the table is within the period, by the old and the new
    rules."""
    rules = terms.rules.get(one.tenant, terms.default)
    periods: Mapping[int, bool] = {rules.period_ms: True, **{rule.period_ms: True for rule in rules.streams}}
    if one.period_ms not in periods:
        return False
    start, end = one.day * DAY_MS, (one.day + 1) * DAY_MS
    if any(asked.start_ms < end and asked.end_ms >= start for asked in terms.deletes.get(one.tenant, ())):
        return False
    return one.period_ms == FOR_EVER or until_ms - start <= one.period_ms
