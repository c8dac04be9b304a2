"""Survey a container: store chunks by day and index files by table, and count everything else.

FOLDER/chunks/0.arrow ...     chunk rows, each file sorted by day, one record batch per day
FOLDER/index.parquet          one row per index file
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from logops.audit.survey.blob_names import INDEX, ChunkNames, first_part, index_files_of, kind_of
from logops.audit.survey.objects import DAY_MS, NOT_LOKIS, IndexFile, chunks_schema
from logops.clients.blob_storage import ListingInterruptedError
from logops.clients.blob_storage.blobs import Listing
from logops.clients.blob_storage.listing.walks import Unlisted
from logops.number_text import count_text
from logops.platforms.platform import Progress

_INDEX = "index.parquet"
_ROWS = 1_000_000
"""Rows per spool file: about 60 MB, and as much again for sorting."""
_MAX_DAYS = 400
"""A chunk that touches more tables than this is stored in two: the tables of its first and of its last line."""
MAX_OTHERS = 100
"""Maximum of foreign folders that are counted separately."""
_OTHER_FOLDERS = "other folders"
_SAMPLE = 5
_PROGRESS_EVERY = 500_000
"""Blobs between two lines of progress."""

Item = TypeVar("Item")
Columns = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Other:
    """Objects that are neither a chunk nor an index of a table."""

    kind: str
    """`delete requests` and other names for Loki's own objects, `not Loki's` for others."""
    first: str
    """Their folder, before the first slash of their names; empty if the name has no slash."""
    count: int
    bytes: int
    sample: tuple[str, ...]


@dataclass(frozen=True)
class Spooled:
    """The chunk rows in the spool files of a folder."""

    files: int = 0
    """Number of spool files."""
    count: int = 0
    """Number of chunks."""
    bytes: int = 0
    days: Mapping[int, int] = field(default_factory=dict)
    """Rows by day. A chunk with lines of several days has a row in each of them."""
    positions: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """The positions of the rows of a day: (file, record batch)."""


@dataclass(frozen=True)
class Survey:
    """The content of a container."""

    folder: str
    """URL of the folder with the spool files."""
    environment: str
    cluster: str
    account: str
    container: str
    source: str
    taken: datetime
    as_of: datetime
    tenants: tuple[str, ...]
    spooled: Spooled
    later: int
    """Blobs left out because they were written after `as_of`."""
    others: tuple[Other, ...]

    @property
    def days(self) -> Mapping[int, int]:
        """Rows of chunks by day."""
        return self.spooled.days

    @property
    def chunk_count(self) -> int:
        return self.spooled.count

    def chunks(self, day: int) -> Iterator[pa.RecordBatch]:
        """Yield the chunks with lines of a day, with `chunks_schema`. A chunk with lines of several days is in each of
        them."""
        for file, batch in self.spooled.positions.get(day, ()):
            with _opened(f"{self.folder}/chunks/{file}.arrow") as source:
                yield pa.ipc.open_file(source).get_batch(batch)

    def index_files(self, days: Sequence[int] | None = None) -> list[IndexFile]:
        """Return the index files of some days, or all."""
        filters = None if days is None else [("day", "in", days)]
        with _opened(f"{self.folder}/{_INDEX}") as source:
            return [IndexFile(**row) for row in pq.read_table(source, filters=filters).to_pylist()]


@dataclass(frozen=True)
class PartialSurvey:
    """The stored part of an interrupted listing, and the part that is still to be listed."""

    spooled: Spooled = field(default_factory=Spooled)
    tenants: tuple[str, ...] = ()
    index: tuple[IndexFile, ...] = ()
    others: tuple[Other, ...] = ()
    later: int = 0
    listed: int = 0
    """Number of blobs."""
    unlisted: Unlisted | None = None


class SurveyInterruptedError(ListingInterruptedError):
    """The listing failed. `partial` is the stored part, from which `take_survey` resumes."""

    def __init__(self, error: ListingInterruptedError, partial: PartialSurvey) -> None:
        super().__init__(str(error), error.unlisted)
        self.partial = partial


def take_survey(
    listing: Listing,
    folder: str,
    *,
    environment: str,
    cluster: str,
    account: str,
    container: str,
    as_of: datetime,
    partial: PartialSurvey | None = None,
    progress: Progress = lambda _: None,
) -> Survey:
    """Store a listing in a folder, with little memory.

    partial   the part that an earlier call stored in the same folder; `listing` is the remaining part

    Raises ObjectStoreError if the listing fails: SurveyInterruptedError if it can be resumed.
    """
    partial = partial or PartialSurvey()
    names = ChunkNames(partial.tenants)
    spool = _SpoolWriter(folder, partial.spooled)
    others = _OtherBlobs(partial.index, partial.others)
    later, listed = partial.later, partial.listed
    last_report = listed
    try:
        for page in _parsed(_ahead(listing.batches), names, int(as_of.timestamp())):
            spool.add(page.chunks)
            if page.others is not None:
                others.add(page.others)
            later += page.later
            listed += page.listed
            if listed - last_report >= _PROGRESS_EVERY:
                last_report = listed
                progress(f"{cluster}: {count_text(listed, 'object')} listed")
    except ListingInterruptedError as error:
        stored = PartialSurvey(
            spooled=spool.close(),
            tenants=names.tenants,
            index=others.index_files,
            others=others.counted,
            later=later,
            listed=listed,
            unlisted=error.unlisted,
        )
        raise SurveyInterruptedError(error, stored) from error
    _write_index(folder, others.index_files)
    return Survey(
        folder=folder,
        environment=environment,
        cluster=cluster,
        account=account,
        container=container,
        source=listing.source,
        taken=listing.taken,
        as_of=as_of,
        tenants=names.tenants,
        spooled=spool.close(),
        later=later,
        others=others.counted,
    )


@dataclass(frozen=True)
class _Page:
    """A part of a listing, parsed."""

    chunks: Columns
    """Columns of `chunks_schema`."""
    others: pa.RecordBatch | None
    """Blobs that are not chunks; None if every blob is a chunk."""
    listed: int
    """Number of blobs, without the later ones."""
    later: int
    """Number of blobs that were written after `as_of`."""


def _parsed(batches: Iterable[pa.RecordBatch], names: ChunkNames, until_s: int) -> Iterator[_Page]:
    for batch in batches:
        modified = batch["modified"].cast(pa.int64())
        # The index can only be read in its current state.
        in_time = pc.or_(pc.less_equal(modified, until_s), pc.starts_with(batch["name"], INDEX))
        later = batch.num_rows - (pc.sum(in_time).as_py() or 0)
        blobs = batch.filter(in_time) if later else batch
        is_chunk, parsed_names = names.read(blobs["name"])
        others = None if is_chunk.all() else blobs.filter(pa.array(~is_chunk))
        yield _Page(_chunks(blobs, is_chunk, parsed_names), others, blobs.num_rows, later)


def _ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the same items, none of which may be None. Compute the next one while the current one is used.

    Raises what the iterator raises.

    >>> [*_ahead("abc")]
    ['a', 'b', 'c']
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1, "ahead") as thread:
        coming = thread.submit(next, iterator, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, iterator, None)
            yield item


def _chunks(batch: pa.RecordBatch, is_chunk: np.ndarray[Any, Any], parsed_names: Columns) -> Columns:
    rows = batch if is_chunk.all() else batch.filter(pa.array(is_chunk))
    changed = pc.fill_null(rows["tier_changed"].cast(pa.int64()), 0)
    return {
        **parsed_names,
        "size": rows["size"].to_numpy(zero_copy_only=False),
        "tier": rows["tier"].to_numpy(zero_copy_only=False),
        "modified": rows["modified"].cast(pa.int64()).to_numpy(zero_copy_only=False),
        "tier_changed": changed.to_numpy(zero_copy_only=False),
    }


class _SpoolWriter:
    """Sorts chunk rows into files by day. A thread writes one file while rows for the next one are added."""

    def __init__(self, folder: str, stored: Spooled) -> None:
        self._folder = folder
        self._spooled = stored
        """The contents of the finished files."""
        self._waiting: list[Columns] = []
        self._waiting_rows = 0
        self._thread = ThreadPoolExecutor(1, "spool")
        self._writing: Future[Spooled] | None = None

    def add(self, rows: Columns) -> None:
        self._waiting.append(rows)
        self._waiting_rows += len(rows["size"])
        if self._waiting_rows >= _ROWS:
            self._write_waiting()

    def close(self) -> Spooled:
        """Write the waiting rows. Return what all files contain."""
        self._write_waiting()
        self._finish()
        self._thread.shutdown()
        return self._spooled

    def _write_waiting(self) -> None:
        self._finish()
        if self._waiting_rows:
            self._writing = self._thread.submit(_with_file, self._spooled, self._folder, self._waiting)
            self._waiting, self._waiting_rows = [], 0

    def _finish(self) -> None:
        if self._writing:
            self._spooled = self._writing.result()
            self._writing = None


def _with_file(spooled: Spooled, folder: str, parts: Sequence[Columns]) -> Spooled:
    """Write rows as the next spool file. Return the spooled rows with these."""
    rows = {name: np.concatenate([columns[name] for columns in parts]) for name in parts[0]}
    order, days, starts = _by_day(rows["from_ms"], rows["through_ms"])
    table = {name: column[order] for name, column in rows.items()}
    schema = chunks_schema()
    rows_by_day = dict(spooled.days)
    positions = dict(spooled.positions)
    with _created(f"{folder}/chunks/{spooled.files}.arrow") as file, pa.ipc.new_file(file, schema) as writer:
        ends = [*starts[1:], len(order)]
        for number, (day, start, end) in enumerate(zip(days, starts, ends, strict=True)):
            arrays = [pa.array(table[name][start:end]) for name in schema.names]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            positions[day] = (*positions.get(day, ()), (spooled.files, number))
            rows_by_day[day] = rows_by_day.get(day, 0) + end - start
    return Spooled(
        files=spooled.files + 1,
        count=spooled.count + len(rows["size"]),
        bytes=spooled.bytes + int(rows["size"].sum()),
        days=rows_by_day,
        positions=positions,
    )


def _by_day(
    from_ms: np.ndarray[Any, Any], through_ms: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], list[int], list[int]]:
    """Return row numbers sorted by the days that they touch, one per day; the days; and the start of each."""
    first, last = from_ms // DAY_MS, through_ms // DAY_MS
    spans = np.maximum(last - first, 0)
    long = spans > _MAX_DAYS
    spans = np.where(long, 1, spans)
    row = np.arange(len(first), dtype=np.int32)
    if spans.any():
        copies = spans + 1
        row = np.repeat(row, copies)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(copies) - copies, copies)
        day = np.where(long[row] & (nth == 1), last[row], first[row] + nth)
    else:
        day = first
    order = np.argsort(day.astype(np.int32), kind="stable")
    sorted_days = day[order]
    starts = np.flatnonzero(np.r_[True, sorted_days[1:] != sorted_days[:-1]])
    return row[order], sorted_days[starts].tolist(), starts.tolist()


class _OtherBlobs:
    """Collects the blobs that are not chunks."""

    def __init__(self, index_files: Iterable[IndexFile], counted: Iterable[Other]) -> None:
        self._index_files = [*index_files]
        self._counts: dict[tuple[str, str], tuple[int, int, tuple[str, ...]]] = {
            (other.kind, other.first): (other.count, other.bytes, other.sample) for other in counted
        }

    @property
    def index_files(self) -> tuple[IndexFile, ...]:
        return tuple(self._index_files)

    @property
    def counted(self) -> tuple[Other, ...]:
        """The blobs that are neither chunk nor index, by kind and folder."""
        return tuple(
            Other(kind, first, count, size, sample)
            for (kind, first), (count, size, sample) in sorted(self._counts.items())
        )

    def add(self, blobs: pa.RecordBatch) -> None:
        below_index = pc.starts_with(blobs["name"], INDEX)
        index_files, foreign = index_files_of(blobs.filter(below_index))
        self._index_files += index_files
        for name, size in foreign:
            self._count("index", 1, size, (name,))
        others = blobs.filter(pc.invert(below_index))
        # There may be as many foreign objects as chunks: group them with Arrow, and keep a few names.
        table = pa.table({"first": first_part(others["name"]), "name": others["name"], "size": others["size"]})
        grouped = table.group_by("first", use_threads=False).aggregate(
            [("name", "count"), ("size", "sum"), ("name", "first"), ("name", "last")]
        )
        for row in grouped.to_pylist():
            names = tuple(dict.fromkeys((row["name_first"], row["name_last"])))
            self._count(row["first"], row["name_count"], row["size_sum"], names)

    def _count(self, first: str, count: int, size: int, names: Sequence[str]) -> None:
        key = (kind_of(names[0]), first)
        if key not in self._counts and key[0] == NOT_LOKIS and len(self._counts) >= MAX_OTHERS:
            key = (NOT_LOKIS, _OTHER_FOLDERS)
        previous_count, previous_size, sample = self._counts.get(key, (0, 0, ()))
        self._counts[key] = (previous_count + count, previous_size + size, (*sample, *names)[:_SAMPLE])


def _write_index(folder: str, files: Iterable[IndexFile]) -> None:
    schema = pa.schema(
        {
            "name": pa.string(),
            "table": pa.string(),
            "day": pa.int32(),
            "tenant": pa.string(),
            "uploader": pa.string(),
            "written": pa.float64(),
            "size": pa.int64(),
            "tier": pa.int8(),
            "modified": pa.int64(),
        }
    )
    rows = [asdict(file) for file in sorted(files, key=lambda file: (file.day, file.name))]
    with _created(f"{folder}/{_INDEX}") as file:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)


@contextmanager
def _created(url: str) -> Iterator[Any]:
    """Open a file to write. It may stay incomplete: files count only together with the `Survey` that names them."""
    import fsspec

    filesystem, path = fsspec.core.url_to_fs(url)
    filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    with filesystem.open(path, "wb") as file:
        yield file


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    """Open a file for Arrow to read; memory-mapped if it is on this machine's disk."""
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    filesystem, path = fsspec.core.url_to_fs(url)
    if isinstance(filesystem, LocalFileSystem):
        with pa.memory_map(path) as source:
            yield source
    else:
        with filesystem.open(path, "rb") as file:
            yield pa.PythonFile(file, mode="r")
