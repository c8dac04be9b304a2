from dataclasses import replace
from datetime import UTC, date, datetime

from logops.audit.findings.compaction import Compaction, compaction_findings, not_uploading
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
    """An ingester's file, or a tenant's compacted one."""
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
    """Messages by class, table and tenant."""
    # Late after two hours.
    times = Windows(
        grace_ms=1_800_000, cycle_ms=3_600_000, delay_ms=0, slack_ms=3_600_000, tier_slack_ms=0, max_chunk_age_ms=0
    )
    seen = Compaction("production", "main", MAIN, files, live, times, AS_OF, NOW)
    return {(one.cls.name, one.subject.table, one.subject.tenant): one.message for one in compaction_findings(seen)}


def test_files_that_were_just_uploaded_wait_rightly() -> None:
    assert found(file(age=1.9 * HOUR), file(DAY - 1, tenant="a", age=HOUR)) == {}


def test_a_table_left_out_while_others_are_compacted_is_found_alone() -> None:
    left, told = file(DAY - 3, age=3 * HOUR), found(file(DAY - 3, age=3 * HOUR), file(tenant="a", age=60))

    assert [*told] == [("table-uncompacted", left.table, "")]
    assert (
        "1 file of loki_index_20777 (2026-11-20) waits to be compacted since"
        in told["table-uncompacted", left.table, ""]
    )


def test_where_nothing_happens_the_compaction_is_stalled_whatever_its_metrics_say() -> None:
    told = found(file(DAY - 3, age=3 * HOUR), file(tenant="a", age=3 * HOUR))

    assert [*told] == [("compaction-stalled", "", "")]
    assert "1 file waits, the oldest since" in told["compaction-stalled", "", ""]


def test_a_name_of_the_future_does_not_hide_a_stall() -> None:
    odd = replace(file(tenant="a", age=3 * HOUR), written=NOW + 9e9)

    assert [*found(file(DAY - 3, age=3 * HOUR), odd)] == [("compaction-stalled", "", "")]


def test_a_compactor_that_ends_no_run_is_found_though_nothing_waits() -> None:
    never = replace(WORKING, compacted=0.0)

    told = found(file(tenant="a", age=60), live=replace(LIVE, compactors=(never,)))

    assert "main-compactor-0 has ended no run since it started at" in told["compaction-stalled", "", ""]


def test_no_compactor_and_two_are_the_wrong_number() -> None:
    nobody = replace(LIVE, compactors=(), ingesters=(ingester(),), unasked=(("main-compactor-0", "refused"),))
    two = replace(LIVE, compactors=(WORKING, replace(WORKING, name="main-compactor-1")))

    waits = file(DAY - 3, age=3 * HOUR)
    assert found(waits, live=nobody) == {
        (
            "compactor-count",
            "",
            "",
        ): "0 compactors run: main-compactor-0. Tables that wait: 1. main-compactor-0: refused"
    }
    assert [*found(live=two)] == [("compactor-count", "", "")]


def test_a_compactor_that_has_just_started_is_waited_for() -> None:
    started = replace(WORKING, running=False, started=NOW - 60)

    assert found(live=replace(LIVE, compactors=(started,))) == {}


def test_a_table_of_a_day_before_the_first_schema_period_is_found() -> None:
    early = (MAIN.schema_periods[0].from_ - date(1970, 1, 1)).days - 1
    told = found(file(early, tenant="a"))

    assert [*told] == [("table-without-schema", f"loki_index_{early}", "")]
    assert "no schema period covers it (loki_index_ from" in told["table-without-schema", f"loki_index_{early}", ""]


def test_a_table_of_another_prefix_is_found() -> None:
    assert [*found(file(table="old_index_20780", tenant="a"))] == [("table-without-schema", "old_index_20780", "")]


def test_two_compacted_files_of_a_tenant_are_found_when_they_stay() -> None:
    def two(age: float) -> list[IndexFile]:
        return [file(tenant="a", age=age, nth=nth) for nth in range(2)]

    assert found(*two(60), file(tenant="b")) == {}
    assert [*found(*two(HOUR), file(tenant="b"))] == [("index-duplicate", "loki_index_20780", "a")]


def test_markers_that_are_not_worked_off_are_found() -> None:
    behind = replace(WORKING, marker_files=4, marker_time=NOW - 3 * HOUR)

    told = found(live=replace(LIVE, compactors=(behind,)))
    assert "has 4 files of marks left" in told["marker-backlog", "", ""]


def ingester(**changes: float) -> Ingester:
    values = {"started": NOW - 9 * HOUR, "flushed": 5, "built": NOW - 600, "uploads": 9, "failed_uploads": 0, **changes}
    return Ingester(name="main-ingester-0", **values)  # type: ignore[arg-type]


def test_an_ingester_is_judged_by_what_it_makes_and_uploads() -> None:
    assert not_uploading(ingester(), NOW, 0) == ""
    assert not_uploading(ingester(flushed=0, built=0), NOW, 0) == ""
    assert "its uploads fail, 3 since" in not_uploading(ingester(failing=True, failed_uploads=3), NOW, 0)
    assert "written 5 chunks and made no index file since" in not_uploading(ingester(built=NOW - HOUR), NOW, 0)
    assert not_uploading(ingester(built=0, started=NOW - 600), NOW, 0) == ""
