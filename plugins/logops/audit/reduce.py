"""The last step of an audit: join the batches, record findings and statistics, return one result."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from logops.audit.findings.by_check import ClusterAudit, findings_of
from logops.audit.findings.index_names import files_of, names_table
from logops.audit.findings.losses import EarlierCount, with_losses
from logops.audit.judge.batch_result import BatchResult
from logops.audit.judge.table_stats import Fault, TableStats
from logops.audit.report.recorded import phases_table
from logops.audit.report.result import AuditResult, TableRow
from logops.audit.report.rows import rows_of
from logops.audit.request import AuditRequest, Check
from logops.audit.survey.cluster import SurveyedCluster
from logops.audit.survey.containers import Other
from logops.checks.recording import joined, record
from logops.environment import Environment
from logops.findings import Finding, Run, Subject
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.history import Changes, read_changes
from logops.findings.kinds import FAULTY_CHUNKS, HOLDINGS, TABLE_PHASES

if TYPE_CHECKING:
    import pyarrow as pa

    from logops.findings.store import ResultsStore


@dataclass(frozen=True)
class JudgedCluster:
    """A cluster after its survey and its batches."""

    surveyed: SurveyedCluster
    batches: Sequence[tuple[Sequence[int], BatchResult | None]]
    """Days of each batch, and its result; None if it was not judged."""


@dataclass(frozen=True)
class _ClusterReport:
    """The part of an audit's result that is about one cluster."""

    audit: ClusterAudit
    findings: Mapping[Check, Sequence[Finding]]
    rows: Sequence[TableRow]
    others: Sequence[Other]


def reduce_clusters(
    environment: Environment,
    request: AuditRequest,
    clusters: Sequence[JudgedCluster],
    unread: Mapping[str, str],
    store: "ResultsStore | None",
) -> AuditResult:
    """Return the result of a run. Store the names of faulty index files; record the run, unless it is a drill.

    unread   clusters that could not be read, with the reason

    Raises StoreUnreachableError.
    """
    reports = [
        _cluster_report(audit, cluster.surveyed.survey.others, request, store)
        for cluster in clusters
        for audit in [_cluster_audit(environment, request, cluster, store)]
    ]
    of_all_checks = [_not_read(environment, cluster, why, request.as_of) for cluster, why in unread.items()]
    if request.tables and not unread:
        of_all_checks += _missing_tables(environment, request, clusters)
    findings = {
        check: [*of_all_checks, *(finding for report in reports for finding in report.findings[check])]
        for check in request.checks
    }
    changes = None
    if store:
        for report in reports:
            _store_index_names(report, request, store)
        if not request.is_drill(datetime.now(UTC)):
            changes = _record(environment.name, request, findings, reports, store)
    unique = {finding.identity: finding for of_check in findings.values() for finding in of_check}
    return AuditResult(
        environment=environment.name,
        run_id=request.run_id,
        as_of=request.as_of,
        findings=tuple(unique.values()),
        rows=tuple(row for report in reports for row in report.rows),
        reads_chunks=request.reads_chunks,
        changes=changes,
        others=tuple((report.audit.cluster, other) for report in reports for other in report.others),
    )


def _cluster_audit(
    environment: Environment, request: AuditRequest, cluster: JudgedCluster, store: "ResultsStore | None"
) -> ClusterAudit:
    """Join the batches of a cluster, and compare its chunks with earlier audits."""
    surveyed, survey = cluster.surveyed, cluster.surveyed.survey
    judged = _joined(cluster.batches, surveyed.tables)
    if store and Check.RETENTION in request.checks:
        judged = replace(judged, faults=tuple(_with_losses(environment, request, surveyed, judged, store)))
    day = request.as_of.astimezone(UTC).date()
    names = f"{FAULTY_CHUNKS}/day={day}/{environment.name}.{request.run_id}.{survey.cluster}.*.parquet"
    return ClusterAudit(
        environment=environment,
        cluster=survey.cluster,
        as_of=request.as_of,
        now=survey.taken,
        files=[file for file in survey.index_files() if not request.tables or file.table in request.tables],
        live=surveyed.live,
        policy=surveyed.policy,
        judged=judged,
        lifecycle=surveyed.lifecycle,
        names=names if store else "",
    )


