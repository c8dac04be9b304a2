"""The last step of an audit: join the batches, record findings and statistics, return one result."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from logops.audit.findings.by_check import ClusterAudit, findings_of
from logops.audit.findings.index_names import files_of, names_table
from logops.audit.findings.undershoot import Most, undershoot
from logops.audit.judge.batch import part_name
from logops.audit.judge.batch_result import BatchResult
from logops.audit.judge.table_stats import TableStats
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.lifecycle import PolicyComparison
from logops.audit.report.result import AuditResult, TableRow
from logops.audit.report.rows import rows_of
from logops.audit.request import AuditRequest, Batch, Check
from logops.audit.survey.cluster import LIVE, POLICY, TERMS, UNREAD, table_of
from logops.audit.survey.containers import Other, Survey
from logops.audit.survey.loki_state import LokiState
from logops.audit.work_dir import WorkDir, WorkLostError
from logops.checks.recording import joined, record
from logops.environment import Environment
from logops.findings import Finding, Run, Subject
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.history import Changes, read_changes
from logops.findings.kinds import FAULTY_CHUNKS, HOLDINGS
from logops.platforms.platform import ReadablePlatform

if TYPE_CHECKING:
    import pyarrow as pa

    from logops.findings.store import ResultsStore


def reduced(
    platform: ReadablePlatform, request: AuditRequest, work: str, batches: Sequence[Batch], store: "ResultsStore | None"
) -> AuditResult:
    """Join the batches of a run. Raises WorkLostError, StoreUnreachableError."""
    environment = platform.environment
    findings: dict[Check, list[Finding]] = {check: [] for check in request.checks}
    rows: list[TableRow] = []
    holdings: list[tuple[str, TableStats]] = []
    others: list[tuple[str, Other]] = []
    tables: dict[str, int] = {}
    complete = True
    for cluster in environment.clusters:
        place = WorkDir(f"{work}/{cluster}")
        if place.has(UNREAD):
            unread = _not_read(environment, cluster, place.read(UNREAD, str), request.as_of)
            for check_findings in findings.values():
                check_findings.append(unread)
            complete = False
            continue
        survey = Survey.open(place.url)
        result = _seen(platform, request, cluster, place, batches, store)
        reported: list[Finding] = []
        for check, check_findings in findings.items():
            new_findings = _first_seen(findings_of(check, result), check, request, store)
            check_findings += _named(new_findings, result)
            reported += new_findings
        if store:
            _keep_index_names(reported, result, request, store)
        rows += rows_of(
            cluster,
            result.part.holdings,
            [file for file in result.files if not request.tables or file.table in request.tables],
            reported,
            result.terms,
            int(request.as_of.timestamp() * 1000),
            reads_chunks=request.reads_chunks,
            unreadable=result.part.unreadable,
        )
        tables |= {file.table: file.day for file in survey.index_files()}
        tables |= {table_of(day, environment.clusters[cluster]): day for day in survey.days}
        holdings += [(cluster, holding) for holding in result.part.holdings]
        others += [(cluster, other) for other in survey.others]
    if complete:
        for table in request.tables:
            for check_findings in findings.values():
                check_findings += _nothing_stored(environment.name, table, tables, request)
    changes = None
    if store and not request.is_drill(datetime.now(UTC)):
        changes = _recorded(environment.name, request, findings, holdings, store)
    return AuditResult(
        environment=environment.name,
        run_id=request.run_id,
        as_of=request.as_of,
        findings=tuple(
            {finding.identity: finding for check_findings in findings.values() for finding in check_findings}.values()
        ),
        rows=tuple(rows),
        reads_chunks=request.reads_chunks,
        changes=changes,
        others=tuple(others),
    )


def _seen(
    platform: ReadablePlatform,
    request: AuditRequest,
    cluster: str,
    place: WorkDir,
    batches: Sequence[Batch],
    store: "ResultsStore | None",
) -> ClusterAudit:
    survey, terms = Survey.open(place.url), place.read(TERMS, AuditPolicy)
    environment = platform.environment
    declared = environment.clusters[cluster]
    part = _joined(
        place, [batch for batch in batches if batch["cluster"] == cluster], lambda day: table_of(day, declared)
    )
    # Whatever moment is judged, the bucket was read until now.
    until_ms = int(max(request.as_of, datetime.now(UTC)).timestamp() * 1000)
    if store and Check.RETENTION in request.checks:
        unjudged = {table for table, _ in part.incomplete} | {
            unreadable_file.table for unreadable_file in part.unreadable
        }
        most = [
            earlier
            for earlier in most_seen(store, environment.name, cluster, request.as_of)
            if earlier.table not in unjudged and (not request.tables or earlier.table in request.tables)
        ]
        part = replace(part, faults=(*part.faults, *undershoot(most, part.holdings, part.faults, terms, until_ms)))
    files = survey.index_files()
    return ClusterAudit(
        environment=environment,
        cluster=cluster,
        as_of=request.as_of,
        now=survey.taken,
        files=[file for file in files if not request.tables or file.table in request.tables],
        live=place.read(LIVE, LokiState),
        terms=terms,
        part=part,
        policy=place.read(POLICY, PolicyComparison) if Check.TIERING in request.checks else None,
        names=f"{FAULTY_CHUNKS}/day={request.as_of.astimezone(UTC).date()}/{environment.name}.{request.run_id}.{cluster}.*.parquet"
        if store
        else "",
    )


def _joined(place: WorkDir, batches: Sequence[Batch], table_of_day: Any) -> BatchResult:
    """Return the results of a cluster's batches as one. A batch without a result was not judged."""
    parts: list[BatchResult] = []
    missing: list[tuple[str, str]] = []
    for batch in batches:
        try:
            parts.append(place.read(part_name(batch["days"]), BatchResult))
        except WorkLostError:
            why = "the task that was to judge it did not end well. Read its log, then clear it."
            missing += [(table_of_day(day), why) for day in batch["days"]]
    return BatchResult(
        days=tuple(day for batch in batches for day in batch["days"]),
        holdings=tuple(holding for part in parts for holding in part.holdings),
        faults=tuple(fault for part in parts for fault in part.faults),
        unreadable=tuple(unreadable_file for part in parts for unreadable_file in part.unreadable),
        incomplete=(*(reason for part in parts for reason in part.incomplete), *missing),
    )


