"""Damage that listing and index files show without opening a chunk, on a real Azurite: only the cause is reported."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logops.audit.report.result import AuditResult
from logops.audit.request import AuditRequest, Check
from logops.audit.run import run_audit
from logops.findings.store import ResultsStore
from tests.support.audit_bucket import ALL, AuditBucket, Chunk, chunk
from tests.support.outcomes import identities, only_finding


@pytest.fixture
def tenants(bucket: AuditBucket) -> tuple[Chunk, Chunk, Chunk]:
    """Chunks with their indexes: of tenant platform on two days, of tenant application on the first day."""
    chunks = chunk(10, 1), chunk(20, 2), chunk(10, 3, "application")
    bucket.put_chunks(*chunks)
    for of_tenant in chunks:
        bucket.put_index(of_tenant)
    return chunks


def index_file(bucket: AuditBucket, chunk: Chunk) -> str:
    (name,) = (name for name in bucket.index_files(chunk.table) if f"/{chunk.tenant}/" in name)
    return name


@pytest.mark.parametrize(
    ("content", "class_name", "message"),
    [
        (b"", "chunk-empty", "without content (0 bytes): its lines are lost"),
        (b"x" * 79, "chunk-corrupt", "damaged: its lines are lost"),
    ],
)
def test_blob_too_small_for_a_chunk_is_reported_with_name(
    bucket: AuditBucket, content: bytes, class_name: str, message: str
) -> None:
    damaged, _ = bucket.put_healthy(10, 20)
    bucket.container.write(damaged.name, content)
    finding = only_finding(bucket.audit(days_ahead=0.01))

    assert (finding.cls.name, finding.subject.table, finding.subject.tenant) == (class_name, damaged.table, "platform")
    assert message in finding.message
    assert damaged.name in finding.message


def test_index_overwritten_with_index_of_another_day_is_the_only_finding(
    bucket: AuditBucket, tenants: tuple[Chunk, Chunk, Chunk]
) -> None:
    first, second, _ = tenants
    replaced = index_file(bucket, first)
    bucket.container.write(replaced, bucket.container.read(index_file(bucket, second)))
    finding = only_finding(bucket.audit(days_ahead=0.01))

    assert (finding.cls.name, finding.subject.path) == ("index-misplaced", replaced)
    assert "its name says lines from" in finding.message


def test_index_overwritten_with_index_of_another_tenant_is_the_only_finding(
    bucket: AuditBucket, tenants: tuple[Chunk, Chunk, Chunk]
) -> None:
    first, _, other = tenants
    replaced = index_file(bucket, first)
    bucket.container.write(replaced, bucket.container.read(index_file(bucket, other)))
    finding = only_finding(bucket.audit(days_ahead=0.01))

    assert (finding.cls.name, finding.subject.path) == ("index-misplaced", replaced)


def test_index_of_another_day_under_its_own_name_is_the_only_finding(
    bucket: AuditBucket, tenants: tuple[Chunk, Chunk, Chunk]
) -> None:
    first, second, _ = tenants
    bucket.container.delete([index_file(bucket, first)])
    copied = bucket.put_index(second, table=first.table)
    finding = only_finding(bucket.audit(days_ahead=0.01))

    assert (finding.cls.name, finding.subject.path) == ("index-misplaced", copied)
    assert f"of 1 chunk in it, 1 without lines of {day(first)}" in finding.message


def test_index_of_another_tenant_under_its_own_name_is_the_only_finding(
    bucket: AuditBucket, tenants: tuple[Chunk, Chunk, Chunk]
) -> None:
    first, _, other = tenants
    theirs, mine = index_file(bucket, other), index_file(bucket, first)
    bucket.container.delete([mine])
    copied = theirs.replace("/application/", "/platform/")
    bucket.container.write(copied, bucket.container.read(theirs))
    finding = only_finding(bucket.audit(days_ahead=0.01))

    assert (finding.cls.name, finding.subject.path) == ("index-misplaced", copied)
    assert "it lists 1 chunk that platform does not have, and application has" in finding.message


def test_compaction_audit_reports_misplaced_index_without_reading_chunks(
    bucket: AuditBucket, tenants: tuple[Chunk, Chunk, Chunk]
) -> None:
    first, second, _ = tenants
    bucket.container.write(index_file(bucket, first), bucket.container.read(index_file(bucket, second)))

    assert only_finding(bucket.audit(Check.COMPACTION)).cls.name == "index-misplaced"


def test_deleted_index_is_reported_as_lost_while_its_chunks_are_there(
    bucket: AuditBucket, tenants: tuple[Chunk, Chunk, Chunk], tmp_path: Path
) -> None:
    first, _, _ = tenants
    store = ResultsStore(str(tmp_path / "results"))
    assert nightly(bucket, store, "first").findings == ()
    bucket.container.delete([index_file(bucket, first)])
    outcome = nightly(bucket, store, "second")

    assert identities(outcome) == {("index-lost", first.table, "platform")}
    assert "1 chunk (101 B) in the bucket and no longer in the index" in only_finding(outcome).message


def test_lost_index_is_the_only_finding_when_its_chunks_are_old_enough_for_orphans(
    bucket: AuditBucket, tenants: tuple[Chunk, Chunk, Chunk], tmp_path: Path
) -> None:
    first, _, _ = tenants
    store = ResultsStore(str(tmp_path / "results"))
    nightly(bucket, store, "first")
    bucket.container.delete([index_file(bucket, first)])
    outcome = bucket.audit(Check.RETENTION, days_ahead=0.01, store=store)

    assert identities(outcome) == {("index-lost", first.table, "platform")}
    assert first.name in only_finding(outcome).message


def nightly(bucket: AuditBucket, store: ResultsStore, run_id: str) -> AuditResult:
    """Run the audits as every night, and record them."""
    return run_audit(bucket.platform, AuditRequest(ALL, run_id, datetime.now(UTC)), store, lambda _: None)


def day(chunk: Chunk) -> str:
    return f"{datetime.fromtimestamp(0, UTC) + timedelta(days=chunk.day):%Y-%m-%d}"
