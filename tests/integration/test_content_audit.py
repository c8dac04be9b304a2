"""Content audits of real chunks on a real Azurite: damage is made for real, found, and nothing else is reported."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from logops.audit.content.plan import ContentPlan
from logops.audit.content.run import run_content_audit
from logops.chunks.data import ENCODINGS
from logops.clients.blob_storage import ObjectStore
from logops.clients.blob_storage.blobs import Tier
from logops.findings.store import ResultsStore
from logops.toolchain import project_root
from logops.usage.reads import read_price_text
from tests.support.audit_bucket import FAST_COMPACTION, create_bucket
from tests.support.content_bucket import ContentBucket


@pytest.fixture
def bucket(store: ObjectStore, endpoint: str, tmp_path: Path) -> ContentBucket:
    """An empty bucket whose environment wants every chunk read within two days."""
    changes = (FAST_COMPACTION, ("audit.content", {"cover_within": "2d", "budget": "1MiB"}))
    return ContentBucket(create_bucket(store, endpoint, f"content-{uuid4().hex[:12]}", tmp_path, changes))


@pytest.mark.parametrize("encoding", ENCODINGS.values())
def test_healthy_chunks_of_every_encoding_have_no_findings(bucket: ContentBucket, encoding: str) -> None:
    bucket.put(10, 10, 20, encoding=encoding)
    outcome = bucket.audit_all()

    assert outcome.findings == ()
    assert outcome.chunks == 3
    assert "100 % of bytes verified" in outcome.headline


DAMAGE = {
    "emptied": (lambda blob: b"", "chunk-empty", "without content (0 bytes): its lines are lost"),
    "cut to half": (lambda blob: blob[: len(blob) // 2], "chunk-corrupt", "its data should have"),
    "overwritten": (lambda blob: b"x" * len(blob), "chunk-corrupt", "its metadata should have"),
    "one byte changed": (
        lambda blob: blob[:-50] + bytes([blob[-50] ^ 1]) + blob[-49:],
        "chunk-corrupt",
        "does not have the CRC32C in its name",
    ),
}


@pytest.mark.parametrize(("damage", "class_name", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_chunk_is_the_only_finding_with_its_name(
    bucket: ContentBucket, damage: "object", class_name: str, message: str
) -> None:
    chunks = bucket.put(10, 10, 20)
    damaged = chunks[1]
    bucket.container.write(damaged.name, damage(bucket.container.read(damaged.name)))  # type: ignore[operator]
    outcome = bucket.audit_all()
    (finding,) = outcome.findings

    assert (finding.cls.name, finding.subject.table, finding.subject.tenant) == (class_name, damaged.table, "platform")
    assert finding.message.startswith("1 chunk ")
    assert damaged.name in finding.message
    assert message in finding.message
    assert outcome.chunks == 3


def test_number_of_lines_that_differs_from_the_index_is_reported(bucket: ContentBucket) -> None:
    (chunk,) = bucket.put(10, more_in_index=1)
    (finding,) = bucket.audit_all().findings

    assert finding.cls.name == "chunk-corrupt"
    assert "it has 50 lines, and the index says 51" in finding.message
    assert chunk.name in finding.message


def test_index_of_another_day_is_the_only_finding_beside_intact_chunks(bucket: ContentBucket) -> None:
    first, second = bucket.put(10, 20)
    replaced, source = (bucket.audits.index_files(chunk.table)[0] for chunk in (first, second))
    bucket.container.write(replaced, bucket.container.read(source))
    (finding,) = bucket.audit_all().findings

    assert (finding.cls.name, finding.subject.path) == ("index-misplaced", replaced)


def test_archived_chunk_is_counted_and_not_read(bucket: ContentBucket) -> None:
    archived, _ = bucket.put(10, 20)
    bucket.container.set_tier([archived.name], Tier.ARCHIVE)
    outcome = bucket.audit_all()

    assert outcome.findings == ()
    assert (outcome.chunks, outcome.archived_chunks) == (1, 1)
    assert outcome.details()[0].startswith("Not read: 1 chunk, ")


def test_rolling_audit_reads_every_chunk_once_in_its_time_and_says_so(bucket: ContentBucket, tmp_path: Path) -> None:
    bucket.put(*range(5, 25))
    bucket.put(*range(5, 15), tenant="application")
    store = ResultsStore(str(tmp_path / "results"))
    first = bucket.audit(store, "first")
    second = bucket.audit(store, "second")
    third = bucket.audit(store, "third")

    assert 12 <= first.chunks <= 18
    assert "confidence fewer than 1 in" in first.headline
    assert first.chunks + second.chunks + third.chunks == 30
    assert third.headline.endswith("100 % of bytes verified within 2 days: every chunk was read, none damaged")


def test_rolling_audit_never_reads_more_than_its_budget(bucket: ContentBucket) -> None:
    chunks = bucket.put(*range(5, 25))
    sizes = [len(bucket.container.read(chunk.name)) for chunk in chunks]
    outcome = bucket.audit(budget=f"{3 * max(sizes)}B")

    assert 0 < outcome.bytes <= 3 * max(sizes)


def test_rolling_audit_leaves_the_newest_tables_for_later(bucket: ContentBucket) -> None:
    bucket.put(0.5, 1)

    assert bucket.audit().chunks == 0
    assert bucket.audit_all().chunks == 2


def test_damaged_chunk_is_read_again_by_the_next_run_until_it_is_repaired(
    bucket: ContentBucket, tmp_path: Path
) -> None:
    (chunk,) = bucket.put(10)
    intact = bucket.container.read(chunk.name)
    bucket.container.write(chunk.name, intact[:-1])
    store = ResultsStore(str(tmp_path / "results"))
    while not bucket.audit(store, f"run-{uuid4().hex}").findings:
        pass
    again = bucket.audit(store, "again")
    bucket.container.write(chunk.name, intact)
    repaired = bucket.audit(store, "repaired")

    assert [finding.cls.name for finding in again.findings] == ["chunk-corrupt"]
    assert again.changes
    assert len(again.changes.still) == 1
    assert repaired.findings == ()
    assert repaired.changes
    assert [gone.finding.cls.name for gone in repaired.changes.gone] == ["chunk-corrupt"]


def test_names_of_damaged_chunks_are_stored(bucket: ContentBucket, tmp_path: Path) -> None:
    chunks = bucket.put(*[10] * 12)
    for chunk in chunks:
        bucket.container.write(chunk.name, b"")
    results = tmp_path / "results"
    (finding,) = bucket.audit(ResultsStore(str(results)), tenant="platform").findings
    (file,) = results.glob(str(finding.evidence["names"]))

    assert {row["name"] for row in pq.read_table(file).to_pylist()} == {chunk.name for chunk in chunks}
    assert finding.evidence["chunks"] == 12


def test_plan_shows_bytes_budget_and_price_and_reads_nothing(bucket: ContentBucket) -> None:
    chunks = bucket.put(10, 20)
    bucket.container.set_tier([chunks[0].name], Tier.COOL)
    plans: list[ContentPlan] = []
    request = bucket.request(tenant="platform", budget="1GiB")
    outcome = run_content_audit(
        bucket.audits.platform, request, None, lambda _: None, lambda plan: bool(plans.append(plan))
    )
    (plan,) = plans
    price = read_price_text(bucket.audits.platform.environment, plan.reads, project_root())
    text = plan.text(price)

    assert outcome is None
    assert text.startswith("Reads 2 chunks, ")
    assert "Cool" in text
    assert "the budget is 1.0 GiB" in text
    assert price == "reading them costs < 0.01 USD"


def test_chunk_deleted_after_the_listing_is_no_finding_and_not_covered(bucket: ContentBucket) -> None:
    chunk, _ = bucket.put(10, 20)
    request = bucket.request(tenant="platform")

    def delete(plan: ContentPlan) -> bool:
        return bool(bucket.container.delete([chunk.name]))

    outcome = run_content_audit(bucket.audits.platform, request, None, lambda _: None, delete)

    assert outcome
    assert outcome.findings == ()
    assert outcome.chunks == 1
    assert outcome.as_of <= datetime.now(UTC)