def _not_read(environment: Environment, cluster: str, why: str, as_of: datetime) -> Finding:
    return Finding(
        cls=CHECK_INCOMPLETE,
        subject=Subject(environment=environment.name, cluster=cluster),
        message=f"Nothing of cluster {cluster} was judged: {why}",
        as_of=as_of,
        evidence={"reason": why},
    )


def _first_seen(
    findings: Sequence[Finding], check: Check, request: AuditRequest, store: "ResultsStore | None"
) -> list[Finding]:
    """Add since when a finding has existed, from earlier runs, if the audit itself cannot tell."""
    untold = [finding for finding in findings if not finding.evidence.get("since")]
    before = (
        read_changes(store, untold[0].subject.environment, check.value, request.as_of) if store and untold else None
    )
    since = {open_finding.finding.identity: open_finding.since for open_finding in before[1].open} if before else {}
    return [
        replace(finding, evidence={**finding.evidence, "since": since[finding.identity].isoformat()})
        if finding in untold and finding.identity in since
        else finding
        for finding in findings
    ]


def _named(findings: Sequence[Finding], result: ClusterAudit) -> list[Finding]:
    """Add the location of all names to findings about index files."""
    return [
        replace(finding, evidence={**finding.evidence, "names": result.names})
        if result.names and files_of(finding, result.files, result.waiting)
        else finding
        for finding in findings
    ]


def _keep_index_names(
    findings: Sequence[Finding], result: ClusterAudit, request: AuditRequest, store: "ResultsStore"
) -> None:
    unique = {finding.identity: finding for finding in findings}.values()
    table = names_table((finding, files_of(finding, result.files, result.waiting)) for finding in unique)
    if table.num_rows:
        store.write(
            FAULTY_CHUNKS, f"{result.environment.name}.{request.run_id}.{result.cluster}.index", table, request.as_of
        )


def _nothing_stored(environment: str, table: str, tables: Mapping[str, int], request: AuditRequest) -> list[Finding]:
    """Report a requested table that does not exist: it may be mistyped, and then nothing was checked."""
    if table in tables:
        return []
    first, last = (choose(tables, key=lambda name: tables[name], default="") for choose in (min, max))
    there = f"There are {first} to {last}." if tables else "There are no tables."
    return [
        Finding(
            cls=CHECK_INCOMPLETE,
            subject=Subject(environment=environment, table=table),
            message=f"Nothing is stored in {table} of {environment}: never written, or expired and deleted, or "
            f"mistyped. {there}",
            as_of=request.as_of,
            evidence={"tables": len(tables)},
        )
    ]


def most_seen(store: "ResultsStore", environment: str, cluster: str, as_of: datetime) -> Iterator[Most]:
    """Yield the largest counts of earlier audits, by table, tenant and period. Raises StoreUnreachableError."""
    from logops.findings.store import NothingStoredError

    # A chunk may have another period in every run, so the total is that of one run, never a sum over several.
    sql = (
        'with told as (select *, sum(indexed) over (partition by run, as_of, "table", tenant) as together'
        f" from {HOLDINGS} where environment = $environment and cluster = $cluster and as_of < $as_of and indexed > 0)"
        ' select "table", any_value(day_number) as day, tenant, period_ms, max(indexed) as indexed,'
        " arg_max(bytes, indexed)::bigint as bytes, arg_max(chunks, indexed) as chunks,"
        " epoch(arg_max(as_of, (indexed, as_of))) as seen,"
        ' max(max(together)) over (partition by "table", tenant)::bigint as whole'
        ' from told group by "table", tenant, period_ms'
    )
    parameters = {"environment": environment, "cluster": cluster, "as_of": as_of.astimezone(UTC)}
    try:
        rows = store.query(HOLDINGS, sql, last=(as_of + timedelta(days=1)).date(), parameters=parameters).to_pylist()
    except NothingStoredError:
        return
    for row in rows:
        yield Most(**row)


def _recorded(
    environment: str,
    request: AuditRequest,
    findings: dict[Check, list[Finding]],
    holdings: Sequence[tuple[str, TableStats]],
    store: "ResultsStore",
) -> Changes:
    """Record a run: its statistics first, so that its findings are never without them."""
    if request.reads_chunks:
        store.write(
            HOLDINGS, f"{environment}.{request.run_id}", holdings_table(environment, request, holdings), request.as_of
        )
    all_changes = []
    for check, check_findings in findings.items():
        all_changes.append(record(store, Run(environment, check.value, request.run_id, request.as_of), check_findings))
    return joined(all_changes)


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
        **{name: number for name in ("young", "first_ms", "last_ms", "written_ms")},
        "tier_chunks": pa.list_(number),
        "tier_bytes": pa.list_(number),
    }
    return pa.Table.from_pylist(rows, schema=pa.schema([*schema.items()]))
