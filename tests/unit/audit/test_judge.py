"""Judge chunks from a survey and an index in memory. The bucket is a set of names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from logops.audit.index.table_index import TableIndex, keys_of
from logops.audit.judge import tables as judge
from logops.audit.judge.tables import Judged, JudgeDatabase, judge_tables
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.delete_requests import DeleteRange
from logops.audit.policy.retention import FOR_EVER, TenantRules, Tiering, Windows
from logops.audit.survey.containers import Survey, take_survey
from logops.audit.survey.objects import DAY_MS, IndexFile, chunk_name
from logops.clients.blob_storage import ObjectStoreError
from logops.clients.blob_storage.blobs import Listing, Tier, blobs_schema

HOUR = 3_600_000
AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)
NOW = int(AS_OF.timestamp() * 1000)
TODAY = NOW // DAY_MS
TIMES = Windows(
    grace_ms=HOUR // 2,
    cycle_ms=HOUR,
    delay_ms=2 * HOUR,
    slack_ms=HOUR,
    tier_slack_ms=3 * DAY_MS,
    max_chunk_age_ms=2 * HOUR,
    kept_longer_ms=DAY_MS,
)
TERMS = AuditPolicy(
    rules={"team": TenantRules(90 * DAY_MS)},
    default=TenantRules(90 * DAY_MS),
    tiering={"team": Tiering(30 * DAY_MS, Tier.COOL)},
    deletes={},
    windows=TIMES,
    markers=False,
)


@dataclass(frozen=True)
class Chunk:
    """A chunk of one hour, or of some days more, in a table `days_ago` days old.

    By default, written an hour after its last line.
    """

    days_ago: float
    number: int = 7
    blob: bool = True
    indexed: bool = True
    tier: Tier = Tier.HOT
    written_ago: float | None = None
    changed_ago: float | None = None
    days_long: int = 0

    @property
    def through_ms(self) -> int:
        return int(NOW - self.days_ago * DAY_MS)

    @property
    def day(self) -> int:
        return self.through_ms // DAY_MS

    @property
    def key(self) -> tuple[int, int, int, int]:
        from_ms = max(self.through_ms - HOUR, self.day * DAY_MS) - self.days_long * DAY_MS
        return self.number, from_ms, self.through_ms, self.number

    @property
    def name(self) -> str:
        return chunk_name("team", *self.key)

    @property
    def row(self) -> dict[str, object]:
        written = self.through_ms + HOUR if self.written_ago is None else NOW - self.written_ago * DAY_MS
        changed = None if self.changed_ago is None else (NOW - self.changed_ago * DAY_MS) // 1000
        return {
            "name": self.name,
            "size": 1_000,
            "tier": int(self.tier),
            "tier_changed": changed,
            "modified": int(written) // 1000,
            "rehydrating": False,
        }


class Names:
    """A bucket that only answers whether blobs exist."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def exists(self, names: Sequence[str]) -> list[bool]:
        return [name in self.names for name in names]

    def index_files(self, table: str) -> list[IndexFile]:
        return [index_of(table)]

    def read(self, name: str, limit: int = 0) -> bytes:
        raise NotImplementedError


class Broken(Names):
    def exists(self, names: Sequence[str]) -> list[bool]:
        raise ObjectStoreError("the account does not answer")


def index_of(table: str) -> IndexFile:
    day = int(table.rpartition("_")[2])
    return IndexFile(f"index/{table}/team/1.tsdb.gz", table, day, "team", "compactor", 0.0, 1, 1, (day + 1) * 86_400)


def columns_of(
    chunks: Sequence[Chunk], day: int, terms: AuditPolicy
) -> dict[str, "np.ndarray[object, np.dtype[np.generic]]"]:
    keys = [chunk.key for chunk in chunks]
    columns = {
        "tenant": np.zeros(len(keys), np.int32),
        "fingerprint": np.array([key[0] for key in keys], np.uint64),
        "from_ms": np.array([key[1] for key in keys], np.int64),
        "through_ms": np.array([key[2] for key in keys], np.int64),
        "checksum": np.array([key[3] for key in keys], np.uint32),
        "kb": np.ones(len(keys), np.uint32),
        "entries": np.ones(len(keys), np.uint32),
        "period_ms": np.full(len(keys), terms.rules["team"].period_ms),
    }
    columns["key"] = keys_of(
        day, *(columns[name] for name in ("tenant", "fingerprint", "from_ms", "through_ms", "checksum"))
    )
    return columns


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Judging":
    return Judging(tmp_path, monkeypatch)


