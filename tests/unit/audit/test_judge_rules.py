"""Compare the SQL that judges chunks with the same rules as functions, for any chunk, time and grace period."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, product
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logops.audit.index.table_index import TableIndex, keys_of
from logops.audit.judge import tables as judge
from logops.audit.judge.tables import JudgeDatabase, judge_tables
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.retention import FOR_EVER, StreamRule, TenantRules, Windows, expired
from logops.audit.survey.objects import DAY_MS, IndexFile, chunk_name, chunks_schema

MINUTE = 60_000
START = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp() * 1000)
PERIODS = {
    "short": (7,),
    "usual": (90,),
    "kept": (FOR_EVER,),
    "several": (30, 120),
    "mostly": (FOR_EVER, 30),
    "some": (90, FOR_EVER),
}
"""Retention periods in days, by tenant: of the tenant itself, then of a rule for part of its streams."""
TENANTS = tuple(PERIODS)
RULES = {
    name: TenantRules(own * DAY_MS, tuple(StreamRule('{level="error"}', days * DAY_MS) for days in rest))
    for name, (own, *rest) in PERIODS.items()
}
Key = tuple[int, int, int, int]


@dataclass(frozen=True)
class Chunk:
    """A chunk that is in the bucket, in the index, or in both."""

    tenant: str
    period_ms: int
    from_ms: int
    through_ms: int
    modified_ms: int
    blob: bool
    indexed: bool
    number: int

    @property
    def key(self) -> Key:
        return self.number, self.from_ms, self.through_ms, self.number

    @property
    def days(self) -> range:
        return range(self.from_ms // DAY_MS, self.through_ms // DAY_MS + 1)


@dataclass(frozen=True)
class Moment:
    as_of: int
    until: int
    """When the bucket was read, if later than `as_of`."""
    taken: int
    windows: Windows
    markers: bool
    written: int
    """When the compacted index files were last written."""
    unindexed_since: int | None = None
    """Since when an ingester has uploaded no index, if one does not upload."""


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    minutes = st.integers(0, 600).map(MINUTE.__mul__)
    as_of = START + draw(st.integers(0, 86_400)) * 1_000
    return Moment(
        as_of,
        as_of + draw(st.sampled_from([0, 0, DAY_MS])),
        as_of + draw(st.sampled_from([0, -MINUTE, MINUTE])),
        Windows(*(draw(minutes) for _ in range(4)), tier_slack_ms=0, max_chunk_age_ms=draw(minutes)),
        draw(st.booleans()),
        # Azure's times are whole seconds.
        (as_of - draw(st.sampled_from([500 * DAY_MS]) | st.integers(0, DAY_MS))) // 1000 * 1000,
        draw(st.none() | st.integers(0, 3 * DAY_MS).map(lambda ago: as_of - ago)),
    )


@st.composite
def chunks(draw: st.DrawFn, moment: Moment, number: int) -> Chunk:
    """Draw a chunk at a time when its verdict changes, one millisecond before or after, or at any time."""
    times, tenant = moment.windows, draw(st.sampled_from(TENANTS))
    days = draw(st.sampled_from(PERIODS[tenant]))
    late = times.cycle_ms + times.slack_ms
    age, blob, indexed = draw(
        st.sampled_from(
            [
                (days * DAY_MS, False, True),
                (days * DAY_MS + late, True, True),
                (max(PERIODS[tenant]) * DAY_MS + late + times.delay_ms, True, False),
                (times.max_chunk_age_ms + times.grace_ms, False, True),
            ]
        )
        | st.tuples(st.integers(0, 400 * DAY_MS), st.booleans(), st.booleans()).filter(any_of)
    )
    through = moment.as_of - age + draw(st.integers(-1, 1))
    written = draw(
        st.just(through)
        | st.sampled_from([times.grace_ms, late, late + times.delay_ms]).map(lambda ago: moment.as_of - ago)
        | st.integers(min(through, moment.as_of), moment.as_of)
    )
    return Chunk(
        tenant,
        days * DAY_MS,
        through - draw(st.sampled_from([0, 3_600_000, DAY_MS])),
        through,
        (written + draw(st.sampled_from([0, 1000]))) // 1000 * 1000,
        blob,
        indexed,
        number,
    )


def any_of(case: tuple[int, bool, bool]) -> bool:
    """Return whether the chunk is in the bucket or in the index."""
    return case[1] or case[2]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Moment, list[Chunk]]:
    moment = draw(moments())
    return moment, [draw(chunks(moment, number)) for number in range(1, draw(st.integers(1, 40)) + 1)]


def fault_of(chunk: Chunk, day: int, moment: Moment) -> str | None:
    """Return the fault of a chunk in the table of `day` by the documented rules."""
    times, home = moment.windows, chunk.through_ms // DAY_MS == day
    taken = min(moment.taken, moment.as_of)
    rules = RULES[chunk.tenant]
    if chunk.indexed:
        written = max(chunk.modified_ms if chunk.blob else 0, moment.written)
        young = chunk.through_ms > taken - times.max_chunk_age_ms - times.grace_ms
        if not chunk.blob and home and not young and not expired(chunk.through_ms, chunk.period_ms, moment.until):
            return "chunk-missing"
        late = moment.as_of > times.index_due(chunk.through_ms, chunk.period_ms, written)
        gone = expired(chunk.through_ms, chunk.period_ms, moment.as_of)
        return "retention-overshoot" if gone and late and (home or not chunk.blob) else None
    if not home or chunk.modified_ms > taken - times.grace_ms:
        return None
    # Without an index entry, it is unknown which of the tenant's periods applied to the chunk.
    ends = [period for period in (rules.period_ms, *(rule.period_ms for rule in rules.streams)) if period != FOR_EVER]
    gone, may_go = (bool(ends) and expired(chunk.through_ms, min(ends), at) for at in (moment.as_of, moment.until))
    blob_due = times.index_due(chunk.through_ms, max(ends, default=0), chunk.modified_ms) + times.delay_ms
    if may_go and (not gone or moment.as_of <= blob_due):
        return None
    if not gone and moment.unindexed_since is not None and chunk.modified_ms >= moment.unindexed_since:
        return "ingester-not-uploading"
    return "marker-backlog" if gone and moment.markers else "chunk-orphaned"


class Values:
    """A survey and a bucket in memory."""

    tenants = TENANTS

    def __init__(self, moment: Moment, chunks: Sequence[Chunk]) -> None:
        self._moment = moment
        self._chunks = chunks
        self.taken, self.as_of = _datetime(moment.taken), _datetime(moment.as_of)
        self.tables = {day: f"loki_index_{day}" for chunk in chunks for day in chunk.days}

    def index_files(self, wanted: str | Sequence[int]) -> list[IndexFile]:
        """Return the index files of a table name, as a bucket does, or of days, as a survey does."""
        written = self._moment.written // 1000
        return [
            IndexFile(f"{table}/{tenant}", table, day, tenant, "compactor", 0, 1, 1, written)
            for day, table in self.tables.items()
            if (table == wanted if isinstance(wanted, str) else day in wanted)
            for tenant in TENANTS
        ]

    def chunks(self, day: int) -> Iterator[pa.RecordBatch]:
        rows = [chunk for chunk in self._chunks if chunk.blob and day in chunk.days]
        values = [(TENANTS.index(chunk.tenant), *chunk.key, 1_000, 0, chunk.modified_ms // 1000, 0) for chunk in rows]
        columns = zip(*values, strict=True) if values else [()] * len(chunks_schema())
        arrays = [pa.array(column, field.type) for column, field in zip(columns, chunks_schema(), strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=chunks_schema())

    def exists(self, names: Sequence[str]) -> list[bool]:
        there = {chunk_name(chunk.tenant, *chunk.key) for chunk in self._chunks if chunk.blob}
        return [name in there for name in names]

    def read_table(self, files: Sequence[IndexFile], day: int, *_: object) -> TableIndex:
        rows = [chunk for chunk in self._chunks if chunk.indexed and day in chunk.days]
        keys = list(zip(*(chunk.key for chunk in rows), strict=True)) if rows else [()] * 4
        kinds = (np.uint64, np.int64, np.int64, np.uint32)
        names = ("fingerprint", "from_ms", "through_ms", "checksum")
        columns: dict[str, np.ndarray[Any, Any]] = {
            "tenant": np.array([TENANTS.index(chunk.tenant) for chunk in rows], np.int32),
            **{name: np.array(key, kind) for name, key, kind in zip(names, keys, kinds, strict=True)},
            "kb": np.ones(len(rows), np.uint32),
            "entries": np.ones(len(rows), np.uint32),
            "period_ms": np.array([chunk.period_ms for chunk in rows], np.int64),
        }
        columns["key"] = keys_of(day, *(columns[name] for name in ("tenant", *names)))
        return TableIndex(tuple(files), (columns,))


def _datetime(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


@pytest.fixture(scope="module")
def bench() -> Iterator[JudgeDatabase]:
    with JudgeDatabase(1 << 28) as bench:
        yield bench


def decided(bench: JudgeDatabase, moment: Moment, chunks: Sequence[Chunk], names: Any) -> Mapping[tuple[int, str], str]:
    """Return the class of every faulty chunk, by table and name."""
    values = Values(moment, chunks)
    terms = AuditPolicy(RULES, RULES["usual"], {}, {}, moment.windows, moment.markers, moment.unindexed_since)
    with patch.object(judge, "read_table", values.read_table):
        found = judge_tables(  # type: ignore[arg-type]
            bench, values, values.tables, values, terms, names, _datetime(moment.until)
        )
    if not found.faults:
        return {}
    rows = pq.read_table(names).to_pylist()
    return {(row["day"], row["name"]): row["class"] for row in rows}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(case=cases())
def test_sql_verdict_equals_rules_for_generated_chunks(
    bench: JudgeDatabase, tmp_path_factory: pytest.TempPathFactory, case: tuple[Moment, list[Chunk]]
) -> None:
    moment, chunks = case
    names = tmp_path_factory.getbasetemp() / "names.parquet"

    assert decided(bench, moment, chunks, names) == {
        (day, chunk_name(chunk.tenant, *chunk.key)): fault
        for chunk in chunks
        for day in chunk.days
        if (fault := fault_of(chunk, day, moment))
    }


def at_every_turn(moment: Moment) -> Iterator[Chunk]:
    """Yield chunks at each time when a verdict changes, and one millisecond before and after."""
    times, number = moment.windows, count(1)
    late = times.cycle_ms + times.slack_ms
    for tenant, periods in PERIODS.items():
        turns = {days * DAY_MS + more for days in periods for more in (0, late, late + times.delay_ms, 3 * DAY_MS)}
        turns |= {days * DAY_MS - (moment.until - moment.as_of) for days in periods}
        turns |= {times.max_chunk_age_ms + times.grace_ms, times.grace_ms, 5 * DAY_MS}
        for days, age, off in product(set(periods), turns, (-1, 0, 1)):
            through = moment.as_of - age + off
            for ago in {age, late, late + times.delay_ms, times.grace_ms, times.grace_ms - 1_000}:
                for held in ((True, True), (True, False), (False, True)):
                    written = (moment.as_of - ago) // 1_000 * 1_000
                    yield Chunk(tenant, days * DAY_MS, through, through, written, *held, next(number))


@pytest.mark.parametrize("markers", [False, True])
@pytest.mark.parametrize("later", [0, 3_600_000])
@pytest.mark.parametrize("unindexed_since", [None, START - 5 * DAY_MS])
def test_sql_verdict_changes_at_exact_millisecond_of_each_rule(
    bench: JudgeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    markers: bool,
    later: int,
    unindexed_since: int | None,
) -> None:
    times = Windows(30 * MINUTE, 60 * MINUTE, 120 * MINUTE, 7 * MINUTE, 0, 0)
    moment = Moment(START, START + later, START, times, markers, 0, unindexed_since)
    chunks = [*at_every_turn(moment)]
    expected = {
        (chunk.days[0], chunk_name(chunk.tenant, *chunk.key)): fault
        for chunk in chunks
        if (fault := fault_of(chunk, chunk.days[0], moment))
    }

    assert set(expected.values()) == {
        "chunk-missing",
        "chunk-orphaned",
        "retention-overshoot",
        *(["marker-backlog"] if markers else []),
        *(["ingester-not-uploading"] if unindexed_since else []),
    }
    assert decided(bench, moment, chunks, tmp_path_factory.getbasetemp() / "names.parquet") == expected