def _joined(batches: Sequence[tuple[Sequence[int], BatchResult | None]], tables: Mapping[int, str]) -> BatchResult:
    """Return the results of a cluster's batches as one. A batch without a result was not judged."""
    results = [result for _, result in batches if result]
    why = "the task that was to judge it did not end well. Read its log, then clear it."
    missing = [(tables[day], why) for days, result in batches if result is None for day in days]
    return BatchResult(
        days=tuple(day for days, _ in batches for day in days),
        holdings=tuple(holding for result in results for holding in result.holdings),
        faults=tuple(fault for result in results for fault in result.faults),
        unreadable=tuple(unreadable_file for result in results for unreadable_file in result.unreadable),
        incomplete=(*(table_and_why for result in results for table_and_why in result.incomplete), *missing),
        reads=tuple(reads for result in results for reads in result.reads),
    )


def _with_losses(
    environment: Environment,
    request: AuditRequest,
    surveyed: SurveyedCluster,
    judged: BatchResult,
    store: "ResultsStore",
) -> list[Fault]:
    """Return the faults with the chunks that earlier audits counted and that are gone before their time."""
    not_judged = {table for table, _ in judged.incomplete} | {file.table for file in judged.unreadable}
    counts = [
        count
        for count in earlier_counts(store, environment.name, surveyed.survey.cluster, request.as_of)
        if count.table not in not_judged and (not request.tables or count.table in request.tables)
    ]
    # The bucket was read until now, also if an earlier moment is judged.
    until_ms = int(max(request.as_of, datetime.now(UTC)).timestamp() * 1000)
    return with_losses(counts, judged.holdings, judged.faults, surveyed.policy, until_ms)


def _cluster_report(
    audit: ClusterAudit, others: Sequence[Other], request: AuditRequest, store: "ResultsStore | None"
) -> _ClusterReport:
    findings = {
        check: _with_names(_with_since(findings_of(check, audit), check, request, store), audit)
        for check in request.checks
    }
    rows = rows_of(
        audit.cluster,
        audit.judged.holdings,
        audit.files,
        [finding for of_check in findings.values() for finding in of_check],
        audit.policy,
        int(request.as_of.timestamp() * 1000),
        reads_chunks=request.reads_chunks,
        unreadable=audit.judged.unreadable,
        reads=audit.judged.reads,
    )
    return _ClusterReport(audit, findings, rows, others)


def _with_since(
    findings: Sequence[Finding], check: Check, request: AuditRequest, store: "ResultsStore | None"
) -> list[Finding]:
    """Add since when a finding has existed, from earlier runs, if the audit itself cannot tell."""
    undated = {finding.identity for finding in findings if not finding.evidence.get("since")}
    if not store or not undated:
        return [*findings]
    before = read_changes(store, findings[0].subject.environment, check.value, request.as_of)
    since = {open_finding.finding.identity: open_finding.since for open_finding in before[1].open} if before else {}
    return [
        replace(finding, evidence={**finding.evidence, "since": since[finding.identity].isoformat()})
        if finding.identity in undated & since.keys()
        else finding
        for finding in findings
    ]


def _with_names(findings: Sequence[Finding], audit: ClusterAudit) -> list[Finding]:
    """Add the location of all names to findings about index files."""
    return [
        replace(finding, evidence={**finding.evidence, "names": audit.names})
        if audit.names and files_of(finding, audit.files, audit.waiting)
        else finding
        for finding in findings
    ]


def _not_read(environment: Environment, cluster: str, why: str, as_of: datetime) -> Finding:
    return Finding(
        cls=CHECK_INCOMPLETE,
        subject=Subject(environment=environment.name, cluster=cluster),
        message=f"Nothing of cluster {cluster} was judged: {why}",
        as_of=as_of,
        evidence={"reason": why},
    )


def _missing_tables(
    environment: Environment, request: AuditRequest, clusters: Iterable[JudgedCluster]
) -> Iterator[Finding]:
    """Report requested tables that do not exist: they may be mistyped, and then nothing was checked."""
    day_of: dict[str, int] = {}
    for cluster in clusters:
        survey = cluster.surveyed.survey
        day_of |= {file.table: file.day for file in survey.index_files()}
        day_of |= {cluster.surveyed.tables[day]: day for day in survey.days}
    first, last = (choose(day_of, key=lambda table: day_of[table], default="") for choose in (min, max))
    existing = f"There are {first} to {last}." if day_of else "There are no tables."
    for table in request.tables:
        if table not in day_of:
            yield Finding(
                cls=CHECK_INCOMPLETE,
                subject=Subject(environment=environment.name, table=table),
                message=f"Nothing is stored in {table} of {environment.name}: never written, or expired and deleted, "
                f"or mistyped. {existing}",
                as_of=request.as_of,
                evidence={"tables": len(day_of)},
            )