class Judging:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = monkeypatch

    def __call__(
        self,
        *chunks: Chunk,
        terms: AuditPolicy = TERMS,
        bucket: type[Names] = Names,
        looked: datetime = AS_OF,
        elsewhere: Sequence[Chunk] = (),
    ) -> Judged:
        """Judge the chunks. `elsewhere`: chunks in the index of a table with another prefix."""
        survey = self._survey(chunks)
        if elsewhere:
            files = [index_of(f"old_index_{chunk.day}") for chunk in elsewhere]
            self._patch.setattr(Survey, "index_files", lambda *_: files)
        tables = {chunk.day: f"loki_index_{chunk.day}" for chunk in chunks}

        def read_table(files: object, day: int, table: str, *_: object) -> TableIndex:
            told = elsewhere if table.startswith("old") else [chunk for chunk in chunks if chunk.indexed]
            of_day = [chunk for chunk in told if chunk.day - chunk.days_long <= day <= chunk.day]
            return TableIndex((index_of(table),), (columns_of(of_day, day, terms),))

        self._patch.setattr(judge, "read_table", read_table)
        there = bucket({chunk.name for chunk in chunks if chunk.blob})
        with JudgeDatabase(1 << 28) as bench:
            return judge_tables(bench, survey, tables, there, terms, self._folder / "names.parquet", looked)

    def faults(self, *chunks: Chunk, terms: AuditPolicy = TERMS, looked: datetime = AS_OF) -> list[str]:
        return sorted(fault.cls for fault in self(*chunks, terms=terms, looked=looked).faults)

    def _survey(self, chunks: Sequence[Chunk]) -> Survey:
        # Add a valid chunk, so that the survey knows the tenant.
        rows = [chunk.row for chunk in (Chunk(1, number=1), *chunks) if chunk.blob]
        listing = Listing("values", AS_OF, iter([pa.RecordBatch.from_pylist(rows, schema=blobs_schema())]))
        place = str(self._folder / "survey")
        names = {"environment": "test", "cluster": "main", "account": "main", "container": "chunks"}
        return take_survey(listing, place, as_of=AS_OF, **names)


def test_chunk_in_bucket_index_and_correct_tier_has_no_fault(judged: Judging) -> None:
    assert judged.faults(Chunk(10), Chunk(50, tier=Tier.COOL, changed_ago=19)) == []


def test_query_of_a_day_reads_also_chunks_that_end_on_a_later_day(judged: Judging) -> None:
    outcome = judged(Chunk(11), Chunk(10, number=8, days_long=1))

    assert [(reads.chunks, reads.bytes) for reads in outcome.reads] == [(2, 2_000), (1, 1_000)]
    assert [stats.chunks for stats in outcome.holdings] == [1, 1]


def test_chunk_of_many_days_keeps_its_first_lines_longer_in_every_table_and_is_reported_in_its_last(
    judged: Judging,
) -> None:
    late = Chunk(10, number=8, days_long=17)
    outcome = judged(Chunk(27), Chunk(11), late)

    span_ms = late.key[2] - late.key[1]
    assert [(fault.cls, fault.day, fault.count, fault.bytes, fault.span_ms) for fault in outcome.faults] == [
        ("lines-kept-longer", late.day, 1, 1_000, span_ms)
    ]
    assert [(reads.kept_longer_ms, reads.kept_longer_bytes) for reads in outcome.reads] == [
        (span_ms, 1_000),
        (late.key[2] - (late.day - 1) * DAY_MS, 1_000),
        (late.key[2] - late.day * DAY_MS, 0),
    ]
    assert [(stats.kept_longer_ms, stats.kept_longer_bytes) for stats in outcome.holdings] == [
        (HOUR, 0),
        (HOUR, 0),
        (span_ms, 1_000),
    ]


def test_chunk_that_is_kept_for_ever_keeps_no_line_longer_than_promised(judged: Judging) -> None:
    for_ever = replace(TERMS, rules={"team": TenantRules(FOR_EVER)})

    outcome = judged(Chunk(10, days_long=17), terms=for_ever)

    assert outcome.faults == ()
    assert [stats.kept_longer_ms for stats in outcome.holdings] == [0]


def test_index_entry_without_blob_is_missing_chunk_until_it_expires(judged: Judging) -> None:
    assert judged.faults(Chunk(10, blob=False)) == ["chunk-missing"]
    assert judged.faults(Chunk(90.01, blob=False)) == []


