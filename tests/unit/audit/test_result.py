from datetime import UTC, datetime, timedelta

from logops.audit.policy.phase import Phase
from logops.audit.report.result import COLUMNS, AuditResult, TableRow

AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)
TODAY = int(AS_OF.timestamp()) // 86_400


def row(days_ago: int, findings: int = 0, due: timedelta | None = timedelta(days=1)) -> TableRow:
    day = TODAY - days_ago
    moment = None if due is None else AS_OF + due
    return TableRow(
        "main", f"loki_index_{day}", day, "team", Phase.RETAINED, "its first chunks expire", moment, 1, 3, 4_000,
        (0, 3, 0, 0, 0), findings,
    )  # fmt: skip


def lines(*rows: TableRow) -> list[str]:
    return AuditResult("local", "run", AS_OF, (), rows).lines()


def told(found: list[str]) -> list[str]:
    return [line.split()[1] for line in found if " loki_index_" in line]


def test_result_log_has_one_row_per_table() -> None:
    found = lines(row(40), row(1, due=None), row(2, due=timedelta(hours=-1)))

    assert found[0].split() == [*COLUMNS]
    assert found[1].split()[:5] == ["main", f"loki_index_{TODAY - 40}", "2026-10-15", "team", "retained"]
    assert "40 d" in found[1]
    assert "2026-11-25 02:00" in found[1]
    assert "2026-11-24 01:00 (overdue)" in found[3]
    assert "its first chunks expire  -" in found[2]


def test_long_result_log_shows_findings_and_newest_tables_and_counts_others() -> None:
    found = lines(*(row(days, findings=int(days == 400)) for days in range(500)))

    assert len(told(found)) == 200
    assert f"loki_index_{TODAY - 400}" in told(found)
    assert f"loki_index_{TODAY - 198}" in told(found)
    assert f"loki_index_{TODAY - 199}" not in told(found)
    assert "300 rows more, without findings or older: `logops audit explain local --all` has all." in found
