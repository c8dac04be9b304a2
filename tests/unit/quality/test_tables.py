"""Results of a run, written and read back."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa

from logops.findings import Run
from logops.findings.store import ResultsStore
from logops.quality.balance import EarlierStored, StoredCount
from logops.quality.bands import Series
from logops.quality.counters import Counter
from logops.quality.delivery import DeliveryRow
from logops.quality.history import quarters
from logops.quality.summary import source_rows
from logops.quality.tables import lines_table, read_deliveries, read_earlier, read_rows, write_results
from tests.support.line_counts import DAY, busy_source
from tests.support.quality import AS_OF, BEFORE, context, healthy

RECEIVED = Counter("main", "main-distributor-0", 1.5, "loki_distributor_lines_received_total", (), 9.0)
DELIVERY = DeliveryRow("main", "application", BEFORE, None, 100, 1, 2, 97, 0, 0.0, "")
COUNTER = Counter("main", "promtail-main", 1.5, "promtail_sent_entries_total", (("host", "loki"),), 7.0)


def written(folder: Path) -> ResultsStore:
    """A store with one healthy run, at BEFORE."""
    store = ResultsStore(str(folder))
    run = context(healthy(), counters=[COUNTER])
    request = replace(run.request, as_of=BEFORE, run="first")
    rows = source_rows(run.environment, run.measured, [])
    write_results(store, run.environment, request, run.measured, rows)
    return store


def test_next_run_reads_counters_streams_and_lines_of_the_run_before(tmp_path: Path) -> None:
    earlier = read_earlier(written(tmp_path), context(healthy()).environment, AS_OF)

    assert earlier is not None
    assert (earlier.as_of, earlier.counters, earlier.streams) == (BEFORE, [COUNTER], {"application": 1})
    assert earlier.lines["application"] == healthy().lines


def test_run_without_a_run_in_the_day_before_has_nothing_to_compare_with(tmp_path: Path) -> None:
    environment = context(healthy()).environment

    assert read_earlier(written(tmp_path), environment, BEFORE) is None
    assert read_earlier(written(tmp_path), environment, AS_OF + timedelta(days=3)) is None


def test_next_run_compares_with_the_stored_lines_and_counters_of_the_run_before(tmp_path: Path) -> None:
    counted = {AS_OF - timedelta(minutes=20): 7, AS_OF: 0}
    first = context(
        healthy(), counters=[COUNTER], later_counters=[RECEIVED], stored={("main", "application"): StoredCount(counted)}
    )
    store = ResultsStore(str(tmp_path))
    request = replace(first.request, as_of=BEFORE, run="first")
    row = replace(DELIVERY, missing_share=0.25)
    write_results(
        store, first.environment, request, first.measured, source_rows(first.environment, first.measured, []), [row]
    )
    earlier = read_earlier(store, first.environment, AS_OF)

    assert earlier is not None
    assert earlier.stored == EarlierStored(
        BEFORE, [COUNTER], [RECEIVED], {("main", "application"): counted}, {("main", "application"): [0.25]}
    )
    assert read_deliveries(store, Run("local", "ingestion-quality", "first", BEFORE)) == [row]


def test_lines_of_a_bucket_have_bytes_band_state_and_owner(tmp_path: Path) -> None:
    weeks = busy_source(days=41)
    history = Series(weeks.start, weeks.bucket_s, weeks.counts[: 40 * DAY + DAY // 2])
    run = context(replace(healthy(), bucket_bytes={AS_OF: 6_000}), history=history)
    rows = lines_table(run.environment, run.request, run.measured, run.learned).to_pylist()
    last = rows[-1]

    assert (last["source"], last["owner"], last["lines"], last["bytes"]) == ("application", "shop", 60, 6_000)
    assert last["state"] == "inside"
    assert last["lower"] < last["expected"] < last["upper"]


def test_lines_of_a_bucket_without_history_have_the_declared_band() -> None:
    run = context(healthy(), ("sources.application.expect", {"rate": {"at_least": 30, "at_most": 90}}))
    last = lines_table(run.environment, run.request, run.measured, run.learned).to_pylist()[-1]

    assert (last["lower"], last["upper"], last["state"]) == (30, 90, "learning")


def test_history_has_band_and_state_of_each_quarter(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    run = context(healthy(), ("sources.application.expect", {"rate": {"at_least": 30, "at_most": 90}}))
    write_results(store, run.environment, run.request, run.measured, [], learned=run.learned)

    (row,) = store.query(
        "ingestion-history", 'select lines, lower, upper, state from "ingestion-history" limit 1'
    ).to_pylist()

    assert row == {"lines": 900, "lower": 450, "upper": 1350, "state": "learning"}


def test_history_of_an_earlier_version_is_kept_without_a_band(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    early = AS_OF.replace(hour=1)
    old = pa.table({"environment": ["local"], "source": ["application"], "start": [early], "lines": [7]})
    store.write("ingestion-history", "local", old, AS_OF)
    run = context(healthy())
    write_results(store, run.environment, run.request, run.measured, [])

    rows = store.query("ingestion-history", 'select lines, upper from "ingestion-history" order by start').to_pylist()

    assert rows[0] == {"lines": 7, "upper": None}
    assert len(rows) > 1


def test_history_has_quarters_of_an_hour(tmp_path: Path) -> None:
    earlier = read_earlier(written(tmp_path), context(healthy()).environment, AS_OF)

    assert earlier is not None
    history = earlier.history["application"]
    assert (history.start, history.bucket_s, list(history.counts)) == (AS_OF - timedelta(minutes=30), 900, [900, 900])


def test_recorded_run_is_shown_as_it_was(tmp_path: Path) -> None:
    store, run = written(tmp_path), context(healthy())
    rows, window_s, _ = read_rows(store, Run("local", "ingestion-quality", "first", BEFORE))

    assert rows == source_rows(run.environment, run.measured, [])
    assert window_s == 1800


def test_second_run_of_a_day_completes_its_history(tmp_path: Path) -> None:
    store, later = written(tmp_path), context(healthy())
    later.measured.sources["application"].lines = {end + timedelta(minutes=15): 10 for end in healthy().lines or {}}
    write_results(store, later.environment, later.request, later.measured, [])
    earlier = read_earlier(store, later.environment, AS_OF + timedelta(minutes=1))

    assert earlier is not None
    assert list(earlier.history["application"].counts) == [900, 150, 150]


def test_quarter_that_was_counted_in_part_is_left_out() -> None:
    lines = {AS_OF - timedelta(minutes=minutes): 1 for minutes in range(20)}

    assert quarters(lines) == {AS_OF - timedelta(minutes=15): 15}
