from dataclasses import replace
from datetime import UTC, datetime, timedelta

from logops.audit.policy.phase import Phase
from logops.audit.report.result import COLUMNS, AuditResult, TableRow
from logops.findings import Finding, Subject
from logops.findings.classes.audit import RETENTION_OVERSHOOT
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.history import Changes, OpenFinding

AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)
TODAY = int(AS_OF.timestamp()) // 86_400


def row(days_ago: int, findings: int = 0, due: timedelta | None = timedelta(days=1)) -> TableRow:
    day = TODAY - days_ago
    moment = None if due is None else AS_OF + due
    return TableRow(
        "main", f"loki_index_{day}", day, "team", Phase.RETAINED, "its first chunks expire", moment, 1, 3, 4_000,
        (0, 3, 0, 0, 0), findings,
    )  # fmt: skip


def result(*rows: TableRow, findings: tuple[Finding, ...] = (), changes: Changes | None = None) -> AuditResult:
    return AuditResult("local", "run", AS_OF, findings, rows, changes=changes)


def test_row_shows_age_and_due_time_and_whether_it_is_overdue() -> None:
    old, nothing_due, late = (
        each.cells(AS_OF) for each in (row(40), row(1, due=None), row(2, due=timedelta(hours=-1)))
    )

    assert len(old) == len(COLUMNS)
    assert old[:6] == ("main", f"loki_index_{TODAY - 40}", "2026-10-15", "team", "retained", "40 d")
    assert old[-2] == "2026-11-25 02:00"
    assert nothing_due[-2] == "-"
    assert late[-2] == "2026-11-24 01:00 (overdue)"


def test_log_of_500_tables_has_one_line_per_tenant_and_the_command_for_the_tables() -> None:
    header, tenant, command = result(*(row(days) for days in range(500))).details()

    assert header.split()[:3] == ["cluster", "tenant", "tables"]
    assert tenant.split()[:3] == ["main", "team", "500"]
    assert command == "Every table, with its phase and next step: `logops audit explain local --all`"


def test_log_of_50_tenants_lists_20_and_counts_the_others() -> None:
    lines = result(*(replace(row(1), tenant=f"tenant-{number:02}") for number in range(50))).details()

    assert lines[20].split()[1] == "tenant-19"
    assert lines[21] == "and 30 more tenants"


def test_log_of_an_audit_without_tables_has_no_empty_table() -> None:
    assert result().details() == []


def test_finding_that_two_checks_record_counts_once_as_new() -> None:
    """A cluster that could not be read is recorded by each check of the run."""
    unread = Finding(CHECK_INCOMPLETE, Subject(environment="local", cluster="main"), "Not read.", AS_OF)
    twice = Changes(new=(OpenFinding(unread, AS_OF), OpenFinding(unread, AS_OF)), still=(), gone=(), unknown=())

    assert "1 finding, 1 new in" in result(row(1), findings=(unread,), changes=twice).headline


def test_summary_of_findings_of_221_tables_with_one_cause_is_one_entry() -> None:
    findings = tuple(
        Finding(RETENTION_OVERSHOOT, Subject("local", "main", "team", f"loki_index_{day}"), "Past.", AS_OF)
        for day in range(20_560, 20_781)
    )

    assert result(row(1), findings=findings).summary()["findings"] == [
        "retention-overshoot environment=local cluster=main tenant=team  "
        "221 tables (loki_index_20560 to loki_index_20780): Past."
    ]
