"""The second step of a content audit: read the chunks of a batch, and verify each."""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from logops.audit.content.coverage import KeyRange, ranges_of
from logops.audit.content.plan import names_of, selection_name
from logops.audit.content.request import ContentBatch
from logops.audit.index.table_index import IndexChangingError, TenantNumbers, keys_of, read_table
from logops.audit.judge.batch import unreadable_files
from logops.audit.judge.batch_result import Unreadable
from logops.audit.judge.bucket import LiveBucket
from logops.audit.survey.cluster import SurveyedCluster
from logops.chunks import ChunkEmptyError, ChunkError, ChunkFormatError, verify_chunk
from logops.clients.blob_storage import BlobArchivedError, BlobMissingError, ObjectStoreError
from logops.clients.blob_storage.container import Container
from logops.number_text import size_text
from logops.platforms.platform import Progress, ReadablePlatform

_THREADS = 16
_MOST_IN_FLIGHT = 64 << 20
"""Bytes of chunks that are read and not verified yet. A larger chunk is read alone."""
_MOST_FAILURES = 5
"""Chunks that could not be read, each after all retries. Then the account is not asked for more."""
_PROGRESS_EVERY = 256 << 20


@dataclass(frozen=True, slots=True)
class Damaged:
    """A damaged chunk."""

    cls: str
    """Name of the finding class: `chunk-empty` or `chunk-corrupt`."""
    name: str
    table: str
    day: int
    tenant: str
    size: int
    modified: int
    """Unix seconds."""
    what: str
    """The fault, as the end of a sentence that starts with the chunk's name."""


@dataclass(frozen=True)
class VerifiedBatch:
    """The result of a batch."""

    ranges: tuple[KeyRange, ...] = ()
    """Chunks that were read and were due."""
    chunks: int = 0
    """Chunks that were read and verified, the damaged ones included."""
    bytes: int = 0
    damaged: tuple[Damaged, ...] = ()
    unknown: tuple[str, ...] = ()
    """Messages about chunks in a format that is not supported."""
    unread: tuple[str, ...] = ()
    """Why chunks, or the index of a table, could not be read."""
    unreadable: tuple[Unreadable, ...] = ()
    """Index files whose content could not be used."""


