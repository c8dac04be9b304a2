"""Audits of buckets on a real Azurite, without a running Loki. Loki's own builder writes the index files.

Each fault must be reported as its own class, without other findings.
"""

import doctest
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from logops.audit.report.result import AuditResult
from logops.audit.request import Check
from logops.clients.blob_storage.blobs import Tier
from logops.findings.store import ResultsStore
from tests.support import audit_bucket
from tests.support.audit_bucket import AuditBucket, Chunk, chunk
from tests.support.outcomes import class_names, identities, only_finding


def test_example_of_audit_bucket_module_passes(bucket: AuditBucket) -> None:
    result = doctest.testmod(audit_bucket, extraglobs={"bucket": bucket, "only_finding": only_finding})

    assert result.attempted > 0
    assert result.failed == 0


def test_index_file_in_cool_tier_is_reported_with_name(bucket: AuditBucket) -> None:
    chunk, _ = bucket.put_healthy(10, 20)
    (index_file,) = bucket.index_files(chunk.table)
    bucket.container.set_tier([index_file], Tier.COOL)
    finding = only_finding(bucket.audit())

    assert (finding.cls.name, finding.subject.table) == ("index-tiered", chunk.table)
    assert finding.message == f"1 index file of {chunk.table} in tier Cool: {index_file}."


def test_healthy_chunks_with_compacted_index_have_no_findings(bucket: AuditBucket) -> None:
    bucket.put_healthy(10, 20, 30)
    outcome = bucket.audit()

    assert outcome.findings == ()
    assert sum(row.chunks for row in outcome.rows) == 3


def test_waiting_index_file_without_compaction_is_reported_as_stalled(bucket: AuditBucket) -> None:
    late = chunk(1)
    bucket.put_healthy(10, 20)
    bucket.put_chunks(late)
    waiting = bucket.put_index(late, uploader="main-ingester-0", written=datetime.now(UTC).timestamp())
    outcome = bucket.audit_until_found()

    assert identities(outcome) == {("compaction-stalled", "", "")}
    assert outcome.findings[0].evidence["files_waiting"] == 1
    assert outcome.findings[0].evidence["sample"] == waiting


def test_uncompacted_table_is_reported_if_other_tables_are_compacted(bucket: AuditBucket) -> None:
    left, other = chunk(3), chunk(1, 2)
    bucket.put_chunks(left, other)
    waiting = bucket.put_index(left, uploader="main-ingester-0")
    assert class_names(bucket.audit_until_found(Check.COMPACTION)) == {"compaction-stalled"}

    bucket.put_index(other, written=datetime.now(UTC).timestamp())
    outcome = bucket.audit()

    assert identities(outcome) == {("table-uncompacted", left.table, "")}
    assert outcome.findings[0].evidence["sample"] == waiting


def test_table_outside_all_schema_periods_is_reported(bucket: AuditBucket) -> None:
    mine, theirs = chunk(10), chunk(10, 2)
    bucket.put_chunks(mine, theirs)
    bucket.put_index(mine)
    other = bucket.put_index(theirs, table=f"other_{theirs.day}")
    outcome = bucket.audit(days_ahead=0.01)

    assert identities(outcome) == {("table-without-schema", f"other_{theirs.day}", "")}
    assert outcome.findings[0].evidence["sample"] == other


def test_index_entry_past_its_retention_is_reported(bucket: AuditBucket) -> None:
    kept, late = bucket.put_healthy(80, 88)
    outcome = bucket.audit(days_ahead=3)

    assert identities(outcome) == {("retention-overshoot", late.table, "platform")}
    assert late.name in outcome.findings[0].message
    assert outcome.findings[0].evidence["since"] == since(late.through_ms / 1000 + 90 * 86_400)
    assert kept.name not in str(outcome.findings[0].evidence)


def test_chunk_in_cool_tier_too_early_is_reported(bucket: AuditBucket) -> None:
    early, _ = bucket.put_healthy(10, 20)
    bucket.container.set_tier([early.name], Tier.COOL)
    outcome = bucket.audit()

    assert identities(outcome) == {("tier-too-cold", early.table, "platform")}
    assert early.name in outcome.findings[0].message


