"""What audits record about their tables, and how the newest of it is read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from logops.audit.policy.phase import Phase
from logops.audit.report.recorded import newest_of_clusters, phases_table
from logops.audit.report.result import TableRow
from logops.findings.kinds import TABLE_PHASES
from logops.findings.store import ResultsStore

AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)


def row(cluster: str, chunks: int) -> TableRow:
    return TableRow(
        cluster, "loki_index_20700", 20_700, "team", Phase.RETAINED, "its first chunks expire", AS_OF, 1, chunks, 4_000,
        (0, 2, 1, 0, 0), 0, first_expires=AS_OF, last_expires=None,
    )  # fmt: skip


def recorded(store: ResultsStore, run: str, as_of: datetime, *rows: TableRow) -> None:
    store.write(TABLE_PHASES, f"test.{run}", phases_table("test", run, as_of, rows), as_of)


def newest(store: ResultsStore, clusters: list[str], until: datetime = AS_OF) -> list[tuple[str, int]]:
    parts = newest_of_clusters(store, TABLE_PHASES, "test", clusters, until, "cluster, chunks")
    return [(entry["cluster"], entry["chunks"]) for part in parts for entry in part.to_pylist()]


def test_row_of_a_table_is_recorded_with_all_that_explains_it(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    recorded(store, "night", AS_OF, row("main", 3))

    (part,) = newest_of_clusters(store, TABLE_PHASES, "test", ["main"], AS_OF, "*")
    entry = part.to_pylist()[0]

    assert (entry["cluster"], entry["table"], entry["tenant"], entry["day_number"]) == (
        "main", "loki_index_20700", "team", 20_700,
    )  # fmt: skip
    assert (entry["phase"], entry["action"], entry["due"]) == ("retained", "its first chunks expire", AS_OF)
    assert (entry["first_expires"], entry["last_expires"]) == (AS_OF, None)
    assert (entry["files"], entry["chunks"], entry["bytes"], entry["tier_chunks"]) == (1, 3, 4_000, [0, 2, 1, 0, 0])


def test_cluster_that_the_last_run_lacks_has_the_rows_of_an_earlier_day(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    recorded(store, "long ago", AS_OF - timedelta(days=9), row("main", 1), row("other", 2))
    recorded(store, "yesterday", AS_OF - timedelta(days=1), row("main", 3))
    recorded(store, "today", AS_OF, row("main", 4))

    assert newest(store, ["main", "other"]) == [("main", 4), ("other", 2)]


def test_later_runs_than_the_moment_are_not_read(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    recorded(store, "before", AS_OF, row("main", 1))
    recorded(store, "after", AS_OF + timedelta(hours=1), row("main", 2))

    assert newest(store, ["main"]) == [("main", 1)]


def test_cluster_without_any_run_has_no_rows(tmp_path: Path) -> None:
    assert newest(ResultsStore(str(tmp_path)), ["main"]) == []
