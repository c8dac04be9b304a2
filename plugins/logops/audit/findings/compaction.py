"""Find faults of compaction, from the names of index files and the compactor's own metrics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from logops.audit.policy.retention import Windows
from logops.audit.survey.loki_state import LokiState
from logops.audit.survey.objects import IndexFile, period_of
from logops.environment.cluster import Cluster
from logops.findings import Finding, FindingClass, Subject
from logops.findings.classes import audit as classes
from logops.number_text import count_text

_SETTLED_S = 120.0
"""A process that started more recently is not judged."""


@dataclass(frozen=True)
class Compaction:
    """A cluster's index files and the state of the processes that write them."""

    environment: str
    cluster: str
    declared: Cluster
    files: Sequence[IndexFile]
    live: LokiState
    windows: Windows
    as_of: datetime
    now: float
    """When both were read, Unix seconds. Processes cannot be judged at another time."""

    @property
    def allowed_s(self) -> float:
        """How long an uploaded file may wait for the compactor."""
        return (self.windows.cycle_ms + self.windows.slack_ms) / 1000

    @property
    def waiting(self) -> list[IndexFile]:
        """Files that ingesters uploaded longer ago than that."""
        return [
            file
            for file in self.files
            if not file.compacted and self.now - file.modified > self.allowed_s and covered(file, self.declared)
        ]

    def finding(
        self,
        cls: FindingClass,
        message: str,
        *,
        table: str = "",
        tenant: str = "",
        source: str = "",
        **evidence: str | int,
    ) -> Finding:
        subject = Subject(environment=self.environment, cluster=self.cluster, tenant=tenant, table=table, source=source)
        return Finding(cls=cls, subject=subject, message=message, as_of=self.as_of, evidence=evidence)


def compaction_findings(compaction: Compaction) -> list[Finding]:
    """Return the findings, each cause once. If the compactor does nothing, waiting files are evidence, not findings."""
    findings = [*_without_schema(compaction), *_not_uploading(compaction), *_marker_backlog(compaction)]
    if cause := [*_compactor_count(compaction)] or [*_stalled(compaction)]:
        return [*findings, *cause]
    return [*findings, *_uncompacted(compaction), *_duplicates(compaction)]


def covered(file: IndexFile, cluster: Cluster) -> bool:
    """Whether a schema period says that this table holds a day's index."""
    period = period_of(file.day, cluster.schema_periods)
    return period is not None and file.table == f"{period.index_prefix}{file.day}"


def _without_schema(compaction: Compaction) -> Iterator[Finding]:
    for table, files in _by_table(file for file in compaction.files if not covered(file, compaction.declared)).items():
        prefixes = ", ".join(
            f"{period.index_prefix} from {period.from_}" for period in compaction.declared.schema_periods
        )
        yield compaction.finding(
            classes.TABLE_WITHOUT_SCHEMA,
            f"Table {table} of {_date(files[0].day)} has {_files(files)}, and no schema period covers it ({prefixes}).",
            table=table,
            files=len(files),
            bytes=sum(file.size for file in files),
            since=_time(min(file.modified for file in files)),
            sample=", ".join(file.name for file in files[:5]),
        )


def _compactor_count(compaction: Compaction) -> Iterator[Finding]:
    """Only if Loki answered: the bucket does not show how many compactors there are."""
    if not compaction.live.ingesters and not compaction.live.compactors:
        return
    running = [compactor for compactor in compaction.live.compactors if compactor.running]
    starting = [
        compactor for compactor in compaction.live.compactors if compaction.now - compactor.started < _SETTLED_S
    ]
    if starting or (len(running) == 1 and len(compaction.live.ring) <= 1):
        return
    why = "; ".join(f"{name}: {reason}" for name, reason in compaction.live.silent if "compactor" in name)
    names = ", ".join(dict.fromkeys([compactor.name for compactor in running] + list(compaction.live.ring))) or "none"
    tables = {file.table for file in compaction.waiting}
    yield compaction.finding(
        classes.COMPACTOR_COUNT,
        f"{count_text(len(running), 'compactor')} {'runs' if len(running) == 1 else 'run'}: {names}. "
        f"{count_text(len(tables), 'table')} {'waits' if len(tables) == 1 else 'wait'} for compaction. {why}".rstrip(),
        compactors=len(running),
        tables_waiting=len(tables),
    )


