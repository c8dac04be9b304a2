"""Damage made by hand in the bucket of a running Loki with four months of history. Each is found, and alone."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from logops.audit.content.result import ContentResult
from logops.audit.content.run import request_of, run_content_audit
from logops.audit.request import Check
from logops.audit.survey.objects import IndexFile
from tests.support.history_cluster import HistoryCluster
from tests.support.outcomes import identities

pytestmark = pytest.mark.timeout(600)
ALL = tuple(Check)
DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "emptied": (lambda blob: b"", "chunk-empty"),
    "cut to half": (lambda blob: blob[: len(blob) // 2], "chunk-corrupt"),
    "overwritten with bytes of the same size": (lambda blob: b"x" * len(blob), "chunk-corrupt"),
}


def content(cluster: HistoryCluster, tenant: str, *tables: str) -> ContentResult:
    """Read all chunks of a tenant."""
    request = request_of(cluster.platform.environment, "test", datetime.now(UTC), tables, tenant)
    result = run_content_audit(cluster.platform, request, None, lambda _: None, lambda _: True)
    assert result
    return result


def index_of(cluster: HistoryCluster, table: str, tenant: str) -> IndexFile:
    return next(file for file in cluster.index_files(table) if file.tenant == tenant)


@pytest.mark.parametrize("tenant", ["application", "platform"])
def test_every_chunk_of_a_running_loki_is_verified(cluster: HistoryCluster, tenant: str) -> None:
    before = set(cluster.chunks(tenant))
    outcome = content(cluster, tenant)
    # A chunk may expire meanwhile.
    left = before & set(cluster.chunks(tenant))

    assert outcome.findings == ()
    assert len(left) <= outcome.chunks <= len(before)
    assert outcome.chunks > 50


@pytest.mark.parametrize(("damage", "class_name"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_chunk_of_a_running_loki_is_the_only_finding(
    cluster: HistoryCluster, damage: Callable[[bytes], bytes], class_name: str
) -> None:
    chunk = cluster.chunk("application", 20)
    with cluster.blob_changed(chunk.name, damage):
        (finding,) = content(cluster, "application").findings

    assert (finding.cls.name, finding.subject.table, finding.subject.tenant) == (
        class_name,
        chunk.table,
        "application",
    )
    assert chunk.name in finding.message


def test_emptied_chunk_is_found_by_the_nightly_audit_without_reading_it(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("application", 20)
    with cluster.blob_changed(chunk.name, lambda blob: b""):
        outcome = cluster.audit_when_compacted(*ALL)

    assert identities(outcome) == {("chunk-empty", chunk.table, "application")}
    assert chunk.name in outcome.findings[0].message


@pytest.mark.parametrize(("tenant", "days_ago"), [("application", 40), ("platform", 20)], ids=["day", "tenant"])
def test_index_overwritten_with_another_one_is_the_only_finding(
    cluster: HistoryCluster, tenant: str, days_ago: int
) -> None:
    table = cluster.chunk("application", 20).table
    other = index_of(cluster, cluster.chunk(tenant, days_ago).table, tenant)
    replaced = index_of(cluster, table, "application")
    with cluster.container() as container:
        copied = container.read(other.name)
    with cluster.blob_changed(replaced.name, lambda _: copied):
        outcome = cluster.audit_when_compacted(*ALL)

    assert identities(outcome) == {("index-misplaced", table, "application")}
    assert replaced.name in outcome.findings[0].message


def test_deleted_index_is_found_as_lost_while_its_chunks_are_there(cluster: HistoryCluster) -> None:
    table = cluster.chunk("application", 20).table
    deleted = index_of(cluster, table, "application")
    cluster.audit(Check.RETENTION, with_slack=True, record=True)
    with cluster.container() as container:
        was = container.read(deleted.name)
        container.delete([deleted.name])
        try:
            outcome = cluster.audit(*ALL, with_slack=True, record=True)
        finally:
            container.write(deleted.name, was)

    assert identities(outcome) == {("index-lost", table, "application")}
