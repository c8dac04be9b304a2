"""Find chunks that earlier audits counted in the index and that are gone before their time: from bucket and index, or
only from the index. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from logops.audit.judge.table_stats import Fault, TableStats
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.retention import FOR_EVER
from logops.audit.survey.objects import DAY_MS

_ORPHANED = "chunk-orphaned"
_NOT_UPLOADED = "ingester-not-uploading"
_COUNTED = ("chunk-missing", _ORPHANED, _NOT_UPLOADED)
"""Faults that already report the same chunks: a blob without entry, an entry without blob."""
_OUT_OF_INDEX = (_NOT_UPLOADED, "marker-backlog")
"""Faults of blobs that are in no index for another reason than a lost index file."""

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


def with_losses(
    counts: Iterable[EarlierCount],
    holdings: Sequence[TableStats],
    faults: Sequence[Fault],
    policy: AuditPolicy,
    until_ms: int,
) -> list[Fault]:
    """Return the faults with what earlier audits counted in the index and is gone, though nothing in its table could
    have expired.

    Chunks expire one by one. A table with expired chunks, or one that a delete request affects, is not judged. If
    another rule changed a chunk's period, the chunk is not gone: so a loss counts only up to the loss of the
    tenant's whole table. Blobs that are still there lost their index. They are not also reported as orphans.

    until_ms   what expired before this time may be gone
    """
    now: dict[tuple[str, str, int], int] = defaultdict(int)
    held: dict[Key, list[TableStats]] = defaultdict(list)
    for holding in holdings:
        now[holding.table, holding.tenant, holding.period_ms] += holding.indexed
        held[holding.table, holding.tenant].append(holding)
    known: dict[Key, list[Fault]] = defaultdict(list)
    for fault in faults:
        known[fault.table, fault.tenant].append(fault)
    groups: dict[Key, list[EarlierCount]] = defaultdict(list)
    for earlier in counts:
        groups[earlier.table, earlier.tenant].append(earlier)
    explained: set[Key] = set()
    losses = []
    for key, before in sorted(groups.items()):
        kept = [earlier for earlier in before if _all_kept(earlier, policy, until_ms)]
        if not kept:
            continue
        fall = sum(max(earlier.indexed - now[*key, earlier.period_ms], 0) for earlier in kept)
        total_fall = max(earlier.tenant_total for earlier in before) - sum(stats.indexed for stats in held[key])
        fall = min(fall, total_fall)
        loss = _loss(kept)
        orphaned = [fault for fault in known[key] if fault.cls == _ORPHANED]
        left = min(fall - _count(known[key], "chunk-missing"), _left_out(held[key], known[key], loss.since))
        if left > 0:
            sample = tuple(name for fault in orphaned for name in fault.sample)
            losses.append(replace(_sized(loss, left), cls="index-lost", sample=sample))
            if _count(orphaned) <= left:
                explained.add(key)
        reported = _count(known[key], *_COUNTED) + max(left - _count(orphaned), 0)
        if fall > reported:
            losses.append(_sized(loss, fall - reported))
    not_explained = [
        fault for fault in faults if fault.cls != _ORPHANED or (fault.table, fault.tenant) not in explained
    ]
    return [*not_explained, *losses]


def _loss(kept: Sequence[EarlierCount]) -> Fault:
    """Return the loss of all chunks that were counted."""
    return Fault(
        cls="retention-undershoot",
        table=kept[0].table,
        day=kept[0].day,
        tenant=kept[0].tenant,
        count=max(sum(earlier.chunks for earlier in kept), 1),
        bytes=sum(earlier.bytes for earlier in kept),
        since=max(earlier.counted_at for earlier in kept),
        sample=(),
    )


def _sized(loss: Fault, count: int) -> Fault:
    """Return the loss of only `count` chunks."""
    return replace(loss, count=count, bytes=count * loss.bytes // loss.count)


def _count(faults: Iterable[Fault], *classes: str) -> int:
    """Return the number of chunks with these faults; without classes, with any."""
    return sum(fault.count + fault.candidates for fault in faults if not classes or fault.cls in classes)


def _left_out(held: Sequence[TableStats], known: Sequence[Fault], counted_at: float) -> int:
    """Return how many blobs are in no index, although they may have been when an earlier audit counted."""
    written = max((stats.written_ms for stats in held), default=0) / 1000
    left_out = sum(stats.chunks - stats.indexed - stats.deleting for stats in held)
    if written > counted_at:
        # Then some of the young ones are newer than the count.
        left_out -= sum(stats.young for stats in held)
    return left_out - _count(known, *_OUT_OF_INDEX)


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
