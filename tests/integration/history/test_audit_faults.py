"""Real faults in a cluster with four months of history. Each must be reported with its class and place, and alone."""

import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import requests

from logops.audit.report.result import AuditResult
from logops.audit.request import Check
from logops.audit.survey.objects import DAY_MS
from logops.clients.blob_storage.blobs import Tier
from logops.clients.loki import LokiClient
from logops.findings.store import ResultsStore
from logops.lifecycle.accounts import run_policies
from tests.support.history_cluster import (
    AUDIT_INTERVAL_S,
    HistoryCluster,
    day_of,
    days_ahead,
    from_of,
    through_of,
    wait_until_tidy,
)
from tests.support.outcomes import class_names, identities
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(600)
ALL = tuple(Check)


@pytest.fixture(scope="module", autouse=True)
def _ended(cluster: HistoryCluster) -> Iterator[None]:
    """Stop the cluster at the end, because the last tests leave the cluster without its compactor's disk."""
    yield
    cluster.platform.down(print)


def test_healthy_cluster_with_history_has_no_findings(cluster: HistoryCluster) -> None:
    outcome = cluster.audit(*ALL, with_slack=True)

    assert outcome.findings == ()
    assert not outcome.failed
    assert {row.tenant for row in outcome.rows} >= {"application", "platform"}
    assert sum(row.chunks for row in outcome.rows) > 200