def test_chunk_that_expires_before_minimum_tier_stay_is_reported(bucket: AuditBucket) -> None:
    """Both chunks are moved to Cool now. One expires less than 30 days later, the other about 50 days later."""
    early, long = bucket.put_healthy(60.2, 40.2)
    bucket.container.set_tier([early.name, long.name], Tier.COOL)
    outcome = bucket.audit(days_ahead=29.5)

    assert identities(outcome) == {("early-deletion-fee", early.table, "platform")}
    assert early.name in outcome.findings[0].message


def test_names_file_of_finding_lists_every_chunk_with_bytes_and_time(bucket: AuditBucket, tmp_path: Path) -> None:
    (one,) = bucket.put_healthy(10)
    orphans = [chunk(20, number) for number in range(1, 31)]
    bucket.put_chunks(*orphans)
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


def test_index_file_replaced_after_listing_is_not_a_finding(bucket: AuditBucket) -> None:
    joined = chunk(2, 1), chunk(2, 2)
    bucket.put_chunks(*joined)
    listed = [bucket.put_index(one, uploader=f"main-ingester-{one.number}") for one in joined]
    with bucket.surveyed() as audit:
        bucket.put_index(*joined, written=datetime.now(UTC).timestamp())
        bucket.container.delete(listed)
        outcome = audit.judge_and_reduce()

    assert outcome.findings == ()
    assert sum(row.chunks for row in outcome.rows) == 2


def test_table_whose_index_files_keep_changing_is_reported_as_incomplete(bucket: AuditBucket) -> None:
    steady, restless = bucket.put_healthy(10, 20)
    current = bucket.index_files(restless.table)
    now_s = datetime.now(UTC).timestamp()

    def replace_index(method: str, path: str) -> None:
        if method == "GET" and path.endswith(current[-1]):
            current.append(bucket.put_index(restless, written=now_s + len(current)))
            bucket.container.delete(current[:-1])

    with bucket.before_request(replace_index):
        outcome = bucket.audit(Check.RETENTION)

    assert identities(outcome) == {("check-incomplete", restless.table, "")}
    assert "were replaced 5 times while they were read" in outcome.findings[0].message
    assert {row.table for row in outcome.rows} >= {steady.table}


def audit_with_compaction(bucket: AuditBucket, *left: Chunk, before: str, days_ahead: float = 0) -> AuditResult:
    """Audit. The index file `before` is replaced by an index of the chunks `left` while the audit runs: after the index
    is read, and before the suspects are checked again."""
    name, content = bucket.build_index(*left, written=datetime.now(UTC).timestamp())

    def compact(method: str, path: str) -> None:
        # Only the second check asks for single blobs with HEAD.
        if method == "HEAD" and bucket.index_files(left[0].table) == [before]:
            bucket.container.write(name, content)
            bucket.container.delete([before])

    with bucket.before_request(compact):
        outcome = bucket.audit(Check.RETENTION, days_ahead=days_ahead)
    assert bucket.index_files(left[0].table) == [name]
    return outcome


def test_chunk_indexed_during_audit_is_not_orphaned(bucket: AuditBucket) -> None:
    indexed, young = chunk(2, 1), chunk(2, 2)
    bucket.put_chunks(indexed, young)
    before = bucket.put_index(indexed)

    assert audit_with_compaction(bucket, indexed, young, before=before, days_ahead=0.01).findings == ()


def test_index_entry_removed_during_audit_is_not_a_missing_chunk(bucket: AuditBucket) -> None:
    kept, gone = chunk(2, 1), chunk(2, 2)
    bucket.put_chunks(kept)
    before = bucket.put_index(kept, gone)

    assert audit_with_compaction(bucket, kept, before=before).findings == ()


def test_orphan_missing_from_new_index_is_reported(bucket: AuditBucket) -> None:
    indexed, orphan = chunk(2, 1), chunk(2, 2)
    bucket.put_chunks(indexed, orphan)
    before = bucket.put_index(indexed)
    outcome = audit_with_compaction(bucket, indexed, before=before, days_ahead=0.01)

    assert identities(outcome) == {("chunk-orphaned", orphan.table, "platform")}
    assert orphan.name in outcome.findings[0].message


def since(seconds: float) -> str:
    """Return a time in the format of the evidence."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).isoformat()


def modified(bucket: AuditBucket, name: str) -> int:
    (time,) = (row["modified"] for batch in bucket.container.list((name,)).batches for row in batch.to_pylist())
    return int(time.timestamp())
