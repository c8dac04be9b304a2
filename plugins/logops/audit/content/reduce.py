"""The last step of a content audit: join the batches, record coverage and findings, return one result."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from logops.audit.content.batch import Damaged, VerifiedBatch
from logops.audit.content.coverage import Coverage
from logops.audit.content.plan import ContentPlan, Earlier
from logops.audit.content.request import CHECK, ContentRequest
from logops.audit.content.result import ContentResult
from logops.audit.findings.by_check import corrupt_finding
from logops.audit.findings.messages import finding_of
from logops.audit.judge.table_stats import Fault
from logops.audit.survey.cluster import SurveyedCluster
from logops.checks.recording import record
from logops.environment import Environment
from logops.findings import Finding, Run, Subject
from logops.findings.classes import audit as classes
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.kinds import CONTENT_COVERAGE, FAULTY_CHUNKS, VERIFIED_CHUNKS
from logops.number_text import count_text

if TYPE_CHECKING:
    import pyarrow as pa

    from logops.findings.store import ResultsStore

_SAMPLE = 10
_STRATUM = ("table", "tenant")


@dataclass(frozen=True)
class ReadCluster:
    """A cluster after its batches."""

    surveyed: SurveyedCluster
    batches: Sequence[VerifiedBatch | None]
    """None: the batch was not read."""

    @property
    def read(self) -> list[VerifiedBatch]:
        return [batch for batch in self.batches if batch]

    @property
    def damaged(self) -> list[Damaged]:
        return [damaged for batch in self.read for damaged in batch.damaged]


def read_earlier(store: "ResultsStore", environment: Environment, request: ContentRequest) -> dict[str, Earlier]:
    """Return by cluster what earlier runs read within the time of the request, and what was damaged in the last run.

    Raises StoreUnreachableError.
    """
    from logops.findings.store import NothingStoredError

    first = request.as_of - timedelta(milliseconds=request.cover_within_ms)
    parameters = {"environment": environment.name, "first": first.astimezone(UTC), "as_of": request.as_of}
    where = "environment = $environment and as_of > $first and as_of < $as_of"
    days = (first.date(), request.as_of.astimezone(UTC).date())
    ranges: dict[str, dict[tuple[str, str], list[tuple[datetime, int, int]]]] = defaultdict(lambda: defaultdict(list))
    damaged: dict[str, set[str]] = defaultdict(set)
    try:
        sql = f'select cluster, "table", tenant, as_of, first_key, last_key from "{VERIFIED_CHUNKS}" where {where}'
        for row in store.query(VERIFIED_CHUNKS, sql, *days, parameters=parameters).to_pylist():
            key = (row["table"], row["tenant"])
            ranges[row["cluster"]][key].append((row["as_of"], row["first_key"], row["last_key"]))
        sql = f'select cluster, damaged_names from "{CONTENT_COVERAGE}" where {where} and damaged_chunks > 0'
        for row in store.query(CONTENT_COVERAGE, sql, *days, parameters=parameters).to_pylist():
            damaged[row["cluster"]].update(row["damaged_names"])
    except NothingStoredError:
        pass
    return {cluster: Earlier(ranges[cluster], frozenset(damaged[cluster])) for cluster in environment.clusters}


def reduce_content(
    environment: Environment,
    request: ContentRequest,
    plan: ContentPlan,
    clusters: Mapping[str, ReadCluster],
    store: "ResultsStore | None",
) -> ContentResult:
    """Return the result of a run. Store the names of damaged chunks; record the run, unless it is a drill.

    Raises StoreUnreachableError.
    """
    findings: list[Finding] = [
        _incomplete(
            Subject(environment=environment.name, cluster=cluster), f"Nothing of {cluster} was read: {why}", request
        )
        for cluster, why in plan.unread.items()
    ]
    rows: list[dict[str, Any]] = []
    for cluster, read in clusters.items():
        if store and read.damaged:
            store.write(FAULTY_CHUNKS, _names_run(environment, request, cluster), _names(read.damaged), request.as_of)
        findings += _cluster_findings(environment, request, cluster, read, with_names=store is not None)
        rows += _coverage_rows(plan, cluster, read)
    changes = None
    if store and not request.is_drill(datetime.now(UTC)):
        name = f"{environment.name}.{request.run_id}"
        about = {"environment": environment.name, "run": request.run_id, "as_of": request.as_of.astimezone(UTC)}
        # The coverage first: findings are never without it.
        store.write(CONTENT_COVERAGE, name, _coverage_table(about, rows), request.as_of)
        store.write(VERIFIED_CHUNKS, name, _ranges_table(about, clusters), request.as_of)
        changes = record(store, Run(environment.name, CHECK, request.run_id, request.as_of), findings)
    return ContentResult(
        environment=environment.name,
        run_id=request.run_id,
        as_of=request.as_of,
        findings=tuple(findings),
        chunks=sum(batch.chunks for read in clusters.values() for batch in read.read),
        bytes=sum(batch.bytes for read in clusters.values() for batch in read.read),
        archived_chunks=sum(row["archived_chunks"] for row in rows),
        archived_bytes=sum(row["archived_bytes"] for row in rows),
        coverage=Coverage(
            chunks=sum(row["chunks"] - row["archived_chunks"] for row in rows),
            bytes=sum(row["bytes"] - row["archived_bytes"] for row in rows),
            verified_chunks=sum(row["verified_chunks"] for row in rows),
            verified_bytes=sum(row["verified_bytes"] for row in rows),
            damaged=sum(row["damaged_chunks"] for row in rows),
        ),
        within_days=request.cover_within_ms / 86_400_000,
        full=request.full,
        changes=changes,
    )


def _cluster_findings(
    environment: Environment, request: ContentRequest, cluster: str, read: ReadCluster, *, with_names: bool
) -> Iterator[Finding]:
    subject = Subject(environment=environment.name, cluster=cluster)
    day = request.as_of.astimezone(UTC).date()
    names = f"{FAULTY_CHUNKS}/day={day}/{_names_run(environment, request, cluster)}.parquet" if with_names else ""
    unreadable = {file.name: file for batch in read.read for file in batch.unreadable}
    for file in unreadable.values():
        yield corrupt_finding(file, subject, request.as_of)
    groups: dict[tuple[str, str, str], list[Damaged]] = defaultdict(list)
    for damaged in read.damaged:
        groups[damaged.cls, damaged.table, damaged.tenant].append(damaged)
    for group in groups.values():
        finding = finding_of(_fault(group), environment.name, cluster, request.as_of, names)
        yield replace(finding, message=_with_detail(finding, group))
    not_read = sum(batch is None for batch in read.batches)
    if not_read:
        yield _incomplete(
            subject,
            f"{not_read} of {count_text(len(read.batches), 'batch')} of {cluster} were not read: their tasks did not "
            "end well. Read their logs, then clear them.",
            request,
        )
    problems = [problem for batch in read.read for problem in (*batch.unread, *batch.unknown)]
    if problems:
        more = f" And {len(problems) - 1:,} more such messages." if len(problems) > 1 else ""
        yield _incomplete(subject, f"Chunks of {cluster} were not verified: {problems[0]}{more}", request)


def _with_detail(finding: Finding, group: Sequence[Damaged]) -> str:
    """Return the message with the fault of the first chunk."""
    if finding.cls is classes.CHUNK_EMPTY:
        return finding.message
    return f"{finding.message} {'It' if len(group) == 1 else 'The first'} {group[0].what}."


def _fault(group: Sequence[Damaged]) -> Fault:
    return Fault(
        cls=group[0].cls,
        table=group[0].table,
        day=group[0].day,
        tenant=group[0].tenant,
        count=len(group),
        bytes=sum(damaged.size for damaged in group),
        since=min(damaged.modified for damaged in group),
        sample=tuple(damaged.name for damaged in group[:_SAMPLE]),
    )


def _incomplete(subject: Subject, message: str, request: ContentRequest) -> Finding:
    return Finding(cls=CHECK_INCOMPLETE, subject=subject, message=message, as_of=request.as_of, evidence={})


def _names_run(environment: Environment, request: ContentRequest, cluster: str) -> str:
    return f"{environment.name}.{CHECK}-{request.run_id}.{cluster}"


def _names(damaged: Iterable[Damaged]) -> "pa.Table":
    """Return one row per damaged chunk, with the columns of `faulty-chunks`."""
    import pyarrow as pa

    rows = [
        {
            "class": chunk.cls,
            "day": chunk.day,
            "table": chunk.table,
            "tenant": chunk.tenant,
            "name": chunk.name,
            "bytes": chunk.size,
            "since_ms": chunk.modified * 1000,
        }
        for chunk in damaged
    ]
    text = pa.string()
    kinds = {"class": text, "day": pa.int32(), "table": text, "tenant": text, "name": text}
    return pa.Table.from_pylist(rows, schema=pa.schema({**kinds, "bytes": pa.int64(), "since_ms": pa.int64()}))


def _coverage_rows(plan: ContentPlan, cluster: str, read: ReadCluster) -> Iterator[dict[str, Any]]:
    """Yield one row per table and tenant: what was verified before, and in this run."""
    tables, tenants = read.surveyed.tables, read.surveyed.survey.tenants
    read_now: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for batch in read.read:
        for key_range in batch.ranges:
            counts = read_now[key_range.table, key_range.tenant]
            counts[0] += key_range.chunks
            counts[1] += key_range.bytes
    damaged: dict[tuple[str, str], list[str]] = defaultdict(list)
    for chunk in read.damaged:
        damaged[chunk.table, chunk.tenant].append(chunk.name)
    for stats in plan.clusters[cluster].strata:
        key = (tables[stats.day], tenants[stats.tenant])
        chunks, size = read_now[key]
        yield {
            "cluster": cluster,
            "table": key[0],
            "tenant": key[1],
            "day_number": stats.day,
            "chunks": stats.chunks,
            "bytes": stats.bytes,
            "archived_chunks": stats.archived_chunks,
            "archived_bytes": stats.archived_bytes,
            "verified_chunks": stats.verified_chunks + chunks,
            "verified_bytes": stats.verified_bytes + size,
            "read_chunks": chunks,
            "read_bytes": size,
            "damaged_chunks": len(damaged[key]),
            "damaged_names": damaged[key],
        }


def _coverage_table(about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> "pa.Table":
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    names = ("chunks", "bytes", "archived_chunks", "archived_bytes", "verified_chunks", "verified_bytes")
    schema = {
        **{name: text for name in ("environment", "run", "cluster", *_STRATUM)},
        "as_of": pa.timestamp("us", "UTC"),
        **{name: number for name in ("day_number", *names, "read_chunks", "read_bytes", "damaged_chunks")},
        "damaged_names": pa.list_(text),
    }
    return pa.Table.from_pylist([{**about, **row} for row in rows], schema=pa.schema(schema))


def _ranges_table(about: Mapping[str, Any], clusters: Mapping[str, ReadCluster]) -> "pa.Table":
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    schema = {
        **{name: text for name in ("environment", "run", "cluster", *_STRATUM)},
        "as_of": pa.timestamp("us", "UTC"),
        "first_key": pa.uint64(),
        "last_key": pa.uint64(),
        "chunks": number,
        "bytes": number,
    }
    rows = [
        {
            **about,
            "cluster": cluster,
            **{name: getattr(key_range, name) for name in (*_STRATUM, "first_key", "last_key", "chunks", "bytes")},
        }
        for cluster, read in clusters.items()
        for batch in read.read
        for key_range in batch.ranges
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(schema))
