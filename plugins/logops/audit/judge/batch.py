"""The second step of an audit: judge a batch of tables."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from logops.audit.index.placement import IndexMisplacedError
from logops.audit.index.table_index import IndexChangingError, TenantNumbers, read_table
from logops.audit.judge.batch_result import BatchResult, Unreadable
from logops.audit.judge.bucket import Bucket, LiveBucket
from logops.audit.judge.tables import READ_AT_ONCE, Judged, JudgeDatabase, judge_tables
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.request import AuditRequest
from logops.audit.survey.cluster import SurveyedCluster
from logops.audit.survey.containers import Survey
from logops.audit.survey.objects import IndexFile
from logops.clients.blob_storage import ObjectStoreError
from logops.findings.kinds import FAULTY_CHUNKS
from logops.number_text import count_text
from logops.platforms.platform import Progress, ReadablePlatform
from logops.tsdb import IndexFileError

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

_PROGRESS_EVERY_S = 2.0
_ROWS = 1_000_000
_TABLES = 100
"""Maximum of rows and tables that are judged together."""


def names_run(environment: str, run_id: str, cluster: str, days: Sequence[int]) -> str:
    """Return the run under which the names of a batch's faulty chunks are stored."""
    return f"{environment}.{run_id}.{cluster}.{days[0]}"


def judge_batch(
    platform: ReadablePlatform,
    request: AuditRequest,
    surveyed: SurveyedCluster,
    batch_days: Sequence[int],
    store: "ResultsStore | None",
    progress: Progress,
) -> BatchResult:
    """Judge the tables of these days, and store the names of faulty chunks. Raises StoreUnreachableError."""
    survey, policy = surveyed.survey, surveyed.policy
    judged: list[Judged] = []
    unreadable: list[Unreadable] = []
    incomplete: list[tuple[str, str]] = []
    last_report = time.monotonic()
    with (
        TemporaryDirectory(prefix="logops-names-") as names,
        platform.object_store(survey.account) as account,
        JudgeDatabase(platform.environment.audit.memory.value) as database,
    ):
        bucket = LiveBucket(account.container(survey.container))
        done = 0
        for days in together({day: surveyed.chunks_by_day[day] for day in batch_days}):
            tables = {day: surveyed.tables[day] for day in days}
            if request.reads_chunks:
                names_to, now = Path(names) / f"{days[0]}.parquet", datetime.now(UTC)
                judged.append(judge_tables(database, survey, tables, bucket, policy, names_to, now))
                unreadable += unreadable_files(judged[-1].unreadable)
                incomplete += judged[-1].incomplete
            else:
                damaged, unread = _verify(survey, tables, bucket, policy)
                unreadable += damaged
                incomplete += unread
            done += len(days)
            if time.monotonic() - last_report > _PROGRESS_EVERY_S:
                last_report = time.monotonic()
                progress(f"{survey.cluster}: {done:,} of {count_text(len(batch_days), 'table')} of this batch judged")
        if store:
            run = names_run(survey.environment, request.run_id, survey.cluster, batch_days)
            _keep_names(Path(names), run, store, request)
    return BatchResult(
        days=tuple(batch_days),
        holdings=tuple(holding for group in judged for holding in group.holdings),
        faults=tuple(fault for group in judged for fault in group.faults),
        unreadable=tuple(unreadable),
        incomplete=tuple(incomplete),
        reads=tuple(reads for group in judged for reads in group.reads),
    )


def together(chunks: Mapping[int, int]) -> Iterator[list[int]]:
    """Split days, given with their number of chunks, into groups that are judged together.

    >>> [*together({1: 10, 2: 20, 3: 2_000_000, 4: 0})]
    [[1, 2], [3], [4]]
    """
    days: list[int] = []
    rows = 0
    for day, count in chunks.items():
        if days and (rows + count > _ROWS or len(days) == _TABLES):
            yield days
            days, rows = [], 0
        days.append(day)
        rows += count
    if days:
        yield days


def _verify(
    survey: Survey, tables: Mapping[int, str], bucket: Bucket, policy: AuditPolicy
) -> tuple[list[Unreadable], list[tuple[str, str]]]:
    """Return the index files that cannot be read, and the tables that could not be checked."""
    files = survey.index_files([*tables])

    def read(day: int, table: str) -> list[Unreadable]:
        table_files = [file for file in files if file.table == table]
        index = read_table(table_files, day, table, bucket, policy.rules, policy.default, TenantNumbers())
        return unreadable_files(index.unreadable)

    unreadable: list[Unreadable] = []
    incomplete: list[tuple[str, str]] = []
    with ThreadPoolExecutor(READ_AT_ONCE, "read-index") as threads:
        for table, reading in [(table, threads.submit(read, day, table)) for day, table in tables.items()]:
            try:
                unreadable += reading.result()
            except (ObjectStoreError, IndexChangingError) as error:
                incomplete.append((table, str(error)))
    return unreadable, incomplete


def unreadable_files(files: tuple[tuple[IndexFile, IndexFileError], ...]) -> list[Unreadable]:
    return [
        Unreadable(
            file.name,
            file.table,
            file.tenant,
            file.size,
            error.offset,
            str(error),
            unknown=not error.damaged and not isinstance(error, IndexMisplacedError),
            misplaced=isinstance(error, IndexMisplacedError),
        )
        for file, error in files
    ]


def _keep_names(folder: Path, run: str, store: "ResultsStore", request: AuditRequest) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted(folder.glob("*.parquet"))
    if files:
        store.write(FAULTY_CHUNKS, run, pa.concat_tables(pq.read_table(file) for file in files), request.as_of)
