"""One table: its blobs against its index, every chunk judged, every suspect looked at again in the live bucket."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa

from logops.audit import judge_sql as sql
from logops.audit.bucket import Bucket
from logops.audit.chunks import IndexFile, chunk_name, chunks_schema
from logops.audit.confirm import MOST_LOOKED_AT, confirmed
from logops.audit.holding import Fault, Holding
from logops.audit.keys import keys_of
from logops.audit.retention import FOR_EVER, TenantRules
from logops.audit.survey import Survey
from logops.audit.table_index import TableIndex, TenantNumbers, read_table
from logops.audit.terms import Terms
from logops.tsdb import IndexUnreadable

_KEY = ("tenant", "fingerprint", "from_ms", "through_ms", "checksum")
_SUSPECT = ("chunk-missing", "chunk-orphaned", "marker-backlog", "retention-overshoot")
_NEVER = 2**62
"""Milliseconds: later than any date."""


@dataclass(frozen=True)
class Judged:
    """A table."""

    holdings: tuple[Holding, ...]
    faults: tuple[Fault, ...]
    unreadable: tuple[tuple[IndexFile, IndexUnreadable], ...]


class Bench:
    """Where tables are judged, one after the other: a DuckDB that works on disk beyond its memory."""

    def __init__(self, memory: int) -> None:
        """`memory` in bytes, of DuckDB alone."""
        self._scratch = TemporaryDirectory(prefix="logops-audit-")
        self.connection = duckdb.connect()
        self.connection.execute(
            f"set memory_limit='{memory}B'; set temp_directory='{self._scratch.name}'; set threads=2;"
            # Rows need not come out as they went in.
            "set preserve_insertion_order=false"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        self._scratch.cleanup()


def judge_table(
    bench: Bench, survey: Survey, day: int, table: str, bucket: Bucket, terms: Terms, names_to: Path | None = None
) -> Judged:
    """Judge the table of a day. The names of all faulty chunks go to the Parquet file `names_to` (class, tenant, name,
    bytes, since_ms), which is not written where there are none.

    Raises ObjectStoreError and IndexUnsteady where the table could not be read: it is not judged then.
    """
    numbers = TenantNumbers({name: number for number, name in enumerate(survey.tenants)})

    def read(files: list[IndexFile]) -> TableIndex:
        return read_table(files, table, bucket, terms.rules, terms.default, numbers)

    index = read([file for file in survey.index_files(day) if file.table == table])
    connection = bench.connection
    _load(connection, survey, day, index)
    _load_terms(connection, terms, numbers, index)
    asked = _parameters(survey, day, terms)
    connection.execute(sql.JOIN, {"day": day})
    connection.execute(sql.JUDGED, {name: value for name, value in asked.items() if f"${name}" in sql.JUDGED})
    names = {number: name for name, number in numbers.numbers.items()}
    candidates = _look_again(connection, index, bucket, table, read, names)
    holdings = _holdings(connection, asked, table, day, names)
    connection.execute(f"create or replace temp table faulty as {sql.FAULTY}")
    faults = _faults(connection, table, day, candidates)
    if faults and names_to:
        names_to.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(f"copy faulty to '{names_to}' (format parquet, compression zstd)")
    return Judged(holdings, faults, index.unreadable)


def _load(connection: duckdb.DuckDBPyConnection, survey: Survey, day: int, index: TableIndex) -> None:
    blobs = pa.schema([("key", pa.uint64()), *((field.name, field.type) for field in chunks_schema())])

    def keyed() -> Any:
        for batch in survey.chunks(day):
            key = keys_of(*(batch[name].to_numpy() for name in _KEY))
            yield pa.RecordBatch.from_arrays([pa.array(key), *batch.columns], schema=blobs)

    connection.register("blobs_read", pa.RecordBatchReader.from_batches(blobs, keyed()))
    connection.execute("create or replace temp table blobs as from blobs_read")
    entries = [pa.table({name: pa.array(column) for name, column in columns.items()}) for columns in index.columns]
    if not entries:
        connection.execute(
            "create or replace temp table entries (key ubigint, tenant int, fingerprint ubigint, from_ms bigint,"
            " through_ms bigint, checksum uinteger, kb uinteger, entries uinteger, period_ms bigint)"
        )
        return
    connection.register("entries_read", pa.concat_tables(entries))
    # Replicas, and files that were not compacted yet, tell of one chunk more than once.
    once = "distinct on (key)" if len(entries) > 1 else ""
    connection.execute(f"create or replace temp table entries as select {once} * from entries_read")


def _load_terms(connection: duckdb.DuckDBPyConnection, terms: Terms, numbers: TenantNumbers, index: TableIndex) -> None:
    unread = {file.tenant for file, _ in index.unreadable}
    connection.execute(
        "create or replace temp table tenants (tenant int, name varchar, own_ms bigint, shortest_ms bigint,"
        " longest_ms bigint, hot_ms bigint, then_tier tinyint, index_ms bigint, index_read boolean);"
        "create or replace temp table deletes (tenant int, start_ms bigint, end_ms bigint, due_ms bigint)"
    )
    rows = [_tenant_row(name, number, terms, index, unread) for name, number in numbers.numbers.items()]
    deletes = [
        (numbers.numbers[name], one.start_ms, one.end_ms, one.due_ms)
        for name, requests in terms.deletes.items()
        if name in numbers.numbers
        for one in requests
    ]
    for table, values in (("tenants", rows), ("deletes", deletes)):
        if values:
            connection.executemany(f"insert into {table} values ({', '.join('?' * len(values[0]))})", values)


def _tenant_row(name: str, number: int, terms: Terms, index: TableIndex, unread: set[str]) -> tuple[Any, ...]:
    rules, tiering = terms.rules.get(name, terms.default), terms.tiering.get(name)
    written = max((file.modified for file in index.files if file.tenant in ("", name)), default=0)
    return (
        number,
        name,
        rules.period_ms,
        rules.shortest,
        _longest(rules),
        tiering.hot_ms if tiering else _NEVER,
        # Of a tenant that nobody declared, no tier is too warm, and Hot is where it should be.
        int(tiering.then or 0) if tiering else 0,
        written * 1000,
        "" not in unread and name not in unread,
    )


def _longest(rules: TenantRules) -> int:
    """Where some streams are kept for ever, the longest of the others: what is out of the index was none of those."""
    periods = [rules.period_ms, *(rule.period_ms for rule in rules.streams)]
    return max((period for period in periods if period > FOR_EVER), default=FOR_EVER)


def _parameters(survey: Survey, day: int, terms: Terms) -> dict[str, Any]:
    windows, taken = terms.windows, int(min(survey.taken, survey.as_of).timestamp() * 1000)
    return {
        "as_of": int(survey.as_of.timestamp() * 1000),
        "cycle": windows.cycle_ms,
        "slack": windows.slack_ms,
        "delay": windows.delay_ms,
        "tier_slack": windows.tier_slack_ms,
        "markers": terms.markers,
        # A chunk with younger lines may have been written after the listing.
        "judge_missing": taken - windows.max_chunk_age_ms - windows.grace_ms,
        "judge_orphans": taken - windows.grace_ms,
    }


def _look_again(
    connection: duckdb.DuckDBPyConnection,
    index: TableIndex,
    bucket: Bucket,
    table: str,
    read: Any,
    names: Mapping[int, str],
) -> dict[tuple[str, str], int]:
    """Clear the suspects that prove harmless; how many, by class and tenant, were too many to be looked at."""
    beyond: dict[tuple[str, str], int] = {}
    for fault in _SUSPECT:
        suspects = connection.sql(sql.SUSPECTS % MOST_LOOKED_AT, params={"fault": fault}).to_arrow_table()
        if not suspects.num_rows:
            continue
        columns = {name: suspects[name].to_numpy() for name in ("key", *_KEY)}
        blobs = [
            chunk_name(names[tenant], *numbers)
            for tenant, *numbers in zip(*(columns[name].tolist() for name in _KEY), strict=True)
        ]
        keep = confirmed(fault, columns["key"], blobs, index, bucket, table, read)
        for tenant, count in connection.execute(
            "select t.name, count(*) from judged join tenants t using (tenant) where fault = ? group by all", (fault,)
        ).fetchall():
            if looked := int(np.count_nonzero(columns["tenant"] == _number(names, tenant))):
                beyond[fault, tenant] = count - looked
        connection.register("confirmed", pa.table({"key": columns["key"][keep]}))
        connection.execute(sql.CLEARED, {"fault": fault})
        connection.unregister("confirmed")
    return beyond


def _number(names: Mapping[int, str], tenant: str) -> int:
    return next(number for number, name in names.items() if name == tenant)


def _holdings(
    connection: duckdb.DuckDBPyConnection, asked: Mapping[str, Any], table: str, day: int, names: Mapping[int, str]
) -> tuple[Holding, ...]:
    rows = connection.sql(sql.HOLDINGS, params={"judge_orphans": asked["judge_orphans"]}).to_arrow_table().to_pylist()
    return tuple(
        Holding(
            **{
                **row,
                "tenant": names[row["tenant"]],
                "table": table,
                "day": day,
                "bytes": int(row["bytes"]),
                "lines": int(row["lines"]),
                "tier_chunks": tuple(row["tier_chunks"]),
                "tier_bytes": tuple(map(int, row["tier_bytes"])),
            }
        )
        for row in rows
    )


def _faults(
    connection: duckdb.DuckDBPyConnection, table: str, day: int, candidates: Mapping[tuple[str, str], int]
) -> tuple[Fault, ...]:
    return tuple(
        Fault(
            cls=row["class"],
            table=table,
            day=day,
            tenant=row["tenant"],
            count=row["count"],
            bytes=int(row["bytes"]),
            since=float(row["since"]),
            sample=tuple(row["sample"]),
            candidates=candidates.get((row["class"], row["tenant"]), 0),
        )
        for row in connection.sql(sql.FAULTS).to_arrow_table().to_pylist()
    )
