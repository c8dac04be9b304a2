from dataclasses import replace
from datetime import UTC, date, datetime

from logops.audit.findings.compaction import Compaction, compaction_findings
from logops.audit.policy.retention import Windows
from logops.audit.survey.loki_state import Compactor, Ingester, LokiState
from logops.audit.survey.objects import IndexFile
from tests.support.environments import environment

DAY = 20_780
NOW = 1_795_500_000.0
AS_OF = datetime.fromtimestamp(NOW, UTC)
HOUR = 3_600.0
MAIN = environment("production").clusters["main"]
WORKING = Compactor("main-compactor-0", True, NOW - 9 * HOUR, NOW - 300, NOW - 300, 0, 0)
LIVE = LokiState({}, {}, {}, (WORKING,), ("main-compactor-0",), ())


def file(day: int = DAY, *, tenant: str = "", age: float = 0, table: str = "", nth: int = 0) -> IndexFile:
    """Return an ingester's index file or, with `tenant`, a compacted index file."""
    table = table or f"loki_index_{day}"
    written = NOW - age
    return IndexFile(
        name=f"index/{table}/{tenant}/{nth}",
        table=table,
        day=day,
        tenant=tenant,
        uploader="compactor" if tenant else "main-ingester-0",
        written=written,
        size=1_000,
        tier=1,
        modified=int(written),
    )


def found(*files: IndexFile, live: LokiState = LIVE) -> dict[tuple[str, str, str], str]:
    """Return the messages of the findings by class, table and tenant."""
    # A file is late after two hours.
    times = Windows(
        grace_ms=1_800_000, cycle_ms=3_600_000, delay_ms=0, slack_ms=3_600_000, tier_slack_ms=0, max_chunk_age_ms=0
    )
    seen = Compaction("production", "main", MAIN, files, live, times, AS_OF, NOW)
    return {(one.cls.name, one.subject.table, one.subject.tenant): one.message for one in compaction_findings(seen)}


def test_recently_uploaded_files_have_no_finding() -> None:
    assert found(file(age=1.9 * HOUR), file(DAY - 1, tenant="a", age=HOUR)) == {}


def test_table_skipped_by_compactor_is_reported_as_uncompacted() -> None:
    left, told = file(DAY - 3, age=3 * HOUR), found(file(DAY - 3, age=3 * HOUR), file(tenant="a", age=60))

    assert [*told] == [("table-uncompacted", left.table, "")]
    assert (
        "1 file of loki_index_20777 (2026-11-20) waits to be compacted since"
        in told["table-uncompacted", left.table, ""]
    )


def test_stalled_compaction_is_reported_even_if_metrics_are_healthy() -> None:
    told = found(file(DAY - 3, age=3 * HOUR), file(tenant="a", age=3 * HOUR))

    assert [*told] == [("compaction-stalled", "", "")]
    assert "1 file of 1 table waits, the oldest since" in told["compaction-stalled", "", ""]


def test_index_file_with_future_time_does_not_hide_stalled_compaction() -> None:
    odd = replace(file(tenant="a", age=3 * HOUR), written=NOW + 9e9)

    assert [*found(file(DAY - 3, age=3 * HOUR), odd)] == [("compaction-stalled", "", "")]


def test_compactor_without_finished_run_is_reported_even_if_no_file_waits() -> None:
    never = replace(WORKING, compacted=0.0)

    told = found(file(tenant="a", age=60), live=replace(LIVE, compactors=(never,)))

    assert "main-compactor-0 has ended no run since it started at" in told["compaction-stalled", "", ""]


def test_compactor_count_other_than_one_is_reported() -> None:
    nobody = replace(LIVE, compactors=(), ingesters=(ingester(),), silent=(("main-compactor-0", "refused"),))
    two = replace(LIVE, compactors=(WORKING, replace(WORKING, name="main-compactor-1")))

    waits = file(DAY - 3, age=3 * HOUR)
    assert found(waits, live=nobody) == {
        (
            "compactor-count",
            "",
            "",
        ): "0 compactors run: main-compactor-0. 1 table waits for compaction. main-compactor-0: refused"
    }
    assert [*found(live=two)] == [("compactor-count", "", "")]


def test_compactor_that_just_started_has_no_finding() -> None:
    started = replace(WORKING, running=False, started=NOW - 60)

    assert found(live=replace(LIVE, compactors=(started,))) == {}


def test_table_before_first_schema_period_is_reported() -> None:
    early = (MAIN.schema_periods[0].from_ - date(1970, 1, 1)).days - 1
    told = found(file(early, tenant="a"))

    assert [*told] == [("table-without-schema", f"loki_index_{early}", "")]
    assert "no schema period covers it (loki_index_ from" in told["table-without-schema", f"loki_index_{early}", ""]


def test_table_with_other_prefix_is_reported() -> None:
    assert [*found(file(table="old_index_20780", tenant="a"))] == [("table-without-schema", "old_index_20780", "")]


def test_duplicate_compacted_files_of_tenant_are_reported_if_they_remain() -> None:
    def two(age: float) -> list[IndexFile]:
        return [file(tenant="a", age=age, nth=nth) for nth in range(2)]

    assert found(*two(60), file(tenant="b")) == {}
    assert [*found(*two(HOUR), file(tenant="b"))] == [("index-duplicate", "loki_index_20780", "a")]


def test_old_markers_are_reported_as_backlog() -> None:
    behind = replace(WORKING, marker_files=4, marker_time=NOW - 3 * HOUR)

    told = found(live=replace(LIVE, compactors=(behind,)))
    assert "has 4 files of marks left" in told["marker-backlog", "", ""]


def ingester(**changes: float) -> Ingester:
    values = {"started": NOW - 9 * HOUR, "flushed": 5, "built": NOW - 600, "uploads": 9, "failed_uploads": 0, **changes}
    return Ingester(name="main-ingester-0", **values)  # type: ignore[arg-type]


def test_ingester_with_failed_uploads_or_no_new_index_is_reported() -> None:
    assert ingester().upload_fault(NOW, 0) == ""
    assert ingester(flushed=0, built=0).upload_fault(NOW, 0) == ""
    assert "its uploads fail, 3 since" in ingester(failing=True, failed_uploads=3).upload_fault(NOW, 0)
    assert "written 5 chunks and made no index file since" in ingester(built=NOW - HOUR).upload_fault(NOW, 0)
    assert ingester(built=0, started=NOW - 600).upload_fault(NOW, 0) == ""
