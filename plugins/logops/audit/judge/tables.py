"""Judge tables: join blobs with index entries, judge every chunk, and check every suspect again in the live bucket."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa

from logops.audit.index.placement import IndexMisplacedError, of_other_tenant
from logops.audit.index.table_index import IndexChangingError, TableIndex, TenantNumbers, keys_of, read_table
from logops.audit.judge import sql
from logops.audit.judge.bucket import Bucket
from logops.audit.judge.recheck import MAX_RECHECKED, still_faulty
from logops.audit.judge.table_stats import DayReads, Fault, TableStats
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.retention import FOR_EVER, TenantRules
from logops.audit.survey.containers import Survey
from logops.audit.survey.objects import IndexFile, chunk_name, chunks_schema
from logops.chunks import SMALLEST_CHUNK
from logops.clients.blob_storage import ObjectStoreError
from logops.number_text import count_text
from logops.tsdb import IndexFileError

_KEY = ("tenant", "fingerprint", "from_ms", "through_ms", "checksum")
_SUSPECT = ("chunk-missing", "chunk-orphaned", "marker-backlog", "ingester-not-uploading", "retention-overshoot")
_READ_AT_ONCE = 4
"""Tables read in parallel: their files come over a network and are unpacked."""
_NEVER = 2**62
"""Milliseconds, later than any date."""


@dataclass(frozen=True)
class Judged:
    """The result for some tables."""

    holdings: tuple[TableStats, ...]
    faults: tuple[Fault, ...]
    unreadable: tuple[tuple[IndexFile, IndexFileError], ...]
    incomplete: tuple[tuple[str, str], ...]
    """(table, why it could not be judged)"""
    reads: tuple[DayReads, ...] = ()


@dataclass(frozen=True)
class TempTable:
    """A temporary table or view of a `JudgeDatabase`. Only the step that creates it has it to pass on."""

    name: str

    def __str__(self) -> str:
        return self.name


class JudgeDatabase:
    """The DuckDB in which tables are judged, one after another. It uses the disk beyond its memory limit."""

    def __init__(self, memory: int) -> None:
        """`memory` in bytes, for DuckDB alone."""
        self._scratch = TemporaryDirectory(prefix="logops-audit-")
        self.connection = duckdb.connect()
        self.connection.execute(
            f"set memory_limit='{memory}B'; set temp_directory='{self._scratch.name}'; set threads=2;"
            # The order of rows does not matter.
            "set preserve_insertion_order=false"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        self._scratch.cleanup()

    def load(self, name: str, rows: "pa.Table | pa.RecordBatchReader", distinct_on: str = "") -> TempTable:
        """Create a table with these rows; with `distinct_on`, one row for each value of that column."""
        select = f"distinct on ({distinct_on}) *" if distinct_on else "*"
        self.connection.register("given", rows)
        self.connection.execute(f"create or replace temp table {name} as select {select} from given")
        self.connection.unregister("given")
        return TempTable(name)

    def select(self, name: str, query: str, parameters: Mapping[str, Any] | None = None) -> TempTable:
        """Create a table with the rows of a query."""
        self.connection.execute(f"create or replace temp table {name} as {query}", parameters)
        return TempTable(name)

    def view(self, name: str, query: str) -> TempTable:
        """Create a view: its query runs whenever the view is read."""
        self.connection.execute(f"create or replace temp view {name} as {query}")
        return TempTable(name)

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Return the rows of a query."""
        return self.connection.sql(query, params=dict(parameters) if parameters else None).to_arrow_table()

    def drop(self, *tables: TempTable) -> None:
        """Free the memory of tables that no later step reads."""
        for table in tables:
            self.connection.execute(f"drop table {table}")


