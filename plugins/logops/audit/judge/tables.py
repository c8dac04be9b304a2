"""Judge tables: join blobs with index entries, judge every chunk, and check every suspect again in the live bucket."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa

from logops.audit.index.keys import keys_of
from logops.audit.index.table_index import IndexChangingError, TableIndex, TenantNumbers, read_table
from logops.audit.judge import sql
from logops.audit.judge.bucket import Bucket
from logops.audit.judge.recheck import MAX_RECHECKED, still_faulty
from logops.audit.judge.table_stats import Fault, TableStats
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.retention import FOR_EVER, TenantRules
from logops.audit.survey.containers import Survey
from logops.audit.survey.objects import IndexFile, chunk_name, chunks_schema
from logops.clients.blob_storage import ObjectStoreError
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


def judge_tables(
    bench: JudgeDatabase,
    survey: Survey,
    tables: Mapping[int, str],
    bucket: Bucket,
    terms: AuditPolicy,
    names_to: Path | None = None,
    now: datetime | None = None,
) -> Judged:
    """Judge the tables of some days together: many small tables cost as little as one.

    names_to   Parquet file for the names of all faulty chunks (class, day, table, tenant, name, bytes, since_ms); not
               written if there are none
    now        when the bucket is checked again; None: when it was listed

    A table whose index could not be read from the bucket is not judged.
    """
    until = max(survey.as_of, now or survey.taken)
    return _Judging(bench.connection, survey, tables, bucket, terms, until).judged(names_to)


class _Judging:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        survey: Survey,
        tables: Mapping[int, str],
        bucket: Bucket,
        terms: AuditPolicy,
        until: datetime,
    ) -> None:
        self.connection = connection
        self.until = until
        """What expires before this time may rightly be gone, whatever moment is judged."""
        self.survey = survey
        self.tables = tables
        self.bucket = bucket
        self.terms = terms
        self.numbers = TenantNumbers({name: number for number, name in enumerate(survey.tenants)})
        self.incomplete: dict[int, str] = {}
        self.elsewhere: list[TableIndex] = []
        """Indexes of these days in tables with another name, which no schema period covers."""
        self.beyond: dict[tuple[str, int, int], int] = {}
        """By class, day and tenant: suspects that were too many to be checked again."""

    def judged(self, names_to: Path | None) -> Judged:
        index = self._read_indexes()
        self._load_blobs(index)
        self._load_entries(index)
        self._load_terms(index)
        parameters = self._parameters()
        self.connection.execute(
            sql.JUDGED, {name: value for name, value in parameters.items() if f"${name}" in sql.JUDGED}
        )
        # Each table is as large as all rows: drop what is not needed again.
        self.connection.execute("drop table blobs; drop table entries")
        for fault in _SUSPECT:
            self._look_again(fault, index)
        self.connection.execute(sql.LEFT_OUT, {"days": [*self.incomplete]})
        holdings = self._holdings(parameters["judge_orphans"])
        self.connection.execute(f"create or replace temp table faulty as {sql.FAULTY}")
        self.connection.execute("drop table judged")
        faults = self._faults()
        if faults and names_to:
            names_to.parent.mkdir(parents=True, exist_ok=True)
            self.connection.execute(f"copy faulty to '{names_to}' (format parquet, compression zstd)")
        return Judged(
            holdings,
            faults,
            tuple(
                file_and_error
                for table in (*(table for day, table in index.items() if day not in self.incomplete), *self.elsewhere)
                for file_and_error in table.unreadable
            ),
            tuple((self.tables[day], why) for day, why in self.incomplete.items()),
        )

    def _read_indexes(self) -> dict[int, TableIndex]:
        files: dict[tuple[int, str], list[IndexFile]] = {(day, table): [] for day, table in self.tables.items()}
        for file in self.survey.index_files([*self.tables]):
            files.setdefault((file.day, file.table), []).append(file)
        index: dict[int, TableIndex] = {}
        with ThreadPoolExecutor(_READ_AT_ONCE, "read-index") as threads:
            reading = {key: threads.submit(self._read_table, *key, table_files) for key, table_files in files.items()}
            for (day, table), future in reading.items():
                try:
                    if table == self.tables[day]:
                        index[day] = future.result()
                    else:
                        self.elsewhere.append(future.result())
                except (ObjectStoreError, IndexChangingError) as error:
                    self.incomplete[day] = str(error)
        return {day: read for day, read in index.items() if day not in self.incomplete}

    def _read(self, day: int, files: Sequence[IndexFile]) -> TableIndex:
        return self._read_table(day, self.tables[day], files)

    def _read_table(self, day: int, table: str, files: Sequence[IndexFile]) -> TableIndex:
        terms = self.terms
        return read_table(files, day, table, self.bucket, terms.rules, terms.default, self.numbers)

    def _load_blobs(self, index: Mapping[int, TableIndex]) -> None:
        columns = [pa.field("key", pa.uint64()), pa.field("day", pa.int32()), *chunks_schema()]
        schema = pa.schema(columns)

        def keyed() -> Iterator[pa.RecordBatch]:
            for day in index:
                for batch in self.survey.chunks(day):
                    key = keys_of(day, *(batch[name].to_numpy() for name in _KEY))
                    arrays = [pa.array(key), _repeated(day, len(key)), *batch.columns]
                    yield pa.RecordBatch.from_arrays(arrays, schema=schema)

        self._create("blobs", pa.RecordBatchReader.from_batches(schema, keyed()))

    def _load_entries(self, index: Mapping[int, TableIndex]) -> None:
        empty = pa.table({name: pa.array([], kind) for name, kind in _ENTRIES.items()})
        read = [
            pa.table(
                {
                    name: _repeated(day, len(columns["key"])) if name == "day" else pa.array(columns[name], kind)
                    for name, kind in _ENTRIES.items()
                }
            )
            for day, table_index in index.items()
            for columns in table_index.columns
        ]
        once = any(_tells_twice(table_index.files) for table_index in index.values())
        self._create("entries", pa.concat_tables([empty, *read]), "distinct on (key)" if once else "")

    def _load_terms(self, index: Mapping[int, TableIndex]) -> None:
        terms, numbers = self.terms, self.numbers.numbers
        unread = {(day, file.tenant) for day, table_index in index.items() for file, _ in table_index.unreadable}
        changed: dict[tuple[int, str], int] = {}
        for day, table_index in index.items():
            for file in table_index.files:
                changed[day, file.tenant] = max(changed.get((day, file.tenant), 0), file.modified * 1000)
        deletes = [
            (numbers[name], request.start_ms, request.end_ms, request.due_ms)
            for name, requests in terms.deletes.items()
            if name in numbers
            for request in requests
        ]
        unread |= {(file.day, file.tenant) for table_index in self.elsewhere for file, _ in table_index.unreadable}
        keys = [pa.array(table_index.keys) for table_index in self.elsewhere]
        self._create("elsewhere", pa.table({"key": pa.chunked_array(keys, pa.uint64())}))
        self._insert("tenants", [_tenant_row(name, number, terms) for name, number in numbers.items()])
        self._insert(
            "days", [(day, self.tables[day], changed.get((day, ""), 0), (day, "") not in unread) for day in index]
        )
        self._insert(
            "written",
            [
                (day, numbers[name], written, (day, name) not in unread)
                for (day, name), written in changed.items()
                if name in numbers
            ],
        )
        self._insert("deletes", deletes)

    def _insert(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        schema = _TERMS[name]
        columns = zip(*rows, strict=True) if rows else [()] * len(schema)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        self._create(name, pa.Table.from_arrays(arrays, schema=schema))

    def _create(self, name: str, rows: "pa.Table | pa.RecordBatchReader", how: str = "") -> None:
        self.connection.register("given", rows)
        self.connection.execute(f"create or replace temp table {name} as select {how} * from given")
        self.connection.unregister("given")

    def _parameters(self) -> dict[str, Any]:
        windows = self.terms.windows
        taken = int(min(self.survey.taken, self.survey.as_of).timestamp() * 1000)
        return {
            "as_of": int(self.survey.as_of.timestamp() * 1000),
            "until": int(self.until.timestamp() * 1000),
            "cycle": windows.cycle_ms,
            "slack": windows.slack_ms,
            "delay": windows.delay_ms,
            "tier_slack": windows.tier_slack_ms,
            "markers": self.terms.markers,
            "unindexed_since": _NEVER if self.terms.unindexed_since_ms is None else self.terms.unindexed_since_ms,
            # A chunk with newer lines may have been written after the listing.
            "judge_missing": taken - windows.max_chunk_age_ms - windows.grace_ms,
            "judge_orphans": taken - windows.grace_ms,
        }

    def _look_again(self, fault: str, index: Mapping[int, TableIndex]) -> None:
        """Remove the suspects that prove harmless, and count those that are too many to be checked."""
        parameters = {"fault": fault, "most": MAX_RECHECKED}
        suspects = self.connection.sql(sql.SUSPECTS, params=parameters).to_arrow_table()
        if not suspects.num_rows:
            return
        columns = {name: suspects[name].to_numpy() for name in ("day", "key", *_KEY)}
        names = {number: name for name, number in self.numbers.numbers.items()}
        keep = np.zeros(suspects.num_rows, bool)
        for day in np.unique(columns["day"]).tolist():
            rows = np.flatnonzero(columns["day"] == day)
            identified = zip(*(columns[name][rows].tolist() for name in _KEY), strict=True)
            blobs = [chunk_name(names[tenant], *numbers) for tenant, *numbers in identified]
            try:
                keep[rows] = still_faulty(
                    fault,
                    columns["key"][rows],
                    blobs,
                    index[day],
                    self.bucket,
                    self.tables[day],
                    partial(self._read, day),
                )
            except (ObjectStoreError, IndexChangingError) as error:
                self.incomplete[day] = str(error)
        looked: Counter[tuple[int, int]] = Counter(
            zip(columns["day"].tolist(), columns["tenant"].tolist(), strict=True)
        )
        counts = "select day, tenant, count(*) from judged where fault = ? group by all"
        for day, tenant, count in self.connection.execute(counts, (fault,)).fetchall():
            beyond = looked[day, tenant] and count - looked[day, tenant]
            if beyond and not keep[(columns["day"] == day) & (columns["tenant"] == tenant)].any():
                self.incomplete[day] = (
                    f"{looked[day, tenant]:,} chunks of {names[tenant]} that looked like {fault} proved to be none; "
                    f"{beyond:,} more look like {fault}, which are too many to be looked at. Run the audit again."
                )
            elif beyond:
                self.beyond[fault, day, tenant] = beyond
        self.connection.register("confirmed", pa.table({"key": columns["key"][keep]}))
        self.connection.execute(sql.CLEARED, {"fault": fault})
        self.connection.unregister("confirmed")

    def _holdings(self, judge_orphans: int) -> tuple[TableStats, ...]:
        names = {number: name for name, number in self.numbers.numbers.items()}
        rows = self.connection.sql(sql.HOLDINGS, params={"judge_orphans": judge_orphans}).to_arrow_table().to_pylist()
        return tuple(
            TableStats(
                **{
                    **row,
                    "tenant": names[row["tenant"]],
                    "table": self.tables[row["day"]],
                    "bytes": int(row["bytes"]),
                    "lines": int(row["lines"]),
                    "tier_chunks": tuple(row["tier_chunks"]),
                    "tier_bytes": tuple(map(int, row["tier_bytes"])),
                }
            )
            for row in rows
        )

    def _faults(self) -> tuple[Fault, ...]:
        numbers = self.numbers.numbers
        return tuple(
            Fault(
                **{
                    **row,
                    "bytes": int(row["bytes"]),
                    "since": float(row["since"]),
                    "sample": tuple(row["sample"]),
                    "candidates": self.beyond.get((row["cls"], row["day"], numbers[row["tenant"]]), 0),
                }
            )
            for row in self.connection.sql(sql.FAULTS).to_arrow_table().to_pylist()
        )


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
_TERMS = {
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


def _tells_twice(files: Sequence[IndexFile]) -> bool:
    """Whether a table's files may list a chunk more than once: replicas', and files that are not compacted yet."""
    tenants = [file.tenant for file in files]
    return len(files) > 1 and ("" in tenants or len(set(tenants)) < len(tenants))


def _tenant_row(name: str, number: int, terms: AuditPolicy) -> tuple[Any, ...]:
    rules, tiering = terms.rules.get(name, terms.default), terms.tiering.get(name)
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
