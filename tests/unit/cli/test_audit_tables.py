from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console, RenderableType

from logops.audit.policy.phase import Phase
from logops.audit.report.explain import TableExplanation
from logops.audit.report.phase_groups import phase_groups
from logops.audit.report.result import AuditResult, TableRow
from logops.cli.output.audit_tables import explanation_text, group_columns, row_columns, tenant_columns
from logops.cli.output.table import table_text
from logops.findings import Finding, Subject
from logops.findings.classes.audit import CHUNK_MISSING

AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)
DAY = int(AS_OF.timestamp()) // 86_400 - 40
ROW = TableRow(
    "main", f"loki_index_{DAY}", DAY, "team", Phase.RETAINED, "its first chunks expire", AS_OF - timedelta(hours=1),
    1, 3, 4_000, (0, 2, 1, 0, 0), 1, read_chunks=5, read_bytes=9_000,
    kept_longer_ms=17 * 86_400_000, kept_longer_bytes=5_000,
)  # fmt: skip
MISSING = Finding(CHUNK_MISSING, Subject("local", "main", "team", ROW.table), "1 chunk [bold] is missing", AS_OF)


def rows_of(days: int) -> list[TableRow]:
    """Return the rows of three tenants, one table for each day."""
    return [
        replace(ROW, table=f"loki_index_{DAY + number}", day=DAY + number, tenant=tenant)
        for number in range(days)
        for tenant in ("application", "audit-trail", "platform")
    ]


def drawn(table: RenderableType) -> list[str]:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table, soft_wrap=True)
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_tenants_table_has_one_row_per_tenant() -> None:
    heading, row = drawn(table_text(tenant_columns(AuditResult("local", "run", AS_OF, (), (ROW, ROW))), None))

    assert heading.split()[:4] == ["cluster", "tenant", "tables", "from"]
    assert row.split()[:5] == ["main", "team", "2", "2026-10-15", "2026-10-15"]
    assert "7.8 KiB" in row


def test_rows_table_marks_overdue_step() -> None:
    _, row = drawn(table_text(row_columns([ROW], AS_OF), None))

    assert "2026-11-24 01:00 (overdue)" in row


def test_explanation_with_blocker_shows_its_message_unchanged_and_its_remedy() -> None:
    lines = drawn(explanation_text(TableExplanation(ROW, AS_OF, (MISSING,)), None))

    assert lines[0] == f"{ROW.table} 2026-10-15 main / team"
    assert "ends here 3 chunks, 3.9 KiB: 2 Hot, 1 Cool" in lines
    assert "query reads 5 chunks, 8.8 KiB, also chunks that end in a later table" in lines
    assert (
        "kept longer lines up to 17 days longer than their retention; beyond the allowed time: at most 4.9 KiB" in lines
    )
    assert "in the way chunk-missing: 1 chunk [bold] is missing" in lines
    assert any(line.startswith(f"-> {CHUNK_MISSING.remedy[:20]}") for line in lines)


def test_explanation_without_blocker_says_that_nothing_is_in_the_way() -> None:
    lines = drawn(explanation_text(TableExplanation(ROW, AS_OF, ()), None))

    assert "in the way nothing" in lines
    assert "next its first chunks expire, by 2026-11-24 01:00 UTC (overdue)" in lines


def test_tables_of_four_months_are_one_line_for_each_tenant_and_phase() -> None:
    lines = table_text(group_columns(phase_groups(rows_of(120)), AS_OF), 80).plain.splitlines()

    assert len(lines) <= 6
    assert [line.split()[:4] for line in lines[1:4]] == [
        ["main", tenant, "retained", "120"] for tenant in ("application", "audit-trail", "platform")
    ]


def test_overview_counts_what_queries_read_and_what_ends_there() -> None:
    nothing_ends = replace(ROW, day=DAY + 1, chunks=0, bytes=0, kept_longer_ms=7_200_000, kept_longer_bytes=0)
    (group,) = phase_groups([ROW, nothing_ends])

    heading, row = drawn(table_text(group_columns([group], AS_OF), None))
    _, first, second = drawn(table_text(row_columns([ROW, nothing_ends], AS_OF), None))

    assert "queries read ends there kept longer" in heading
    assert "10, 17.6 KiB 3, 3.9 KiB 17 days, 4.9 KiB" in row
    assert "5, 8.8 KiB 3, 3.9 KiB 17 days, 4.9 KiB" in first
    assert "5, 8.8 KiB - 2 h" in second


def test_tables_at_80_columns_have_whole_names_on_one_line_each() -> None:
    rows = rows_of(120)
    lines = table_text(row_columns(rows, AS_OF), 80).plain.splitlines()

    assert [line.split()[:3] for line in lines[1:361]] == [[row.cluster, row.table, row.tenant] for row in rows]
    assert max(map(len, lines)) <= 80


def test_explanation_at_80_columns_has_no_wider_line() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(explanation_text(TableExplanation(ROW, AS_OF, (MISSING,)), 80), soft_wrap=True)

    assert max(map(len, capture.get().splitlines())) <= 80


def test_phase_has_its_colour() -> None:
    text = table_text(group_columns(phase_groups([ROW]), AS_OF), None)

    assert [span.style for span in text.spans if text.plain[span.start : span.end] == "retained"] == ["green"]