@dataclass(frozen=True)
class _Indexes:
    """The indexes of some days."""

    by_day: Mapping[int, TableIndex]
    """Without the days in `incomplete`."""
    elsewhere: tuple[TableIndex, ...]
    """Indexes of these days in tables with another name, which no schema period covers."""
    incomplete: Mapping[int, str]
    """Day, and why its index could not be read."""
    tenants: Mapping[str, int]
    """Numbers of all tenants that the survey or an index names."""


@dataclass(frozen=True)
class _Rules:
    """The tables that chunks are judged by."""

    tenants: TempTable
    days: TempTable
    written: TempTable
    deletes: TempTable
    elsewhere: TempTable


@dataclass(frozen=True)
class _Recheck:
    """The result of the second check of suspects."""

    confirmed_keys: np.ndarray[Any, Any]
    """Join keys of the suspects that are still faulty."""
    incomplete: Mapping[int, str]
    """Day, and why its suspects could not be checked."""
    unchecked: Mapping[tuple[str, int, int], int]
    """By class, day and tenant: further suspects, too many to be checked."""


class _IndexReader:
    """Reads tables' index files from the live bucket."""

    def __init__(self, bucket: Bucket, policy: AuditPolicy, tenants: Sequence[str]) -> None:
        self.bucket = bucket
        self._policy = policy
        self.numbers = TenantNumbers({name: number for number, name in enumerate(tenants)})

    def read(self, day: int, table: str, files: Sequence[IndexFile]) -> TableIndex:
        return read_table(files, day, table, self.bucket, self._policy.rules, self._policy.default, self.numbers)


def judge_tables(
    database: JudgeDatabase,
    survey: Survey,
    tables: Mapping[int, str],
    bucket: Bucket,
    policy: AuditPolicy,
    names_to: Path | None = None,
    now: datetime | None = None,
) -> Judged:
    """Judge the tables of some days together: one query judges many small tables.

    tables     day to table name
    names_to   Parquet file for the names of all faulty chunks (class, day, table, tenant, name, bytes, since_ms); not
               written if there are none
    now        when the bucket is checked again; None: when it was listed

    A table whose index could not be read from the bucket is not judged.
    """
    moments = _moments(survey, policy, until=max(survey.as_of, now or survey.taken))
    reader = _IndexReader(bucket, policy, survey.tenants)
    indexes = _read_indexes(survey, tables, reader)
    judged, rules = _judge(database, survey, tables, indexes, policy, moments)
    if misplaced := _files_of_other_tenants(database, judged, indexes):
        indexes = replace(
            indexes,
            by_day={day: index.without(misplaced.get(day, ())) for day, index in indexes.by_day.items()},
        )
        judged, rules = _judge(database, survey, tables, indexes, policy, moments)
    recheck = _recheck_suspects(database, judged, tables, indexes, reader)
    incomplete = {**indexes.incomplete, **recheck.incomplete}
    confirmed = _confirmed_chunks(database, judged, recheck, incomplete)
    stats = _table_stats(database, confirmed, tables, indexes, moments)
    reads = _day_reads(database, confirmed, tables, indexes)
    faulty = _faulty_chunks(database, confirmed, rules)
    database.drop(judged)
    faults = _faults(database, faulty, indexes, recheck)
    if faults and names_to:
        _write_names(database, faulty, names_to)
    read_indexes = (*(index for day, index in indexes.by_day.items() if day not in incomplete), *indexes.elsewhere)
    return Judged(
        stats,
        faults,
        tuple(file_and_error for index in read_indexes for file_and_error in index.unreadable),
        tuple((tables[day], why) for day, why in incomplete.items()),
        reads,
    )