def test_index_entry_without_blob_has_no_fault_while_young(judged: Judging) -> None:
    assert judged.faults(Chunk(2.4 / 24, blob=False)) == []
    assert judged.faults(Chunk(2.6 / 24, blob=False)) == ["chunk-missing"]


def test_blob_without_index_entry_is_orphaned_after_grace(judged: Judging) -> None:
    assert judged.faults(Chunk(10, indexed=False)) == ["chunk-orphaned"]
    assert judged.faults(Chunk(0.05, indexed=False, written_ago=0.4 / 24)) == []


def test_expired_blob_without_index_entry_is_orphaned_after_delete_delay(judged: Judging) -> None:
    # A cycle and the slack until the index entry is removed, then two hours until the blob is deleted.
    assert judged.faults(Chunk(90 + 3.9 / 24, indexed=False, tier=Tier.COOL)) == []
    assert judged.faults(Chunk(90 + 4.1 / 24, indexed=False, tier=Tier.COOL)) == ["chunk-orphaned"]


def test_expired_orphan_is_marker_backlog_while_markers_exist(judged: Judging) -> None:
    marked = replace(TERMS, markers=True)

    assert judged.faults(Chunk(91, indexed=False, tier=Tier.COOL), terms=marked) == ["marker-backlog"]
    assert judged.faults(Chunk(10, indexed=False), terms=marked) == ["chunk-orphaned"]


def test_expired_index_entry_is_overshoot_after_cycle_and_slack(judged: Judging) -> None:
    assert judged.faults(Chunk(90 + 1.9 / 24, tier=Tier.COOL)) == []
    assert judged.faults(Chunk(90 + 2.1 / 24, tier=Tier.COOL)) == ["retention-overshoot"]


def test_chunk_already_expired_when_written_is_not_overshoot_at_once(judged: Judging) -> None:
    assert judged.faults(Chunk(95, written_ago=1.5 / 24, tier=Tier.HOT)) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (DeleteRange(NOW - 11 * DAY_MS, NOW - 9 * DAY_MS, None), []),
        (DeleteRange(NOW - 11 * DAY_MS, NOW - 9 * DAY_MS, NOW + 1), []),
        # The request is processed and its deadline is over.
        (DeleteRange(NOW - 11 * DAY_MS, NOW - 9 * DAY_MS, NOW - 1), ["chunk-orphaned"]),
        (DeleteRange(NOW - 8 * DAY_MS, NOW - 7 * DAY_MS, None), ["chunk-orphaned"]),
    ],
)
def test_delete_request_excuses_chunks_in_its_range_until_its_deadline(
    judged: Judging, asked: DeleteRange, found: list[str]
) -> None:
    terms = replace(TERMS, deletes={"team": (asked,)})

    assert judged.faults(Chunk(10, indexed=False), terms=terms) == found


def test_tier_is_judged_by_blob_age(judged: Judging) -> None:
    assert judged.faults(Chunk(32)) == []
    assert judged.faults(Chunk(34)) == ["tier-too-warm"]
    assert judged.faults(Chunk(10, tier=Tier.COOL)) == ["tier-too-cold"]
    assert judged.faults(Chunk(50, tier=Tier.COLD)) == ["tier-too-cold"]
    assert judged.faults(Chunk(50, tier=Tier.ARCHIVE)) == ["chunk-archived"]


def test_chunk_leaving_tier_before_minimum_stay_has_early_deletion_fee(judged: Judging) -> None:
    assert judged.faults(Chunk(80, tier=Tier.COOL, changed_ago=1)) == ["early-deletion-fee"]
    assert judged.faults(Chunk(80, tier=Tier.COOL, changed_ago=40)) == []


def test_chunk_kept_forever_never_expires(judged: Judging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TERMS.rules, "team", TenantRules(0))  # type: ignore[arg-type]

    assert judged.faults(Chunk(5_000, tier=Tier.COOL), Chunk(5_001, blob=False)) == ["chunk-missing"]


def test_suspect_deleted_before_recheck_has_no_fault(judged: Judging) -> None:
    class Deleted(Names):
        def exists(self, names: Sequence[str]) -> list[bool]:
            return [False] * len(names)

    assert judged(Chunk(10, indexed=False), bucket=Deleted).faults == ()


