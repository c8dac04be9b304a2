"""Report a cause instead of its consequences. A cause must not hide unrelated faults."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from logops.audit.findings.by_check import ClusterAudit, findings_of
from logops.audit.judge.batch_result import BatchResult, Unreadable
from logops.audit.judge.table_stats import Fault
from logops.audit.policy.audit_policy import audit_policy
from logops.audit.request import AuditRequest, Check
from logops.audit.survey.loki_state import Compactor, Ingester, LokiState, read_loki_state
from logops.audit.survey.objects import IndexFile
from logops.findings import Finding
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform
from tests.support.http_servers import http_server

DAY = 20_780
HOUR = 3_600.0
NOW = 1_795_500_000.0
AS_OF = datetime.fromtimestamp(NOW, UTC)
PRODUCTION = environment("production")
WORKING = Compactor("main-compactor-0", True, NOW - 9 * HOUR, NOW - 300, NOW - 300, 0, 0)
LIVE = LokiState({}, {}, {}, (WORKING,), ("main-compactor-0",), ())
SILENT = replace(LIVE, compactors=(), ring=(), heard=False, silent=(("main-compactor-0", "refused"),))
ASKED = AuditRequest((Check.RETENTION,), "run", AS_OF)


def fault(cls: str, day: int = DAY) -> Fault:
    return Fault(cls, f"loki_index_{day}", day, "application", 3, 300, 1.0, ("application/1/2-3-4",))


def waits(day: int, hours: float) -> IndexFile:
    written = NOW - hours * HOUR
    table = f"loki_index_{day}"
    return IndexFile(f"index/{table}/1-i.tsdb.gz", table, day, "", "i", written, 9, 1, int(written))


def told(
    check: Check = Check.RETENTION,
    *,
    faults: Sequence[Fault] = (),
    live: LokiState = LIVE,
    files: Sequence[IndexFile] = (),
    unreadable: Sequence[Unreadable] = (),
) -> list[Finding]:
    terms = audit_policy(PRODUCTION, "main", live, ASKED, NOW)
    part = BatchResult((DAY,), faults=tuple(faults), unreadable=tuple(unreadable))
    return findings_of(check, ClusterAudit(PRODUCTION, "main", AS_OF, AS_OF, files, live, terms, part))


def classes(found: Sequence[Finding]) -> set[str]:
    return {one.cls.name for one in found}


@pytest.mark.parametrize("cls", ["chunk-orphaned", "retention-undershoot", "marker-backlog"])
def test_fault_that_needs_compactor_state_is_not_reported_if_compactor_is_silent(cls: str) -> None:
    """Only the compactor knows the delete requests and the markers."""
    assert cls in classes(told(faults=[fault(cls)]))
    assert classes(told(faults=[fault(cls)], live=SILENT)) == {"check-incomplete"}

    ingester = Ingester("main-ingester-0", NOW - 60, 0, 0.0, 0, 0)
    counted = replace(SILENT, ingesters=(ingester,))
    assert classes(told(faults=[fault(cls)], live=counted)) == {"compactor-count"}


def test_missing_chunk_is_reported_even_if_compactor_is_silent() -> None:
    assert "chunk-missing" in classes(told(faults=[fault("chunk-missing")], live=SILENT))


def test_markers_are_assumed_unless_running_compactor_reports_none() -> None:
    def marks(live: LokiState) -> bool:
        return audit_policy(PRODUCTION, "main", live, ASKED, NOW).markers

    assert not marks(LIVE)
    assert marks(SILENT)
    assert marks(replace(LIVE, compactors=(replace(WORKING, running=False),)))
    assert marks(replace(LIVE, compactors=(replace(WORKING, marker_files=2),)))


def test_compactor_that_does_not_answer_is_recorded_as_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = MemoryPlatform(PRODUCTION, {})
    monkeypatch.setattr(platform, "urls", lambda cluster: {"main-compactor-0": "http://127.0.0.1:9"})

    seen = read_loki_state(platform, "main", retry_for_s=0.1)
    assert not seen.heard
    assert [process for process, _ in seen.silent] == ["main-compactor-0"]


def test_delete_requests_of_undeclared_tenants_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = MemoryPlatform(PRODUCTION, {})
    limits = [(200, b"retention_period: 90d")] * len(PRODUCTION.clusters["main"].tenants)
    with http_server(
        [(200, b""), *limits, *[(200, b"[]")] * 4, (200, b'{"now": "2026-01-01T12:00:00Z", "shards": []}')]
    ) as server:
        monkeypatch.setattr(platform, "urls", lambda cluster: {"main-compactor-0": server.url})
        state = read_loki_state(platform, "main", ("stranger", "platform"))

    asked = [request for request in server.received if request.target.startswith("/loki/api/v1/delete")]
    assert (state.heard, state.silent) == (True, ())
    assert sorted(request.headers["x-scope-orgid"] for request in asked) == [
        "application",
        "canary",
        "platform",
        "stranger",
    ]


LOUD = Ingester("main-ingester-0", NOW - 9 * HOUR, 9, NOW - 8 * HOUR, 4, 0)
"""An ingester that writes chunks but has built no index for eight hours."""


def test_ingester_without_uploads_explains_only_orphans_written_since_last_index() -> None:
    live = replace(LIVE, ingesters=(LOUD,))
    both = [fault("chunk-orphaned", DAY - 40), fault("ingester-not-uploading")]

    found = told(faults=both, live=live)
    assert [(one.cls.name, one.subject.table) for one in found] == [
        ("chunk-orphaned", f"loki_index_{DAY - 40}"),
        ("ingester-not-uploading", ""),
    ]
    # The period starts shortly before the ingester built its last index.
    since = audit_policy(PRODUCTION, "main", live, ASKED, NOW).unindexed_since_ms
    assert since is not None
    assert NOW - 9 * HOUR < since / 1000 < NOW - 8 * HOUR
    assert audit_policy(PRODUCTION, "main", LIVE, ASKED, NOW).unindexed_since_ms is None


def damaged(day: int, unknown: bool = False) -> Unreadable:
    table = f"loki_index_{day}"
    return Unreadable(f"index/{table}/a/1.tsdb.gz", table, "a", 9, 4, "its format is V4", unknown=unknown)


def test_corrupt_index_explains_stalled_compaction_of_same_or_older_tables_only() -> None:
    """The compactor works from the newest table to the oldest and stops at the first unreadable table."""
    older, newer = waits(DAY - 30, 30), waits(DAY, 30)

    broken = replace(waits(DAY - 20, 30), tenant="a")
    assert classes(told(Check.COMPACTION, files=[older, broken], unreadable=[damaged(DAY - 20)])) == {"index-corrupt"}
    assert classes(told(Check.COMPACTION, files=[newer, broken], unreadable=[damaged(DAY - 20)])) == {
        "index-corrupt",
        "compaction-stalled",
    }


def test_index_of_unknown_format_is_reported_as_incomplete_check() -> None:
    """A newer Loki may have written the file, so the remedy must warn against deleting it."""
    (found,) = told(Check.COMPACTION, unreadable=[damaged(DAY, unknown=True)])

    assert found.cls.name == "check-incomplete"
    assert (found.subject.table, found.subject.path) == (f"loki_index_{DAY}", f"index/loki_index_{DAY}/a/1.tsdb.gz")
    assert "do not delete" in found.remedy