def _moments(survey: Survey, policy: AuditPolicy, until: datetime) -> dict[str, Any]:
    """Return the parameters of the queries: times in milliseconds.

    until   what expires before this time may rightly be gone, whatever moment is judged
    """
    windows = policy.windows
    listed = int(min(survey.taken, survey.as_of).timestamp() * 1000)
    return {
        "as_of": int(survey.as_of.timestamp() * 1000),
        "until": int(until.timestamp() * 1000),
        "cycle": windows.cycle_ms,
        "slack": windows.slack_ms,
        "delay": windows.delay_ms,
        "tier_slack": windows.tier_slack_ms,
        "markers": policy.markers,
        "unindexed_since": _NEVER if policy.unindexed_since_ms is None else policy.unindexed_since_ms,
        # A chunk with newer lines may have been written after the listing.
        "judge_missing": listed - windows.max_chunk_age_ms - windows.grace_ms,
        "judge_orphans": listed - windows.grace_ms,
        "smallest_chunk": SMALLEST_CHUNK,
    }


def _read_indexes(survey: Survey, tables: Mapping[int, str], reader: _IndexReader) -> _Indexes:
    files: dict[tuple[int, str], list[IndexFile]] = {(day, table): [] for day, table in tables.items()}
    for file in survey.index_files([*tables]):
        files.setdefault((file.day, file.table), []).append(file)
    by_day: dict[int, TableIndex] = {}
    elsewhere: list[TableIndex] = []
    incomplete: dict[int, str] = {}
    with ThreadPoolExecutor(_READ_AT_ONCE, "read-index") as threads:
        reading = {key: threads.submit(reader.read, *key, table_files) for key, table_files in files.items()}
        for (day, table), future in reading.items():
            try:
                if table == tables[day]:
                    by_day[day] = future.result()
                else:
                    elsewhere.append(future.result())
            except (ObjectStoreError, IndexChangingError) as error:
                incomplete[day] = str(error)
    readable = {day: index for day, index in by_day.items() if day not in incomplete}
    return _Indexes(readable, tuple(elsewhere), incomplete, dict(reader.numbers.numbers))


def _judge(
    database: JudgeDatabase,
    survey: Survey,
    tables: Mapping[int, str],
    indexes: _Indexes,
    policy: AuditPolicy,
    moments: Mapping[str, Any],
) -> tuple[TempTable, _Rules]:
    """Return one row per blob or index entry, with its faults, and the rules that it was judged by."""
    rules = _load_rules(database, tables, indexes, policy)
    blobs = _load_blobs(database, survey, indexes.by_day)
    entries = _load_entries(database, indexes.by_day)
    judged = _judge_chunks(database, blobs, entries, rules, moments)
    # Each of these is as large as all rows.
    database.drop(blobs, entries)
    return judged, rules


def _files_of_other_tenants(
    database: JudgeDatabase, judged: TempTable, indexes: _Indexes
) -> dict[int, list[tuple[IndexFile, IndexMisplacedError]]]:
    """Return by day the compacted files that list chunks which another tenant has in the bucket."""
    foreign = database.rows(sql.FOREIGN.format(judged=judged)).to_pydict()
    names = {number: name for name, number in indexes.tenants.items()}
    misplaced: dict[int, list[tuple[IndexFile, IndexMisplacedError]]] = {}
    for day, tenant, owner in sorted({*zip(foreign["day"], foreign["tenant"], foreign["owner"], strict=True)}):
        keys = np.array(
            [
                key
                for *whose, key in zip(*(foreign[name] for name in ("day", "tenant", "owner", "key")), strict=True)
                if whose == [day, tenant, owner]
            ],
            np.uint64,
        )
        for file, columns in indexes.by_day[day].by_file():
            chunks = int(np.isin(columns["key"], keys).sum())
            if chunks and file.tenant == names[tenant]:
                misplaced.setdefault(day, []).append((file, of_other_tenant(file, names[owner], chunks)))
    return misplaced


def _load_blobs(database: JudgeDatabase, survey: Survey, days: Iterable[int]) -> TempTable:
    columns = [pa.field("key", pa.uint64()), pa.field("day", pa.int32()), *chunks_schema()]
    schema = pa.schema(columns)

    def keyed() -> Iterator[pa.RecordBatch]:
        for day in days:
            for batch in survey.chunks(day):
                key = keys_of(day, *(batch[name].to_numpy() for name in _KEY))
                arrays = [pa.array(key), _repeated(day, len(key)), *batch.columns]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return database.load("blobs", pa.RecordBatchReader.from_batches(schema, keyed()))