def test_table_whose_suspects_cannot_be_rechecked_is_incomplete(judged: Judging) -> None:
    good, bad = Chunk(10), Chunk(20, indexed=False)
    outcome = judged(good, bad, bucket=Broken)

    assert outcome.incomplete == ((f"loki_index_{bad.day}", "the account does not answer"),)
    assert outcome.faults == ()
    assert {one.day for one in outcome.holdings} == {good.day}


def test_suspects_above_recheck_limit_are_counted_as_candidates(
    judged: Judging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "MAX_RECHECKED", 3)
    (fault,) = judged(*(Chunk(10, number=number, indexed=False) for number in range(10, 20))).faults

    assert (fault.count, fault.candidates) == (3, 7)


def test_table_that_cannot_be_rechecked_keeps_its_reason_if_suspects_are_too_many(
    judged: Judging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "MAX_RECHECKED", 3)
    result = judged(*(Chunk(10, number=number, indexed=False) for number in range(10, 20)), bucket=Broken)

    assert result.incomplete == ((f"loki_index_{TODAY - 10}", "the account does not answer"),)


def test_names_of_all_faulty_chunks_are_written_to_parquet(judged: Judging, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    orphans = [Chunk(10, number=number, indexed=False) for number in range(10, 40)]
    (fault,) = judged(*orphans).faults

    assert len(fault.sample) == 10
    assert set(pq.read_table(tmp_path / "names.parquet")["name"].to_pylist()) == {one.name for one in orphans}


def test_chunk_deleted_after_past_as_of_has_no_fault_if_expired(judged: Judging) -> None:
    later = AS_OF + timedelta(days=3)

    # Expired one day after `as_of`, before the bucket was read: the index entry or the blob may be gone.
    assert judged.faults(Chunk(89, indexed=False, tier=Tier.COOL), looked=later) == []
    assert judged.faults(Chunk(89, blob=False), looked=later) == []
    # Not expired when the bucket was read.
    assert judged.faults(Chunk(80, indexed=False, tier=Tier.COOL), looked=later) == ["chunk-orphaned"]
    assert judged.faults(Chunk(80, blob=False), looked=later) == ["chunk-missing"]


def test_chunk_overdue_at_past_as_of_is_overshoot_if_still_present(judged: Judging) -> None:
    assert judged.faults(Chunk(91, tier=Tier.COOL), looked=AS_OF + timedelta(days=3)) == ["retention-overshoot"]


def test_chunk_moved_to_cool_after_past_as_of_has_no_fault(judged: Judging) -> None:
    later = AS_OF + timedelta(days=3)

    assert judged.faults(Chunk(28, tier=Tier.COOL), looked=later) == []
    assert judged.faults(Chunk(20, tier=Tier.COOL), looked=later) == ["tier-too-cold"]


def test_orphan_written_since_last_ingester_upload_is_ingester_not_uploading(judged: Judging) -> None:
    terms = replace(TERMS, unindexed_since_ms=NOW - 2 * DAY_MS)

    assert judged.faults(Chunk(1, indexed=False), terms=terms) == ["ingester-not-uploading"]
    assert judged.faults(Chunk(10, indexed=False), terms=terms) == ["chunk-orphaned"]


def test_unchecked_suspects_are_incomplete_if_no_checked_suspect_is_faulty(
    judged: Judging, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deleted(Names):
        def exists(self, names: Sequence[str]) -> list[bool]:
            return [False] * len(names)

    monkeypatch.setattr(judge, "MAX_RECHECKED", 3)
    outcome = judged(*(Chunk(10, number=number, indexed=False) for number in range(10, 20)), bucket=Deleted)

    assert outcome.faults == ()
    ((table, why),) = outcome.incomplete
    assert table == f"loki_index_{TODAY - 10}"
    assert "7 more look like chunk-orphaned" in why


def test_chunk_indexed_under_other_table_prefix_is_not_orphaned(judged: Judging) -> None:
    """The remedy differs: the schema period is missing, not the index entry."""
    alien, orphan = Chunk(10, number=11, indexed=False), Chunk(10, number=12, indexed=False)
    outcome = judged(alien, orphan, elsewhere=(alien,))

    (fault,) = outcome.faults
    assert (fault.cls, fault.count, fault.sample) == ("chunk-orphaned", 1, (orphan.name,))


def test_unknown_tier_is_judged_as_hot(judged: Judging) -> None:
    assert judged.faults(Chunk(34, tier=Tier.UNKNOWN)) == ["tier-too-warm"]
    assert judged.faults(Chunk(10, tier=Tier.UNKNOWN)) == []