def _stalled(compaction: Compaction) -> Iterator[Finding]:
    waiting = compaction.waiting
    # By name and by blob: a copied blob is newer than its name, and a name may be wrong.
    worked = max((min(file.written, file.modified) for file in compaction.files if file.compacted), default=0.0)
    idle = compaction.now - worked > compaction.allowed_s
    by_metrics = [
        compactor
        for compactor in compaction.live.compactors
        if compactor.running
        and compaction.now - max(compactor.compacted, compactor.started) > compaction.allowed_s + _SETTLED_S
    ]
    if not (waiting and idle) and not by_metrics:
        return
    tables = _by_table(waiting)
    since = min((file.modified for file in waiting), default=0)
    said = (
        [f"{_files(waiting)} of {count_text(len(tables), 'table')} wait{_s(waiting)}, the oldest since {_time(since)}"]
        if waiting
        else []
    )
    if worked:
        said.append(f"the compactor last wrote to the bucket at {_time(worked)}")
    said += [
        f"{compactor.name} last ended a run well at {_time(compactor.compacted)}"
        for compactor in by_metrics
        if compactor.compacted
    ]
    said += [
        f"{compactor.name} has ended no run since it started at {_time(compactor.started)}"
        for compactor in by_metrics
        if not compactor.compacted
    ]
    yield compaction.finding(
        classes.COMPACTION_STALLED,
        f"{'; '.join(said)}. It should work every {compaction.declared.compactor.compaction_interval}.",
        files_waiting=len(waiting),
        tables_waiting=len(tables),
        bytes_waiting=sum(file.size for file in waiting),
        since=_time(since) if waiting else "",
        sample=", ".join(file.name for file in waiting[:5]),
    )


def _uncompacted(compaction: Compaction) -> Iterator[Finding]:
    for table, files in _by_table(compaction.waiting).items():
        since = min(file.modified for file in files)
        yield compaction.finding(
            classes.TABLE_UNCOMPACTED,
            f"{_files(files)} of {table} ({_date(files[0].day)}) wait{_s(files)} to be compacted since {_time(since)}, "
            "while other tables are compacted.",
            table=table,
            files=len(files),
            bytes=sum(file.size for file in files),
            since=_time(since),
            sample=", ".join(file.name for file in files[:5]),
        )


def _duplicates(compaction: Compaction) -> Iterator[Finding]:
    groups: dict[tuple[str, str], list[IndexFile]] = {}
    for file in compaction.files:
        if file.compacted:
            groups.setdefault((file.table, file.tenant), []).append(file)
    for (table, tenant), files in groups.items():
        # Between writing the new file and deleting the old one, a tenant has two for some seconds.
        last = max(file.modified for file in files)
        if len(files) < 2 or compaction.now - last <= compaction.windows.grace_ms / 1000:
            continue
        yield compaction.finding(
            classes.INDEX_DUPLICATE,
            f"{count_text(len(files), 'compacted index file')} of {tenant} in {table}, the last since {_time(last)}.",
            table=table,
            tenant=tenant,
            files=len(files),
            bytes=sum(file.size for file in files),
            since=_time(last),
            sample=", ".join(file.name for file in files[:5]),
        )


def _not_uploading(compaction: Compaction) -> Iterator[Finding]:
    for ingester in compaction.live.ingesters:
        why = ingester.upload_fault(compaction.now, compaction.windows.slack_ms / 1000)
        if why:
            yield compaction.finding(
                classes.INGESTER_NOT_UPLOADING,
                f"{ingester.name}: {why}.",
                source=ingester.name,
                chunks_flushed=ingester.flushed,
                uploads=ingester.uploads,
                failed_uploads=ingester.failed_uploads,
                last_built=_time(ingester.built) if ingester.built else "",
            )


def _marker_backlog(compaction: Compaction) -> Iterator[Finding]:
    allowed = (compaction.windows.delay_ms + compaction.windows.slack_ms) / 1000
    for compactor in compaction.live.compactors:
        if compactor.marker_time and compaction.now - compactor.marker_time > allowed:
            yield compaction.finding(
                classes.MARKER_BACKLOG,
                f"{compactor.name} is deleting chunks that it marked at {_time(compactor.marker_time)}, and has "
                f"{count_text(compactor.marker_files, 'file')} of marks left.",
                source=compactor.name,
                marker_files=compactor.marker_files,
                since=_time(compactor.marker_time),
            )


def _by_table(files: "Iterator[IndexFile] | Sequence[IndexFile]") -> dict[str, list[IndexFile]]:
    tables: dict[str, list[IndexFile]] = {}
    for file in files:
        tables.setdefault(file.table, []).append(file)
    return tables


def _files(files: Sequence[IndexFile]) -> str:
    return count_text(len(files), "file")


def _s(files: Sequence[IndexFile]) -> str:
    """Ending of a verb: one waits, two wait."""
    return "s" if len(files) == 1 else ""


def _date(day: int) -> str:
    return f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}"


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
