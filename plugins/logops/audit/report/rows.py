"""Build the rows of a result, one per table and tenant."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from logops.audit.judge.batch_result import Unreadable
from logops.audit.judge.table_stats import DayReads, TableStats
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.phase import Table, next_of
from logops.audit.policy.retention import FOR_EVER, TenantRules
from logops.audit.report.result import TableRow
from logops.audit.survey.objects import DAY_MS, IndexFile
from logops.clients.blob_storage.blobs import Tier
from logops.findings import Finding


def rows_of(
    cluster: str,
    holdings: Sequence[TableStats],
    files: Sequence[IndexFile],
    findings: Iterable[Finding],
    policy: AuditPolicy,
    as_of_ms: int,
    *,
    reads_chunks: bool,
    unreadable: Sequence[Unreadable] = (),
    reads: Sequence[DayReads] = (),
) -> tuple[TableRow, ...]:
    """Return one row per table and tenant, including those with an index or a finding but no chunks; one row per table
    if only the index was read."""
    by_table: dict[str, list[IndexFile]] = defaultdict(list)
    for file in files:
        by_table[file.table].append(file)
    findings_by_table = Counter(
        (finding.subject.table, finding.subject.tenant) for finding in findings if finding.subject.table
    )
    reads_of = {(of_day.table, of_day.tenant): of_day for of_day in reads}
    table_tenants = (
        {key for key in findings_by_table if all(key)}
        | {(file.table, file.tenant) for file in files if file.tenant}
        | reads_of.keys()
    )
    unread = {(unreadable_file.table, unreadable_file.tenant) for unreadable_file in unreadable}
    groups = _by_tenant(holdings, table_tenants) if reads_chunks else ((table, "", ()) for table in sorted(by_table))
    no_reads = DayReads("", "", 0, 0)
    rows = []
    for table, tenant, held in groups:
        table_files = [file for file in by_table[table] if not tenant or file.tenant in ("", tenant)]
        day = held[0].day if held else table_files[0].day if table_files else _day_of(table)
        tiering = policy.tiering.get(tenant)
        waiting = [file.modified * 1000 for file in table_files if not file.compacted]
        # Chunks on their way into the index, or in an unreadable index file, are not out of the index.
        indexed = sum(stats.indexed + stats.young for stats in held) if held else len(table_files)
        if unread & {(table, tenant), (table, "")}:
            indexed = max(indexed, 1)
        then = tiering.then if tiering else None
        warmer = sum(sum(stats.tier_chunks[Tier.HOT : then]) for stats in held) if then else 0
        written = max((stats.written_ms for stats in held), default=0)
        state = Table(day, min(waiting, default=None), indexed, tiered=not warmer, written_ms=written)
        rules = _rules(policy, tenant)
        read = reads_of.get((table, tenant), no_reads)
        due = next_of(state, rules, tiering, policy.windows, as_of_ms)
        rows.append(
            TableRow(
                cluster=cluster,
                table=table,
                day=day,
                tenant=tenant,
                phase=due.phase,
                action=due.action,
                due=None if due.due_ms is None else _moment(due.due_ms),
                files=len(table_files),
                chunks=sum(stats.chunks for stats in held),
                bytes=sum(stats.bytes for stats in held) if reads_chunks else sum(file.size for file in table_files),
                tier_chunks=tuple(sum(stats.tier_chunks[tier] for stats in held) for tier in Tier),
                findings=findings_by_table[table, tenant] + (findings_by_table[table, ""] if tenant else 0),
                first_expires=None if rules.shortest == FOR_EVER else _moment(day * DAY_MS + rules.shortest),
                read_chunks=read.chunks,
                read_bytes=read.bytes,
                kept_longer_ms=read.kept_longer_ms,
                kept_longer_bytes=read.kept_longer_bytes,
                last_expires=None if rules.longest == FOR_EVER else _moment((day + 1) * DAY_MS + rules.longest),
            )
        )
    return tuple(rows)


def _by_tenant(
    holdings: Iterable[TableStats], table_tenants: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str, list[TableStats]]]:
    groups: dict[tuple[str, str], list[TableStats]] = defaultdict(list, {key: [] for key in table_tenants})
    for holding in holdings:
        groups[holding.table, holding.tenant].append(holding)
    for (table, tenant), held in sorted(groups.items()):
        yield table, tenant, held


def _moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def _day_of(table: str) -> int:
    """Return the day of a table's name, `loki_index_20780`."""
    return int(table[len(table.rstrip("0123456789")) :] or 0)


def _rules(policy: AuditPolicy, tenant: str) -> TenantRules:
    """Return a tenant's rules. For a table of all tenants, return the longest."""
    if tenant:
        return policy.rules.get(tenant, policy.default)
    return max(policy.rules.values(), key=lambda rules: rules.longest, default=policy.default)