def earlier_counts(store: "ResultsStore", environment: str, cluster: str, as_of: datetime) -> Iterator[EarlierCount]:
    """Yield the largest counts of earlier audits, by table, tenant and period. Raises StoreUnreachableError."""
    from logops.findings.store import NothingStoredError

    # A chunk may have another period in every run, so the total is that of one run, never a sum over several.
    sql = (
        'with counts as (select *, sum(indexed) over (partition by run, as_of, "table", tenant) as run_total'
        f" from {HOLDINGS} where environment = $environment and cluster = $cluster and as_of < $as_of and indexed > 0)"
        ' select "table", any_value(day_number) as day, tenant, period_ms, max(indexed) as indexed,'
        " arg_max(bytes, indexed)::bigint as bytes, arg_max(chunks, indexed) as chunks,"
        " epoch(arg_max(as_of, (indexed, as_of))) as counted_at,"
        ' max(max(run_total)) over (partition by "table", tenant)::bigint as tenant_total'
        ' from counts group by "table", tenant, period_ms'
    )
    parameters = {"environment": environment, "cluster": cluster, "as_of": as_of.astimezone(UTC)}
    try:
        rows = store.query(HOLDINGS, sql, last=(as_of + timedelta(days=1)).date(), parameters=parameters).to_pylist()
    except NothingStoredError:
        return
    for row in rows:
        yield EarlierCount(**row)


def _store_index_names(report: _ClusterReport, request: AuditRequest, store: "ResultsStore") -> None:
    audit = report.audit
    unique = {finding.identity: finding for of_check in report.findings.values() for finding in of_check}
    table = names_table([(finding, files_of(finding, audit.files, audit.waiting)) for finding in unique.values()])
    if table.num_rows:
        run = f"{audit.environment.name}.{request.run_id}.{audit.cluster}.index"
        store.write(FAULTY_CHUNKS, run, table, request.as_of)


def _record(
    environment: str,
    request: AuditRequest,
    findings: Mapping[Check, Sequence[Finding]],
    reports: Sequence[_ClusterReport],
    store: "ResultsStore",
) -> Changes:
    """Record a run: its statistics first, so that its findings are never without them."""
    if request.reads_chunks:
        holdings = [(report.audit.cluster, stats) for report in reports for stats in report.audit.judged.holdings]
        name = f"{environment}.{request.run_id}"
        store.write(HOLDINGS, name, holdings_table(environment, request, holdings), request.as_of)
        rows = [row for report in reports for row in report.rows]
        store.write(TABLE_PHASES, name, phases_table(environment, request.run_id, request.as_of, rows), request.as_of)
    runs = {check: Run(environment, check.value, request.run_id, request.as_of) for check in findings}
    return joined([record(store, runs[check], of_check) for check, of_check in findings.items()])


def holdings_table(environment: str, request: AuditRequest, holdings: Sequence[tuple[str, TableStats]]) -> "pa.Table":
    """Return one row per entry: its fields, environment, cluster, run and as_of. `day` is called `day_number`, because
    the store's own `day` is the run's."""
    import pyarrow as pa

    about = {"environment": environment, "run": request.run_id, "as_of": request.as_of.astimezone(UTC)}
    rows = [{**about, "cluster": cluster, **asdict(stats), "day_number": stats.day} for cluster, stats in holdings]
    text, number = pa.string(), pa.int64()
    schema = {
        **{name: text for name in ("environment", "run", "cluster", "table", "tenant")},
        "as_of": pa.timestamp("us", "UTC"),
        **{
            name: number
            for name in ("day_number", "period_ms", "chunks", "bytes", "indexed", "lines", "waiting", "deleting")
        },
        **{
            name: number
            for name in ("young", "first_ms", "last_ms", "written_ms", "kept_longer_ms", "kept_longer_bytes")
        },
        "tier_chunks": pa.list_(number),
        "tier_bytes": pa.list_(number),
    }
    return pa.Table.from_pylist(rows, schema=pa.schema([*schema.items()]))