def _load_entries(database: JudgeDatabase, indexes: Mapping[int, TableIndex]) -> TempTable:
    empty = pa.table({name: pa.array([], kind) for name, kind in _ENTRIES.items()})
    entries = [
        pa.table(
            {
                name: _repeated(day, len(columns["key"])) if name == "day" else pa.array(columns[name], kind)
                for name, kind in _ENTRIES.items()
            }
        )
        for day, index in indexes.items()
        for columns in index.columns
    ]
    repeated = any(_may_repeat_chunks(index.files) for index in indexes.values())
    return database.load("entries", pa.concat_tables([empty, *entries]), distinct_on="key" if repeated else "")


def _load_rules(database: JudgeDatabase, tables: Mapping[int, str], indexes: _Indexes, policy: AuditPolicy) -> _Rules:
    tenants = indexes.tenants
    all_indexes = (*indexes.by_day.values(), *indexes.elsewhere)
    unread = {(file.day, file.tenant) for index in all_indexes for file, _ in index.unreadable}
    written: dict[tuple[int, str], int] = {}
    for day, index in indexes.by_day.items():
        for file in index.files:
            written[day, file.tenant] = max(written.get((day, file.tenant), 0), file.modified * 1000)
    keys = [pa.array(index.keys) for index in indexes.elsewhere]
    return _Rules(
        tenants=_load_rows(
            database, "tenants", [_tenant_row(name, number, policy) for name, number in tenants.items()]
        ),
        days=_load_rows(
            database,
            "days",
            [(day, tables[day], written.get((day, ""), 0), (day, "") not in unread) for day in indexes.by_day],
        ),
        written=_load_rows(
            database,
            "written",
            [
                (day, tenants[name], written_ms, (day, name) not in unread)
                for (day, name), written_ms in written.items()
                if name in tenants
            ],
        ),
        deletes=_load_rows(
            database,
            "deletes",
            [
                (tenants[name], request.start_ms, request.end_ms, request.due_ms)
                for name, requests in policy.deletes.items()
                if name in tenants
                for request in requests
            ],
        ),
        elsewhere=database.load("elsewhere", pa.table({"key": pa.chunked_array(keys, pa.uint64())})),
    )


def _load_rows(database: JudgeDatabase, name: str, rows: Sequence[tuple[Any, ...]]) -> TempTable:
    schema = _RULES[name]
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return database.load(name, pa.Table.from_arrays(arrays, schema=schema))


def _judge_chunks(
    database: JudgeDatabase, blobs: TempTable, entries: TempTable, rules: _Rules, moments: Mapping[str, Any]
) -> TempTable:
    """Return one row per blob or index entry, with its faults."""
    query = sql.JUDGED.format(
        blobs=blobs,
        entries=entries,
        tenants=rules.tenants,
        days=rules.days,
        written=rules.written,
        deletes=rules.deletes,
        elsewhere=rules.elsewhere,
    )
    return database.select("judged", query, {name: value for name, value in moments.items() if f"${name}" in query})


