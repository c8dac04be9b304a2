"""Tests of `logops audit ...` on a cluster with four months of history: text output and JSON output."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from logops.audit.request import Check
from logops.cli import app
from logops.cli.output.console import BAD_INPUT, FOUND, OK
from logops.clients.blob_storage.blobs import Tier
from logops.findings.store import NothingStoredError, ResultsStore
from logops.platforms import results_url
from logops.toolchain import project_root
from tests.support.history_cluster import HistoryCluster, day_of
from tests.support.projects import write_project

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("_project")]
DAY_S = 86_400
REMOVED = timedelta(seconds=40) + timedelta(minutes=10)
"""Time of two retention runs and one compaction, plus the environment's slack."""


@pytest.fixture
def _project(cluster: HistoryCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project whose environment is the running cluster."""
    root = cluster.platform.state.parents[1]
    monkeypatch.setenv("LOGOPS_HOME", str(write_project(root, [cluster.platform.environment])))


def audit(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments])


def audit_json(*arguments: str) -> Any:
    return json.loads(audit(*arguments, "--json").stdout)


def start_of(table: str) -> datetime:
    return datetime.fromtimestamp(int(table.rpartition("_")[2]) * DAY_S, UTC)


@contextmanager
def missing(cluster: HistoryCluster, name: str) -> Iterator[None]:
    with cluster.container() as container:
        content = container.read(name)
        container.delete([name])
        try:
            yield
        finally:
            container.write(name, content)


@pytest.mark.parametrize("check", ["compaction", "retention", "tiering"])
def test_audit_without_findings_shows_number_of_checked_objects(check: str) -> None:
    result = audit(check, "audited", "--no-record")

    assert result.exit_code == OK, result.output
    counted = r"[\d,]+ tables, [\d,]+ (chunks|index files), "
    assert re.search(rf"^audited: no findings in {counted}", result.stdout, re.MULTILINE)
    assert "platform" in result.stdout or check == "compaction"


@pytest.mark.parametrize("check", ["compaction", "retention", "tiering"])
def test_audit_json_has_headline_and_row_per_table(cluster: HistoryCluster, check: str) -> None:
    found = audit_json(check, "audited", "--no-record")

    assert (found["environment"], found["findings"]) == ("audited", [])
    assert found["headline"].startswith("audited: no findings in ")
    assert cluster.chunk("platform", 20).table in {row["table"] for row in found["tables"]}


def test_audit_finding_is_shown_with_advice_and_exit_code_1(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("application", 20)
    with missing(cluster, chunk.name):
        result = audit("retention", "audited", "--table", chunk.table)

    assert result.exit_code == FOUND
    assert "chunk-missing" in result.stdout
    assert chunk.name in result.stdout
    assert "Find out who deleted" in result.stdout


def test_audit_json_contains_only_requested_tables(cluster: HistoryCluster) -> None:
    tables = {cluster.chunk("platform", 20).table, cluster.chunk("platform", 60).table}
    asked = [argument for table in tables for argument in ("--table", table)]

    assert len(tables) == 2
    assert {row["table"] for row in audit_json("retention", "audited", *asked)["tables"]} == tables


def test_audit_slack_allows_late_retention(cluster: HistoryCluster) -> None:
    """Uses a table that has just expired."""
    table = cluster.chunk("platform", 20).table
    as_of = f"{start_of(table) + timedelta(days=91, minutes=5):%Y-%m-%dT%H:%M:%S}"
    asked = ("retention", "audited", "--table", table, "--as-of", as_of)
    impatient, patient = audit_json(*asked, "--slack", "0s"), audit_json(*asked, "--slack", "2d")

    assert "retention-overshoot" in {one["class"] for one in impatient["findings"]}
    assert patient["findings"] == []


def test_invalid_slack_is_refused_as_bad_input() -> None:
    result = audit("retention", "audited", "--slack", "later")

    assert result.exit_code == BAD_INPUT
    assert "--slack: " in result.stderr


def runs(cluster: HistoryCluster) -> int:
    """Return the number of recorded runs of the retention audit."""
    store = ResultsStore(results_url(cluster.platform.environment, project_root()))
    try:
        return len({run.id for run, _ in store.runs("audited", "retention-audit", datetime.now(UTC))})
    except NothingStoredError:
        return 0


def test_audit_run_is_recorded_unless_no_record_is_set(cluster: HistoryCluster) -> None:
    before = runs(cluster)
    audit("retention", "audited", "--no-record")
    not_kept = runs(cluster)
    audit("retention", "audited")

    assert (not_kept - before, runs(cluster) - before) == (0, 1)


@pytest.mark.parametrize("drill", [("--slack", "1h"), ("--as-of", "2100-01-01"), ("--table", "loki_index_20000")])
def test_audit_with_non_default_options_is_not_recorded_and_reports_reason(
    cluster: HistoryCluster, drill: tuple[str, str]
) -> None:
    before = runs(cluster)
    result = audit("retention", "audited", *drill)

    assert "Not recorded: it asks for something else than the nightly run." in result.stderr
    assert runs(cluster) == before


@pytest.fixture
def _counted(cluster: HistoryCluster, _project: None) -> None:
    """Make sure that a retention audit was recorded."""
    if not runs(cluster):
        audit("retention", "audited")


@pytest.mark.usefixtures("_counted")
@pytest.mark.parametrize("by", ["tenant", "table", "tier"])
def test_usage_totals_are_equal_for_every_grouping(by: str) -> None:
    found, tenants = audit_json("usage", "audited", "--by", by)["usage"], audit_json("usage", "audited")["usage"]

    assert {one["name"] for one in tenants} >= {"application", "platform"}
    for number in ("chunks", "bytes"):
        assert sum(one[number] for one in found) == sum(one[number] for one in tenants) > 0


@pytest.mark.parametrize("by", ["tenant", "table", "tier"])
def test_usage_totals_are_those_of_the_last_recorded_audit(by: str) -> None:
    tables = audit_json("retention", "audited")["tables"]
    usage = audit_json("usage", "audited", "--by", by)["usage"]

    for number in ("chunks", "bytes"):
        assert sum(row[number] for row in usage) == sum(row[number] for row in tables) > 0


@pytest.mark.usefixtures("_counted")
def test_usage_shows_growth_and_forecast_per_tenant() -> None:
    platform = next(one for one in audit_json("usage", "audited")["usage"] if one["name"] == "platform")
    result = audit("usage", "audited")

    assert platform["bytes_a_day"] > 0
    assert [*platform["forecast"]] == ["30", "90", "365"]
    assert result.exit_code == OK
    assert all(word in result.stdout for word in ("platform", "a day", "in 30 d", "in 90 d", "in 365 d", "As of "))


@pytest.mark.usefixtures("_counted")
def test_cost_is_shown_per_tenant_now_and_as_declared() -> None:
    found = audit_json("cost", "audited")
    by_tenant = {one["tenant"]: one for one in found["cost"]}
    result = audit("cost", "audited")

    # Everything was written today, so all chunks are Hot, as declared.
    assert by_tenant["platform"]["month_now"] == pytest.approx(by_tenant["platform"]["month_declared"])
    assert by_tenant["platform"]["month_now"] > 0
    assert by_tenant["platform"]["moves_once"] == 0
    assert result.exit_code == OK
    assert all(word in result.stdout for word in ("platform", "a month now", "as declared", found["prices"]))


def test_explain_shows_table_of_today_as_ingesting(cluster: HistoryCluster) -> None:
    table = cluster.table_of_today()
    (found,) = audit_json("explain", "audited", table, "canary")

    assert (found["table"], found["tenant"], found["phase"], found["age_days"]) == (table, "canary", "ingesting", 0)
    # A chunk is written at most 2.5 hours after its first line. The slack adds half an hour.
    assert found["due"] == (start_of(table) + timedelta(days=1, hours=3)).isoformat()
    assert found["in_the_way"] == []


def test_explain_shows_next_tier_of_compacted_table(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("platform", 20)
    with cluster.container() as container:
        written = [
            row["modified"]
            for batch in container.list(("platform/",)).batches
            for row in batch.to_pylist()
            if day_of(row["name"]) == chunk.day
        ]
    cluster.audit_when_compacted(Check.COMPACTION)
    result = audit("explain", "audited", chunk.table, "platform", "--json")
    (found,) = json.loads(result.stdout)

    assert result.exit_code == OK
    assert (found["phase"], found["next"]) == ("compacted", "its chunks move to tier Cool")
    assert found["due"] == (max(written) + timedelta(days=30)).isoformat()
    assert found["age_days"] == (datetime.now(UTC) - start_of(chunk.table)).days
    assert (found["chunks"], found["index_files"], found["in_the_way"]) == (len(written), 1, [])


def test_explain_accepts_day_in_place_of_table_name(cluster: HistoryCluster) -> None:
    table = cluster.chunk("application", 20).table
    by_day, by_name = (audit_json("explain", "audited", written) for written in (f"{start_of(table):%Y-%m-%d}", table))

    assert by_day == by_name
    assert "application" in {one["tenant"] for one in by_day}
    assert {one["table"] for one in by_day} == {table}


RETAINED = ("retained", "its first chunks expire", timedelta(days=90), OK)
EXPIRING = (
    "expiring",
    "retention takes its chunks out of the index as they expire",
    timedelta(days=91) + REMOVED,
    OK,
)
EXPIRED = (
    "expired",
    "the sweeper deletes what is left of its chunks",
    # The sweeper waits ten seconds here and runs once a minute.
    timedelta(days=91) + REMOVED + timedelta(minutes=2, seconds=10),
    FOUND,
)


@pytest.mark.parametrize(
    ("age", "explained"),
    [
        (timedelta(days=80), RETAINED),
        (timedelta(days=90, seconds=2), EXPIRING),
        (timedelta(days=95), EXPIRED),
    ],
    ids=["retained", "expiring", "expired"],
)
def test_explain_shows_phase_of_table_by_age(
    cluster: HistoryCluster, age: timedelta, explained: tuple[str, str, timedelta, int]
) -> None:
    """The chunks are moved to Cool, the declared tier for this age."""
    phase, action, due_after, exit_code = explained
    chunk = cluster.chunk("platform", 20)
    as_of, due = start_of(chunk.table) + age, start_of(chunk.table) + due_after
    names = [name for name in cluster.chunks("platform") if day_of(name) == chunk.day]
    asked = ("explain", "audited", chunk.table, "platform", "--as-of", f"{as_of:%Y-%m-%dT%H:%M:%S}")
    cluster.audit_when_compacted(Check.COMPACTION)
    with cluster.container() as container:
        container.set_tier(names, Tier.COOL)
        try:
            result, shown = audit(*asked, "--json"), audit(*asked).stdout
        finally:
            container.set_tier(names, Tier.HOT)
    (found,) = json.loads(result.stdout)

    assert (found["phase"], found["next"], found["due"]) == (phase, action, due.isoformat())
    assert found["tiers"] == {"Cool": len(names)}
    assert f"{action}, by {due:%Y-%m-%d %H:%M} UTC{' (overdue)' if due < as_of else ''}" in shown
    assert result.exit_code == exit_code


def test_explain_shows_blocking_finding_with_advice(cluster: HistoryCluster) -> None:
    chunk = cluster.chunk("application", 20)
    with missing(cluster, chunk.name):
        result = audit("explain", "audited", chunk.table, "application", "--json")
        shown = audit("explain", "audited", chunk.table, "application").stdout
    (found,) = json.loads(result.stdout)

    assert result.exit_code == FOUND
    assert [one["class"] for one in found["in_the_way"]] == ["chunk-missing"]
    assert re.search(rf"in the way +chunk-missing: .*{chunk.name}", shown)
    assert "-> Find out who deleted" in shown


def test_explain_of_unknown_table_is_refused_as_bad_input() -> None:
    result = audit("explain", "audited", "loki_index_20000")

    assert result.exit_code == BAD_INPUT
    assert "Nothing is stored in loki_index_20000 of audited" in result.stderr