def test_no_chunk_of_the_sample_history_has_lines_of_two_days(cluster: HistoryCluster) -> None:
    history = [name for name, labels in cluster.pushed.items() if labels.get("origin") == "backfill"]

    assert {name.split("/")[0] for name in history} == {"application", "platform"}
    assert [name for name in history if from_of(name) // DAY_MS != day_of(name)] == []


def test_retention_deletes_exactly_expired_chunks(cluster: HistoryCluster) -> None:
    def due(name: str) -> float:
        """Return the end of a chunk's retention in Unix seconds."""
        is_error = name.startswith("application/") and cluster.pushed[name].get("level") == "error"
        return through_of(name) / 1000 + (120 if is_error else 90) * 86_400

    left, now = set(cluster.chunks()), time.time()
    # Chunks that expired within the last hour may still be in deletion.
    over = {name for name in cluster.pushed if due(name) < now - 3_600}
    kept = {name for name in cluster.pushed if due(name) > now}

    assert {name.partition("/")[0] for name in over} == {"application", "platform"}
    assert over & left == set()
    assert kept <= left


def test_deleted_chunk_is_reported_as_missing_with_name(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("application", 20)
    with cluster.container() as container:
        content = container.read(chunk.name)
        container.delete([chunk.name])
        try:
            outcome = cluster.audit_when_compacted(*ALL)
        finally:
            container.write(chunk.name, content)

    assert identities(outcome) == {("chunk-missing", chunk.table, "application")}
    assert chunk.name in outcome.findings[0].message
    assert outcome.findings[0].evidence["chunks"] == 1


def test_copied_chunk_with_new_key_is_reported_as_orphaned_with_name(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("application", 20)
    copy = f"{chunk.name[:-1]}{'0' if chunk.name[-1] != '0' else '1'}"
    with cluster.container() as container:
        container.write(copy, container.read(chunk.name))
        try:
            outcome = cluster.audit_when_compacted(*ALL)
        finally:
            container.delete([copy])

    assert identities(outcome) == {("chunk-orphaned", chunk.table, "application")}
    assert copy in outcome.findings[0].message


def test_frozen_compactor_is_the_only_finding(cluster: HistoryCluster) -> None:
    with cluster.suspended("main-compactor-0"):
        outcome = cluster.audit(*ALL)

    assert identities(outcome) == {("compactor-count", "", "")}
    assert "main-compactor-0" in outcome.findings[0].message


def test_idle_compactor_with_healthy_status_is_reported_as_stalled(cluster: HistoryCluster) -> None:
    compactor = cluster.platform.urls("main")["main-compactor-0"]
    with cluster.started_with_flag("main-compactor-0", "-compactor.compaction-interval=10h"):
        cluster.write_line_to("main-ingester-0", days_ago=3)
        outcome = cluster.audit_until(lambda seen: "compaction-stalled" in class_names(seen), *ALL)
        ready = requests.get(f"{compactor}/ready", timeout=5).text.strip()
        metrics = requests.get(f"{compactor}/metrics", timeout=5).text

    assert ready == "ready"
    assert "loki_boltdb_shipper_compactor_running 1" in metrics
    assert not re.search(r'compact_tables_operation_total{.*status="failure"} [1-9]', metrics)
    assert identities(outcome) == {("compaction-stalled", "", "")}
    assert "the compactor last wrote to the bucket at" in outcome.findings[0].message


def test_override_that_loki_cannot_read_is_reported(cluster: HistoryCluster) -> None:
    with cluster.overrides_edited("retention_period: ninety days"):
        outcome = cluster.audit_until(lambda seen: seen.findings != (), *ALL)

    assert identities(outcome) == {("retention-not-effective", "", "")}
    assert "could not read the tenants' overrides and keeps those it read before" in outcome.findings[0].message


def test_wrong_override_is_reported_with_declared_and_applied_value(cluster: HistoryCluster) -> None:
    table = cluster.chunk("platform", 1).table
    # The compactor is frozen, so that it deletes nothing by the wrong limit. The table is younger than both limits.
    with cluster.suspended("main-compactor-0"), cluster.overrides_edited("retention_period: 40d"):
        outcome = cluster.audit_until(
            lambda seen: "retention-not-effective" in class_names(seen), Check.RETENTION, tables=(table,)
        )

    assert identities(outcome) == {("retention-not-effective", "", "platform")}
    assert outcome.findings[0].message == "Declared: 90d. Loki applies: 40d."


@pytest.mark.parametrize("fault", ["truncated", "one byte flipped"])
def test_damaged_index_is_reported_with_file_and_offset(cluster: HistoryCluster, fault: str) -> None:
    chunk = cluster.chunk("application", 20)
    file = next(file for file in cluster.index_files(chunk.table) if file.tenant == "application")

    def damaged(content: bytes) -> bytes:
        if fault == "truncated":
            return content[: len(content) // 2]
        # In the checksum of the gzip file. Packed data may be the same with another bit: 2 of 150 index files were.
        return content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]

    with cluster.blob_changed(file.name, damaged):
        outcome = cluster.audit_when_compacted(*ALL)

    assert identities(outcome) == {("index-corrupt", chunk.table, "application")}
    assert file.name in outcome.findings[0].message
    assert "at byte" in outcome.findings[0].message


def test_duplicate_index_file_is_reported(cluster: HistoryCluster) -> None:
    table = cluster.chunk("application", 20).table
    outcomes: list[AuditResult] = []

    def seen_before_it_is_joined() -> bool:
        """Write the duplicate again if needed, because the compactor merges both files within seconds."""
        names = [file.name for file in cluster.index_files(table) if file.tenant == "application"]
        if len(names) == 1:
            folder, _, name = names[0].rpartition("/")
            written, rest = name.split("-", 1)
            with cluster.container() as container:
                container.write(f"{folder}/{int(written) + 1}-{rest}", container.read(names[0]))
        outcomes.append(cluster.audit(Check.COMPACTION))
        return bool(outcomes[-1].findings)

    wait_for(seen_before_it_is_joined)
    wait_until_tidy(cluster)

    assert identities(outcomes[-1]) == {("index-duplicate", table, "application")}


def test_archived_chunk_in_index_is_reported(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("application", 20)
    with cluster.container() as container:
        content = container.read(chunk.name)
        container.set_tier([chunk.name], Tier.ARCHIVE)
        try:
            outcome = cluster.audit_when_compacted(*ALL)
        finally:
            container.delete([chunk.name])
            container.write(chunk.name, content)

    assert identities(outcome) == {("chunk-archived", chunk.table, "application")}
    assert chunk.name in outcome.findings[0].message


def test_index_file_in_cool_tier_is_reported(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("platform", 20)
    file = next(file for file in cluster.index_files(chunk.table) if file.tenant == "platform")
    with cluster.container() as container:
        container.set_tier([file.name], Tier.COOL)
        try:
            outcome = cluster.audit_when_compacted(*ALL)
        finally:
            container.set_tier([file.name], Tier.HOT)

    assert identities(outcome) == {("index-tiered", chunk.table, "")}
    assert file.name in outcome.findings[0].message


def test_hot_chunk_past_its_cool_date_is_reported(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("application", 20)
    later = days_ahead(34)
    with cluster.container() as container:
        tiered = [name for name in cluster.chunks() if day_of(name) == chunk.day and name != chunk.name]
        container.set_tier(tiered, Tier.COOL)
        try:
            outcome = cluster.audit(Check.TIERING, as_of=later, tables=(chunk.table,))
        finally:
            container.set_tier(tiered, Tier.HOT)

    assert tiered
    assert identities(outcome) == {("tier-too-warm", chunk.table, "application")}
    assert chunk.name in outcome.findings[0].message


def test_changed_lifecycle_policy_is_reported_with_both_values(cluster: HistoryCluster) -> None:
    file = cluster.platform.state / "live/storage/main.yaml"
    was = file.read_text()
    file.write_text(was.replace("daysAfterModificationGreaterThan: 30", "daysAfterModificationGreaterThan: 3"))
    try:
        outcome = cluster.audit_when_compacted(*ALL)
    finally:
        file.write_text(was)

    assert identities(outcome) == {("lifecycle-policy-drift", "", "")}
    assert "rule main-application-chunks: tierToCool after 3 d" in outcome.findings[0].message
    assert "declared: tierToCool after 30 d" in outcome.findings[0].message


def test_table_has_no_finding_after_declared_lifecycle_runs(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("application", 20)
    later = days_ahead(34)
    names = cluster.chunks()
    try:
        before = cluster.audit(Check.TIERING, as_of=later, tables=(chunk.table,))
        run_policies(cluster.platform, later, lambda _: None)
        after = cluster.audit(Check.TIERING, as_of=later, tables=(chunk.table,))
    finally:
        with cluster.container() as container:
            container.set_tier(names, Tier.HOT)

    assert class_names(before) == {"tier-too-warm"}
    assert after.findings == ()


def test_stuck_delete_request_is_reported(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("application", 20)
    start = chunk.day * 86_400
    with LokiClient(cluster.platform.urls("main")["main-compactor-0"]) as compactor:
        compactor.request_delete("application", '{job="nginx"} |= "nothing has this"', start, start + 3600)
        try:
            outcome = cluster.audit(Check.RETENTION, as_of=days_ahead(3), tables=(chunk.table,))
        finally:
            for request in compactor.delete_requests("application"):
                compactor.cancel_delete("application", request.request_id)

    assert identities(outcome) == {("delete-request-stuck", "", "application")}
    assert '{job="nginx"} |= "nothing has this"' in outcome.findings[0].message


def test_chunks_deleted_before_retention_are_reported_from_earlier_runs(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("platform", 20)
    cluster.audit(Check.RETENTION, with_slack=True, record=True)
    with cluster.container() as container:
        index = [file.name for file in cluster.index_files(chunk.table) if file.tenant == "platform"]
        gone = [*index, *(name for name in cluster.chunks("platform") if day_of(name) == chunk.day)]
        contents = {name: container.read(name) for name in gone}
        container.delete(gone)
        try:
            outcome = cluster.audit(Check.RETENTION, tables=(chunk.table,), compare=True)
        finally:
            for name, content in contents.items():
                container.write(name, content)

    assert identities(outcome) == {("retention-undershoot", chunk.table, "platform")}


def test_ingester_whose_index_uploads_are_refused_is_reported(cluster: HistoryCluster) -> None:
    ingester = "main-ingester-0"
    with cluster.index_uploads_refused(ingester):
        outcome = cluster.audit_until(lambda seen: "ingester-not-uploading" in class_names(seen), Check.COMPACTION)

    assert {(finding.cls.name, finding.subject.source) for finding in outcome.findings} == {
        ("ingester-not-uploading", ingester)
    }
    assert "its uploads fail" in outcome.findings[0].message


def test_second_compactor_is_reported_with_both_names(cluster: HistoryCluster) -> None:
    with cluster.second_process("main-compactor-0"):
        outcome = cluster.audit_until(lambda seen: "compactor-count" in class_names(seen), *ALL)

    assert identities(outcome) == {("compactor-count", "", "")}
    assert "main-compactor-0" in outcome.findings[0].message
    assert "main-compactor-1" in outcome.findings[0].message


def test_undeletable_marked_chunks_are_reported_as_backlog_with_names(cluster: HistoryCluster, tmp_path: Path) -> None:
    """The sweeper's deletions are refused, as under an immutability policy."""
    marked = aged(cluster.chunks("platform"), range(71, 89))
    with cluster.deletes_refused(marked), cluster.retention_of("platform", "70d"):
        cluster.until_unindexed(marked)
        results = ResultsStore(str(tmp_path))

        def audit() -> AuditResult:
            # Long after the time at which the sweeper should have deleted the chunks.
            return cluster.audit(Check.RETENTION, as_of=days_ahead(0.02), tables=tables_of(marked), store=results)

        wait_for(lambda: class_names(audit()) == {"marker-backlog"}, 90, AUDIT_INTERVAL_S)
        outcome = audit()

    assert identities(outcome) == {("marker-backlog", table, "platform") for table in tables_of(marked)}
    assert names_of(outcome, tmp_path) == marked


def test_chunks_with_lost_markers_are_reported_as_orphaned_with_names(cluster: HistoryCluster, tmp_path: Path) -> None:
    before = aged(cluster.chunks("platform"), range(51, 89))
    with cluster.retention_of("platform", "50d"):
        cluster.until_unindexed(before)
        cluster.lose_disk("main-compactor-0")
        marked = before & set(cluster.chunks("platform"))
        results = ResultsStore(str(tmp_path))

        def audit() -> AuditResult:
            # Long after the time at which the sweeper would have deleted the chunks.
            return cluster.audit(Check.RETENTION, as_of=days_ahead(0.02), tables=tables_of(marked), store=results)

        # Until the compactor is ready again, the audit cannot know whether markers exist.
        wait_for(lambda: class_names(audit()) == {"chunk-orphaned"}, 180, AUDIT_INTERVAL_S)
        outcome = audit()

    assert marked
    assert identities(outcome) == {("chunk-orphaned", table, "platform") for table in tables_of(marked)}
    assert names_of(outcome, tmp_path) == marked


def aged(names: Iterable[str], days: range) -> set[str]:
    """Return the chunks whose tables have an age in `days`.

    The ranges leave out tables that are only partly expired: their other chunks may expire during the test.
    """
    today = int(datetime.now(UTC).timestamp()) // 86_400
    return {name for name in names if today - day_of(name) in days}


def tables_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the tables that contain the last lines of these chunks."""
    return tuple(sorted({f"loki_index_{day_of(name)}" for name in names}))


def names_of(outcome: AuditResult, results: Path) -> set[str]:
    """Return all chunk names in the names files of the findings."""
    files = {file for one in outcome.findings for file in results.glob(str(one.evidence["names"]))}
    return {name for file in files for name in pq.read_table(file)["name"].to_pylist()}