def _recheck_suspects(
    database: JudgeDatabase, judged: TempTable, tables: Mapping[int, str], indexes: _Indexes, reader: _IndexReader
) -> _Recheck:
    """Check the suspects of every fault again in the live bucket and index."""
    keys: list[np.ndarray[Any, Any]] = [np.empty(0, np.uint64)]
    incomplete: dict[int, str] = {}
    unchecked: dict[tuple[str, int, int], int] = {}
    names = {number: name for name, number in indexes.tenants.items()}
    for fault in _SUSPECT:
        parameters = {"fault": fault, "most": MAX_RECHECKED}
        suspects = database.rows(sql.SUSPECTS.format(judged=judged), parameters)
        if not suspects.num_rows:
            continue
        columns = {name: suspects[name].to_numpy() for name in ("day", "key", *_KEY)}
        is_faulty, errors = _recheck_fault(fault, columns, names, tables, indexes, reader)
        keys.append(columns["key"][is_faulty])
        incomplete |= errors
        checked = Counter(zip(columns["day"].tolist(), columns["tenant"].tolist(), strict=True))
        counts = database.rows(sql.SUSPECT_COUNTS.format(judged=judged), {"fault": fault})
        for day, tenant, count in zip(*(column.to_pylist() for column in counts.columns), strict=True):
            more = count - checked[day, tenant] if checked[day, tenant] and day not in errors else 0
            if more and is_faulty[(columns["day"] == day) & (columns["tenant"] == tenant)].any():
                unchecked[fault, day, tenant] = more
            elif more:
                proved = count_text(checked[day, tenant], "chunk")
                incomplete[day] = (
                    f"{proved} of {names[tenant]} that looked like {fault} proved to be none; "
                    f"{more:,} more look like {fault}, which are too many to be checked. Run the audit again."
                )
    return _Recheck(np.concatenate(keys), incomplete, unchecked)


def _recheck_fault(
    fault: str,
    suspects: Mapping[str, np.ndarray[Any, Any]],
    tenant_names: Mapping[int, str],
    tables: Mapping[int, str],
    indexes: _Indexes,
    reader: _IndexReader,
) -> tuple[np.ndarray[Any, Any], dict[int, str]]:
    """Return a mask of the suspects that are still faulty, and the days that could not be checked, with the reason."""
    is_faulty = np.zeros(len(suspects["key"]), bool)
    errors: dict[int, str] = {}
    for day in np.unique(suspects["day"]).tolist():
        rows = np.flatnonzero(suspects["day"] == day)
        identified = zip(*(suspects[name][rows].tolist() for name in _KEY), strict=True)
        blob_names = [chunk_name(tenant_names[tenant], *numbers) for tenant, *numbers in identified]

        def read(files: list[IndexFile], day: int = day) -> TableIndex:
            return reader.read(day, tables[day], files)

        try:
            is_faulty[rows] = still_faulty(
                fault, suspects["key"][rows], blob_names, indexes.by_day[day], reader.bucket, tables[day], read
            )
        except (ObjectStoreError, IndexChangingError) as error:
            errors[day] = str(error)
    return is_faulty, errors


def _confirmed_chunks(
    database: JudgeDatabase, judged: TempTable, recheck: _Recheck, incomplete: Iterable[int]
) -> TempTable:
    """Return the judged rows without the days that are incomplete, and without faults that were not confirmed."""
    confirmed = database.load("confirmed_keys", pa.table({"key": recheck.confirmed_keys}))
    return database.view(
        "confirmed_chunks", sql.CONFIRMED.format(judged=judged, confirmed=confirmed, left_out=[*incomplete])
    )


def _table_stats(
    database: JudgeDatabase,
    chunks: TempTable,
    tables: Mapping[int, str],
    indexes: _Indexes,
    moments: Mapping[str, Any],
) -> tuple[TableStats, ...]:
    names = {number: name for name, number in indexes.tenants.items()}
    parameters = {"judge_orphans": moments["judge_orphans"]}
    return tuple(
        TableStats(
            **{
                **row,
                "tenant": names[row["tenant"]],
                "table": tables[row["day"]],
                "bytes": int(row["bytes"]),
                "lines": int(row["lines"]),
                "tier_chunks": tuple(row["tier_chunks"]),
                "tier_bytes": tuple(map(int, row["tier_bytes"])),
            }
        )
        for row in database.rows(sql.HOLDINGS.format(judged=chunks), parameters).to_pylist()
    )