@dataclass
class _Outcomes:
    """The outcomes of the chunks of a batch, by row."""

    is_read: Any
    damaged: list[tuple[int, ChunkError]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    size: int = 0


def verify_batch(
    platform: ReadablePlatform, surveyed: SurveyedCluster, batch: ContentBatch, progress: Progress
) -> VerifiedBatch:
    """Read and verify the chunks of a batch. Raises ObjectStoreError if the account cannot be opened."""
    rows = _read_selection(f"{batch['work_dir']}/{selection_name(batch['number'])}")
    survey = surveyed.survey
    with platform.object_store(survey.account) as account:
        container = account.container(survey.container)
        entries, unreadable, unread = _index_entries(surveyed, rows, LiveBucket(container))
        names = _names(rows, survey.tenants)
        outcomes = _Outcomes(np.zeros(len(names), bool))
        label = f"{survey.cluster}: batch {batch['number']}"
        _read_all(container, names, rows["size"].tolist(), entries, outcomes, lambda text: progress(f"{label}: {text}"))
    tables = [surveyed.tables[day] for day in rows["day"].tolist()]
    tenants = [survey.tenants[number] for number in rows["tenant"].tolist()]
    return VerifiedBatch(
        ranges=tuple(_ranges(rows, outcomes.is_read & rows["due"], tables, tenants)),
        chunks=int(outcomes.is_read.sum()),
        bytes=outcomes.size,
        damaged=tuple(
            Damaged(
                cls="chunk-empty" if isinstance(error, ChunkEmptyError) else "chunk-corrupt",
                name=names[row],
                table=tables[row],
                day=int(rows["day"][row]),
                tenant=tenants[row],
                size=int(rows["size"][row]),
                modified=int(rows["modified"][row]),
                what=error.what,
            )
            for row, error in sorted(outcomes.damaged, key=lambda damaged: damaged[0])
        ),
        unknown=tuple(outcomes.unknown),
        unread=(*unread, *outcomes.unread),
        unreadable=tuple(unreadable),
    )


def _read_selection(url: str) -> dict[str, Any]:
    import fsspec

    filesystem, path = fsspec.core.url_to_fs(url)
    with filesystem.open(path, "rb") as file:
        table: pa.Table = pq.read_table(file)
    return {name: table[name].to_numpy() for name in table.column_names}


def _names(rows: Mapping[str, Any], tenants: tuple[str, ...]) -> list[str]:
    names = np.empty(len(rows["key"]), object)
    for number in np.unique(rows["tenant"]).tolist():
        of_tenant = np.flatnonzero(rows["tenant"] == number)
        names[of_tenant] = names_of({name: column[of_tenant] for name, column in rows.items()}, tenants[number])
    return [str(name) for name in names]


def _index_entries(
    surveyed: SurveyedCluster, rows: Mapping[str, Any], bucket: LiveBucket
) -> tuple[list[int | None], list[Unreadable], list[str]]:
    """Return the number of lines of each chunk from the index, None if the index does not list it; index files that
    cannot be used; and why a table's index could not be read."""
    survey, policy = surveyed.survey, surveyed.policy
    entries: list[int | None] = [None] * len(rows["key"])
    unreadable: list[Unreadable] = []
    unread: list[str] = []
    days = np.unique(rows["day"]).tolist()
    files = survey.index_files(days)
    for day in days:
        table = surveyed.tables[day]
        numbers = TenantNumbers({name: number for number, name in enumerate(survey.tenants)})
        table_files = [file for file in files if file.table == table]
        try:
            index = read_table(table_files, day, table, bucket, policy.rules, policy.default, numbers)
        except (ObjectStoreError, IndexChangingError) as error:
            unread.append(str(error))
            continue
        unreadable += unreadable_files(index.unreadable)
        of_day = np.flatnonzero(rows["day"] == day)
        keys = keys_of(
            day, *(rows[part][of_day] for part in ("tenant", "fingerprint", "from_ms", "through_ms", "checksum"))
        )
        for columns in index.columns:
            order = np.argsort(columns["key"])
            listed = columns["key"][order]
            position = np.minimum(np.searchsorted(listed, keys), max(len(listed) - 1, 0))
            for nth in np.flatnonzero(listed[position] == keys).tolist() if len(listed) else ():
                entries[of_day[nth]] = int(columns["entries"][order[position[nth]]])
    return entries, unreadable, unread


def _read_all(
    container: Container,
    names: list[str],
    sizes: list[int],
    entries: list[int | None],
    outcomes: _Outcomes,
    progress: Progress,
) -> None:
    """Read and verify chunks in parallel. Stop after some failures: the remaining chunks stay unread."""
    in_flight: deque[tuple[int, Future[ChunkError | None]]] = deque()
    waiting = 0
    reported = 0

    def finish() -> int:
        row, future = in_flight.popleft()
        _note(row, sizes[row], future, outcomes)
        return sizes[row]

    with ThreadPoolExecutor(_THREADS, "read-chunks") as threads:
        for row, name in enumerate(names):
            while in_flight and (waiting + sizes[row] > _MOST_IN_FLIGHT or len(in_flight) >= 2 * _THREADS):
                waiting -= finish()
            if len(outcomes.unread) >= _MOST_FAILURES:
                outcomes.unread.append(f"{len(names) - row:,} more chunks were not read after these failures")
                break
            in_flight.append((row, threads.submit(_verify, container, name, entries[row])))
            waiting += sizes[row]
            if outcomes.size - reported >= _PROGRESS_EVERY:
                reported = outcomes.size
                progress(f"{size_text(outcomes.size)} verified")
        while in_flight:
            finish()


def _verify(container: Container, name: str, entries: int | None) -> ChunkError | None:
    """Return what is wrong with a chunk. A damaged chunk is read twice: the network may have damaged it."""
    fault: ChunkError | None = None
    for _ in range(2):
        try:
            verify_chunk(container.read(name), name, entries)
        except ChunkError as error:
            fault = error
        else:
            return None
    return fault


def _note(row: int, size: int, future: "Future[ChunkError | None]", outcomes: _Outcomes) -> None:
    try:
        fault = future.result()
    except (BlobMissingError, BlobArchivedError):
        # Deleted or archived since the listing. Whether it should be is for the other audits.
        return
    except ObjectStoreError as error:
        outcomes.unread.append(str(error))
        return
    if isinstance(fault, ChunkFormatError):
        outcomes.unknown.append(str(fault))
        return
    outcomes.is_read[row] = True
    outcomes.size += size
    if fault:
        outcomes.damaged.append((row, fault))


def _ranges(rows: Mapping[str, Any], is_read: Any, tables: list[str], tenants: list[str]) -> Iterator[KeyRange]:
    read = np.flatnonzero(is_read)
    for start, end in _strata_of(rows, read):
        of_stratum = read[start:end]
        keys, sizes = rows["key"][of_stratum], rows["size"][of_stratum]
        for first, last in ranges_of(keys, rows["position"][of_stratum]):
            inside = (keys >= first) & (keys <= last)
            yield KeyRange(
                tables[of_stratum[0]],
                tenants[of_stratum[0]],
                first,
                last,
                int(inside.sum()),
                int(sizes[inside].sum()),
            )


def _strata_of(rows: Mapping[str, Any], read: Any) -> Iterator[tuple[int, int]]:
    """Yield start and end of the rows of each table and tenant, which are together."""
    if len(read):
        changes = (np.diff(rows["day"][read]) != 0) | (np.diff(rows["tenant"][read]) != 0)
        starts = np.flatnonzero(np.r_[True, changes]).tolist()
        yield from zip(starts, [*starts[1:], len(read)], strict=True)
