"""The part of the page about arriving logs."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.findings.kinds import INGESTED_SOURCES, INGESTED_TENANTS, INGESTION_COUNTERS, INGESTION_HISTORY
from logops.findings.store import ResultsStore
from logops.quality.counters import MISSED_BY_CANARY
from logops.report.section import EVERYTHING, STANDARD
from logops.report.sections.ingestion import HOURS, Hour, Ingestion, Source, State, read, section
from tests.support.environments import environment

NOW = datetime(2026, 11, 28, 12, 8, tzinfo=UTC)
NOON = NOW.replace(minute=0)
LAST_RUN = NOW - timedelta(minutes=6)
LOCAL = environment("local")
HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def quarter(source: str = "application", start: datetime = NOON, **values: object) -> dict[str, object]:
    """A quarter of an hour of a source: 60 lines a minute, within its band."""
    usual = {"lines": 900, "lower": 600.0, "upper": 1200.0, "state": "inside"}
    return {"environment": "local", "source": source, "start": start, **usual, **values}


def measured_source(name: str = "application", **values: object) -> dict[str, object]:
    """The row of a source of the newest run."""
    usual = {
        "owner": "shop",
        "cluster": "main",
        "tenant": "application",
        "bytes": 9_000,
        "streams": 3,
        "lines": 1800,
        "unparsable": 3,
    }
    usual |= {"last_line": LAST_RUN, "verdict": "ok", "band": "40 to 80/min", "window_s": 1800}
    return {"environment": "local", "run": "1", "as_of": LAST_RUN, "source": name, **usual, **values}


def written(store: ResultsStore, *quarters: Mapping[str, object], rows: list[dict[str, object]] | None = None) -> None:
    for row in quarters:
        start = row["start"]
        assert isinstance(start, datetime)
        stored = [other for other in quarters if other["start"] == start]
        store.write(INGESTION_HISTORY, f"local-{start:%H%M}", pa.Table.from_pylist(stored), start)
    store.write(INGESTED_SOURCES, "local.1", pa.Table.from_pylist(rows or [measured_source()]), LAST_RUN)


def source_of(store: ResultsStore, name: str = "application") -> Source:
    return next(source for source in read(store, LOCAL, NOW).sources if source.name == name)


def text_of(body: str) -> str:
    """Return a body without its elements, with single spaces."""
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "inside"),
        ({"state": "low"}, "below"),
        ({"state": "high"}, "above"),
        ({"state": "silent", "lines": 0}, "silent"),
        ({"state": "learning", "lower": None, "upper": None}, "learning"),
        ({"state": "learning", "lines": 60}, "below"),
        ({"state": "learning", "lines": 9_000}, "above"),
        ({"state": "learning", "lines": 0}, "silent"),
        ({"state": None, "lower": None, "upper": None}, "learning"),
    ],
)
def test_hour_has_the_learned_state_or_compares_with_the_declared_band(
    store: ResultsStore, values: Mapping[str, object], state: State
) -> None:
    written(store, quarter(**values))

    assert source_of(store).hours[-1].state == state


def test_hour_with_one_bad_quarter_shows_it(store: ResultsStore) -> None:
    written(store, quarter(), quarter(start=NOON - timedelta(minutes=45), state="low"))

    assert [hour.state for hour in source_of(store).hours[-2:]] == ["below", "inside"]


def test_rates_are_lines_a_minute(store: ResultsStore) -> None:
    written(store, quarter())

    assert source_of(store).hours[-1] == Hour("inside", 60, 40, 80)


def test_history_of_an_earlier_version_is_shown_without_a_band(store: ResultsStore) -> None:
    old = pa.table({"environment": ["local"], "source": ["application"], "start": [NOON], "lines": [900]})
    store.write(INGESTION_HISTORY, "local", old, NOON)

    assert source_of(store).hours[-1] == Hour("learning", 60)


def test_map_has_every_hour_of_three_days(store: ResultsStore) -> None:
    written(store, quarter(), quarter(start=NOON - timedelta(hours=30), state="high"))

    body = section(read(store, LOCAL, NOW), STANDARD).body
    row = next(row for row in body.split("<tr>") if "#source=application" in row)

    assert sum(map(int, re.findall(r'class="cell \w+" colspan="(\d+)"', row))) == HOURS


def test_source_with_a_finding_is_named_first_and_with_it(store: ResultsStore) -> None:
    rows = [measured_source(verdict="source-silent"), measured_source("access")]
    written(store, quarter(), rows=rows)

    made = section(read(store, LOCAL, NOW), STANDARD)

    assert made.mark == "error"
    assert "needs attention: application (source-silent)." in made.summary


def test_environment_without_a_run_says_that_nobody_has_looked(store: ResultsStore) -> None:
    made = section(read(store, LOCAL, NOW), STANDARD)

    assert (made.mark, made.summary) == (
        "unknown",
        "Nobody has looked yet: the check ingestion-quality has never run.",
    )
    assert "logops quality run local" in made.body


def test_run_that_is_overdue_is_not_a_good_answer(store: ResultsStore) -> None:
    written(store, quarter())

    made = section(read(store, LOCAL, NOW + timedelta(hours=5)), STANDARD)

    assert made.mark == "unknown"
    assert made.summary.endswith("were in order 5 h ago, and nobody has looked since.")


def test_source_shows_its_owner_newest_line_and_lines_that_do_not_parse(store: ResultsStore) -> None:
    written(store, quarter())
    body = text_of(section(read(store, LOCAL, NOW), STANDARD).body)

    assert "owner shop" in body
    assert "newest line 2026-11-28 12:02 UTC, 6 min ago" in body
    assert "do not parse 3 of 1,800 lines in 30 min" in body
    assert "band 40 to 80/min, learned from past weeks" in body


def test_source_shows_refused_lines_and_copies_of_its_tenant(store: ResultsStore) -> None:
    written(store, quarter())
    row = {"environment": "local", "as_of": LAST_RUN, "cluster": "main", "tenant": "application", "since": NOON}
    row |= {"received": 5_000, "refused": 7, "copies": 2, "missing": 1, "note": ""}
    store.write(INGESTED_TENANTS, "local.1", pa.Table.from_pylist([row]), LAST_RUN)

    body = text_of(section(read(store, LOCAL, NOW), STANDARD).body)

    assert "5,000 lines received since 2026-11-28 12:00 UTC: 7 refused, 2 copies, 1 missing" in body


def test_source_shows_what_the_canary_of_its_cluster_misses(store: ResultsStore) -> None:
    written(store, quarter())
    row = {"environment": "local", "as_of": LAST_RUN, "cluster": "main", "name": MISSED_BY_CANARY, "later": False}
    store.write(INGESTION_COUNTERS, "local.1", pa.Table.from_pylist([{**row, "value": 4.0}]), LAST_RUN)

    body = text_of(section(read(store, LOCAL, NOW), STANDARD).body)

    assert "4 lines of the canary of cluster main did not arrive since it was started" in body


def test_declared_band_is_said_while_the_learned_one_is_not_ready(store: ResultsStore) -> None:
    declared = environment("local", ("sources.application.expect", {"rate": {"at_least": 40, "at_most": 80}}))
    written(store, quarter(state="learning"), rows=[measured_source(band="learning: 3 of 29 days")])

    body = text_of(section(read(store, declared, NOW), STANDARD).body)

    assert "band 40 to 80 lines/min, declared in the environment; learning: 3 of 29 days" in body


def test_hostile_names_and_owners_are_escaped(store: ResultsStore) -> None:
    written(store, quarter(HOSTILE), rows=[measured_source(HOSTILE, owner=HOSTILE, verdict=HOSTILE)])

    made = section(read(store, environment("local"), NOW), EVERYTHING)

    assert "<script" not in made.body
    assert "&lt;script&gt;" in made.body


def test_source_of_a_security_cluster_is_shown_to_its_readers_only(store: ResultsStore) -> None:
    written(store, quarter("audit"), rows=[measured_source("audit", cluster="security", tenant="security")])
    data = read(store, LOCAL, NOW)

    assert "source=audit" in section(data, EVERYTHING).body
    assert "audit" not in section(data, STANDARD).body
    assert "security" not in section(data, STANDARD).body


HOURS_OF_SOURCE = st.tuples(
    *[st.builds(Hour, st.sampled_from(["silent", "inside", "above"]), st.floats(0, 1e6))] * HOURS
)
SECRET_SOURCES = st.builds(
    Source,
    name=st.text(min_size=1),
    owner=st.text(),
    cluster=st.just("security"),
    tenant=st.text(),
    audience=st.just("security"),
    hours=HOURS_OF_SOURCE,
    is_declared_band=st.booleans(),
    newest=st.none() | st.builds(lambda verdict: measured_source(verdict=verdict), st.text()),
    delivered=st.none(),
    canary_missing=st.none() | st.integers(),
)


@given(st.lists(SECRET_SOURCES, max_size=3))
def test_standard_page_is_the_same_whatever_security_sources_do(secret: list[Source]) -> None:
    hours = (*[Hour("inside", 60.0, 40.0, 80.0)] * HOURS,)
    row = measured_source()
    source = Source("application", "shop", "main", "application", "standard", hours, False, row, None, None)
    data = Ingestion("local", NOW, NOON - timedelta(hours=HOURS - 1), LAST_RUN, False, 1800, (source,))

    assert section(replace(data, sources=(*secret, source)), STANDARD) == section(data, STANDARD)