def _day_reads(
    database: JudgeDatabase, chunks: TempTable, tables: Mapping[int, str], indexes: _Indexes
) -> tuple[DayReads, ...]:
    names = {number: name for name, number in indexes.tenants.items()}
    return tuple(
        DayReads(tables[row["day"]], names[row["tenant"]], row["chunks"], row["bytes"])
        for row in database.rows(sql.DAY_READS.format(judged=chunks)).to_pylist()
    )


def _faulty_chunks(database: JudgeDatabase, chunks: TempTable, rules: _Rules) -> TempTable:
    """Return one row per chunk and fault, with the chunk's name."""
    return database.select("faulty", sql.FAULTY.format(judged=chunks, tenants=rules.tenants, days=rules.days))


def _faults(database: JudgeDatabase, faulty: TempTable, indexes: _Indexes, recheck: _Recheck) -> tuple[Fault, ...]:
    return tuple(
        Fault(
            **{
                **row,
                "bytes": int(row["bytes"]),
                "since": float(row["since"]),
                "sample": tuple(row["sample"]),
                "candidates": recheck.unchecked.get((row["cls"], row["day"], indexes.tenants[row["tenant"]]), 0),
            }
        )
        for row in database.rows(sql.FAULTS.format(faulty=faulty)).to_pylist()
    )


def _write_names(database: JudgeDatabase, faulty: TempTable, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    database.connection.execute(f"copy {faulty} to '{file}' (format parquet, compression zstd)")


_ENTRIES = {
    "key": pa.uint64(),
    "day": pa.int32(),
    "tenant": pa.int32(),
    "fingerprint": pa.uint64(),
    "from_ms": pa.int64(),
    "through_ms": pa.int64(),
    "checksum": pa.uint32(),
    "kb": pa.uint32(),
    "entries": pa.uint32(),
    "period_ms": pa.int64(),
}
_RULES = {
    "tenants": pa.schema(
        {
            "tenant": pa.int32(),
            "name": pa.string(),
            "own_ms": pa.int64(),
            "shortest_ms": pa.int64(),
            "longest_ms": pa.int64(),
            "hot_ms": pa.int64(),
            "then_tier": pa.int8(),
        }
    ),
    # `index_ms`: when the table's index was last written; `index_read`: whether all of it could be read.
    "days": pa.schema({"day": pa.int32(), "name": pa.string(), "index_ms": pa.int64(), "index_read": pa.bool_()}),
    "written": pa.schema({"day": pa.int32(), "tenant": pa.int32(), "index_ms": pa.int64(), "index_read": pa.bool_()}),
    "deletes": pa.schema({"tenant": pa.int32(), "start_ms": pa.int64(), "end_ms": pa.int64(), "due_ms": pa.int64()}),
}


def _repeated(day: int, rows: int) -> pa.Array:
    return pa.array(np.full(rows, day, np.int32))


def _may_repeat_chunks(files: Sequence[IndexFile]) -> bool:
    """Whether a table's files may list a chunk more than once: files of replicas, or files that are not compacted."""
    tenants = [file.tenant for file in files]
    return len(files) > 1 and ("" in tenants or len(set(tenants)) < len(tenants))


def _tenant_row(name: str, number: int, policy: AuditPolicy) -> tuple[Any, ...]:
    rules, tiering = policy.rules.get(name, policy.default), policy.tiering.get(name)
    return (
        number,
        name,
        rules.period_ms,
        rules.shortest,
        _longest(rules),
        tiering.hot_ms if tiering else _NEVER,
        # For an undeclared tenant no tier is too warm, and Hot is right.
        int(tiering.then or 0) if tiering else 0,
    )


def _longest(rules: TenantRules) -> int:
    """If some streams are kept for ever, return the longest of the other periods: chunks out of the index were none of
    those."""
    periods = [rules.period_ms, *(rule.period_ms for rule in rules.streams)]
    return max((period for period in periods if period > FOR_EVER), default=FOR_EVER)
