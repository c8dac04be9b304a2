"""Judge tables: match blobs with index entries, judge every chunk, and check every suspect again in the live bucket."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
from logops.audit.index.table_index import IndexChangingError, TableIndex, TenantNumbers, read_table
from logops.audit.judge import sql
from logops.audit.judge.bucket import Bucket
from logops.audit.judge.match import KEY, match_table, matched_schema
from logops.audit.judge.recheck import MAX_RECHECKED, still_faulty
from logops.audit.judge.table_stats import DayReads, Fault, TableStats
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.retention import FOR_EVER, TenantRules
from logops.audit.survey.containers import Survey
from logops.audit.survey.objects import IndexFile, chunk_name
from logops.chunks import SMALLEST_CHUNK
from logops.clients.blob_storage import ObjectStoreError
from logops.number_text import count_text
from logops.tsdb import IndexFileError

_SUSPECT = ("chunk-missing", "chunk-orphaned", "marker-backlog", "ingester-not-uploading", "retention-overshoot")
READ_AT_ONCE = 4
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

    def load(self, name: str, rows: pa.Table) -> TempTable:
        """Create a table with these rows."""
        self.connection.register("given", rows)
        self.connection.execute(f"create or replace temp table {name} as from given")
        self.connection.unregister("given")
        return TempTable(name)

    def attach(self, name: str, rows: pa.Table) -> TempTable:
        """Let the database read these rows where they are, without a copy."""
        self.connection.register(name, rows)
        return TempTable(name)

    def detach(self, table: TempTable) -> None:
        """Free the memory of attached rows."""
        self.connection.unregister(table.name)

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
    matched: Mapping[int, pa.Table]
    """Blobs and entries by day, with `matched_schema`."""


@dataclass(frozen=True)
class _Rules:
    """The tables that chunks are judged by."""

    tenants: TempTable
    days: TempTable
    written: TempTable
    deletes: TempTable
    elsewhere: TempTable


@dataclass(frozen=True)
class _JudgedChunks:
    """The chunks of some tables, judged by blobs and index as they were read."""

    matched: TempTable
    chunks: TempTable
    """All chunks: blobs, and index entries without a blob."""
    suspects: TempTable
    """Chunks that have a fault, until the second check."""
    rules: _Rules


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
    judged = _judge(database, tables, indexes, policy, moments)
    if misplaced := _files_of_other_tenants(database, judged, indexes):
        indexes = _without(indexes, misplaced, survey)
        judged = _judge(database, tables, indexes, policy, moments)
    recheck = _recheck_suspects(database, judged.suspects, tables, indexes, reader)
    incomplete = {**indexes.incomplete, **recheck.incomplete}
    complete = database.view("complete", sql.COMPLETE.format(chunks=judged.chunks, left_out=[*incomplete]))
    confirmed = _confirmed_chunks(database, judged.suspects, recheck, incomplete)
    stats = _table_stats(database, complete, confirmed, judged.rules, tables, indexes, moments)
    reads = _day_reads(database, complete, tables, indexes, moments)
    faulty = _faulty_chunks(database, confirmed, judged.rules)
    database.detach(judged.matched)
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
        "kept_longer": windows.kept_longer_ms,
        "smallest_chunk": SMALLEST_CHUNK,
    }


def _read_indexes(survey: Survey, tables: Mapping[int, str], reader: _IndexReader) -> _Indexes:
    files: dict[tuple[int, str], list[IndexFile]] = {(day, table): [] for day, table in tables.items()}
    for file in survey.index_files([*tables]):
        files.setdefault((file.day, file.table), []).append(file)

    def read(day: int, table: str, files: Sequence[IndexFile]) -> tuple[TableIndex, pa.Table | None]:
        index = reader.read(day, table, files)
        return index, match_table(survey, day, index) if table == tables[day] else None

    by_day: dict[int, TableIndex] = {}
    matched: dict[int, pa.Table] = {}
    elsewhere: list[TableIndex] = []
    incomplete: dict[int, str] = {}
    with ThreadPoolExecutor(READ_AT_ONCE, "read-index") as threads:
        reading = {key: threads.submit(read, *key, table_files) for key, table_files in files.items()}
        for (day, _), future in reading.items():
            try:
                index, rows = future.result()
            except (ObjectStoreError, IndexChangingError) as error:
                incomplete[day] = str(error)
                continue
            if rows is None:
                elsewhere.append(index)
            else:
                by_day[day], matched[day] = index, rows
    for day in incomplete:
        by_day.pop(day, None)
        matched.pop(day, None)
    return _Indexes(by_day, tuple(elsewhere), incomplete, dict(reader.numbers.numbers), matched)


def _judge(
    database: JudgeDatabase,
    tables: Mapping[int, str],
    indexes: _Indexes,
    policy: AuditPolicy,
    moments: Mapping[str, Any],
) -> _JudgedChunks:
    no_chunks = matched_schema().empty_table()
    matched = database.attach("matched", pa.concat_tables([no_chunks, *indexes.matched.values()]))
    chunks = database.view("chunks", sql.CHUNKS.format(matched=matched))
    rules = _load_rules(database, tables, indexes, policy)
    query = sql.SUSPECTS.format(
        chunks=chunks,
        tenants=rules.tenants,
        days=rules.days,
        written=rules.written,
        deletes=rules.deletes,
        elsewhere=rules.elsewhere,
    )
    suspects = database.select("suspects", query, _parameters(query, moments))
    return _JudgedChunks(matched, chunks, suspects, rules)


def _parameters(query: str, moments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in moments.items() if f"${name}" in query}


def _without(
    indexes: _Indexes, misplaced: Mapping[int, list[tuple[IndexFile, IndexMisplacedError]]], survey: Survey
) -> _Indexes:
    changed = {day: indexes.by_day[day].without(files) for day, files in misplaced.items()}
    return replace(
        indexes,
        by_day={**indexes.by_day, **changed},
        matched={**indexes.matched, **{day: match_table(survey, day, index) for day, index in changed.items()}},
    )


def _files_of_other_tenants(
    database: JudgeDatabase, judged: _JudgedChunks, indexes: _Indexes
) -> dict[int, list[tuple[IndexFile, IndexMisplacedError]]]:
    """Return by day the compacted files that list chunks which another tenant has in the bucket."""
    foreign = database.rows(sql.FOREIGN.format(suspects=judged.suspects, chunks=judged.chunks)).to_pydict()
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


def _recheck_suspects(
    database: JudgeDatabase, suspects: TempTable, tables: Mapping[int, str], indexes: _Indexes, reader: _IndexReader
) -> _Recheck:
    """Check the suspects of every fault again in the live bucket and index."""
    keys: list[np.ndarray[Any, Any]] = [np.empty(0, np.uint64)]
    incomplete: dict[int, str] = {}
    unchecked: dict[tuple[str, int, int], int] = {}
    names = {number: name for name, number in indexes.tenants.items()}
    for fault in _SUSPECT:
        parameters = {"fault": fault, "most": MAX_RECHECKED}
        sample = database.rows(sql.SUSPECT_SAMPLE.format(suspects=suspects), parameters)
        if not sample.num_rows:
            continue
        columns = {name: sample[name].to_numpy() for name in ("day", "key", *KEY)}
        is_faulty, errors = _recheck_fault(fault, columns, names, tables, indexes, reader)
        keys.append(columns["key"][is_faulty])
        incomplete |= errors
        checked = Counter(zip(columns["day"].tolist(), columns["tenant"].tolist(), strict=True))
        counts = database.rows(sql.SUSPECT_COUNTS.format(suspects=suspects), {"fault": fault})
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
        identified = zip(*(suspects[name][rows].tolist() for name in KEY), strict=True)
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
    database: JudgeDatabase, suspects: TempTable, recheck: _Recheck, incomplete: Iterable[int]
) -> TempTable:
    """Return the suspects without the days that are incomplete, and without faults that were not confirmed."""
    keys = database.load("confirmed_keys", pa.table({"key": recheck.confirmed_keys}))
    return database.view(
        "confirmed", sql.CONFIRMED.format(suspects=suspects, confirmed_keys=keys, left_out=[*incomplete])
    )


def _table_stats(
    database: JudgeDatabase,
    chunks: TempTable,
    confirmed: TempTable,
    rules: _Rules,
    tables: Mapping[int, str],
    indexes: _Indexes,
    moments: Mapping[str, Any],
) -> tuple[TableStats, ...]:
    names = {number: name for name, number in indexes.tenants.items()}
    query = sql.HOLDINGS.format(chunks=chunks, confirmed=confirmed, tenants=rules.tenants)
    return tuple(
        TableStats(
            **{
                **row,
                "tenant": names[row["tenant"]],
                "table": tables[row["day"]],
                "bytes": int(row["bytes"]),
                "lines": int(row["lines"]),
                "kept_longer_bytes": int(row["kept_longer_bytes"]),
                "tier_chunks": tuple(row["tier_chunks"]),
                "tier_bytes": tuple(map(int, row["tier_bytes"])),
            }
        )
        for row in database.rows(query, _parameters(query, moments)).to_pylist()
    )


def _day_reads(
    database: JudgeDatabase,
    chunks: TempTable,
    tables: Mapping[int, str],
    indexes: _Indexes,
    moments: Mapping[str, Any],
) -> tuple[DayReads, ...]:
    query = sql.DAY_READS.format(chunks=chunks)
    names = {number: name for name, number in indexes.tenants.items()}
    return tuple(
        DayReads(tables[row.pop("day")], names[row.pop("tenant")], **row)
        for row in database.rows(query, _parameters(query, moments)).to_pylist()
    )


def _faulty_chunks(database: JudgeDatabase, confirmed: TempTable, rules: _Rules) -> TempTable:
    """Return one row per chunk and fault, with the chunk's name."""
    return database.select("faulty", sql.FAULTY.format(confirmed=confirmed, tenants=rules.tenants, days=rules.days))


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
    names = f"select * exclude (span_ms) from {faulty}"
    database.connection.execute(f"copy ({names}) to '{file}' (format parquet, compression zstd)")


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
