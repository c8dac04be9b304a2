from datetime import UTC, datetime, timedelta

from rich.console import Console, RenderableType

from logops.audit.policy.phase import Phase
from logops.audit.report.explain import TableExplanation
from logops.audit.report.result import AuditResult, TableRow
from logops.cli.audit_tables import explanation_text, rows_table, tenants_table
from logops.findings import Finding, Subject
from logops.findings.classes.audit import CHUNK_MISSING

AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)
DAY = int(AS_OF.timestamp()) // 86_400 - 40
ROW = TableRow(
    "main", f"loki_index_{DAY}", DAY, "team", Phase.RETAINED, "its first chunks expire", AS_OF - timedelta(hours=1),
    1, 3, 4_000, (0, 2, 1, 0, 0), 1,
)  # fmt: skip
MISSING = Finding(CHUNK_MISSING, Subject("local", "main", "team", ROW.table), "1 chunk [bold] is missing", AS_OF)


def drawn(table: RenderableType) -> list[str]:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table)
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_tenants_table_has_one_row_per_tenant() -> None:
    heading, row = drawn(tenants_table(AuditResult("local", "run", AS_OF, (), (ROW, ROW))))

    assert heading.split()[:4] == ["cluster", "tenant", "tables", "from"]
    assert row.split()[:5] == ["main", "team", "2", "2026-10-15", "2026-10-15"]
    assert "7.8 KiB" in row


def test_rows_table_marks_overdue_step() -> None:
    _, row = drawn(rows_table([ROW], AS_OF))

    assert "2026-11-24 01:00 (overdue)" in row


def test_explanation_with_blocker_shows_its_message_unchanged_and_its_remedy() -> None:
    lines = drawn(explanation_text(TableExplanation(ROW, AS_OF, (MISSING,))))

    assert lines[0] == f"{ROW.table} 2026-10-15 main / team"
    assert "holds 3 chunks, 3.9 KiB: 2 Hot, 1 Cool" in lines
    assert "in the way chunk-missing: 1 chunk [bold] is missing" in lines
    assert any(line.startswith(f"-> {CHUNK_MISSING.remedy[:20]}") for line in lines)


def test_explanation_without_blocker_says_that_nothing_is_in_the_way() -> None:
    lines = drawn(explanation_text(TableExplanation(ROW, AS_OF, ())))

    assert "in the way nothing" in lines
    assert "next its first chunks expire, by 2026-11-24 01:00 UTC (overdue)" in lines
