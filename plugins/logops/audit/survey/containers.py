"""Survey a container: store chunks by day and index files by table, and count everything else.

DIR/chunks/0.arrow ...     chunk rows, each file sorted by day, one record batch per day
DIR/index.parquet          one row per index file
DIR/survey.json            written last: without it there is no survey
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from logops.audit.survey.ahead import ahead
from logops.audit.survey.blob_names import INDEX, ChunkNames, first_part, index_file, kind_of
from logops.audit.survey.objects import DAY_MS, NOT_LOKIS, IndexFile, chunks_schema
from logops.audit.work_dir import WorkDir
from logops.clients.blob_storage import ListingInterruptedError
from logops.clients.blob_storage.blobs import Listing
from logops.clients.blob_storage.walks import Unlisted
from logops.platforms.platform import Progress

_NAME = "survey.json"
BEGUN = "begun.json"
_INDEX = "index.parquet"
_ROWS = 1_000_000
"""Rows per spool file: about 60 MB, and as much again for sorting."""
_MOST_DAYS = 400
"""A chunk that touches more tables than this is stored in two: the tables of its first and of its last line."""
MOST_OTHERS = 100
"""Maximum of foreign folders that are counted separately."""
_OTHER_FOLDERS = "other folders"
_SAMPLE = 5
_TOLD_EVERY = 500_000

Columns = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Other:
    """Objects that are neither a chunk nor an index of a table."""

    kind: str
    """`delete requests` and other names for Loki's own objects, `not Loki's` for others."""
    first: str
    """Their folder, before the first slash of their names; empty if there is none."""
    count: int
    bytes: int
    sample: tuple[str, ...]


@dataclass(frozen=True)
class Survey:
    """The content of a container."""

    place: str
    environment: str
    cluster: str
    account: str
    container: str
    source: str
    taken: datetime
    as_of: datetime
    tenants: tuple[str, ...]
    chunk_count: int
    chunk_bytes: int
    later: int
    """Blobs left out because they were written after `as_of`."""
    days: Mapping[int, int]
    """Rows of chunks by day."""
    spool: Mapping[int, tuple[tuple[int, int], ...]]
    """The places of the rows of a day: (file, record batch)."""
    others: tuple[Other, ...]

    @classmethod
    def open(cls, place: str) -> "Survey":
        """Open a survey. Raises WorkLostError if it is incomplete."""
        return WorkDir(place).read(_NAME, Survey)

    def chunks(self, day: int) -> Iterator[pa.RecordBatch]:
        """Yield the chunks with lines of a day, with `chunks_schema`. A chunk with lines of several days is in each of
        them."""
        for file, batch in self.spool.get(day, ()):
            with _opened(f"{self.place}/chunks/{file}.arrow") as source:
                yield pa.ipc.open_file(source).get_batch(batch)

    def index_files(self, days: Sequence[int] | None = None) -> list[IndexFile]:
        """Return the index files of some days, or all."""
        filters = None if days is None else [("day", "in", days)]
        with _opened(f"{self.place}/{_INDEX}") as source:
            return [IndexFile(**row) for row in pq.read_table(source, filters=filters).to_pylist()]


@dataclass(frozen=True)
class Begun:
    """The stored part of an interrupted listing, and the part that is still to be listed."""

    files: int = 0
    """Number of spool files."""
    count: int = 0
    bytes: int = 0
    days: Mapping[int, int] = field(default_factory=dict)
    parts: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    tenants: tuple[str, ...] = ()
    index: tuple[IndexFile, ...] = ()
    others: tuple[Other, ...] = ()
    later: int = 0
    seen: int = 0
    rest: Unlisted | None = None


def take_survey(
    listing: Listing,
    place: str,
    *,
    environment: str,
    cluster: str,
    account: str,
    container: str,
    as_of: datetime,
    begun: "Begun | None" = None,
    progress: Progress = lambda _: None,
) -> Survey:
    """Store a listing in the folder `place`, with little memory.

    begun   the part that an earlier call stored; `listing` is the rest

    Raises ObjectStoreError if the listing fails. Then there is no survey; after ListingInterruptedError the listed
    part is kept as `BEGUN`.
    """
    begun = begun or Begun()
    spool, others = _Spool(place, begun), _Rest(begun)
    names = ChunkNames(begun.tenants)
    until = int(as_of.timestamp())
    later, listed = begun.later, begun.seen
    last_report = listed
    batches = ahead(listing.batches)
    while True:
        try:
            batch = next(batches, None)
        except ListingInterruptedError as error:
            spool.close()
            state = _begun(spool, others, names, later, listed, error.rest)
            WorkDir(place).write(BEGUN, Begun, state)
            raise
        if batch is None:
            break
        modified = batch["modified"].cast(pa.int64())
        # The index can only be read in its current state.
        in_time = pc.or_(pc.less_equal(modified, until), pc.starts_with(batch["name"], INDEX))
        if too_late := batch.num_rows - (pc.sum(in_time).as_py() or 0):
            later += too_late
            batch = batch.filter(in_time)
        is_chunk, parsed = names.read(batch["name"])
        spool.add(_chunks(batch, is_chunk, parsed))
        if not is_chunk.all():
            others.add(batch.filter(pa.array(~is_chunk)))
        listed += batch.num_rows
        if listed - last_report >= _TOLD_EVERY:
            last_report = listed
            progress(f"{cluster}: {listed:,} objects listed")
    spool.close()
    _write_index(place, others.index)
    survey = Survey(
        place=place,
        environment=environment,
        cluster=cluster,
        account=account,
        container=container,
        source=listing.source,
        taken=listing.taken,
        as_of=as_of,
        tenants=names.tenants,
        chunk_count=spool.count,
        chunk_bytes=spool.bytes,
        later=later,
        days=spool.days,
        spool={day: tuple(parts) for day, parts in spool.parts.items()},
        others=others.others(),
    )
    WorkDir(place).write(_NAME, Survey, survey)
    return survey


def _chunks(batch: pa.RecordBatch, is_chunk: np.ndarray[Any, Any], parsed: Columns) -> Columns:
    rows = batch if is_chunk.all() else batch.filter(pa.array(is_chunk))
    changed = pc.fill_null(rows["tier_changed"].cast(pa.int64()), 0)
    return {
        **parsed,
        "size": rows["size"].to_numpy(zero_copy_only=False),
        "tier": rows["tier"].to_numpy(zero_copy_only=False),
        "modified": rows["modified"].cast(pa.int64()).to_numpy(zero_copy_only=False),
        "tier_changed": changed.to_numpy(zero_copy_only=False),
    }


class _Spool:
    """Sort chunk rows into files by day."""

    def __init__(self, place: str, begun: Begun) -> None:
        self._place = place
        self._waiting: list[Columns] = []
        self._rows = 0
        self.files = begun.files
        self._writer = ThreadPoolExecutor(1, "spool")
        self._writing: Future[None] | None = None
        self.count = begun.count
        self.bytes = begun.bytes
        self.days: dict[int, int] = dict(begun.days)
        self.parts: dict[int, list[tuple[int, int]]] = {day: [*parts] for day, parts in begun.parts.items()}

    def add(self, rows: Columns) -> None:
        count = len(rows["size"])
        self.count += count
        self.bytes += int(rows["size"].sum())
        self._waiting.append(rows)
        self._rows += count
        if self._rows >= _ROWS:
            self._write_waiting()

    def close(self) -> None:
        """Write the remaining rows. Afterwards `days` and `parts` are complete."""
        self._write_waiting()
        self._finish()
        self._writer.shutdown()

    def _write_waiting(self) -> None:
        """Write the waiting rows as one file in the background, after the previous file; meanwhile more rows may be
        added."""
        self._finish()
        if self._rows:
            self._writing = self._writer.submit(self._write, self._waiting)
            self._waiting, self._rows = [], 0

    def _finish(self) -> None:
        if self._writing:
            self._writing.result()
            self._writing = None

    def _write(self, waiting: list[Columns]) -> None:
        rows = {name: np.concatenate([columns[name] for columns in waiting]) for name in waiting[0]}
        order, days, starts = _by_day(rows["from_ms"], rows["through_ms"])
        table = {name: column[order] for name, column in rows.items()}
        schema = chunks_schema()
        with _created(f"{self._place}/chunks/{self.files}.arrow") as file, pa.ipc.new_file(file, schema) as writer:
            ends = [*starts[1:], len(order)]
            for number, (day, start, end) in enumerate(zip(days, starts, ends, strict=True)):
                arrays = [pa.array(table[name][start:end]) for name in schema.names]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
                self.parts.setdefault(day, []).append((self.files, number))
                self.days[day] = self.days.get(day, 0) + end - start
        self.files += 1


def _by_day(
    from_ms: np.ndarray[Any, Any], through_ms: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], list[int], list[int]]:
    """Return row numbers sorted by the days that they touch, one per day; the days; and the start of each."""
    first, last = from_ms // DAY_MS, through_ms // DAY_MS
    spans = np.maximum(last - first, 0)
    long = spans > _MOST_DAYS
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


class _Rest:
    """Collect objects that are not chunks."""

    def __init__(self, begun: Begun) -> None:
        self.index: list[IndexFile] = [*begun.index]
        self._others: dict[tuple[str, str], tuple[int, int, tuple[str, ...]]] = {
            (other.kind, other.first): (other.count, other.bytes, other.sample) for other in begun.others
        }

    def add(self, batch: pa.RecordBatch) -> None:
        is_index = pc.starts_with(batch["name"], INDEX)
        self._add_index(batch.filter(is_index))
        others = batch.filter(pc.invert(is_index))
        # There may be as many foreign objects as chunks: group them with Arrow, and keep a few names.
        table = pa.table({"first": first_part(others["name"]), "name": others["name"], "size": others["size"]})
        grouped = table.group_by("first", use_threads=False).aggregate(
            [("name", "count"), ("size", "sum"), ("name", "first"), ("name", "last")]
        )
        for row in grouped.to_pylist():
            names = tuple(dict.fromkeys((row["name_first"], row["name_last"])))
            self._count(row["first"], row["name_count"], row["size_sum"], names)

    def others(self) -> tuple[Other, ...]:
        return tuple(
            Other(kind, first, count, size, sample)
            for (kind, first), (count, size, sample) in sorted(self._others.items())
        )

    def _add_index(self, batch: pa.RecordBatch) -> None:
        columns = zip(
            batch["name"].to_pylist(),
            batch["size"].to_pylist(),
            batch["tier"].to_pylist(),
            batch["modified"].cast(pa.int64()).to_pylist(),
            strict=True,
        )
        for name, size, tier, modified in columns:
            file = index_file(name, size, tier, modified)
            if file:
                self.index.append(file)
            else:
                self._count("index", 1, size, (name,))

    def _count(self, first: str, count: int, size: int, names: Sequence[str]) -> None:
        key = (kind_of(names[0]), first)
        if key not in self._others and key[0] == NOT_LOKIS and len(self._others) >= MOST_OTHERS:
            key = (NOT_LOKIS, _OTHER_FOLDERS)
        had, had_bytes, sample = self._others.get(key, (0, 0, ()))
        self._others[key] = (had + count, had_bytes + size, (*sample, *names)[:_SAMPLE])


def _begun(spool: _Spool, others: _Rest, names: ChunkNames, later: int, listed: int, left: Unlisted) -> Begun:
    """Return the stored part of an interrupted listing. The spool must be closed."""
    return Begun(
        files=spool.files,
        count=spool.count,
        bytes=spool.bytes,
        days=spool.days,
        parts={day: tuple(parts) for day, parts in spool.parts.items()},
        tenants=names.tenants,
        index=tuple(others.index),
        others=others.others(),
        later=later,
        seen=listed,
        rest=left,
    )


def _write_index(place: str, files: Iterable[IndexFile]) -> None:
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
    with _created(f"{place}/{_INDEX}") as file:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)


@contextmanager
def _created(url: str) -> Iterator[Any]:
    """Open a file to write. It may stay incomplete: files count only together with survey.json."""
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
