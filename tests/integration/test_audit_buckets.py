"""Audits of buckets on a real Azurite, without a running Loki. Loki's own builder writes the index files.

Each fault must be reported as its own class, without other findings.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from logops.audit.judge import batch as judge_batch
from logops.audit.judge.bucket import LiveBucket
from logops.audit.request import Check
from logops.clients.blob_storage import ObjectStore
from logops.clients.blob_storage.blobs import Tier
from logops.findings.store import ResultsStore
from tests.support.audited import classes, found
from tests.support.on_azurite import Stored, chunk, stored


@pytest.fixture
def bucket(store: ObjectStore, endpoint: str, tmp_path: Path) -> Stored:
    return stored(store, endpoint, f"audited-{uuid4().hex[:12]}", tmp_path)


def test_healthy_chunks_with_compacted_index_have_no_findings(bucket: Stored) -> None:
    bucket.healthy(10, 20, 30)
    outcome = bucket.audit()

    assert outcome.findings == ()
    assert sum(row.chunks for row in outcome.rows) == 3


def test_waiting_index_file_without_compaction_is_reported_as_stalled(bucket: Stored) -> None:
    late = chunk(1)
    bucket.healthy(10, 20)
    bucket.put(late)
    waiting = bucket.index(late, uploader="main-ingester-0", written=datetime.now(UTC).timestamp())
    outcome = bucket.until_found()

    assert found(outcome) == {("compaction-stalled", "", "")}
    assert outcome.findings[0].evidence["files_waiting"] == 1
    assert outcome.findings[0].evidence["sample"] == waiting


def test_uncompacted_table_is_reported_if_other_tables_are_compacted(bucket: Stored) -> None:
    left, other = chunk(3), chunk(1, 2)
    bucket.put(left, other)
    waiting = bucket.index(left, uploader="main-ingester-0")
    assert classes(bucket.until_found(Check.COMPACTION)) == {"compaction-stalled"}

    bucket.index(other, written=datetime.now(UTC).timestamp())
    outcome = bucket.audit()

    assert found(outcome) == {("table-uncompacted", left.table, "")}
    assert outcome.findings[0].evidence["sample"] == waiting


def test_table_outside_all_schema_periods_is_reported(bucket: Stored) -> None:
    mine, theirs = chunk(10), chunk(10, 2)
    bucket.put(mine, theirs)
    bucket.index(mine)
    other = bucket.index(theirs, table=f"other_{theirs.day}")
    outcome = bucket.audit(days_ahead=0.01)

    assert found(outcome) == {("table-without-schema", f"other_{theirs.day}", "")}
    assert outcome.findings[0].evidence["sample"] == other


def test_index_entry_past_its_retention_is_reported(bucket: Stored) -> None:
    kept, late = bucket.healthy(80, 88)
    outcome = bucket.audit(days_ahead=3)

    assert found(outcome) == {("retention-overshoot", late.table, "platform")}
    assert late.name in outcome.findings[0].message
    assert outcome.findings[0].evidence["since"] == since(late.through_ms / 1000 + 90 * 86_400)
    assert kept.name not in str(outcome.findings[0].evidence)


def test_chunk_in_cool_tier_too_early_is_reported(bucket: Stored) -> None:
    early, _ = bucket.healthy(10, 20)
    bucket.container.set_tier([early.name], Tier.COOL)
    outcome = bucket.audit()

    assert found(outcome) == {("tier-too-cold", early.table, "platform")}
    assert early.name in outcome.findings[0].message


def test_chunk_that_expires_before_minimum_tier_stay_is_reported(bucket: Stored) -> None:
    """Both chunks are moved to Cool now. One expires less than 30 days later, the other about 50 days later."""
    early, long = bucket.healthy(60.2, 40.2)
    bucket.container.set_tier([early.name, long.name], Tier.COOL)
    outcome = bucket.audit(days_ahead=29.5)

    assert found(outcome) == {("early-deletion-fee", early.table, "platform")}
    assert early.name in outcome.findings[0].message


def test_names_file_of_finding_lists_every_chunk_with_bytes_and_time(bucket: Stored, tmp_path: Path) -> None:
    (one,) = bucket.healthy(10)
    orphans = [chunk(20, number) for number in range(1, 31)]
    bucket.put(*orphans)
    results = tmp_path / "results"
    (finding,) = bucket.audit(Check.RETENTION, days_ahead=0.01, store=ResultsStore(str(results))).findings

    (file,) = results.glob(str(finding.evidence["names"]))
    rows = pq.read_table(file).to_pylist()
    assert {(row["class"], row["table"], row["tenant"], row["name"], row["bytes"]) for row in rows} == {
        ("chunk-orphaned", orphan.table, "platform", orphan.name, len(orphan.content)) for orphan in orphans
    }
    assert finding.evidence["chunks"] == 30
    assert finding.evidence["bytes"] == sum(len(orphan.content) for orphan in orphans)
    assert finding.evidence["since"] == since(min(row["since_ms"] for row in rows) / 1000)
    assert len(str(finding.evidence["sample"]).split(", ")) == 10
    assert modified(bucket, orphans[0].name) == min(row["since_ms"] for row in rows) // 1000
    assert one.name not in {row["name"] for row in rows}


def test_index_file_replaced_after_listing_is_not_a_finding(bucket: Stored) -> None:
    joined = chunk(2, 1), chunk(2, 2)
    bucket.put(*joined)
    listed = [bucket.index(one, uploader=f"main-ingester-{one.number}") for one in joined]
    with bucket.surveyed() as audit:
        bucket.index(*joined, written=datetime.now(UTC).timestamp())
        bucket.container.delete(listed)
        outcome = audit.judged()

    assert outcome.findings == ()
    assert sum(row.chunks for row in outcome.rows) == 2


def test_table_whose_index_files_keep_changing_is_reported_as_incomplete(
    bucket: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady, restless = bucket.healthy(10, 20)

    class Restless(LiveBucket):
        """A bucket in which the index files of one table are always gone when they are read."""

        def read(self, name: str) -> bytes:
            return super().read(name.replace("-compactor-", "-gone-") if restless.table in name else name)

    monkeypatch.setattr(judge_batch, "LiveBucket", Restless)
    outcome = bucket.audit(Check.RETENTION)

    assert found(outcome) == {("check-incomplete", restless.table, "")}
    assert "were replaced 5 times while they were read" in outcome.findings[0].message
    assert {row.table for row in outcome.rows} >= {steady.table}


def compacted_while_looking(monkeypatch: pytest.MonkeyPatch, compact: Any) -> None:
    """Run `compact` after the index is read and before the suspects are checked again."""

    class Meanwhile(LiveBucket):
        def exists(self, names: Sequence[str]) -> list[bool]:
            compact()
            return super().exists(names)

    monkeypatch.setattr(judge_batch, "LiveBucket", Meanwhile)


def test_chunk_indexed_during_audit_is_not_orphaned(bucket: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed, young = chunk(2, 1), chunk(2, 2)
    bucket.put(indexed, young)
    before = bucket.index(indexed)
    name, content = bucket.built(indexed, young, written=datetime.now(UTC).timestamp())

    def compact() -> None:
        bucket.container.write(name, content)
        bucket.container.delete([before])

    compacted_while_looking(monkeypatch, compact)

    assert bucket.audit(Check.RETENTION, days_ahead=0.01).findings == ()


def test_index_entry_removed_during_audit_is_not_a_missing_chunk(
    bucket: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone = chunk(2, 1), chunk(2, 2)
    bucket.put(kept)
    before = bucket.index(kept, gone)
    name, content = bucket.built(kept, written=datetime.now(UTC).timestamp())

    def compact() -> None:
        bucket.container.write(name, content)
        bucket.container.delete([before])

    compacted_while_looking(monkeypatch, compact)

    assert bucket.audit(Check.RETENTION).findings == ()


def test_orphan_missing_from_new_index_is_reported(bucket: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed, orphan = chunk(2, 1), chunk(2, 2)
    bucket.put(indexed, orphan)
    before = bucket.index(indexed)
    name, content = bucket.built(indexed, written=datetime.now(UTC).timestamp())

    def compact() -> None:
        bucket.container.write(name, content)
        bucket.container.delete([before])

    compacted_while_looking(monkeypatch, compact)
    outcome = bucket.audit(Check.RETENTION, days_ahead=0.01)

    assert found(outcome) == {("chunk-orphaned", orphan.table, "platform")}
    assert orphan.name in outcome.findings[0].message


def since(seconds: float) -> str:
    """Return a time in the format of the evidence."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).isoformat()


def modified(bucket: Stored, name: str) -> int:
    (time,) = (row["modified"] for batch in bucket.container.list((name,)).batches for row in batch.to_pylist())
    return int(time.timestamp())
