"""Judge a table whose faults need more memory than the limit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from logops.audit.index.table_index import TableIndex, keys_of
from logops.audit.judge import tables as judge
from logops.audit.judge.table_stats import Fault
from logops.audit.judge.tables import Judged, JudgeDatabase, judge_tables
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.retention import TenantRules, Tiering, Windows
from logops.audit.survey.objects import DAY_MS, IndexFile, chunk_name, chunks_schema
from logops.clients.blob_storage.blobs import Tier

CHUNKS = 600_000
ENOUGH, LITTLE = 2 << 30, 64 << 20
AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)
DAY = int(AS_OF.timestamp()) // 86_400 - 10
TABLE = f"loki_index_{DAY}"
HOUR = 3_600_000
TERMS = AuditPolicy({}, TenantRules(90 * DAY_MS), {}, {}, Windows(0, HOUR, HOUR, HOUR, 0, 0), markers=False)
TIERED = replace(TERMS, tiering={"team": Tiering(DAY_MS, Tier.COOL)})
"""Every blob is too warm."""
Column = np.ndarray[Any, Any]


class Large:
    """A survey, an index and a bucket as columns.

    Every thousandth chunk has no blob. The chunk after it has no index entry.
    """

    tenants = ("team",)
    taken = as_of = AS_OF

    def __init__(self) -> None:
        number = np.arange(CHUNKS)
        random = np.random.default_rng(7)
        self.key: dict[str, Column] = {
            "tenant": np.zeros(CHUNKS, np.int32),
            "fingerprint": random.integers(1, 1 << 63, CHUNKS, dtype=np.uint64),
            "from_ms": DAY * DAY_MS + number % HOUR,
            "through_ms": DAY * DAY_MS + number % HOUR + HOUR,
            "checksum": random.integers(0, 1 << 32, CHUNKS, dtype=np.uint32),
        }
        self.there = number % 1_000 != 0
        self.indexed = number % 1_000 != 1

    def index_files(self, wanted: object) -> list[IndexFile]:
        return [IndexFile(f"index/{TABLE}/team/1", TABLE, DAY, "team", "compactor", 0, 1, 1, 0)]

    def chunks(self, day: int) -> Iterator[pa.RecordBatch]:
        rows = int(self.there.sum())
        modified = np.full(rows, (DAY + 1) * 86_400)
        columns = [column[self.there] for column in self.key.values()]
        columns += [np.full(rows, 1_000), np.ones(rows, np.int8), modified, np.zeros(rows, np.int64)]
        schema = chunks_schema()
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def names(self, mask: Column) -> set[str]:
        columns = (self.key[name][mask].tolist() for name in ("fingerprint", "from_ms", "through_ms", "checksum"))
        return {chunk_name("team", *key) for key in zip(*columns, strict=True)}

    def exists(self, names: Sequence[str]) -> list[bool]:
        gone = self.names(~self.there)
        return [name not in gone for name in names]

    def read_table(self, files: Sequence[IndexFile], day: int, *_: object) -> TableIndex:
        columns = {name: column[self.indexed] for name, column in self.key.items()}
        columns["key"] = keys_of(day, *columns.values())
        for name, kind, value in (
            ("kb", np.uint32, 1),
            ("entries", np.uint32, 1),
            ("period_ms", np.int64, 90 * DAY_MS),
        ):
            columns[name] = np.full(len(columns["key"]), value, kind)
        return TableIndex(tuple(files), (columns,))


@pytest.fixture(scope="module")
def large() -> Large:
    return Large()


def judged(large: Large, memory: int, policy: AuditPolicy, disk: str = "") -> Judged:
    with JudgeDatabase(memory) as bench, patch.object(judge, "read_table", large.read_table):
        if disk:
            bench.connection.execute(f"set max_temp_directory_size='{disk}'")
        return judge_tables(bench, large, {DAY: TABLE}, large, policy)  # type: ignore[arg-type]


def told(faults: Sequence[Fault]) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(fault.cls, fault.count, fault.sample) for fault in faults]


def lost(large: Large) -> list[tuple[str, int, tuple[str, ...]]]:
    return [
        ("chunk-missing", CHUNKS // 1_000, tuple(sorted(large.names(~large.there))[:10])),
        ("chunk-orphaned", CHUNKS // 1_000, tuple(sorted(large.names(~large.indexed))[:10])),
    ]


def test_faults_larger_than_memory_are_judged_on_disk_with_same_result(large: Large) -> None:
    amply, tightly = judged(large, ENOUGH, TIERED), judged(large, LITTLE, TIERED)
    warm = large.there & large.indexed

    assert (
        told(tightly.faults)
        == told(amply.faults)
        == [*lost(large), ("tier-too-warm", int(warm.sum()), tuple(sorted(large.names(warm))[:10]))]
    )
    assert tightly.holdings == amply.holdings


def test_faults_larger_than_memory_without_disk_raise_out_of_memory(large: Large) -> None:
    """Show that the test above uses the disk."""
    with pytest.raises(duckdb.OutOfMemoryException):
        judged(large, LITTLE, TIERED, disk="1KB")


def test_healthy_chunks_need_neither_memory_of_database_nor_disk(large: Large) -> None:
    assert told(judged(large, LITTLE, TERMS, disk="1KB").faults) == lost(large)
