"""The part of the page about the speed of queries."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.benchmark.history.judged import JudgedCase, JudgedNight
from logops.benchmark.measure.cases import Case, Mode
from logops.findings.store import ResultsStore
from logops.report.section import EVERYTHING, STANDARD
from logops.report.sections.queries import CameWith, Queries, Query, read, section
from tests.support.environments import environment

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 28, 3, tzinfo=UTC)
SINCE = NIGHT - timedelta(days=2)
HOSTILE = "<script>alert(1)</script>\"'&"
NEWEST = JudgedNight(NIGHT, "setup", 0.2, 0.3, 2.0, None, None)


def case(mode: Mode = Mode.WARM, nights: int = 20, **values: object) -> JudgedCase:
    """A query that was as fast as usual for some nights."""
    changed = values.pop("newest", NEWEST)
    assert isinstance(changed, JudgedNight)
    earlier = replace(changed, slower_since=None)
    before = [replace(earlier, began=NIGHT - timedelta(days=back)) for back in range(nights - 1, 0, -1)]
    usual = {"case": Case("errors", 3600, mode), "nights": [*before, changed], "cluster": "main", "usual_s": 0.2}
    usual |= {"ratio": None, "text": "as usual, 3% noise", "missed": (), "failures": (), "why": ""}
    return JudgedCase(**{**usual, **values})  # type: ignore[arg-type]


def query(*cases: JudgedCase, name: str = "errors", **values: object) -> Query:
    usual = {"name": name, "range_s": 3600, "audience": "standard", "came_with": {}}
    modes = {each.case.mode: each for each in cases or (case(), case(Mode.COLD))}
    return Query(**{**usual, "modes": modes, **values})  # type: ignore[arg-type]


def slower(mode: Mode = Mode.WARM, why: str = "It reads 2.1 times as many chunks.") -> JudgedCase:
    return case(mode, newest=replace(NEWEST, slower_since=SINCE), ratio=1.55, why=why)


def page(*queries: Query) -> Queries:
    return Queries("local", NOW, queries)


def text_of(body: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def test_fast_library_says_so() -> None:
    made = section(page(query(), query(name="error-rate")), STANDARD)

    assert (made.mark, made.summary) == ("ok", "All 2 queries are as fast as promised and as before.")


def test_query_over_its_objective_is_an_error_with_its_first_night() -> None:
    late = [
        replace(NEWEST, began=NIGHT - timedelta(days=back), p95_s=3.0 if back < 4 else 1.0)
        for back in (5, 4, 3, 2, 1, 0)
    ]
    missed = case(nights=1, missed=("p95 is 3.00 s, promised 2.00 s",))

    made = section(page(query(replace(missed, nights=late))), STANDARD)

    assert (made.mark, made.summary) == ("error", "1 query of 1 breaks its promise: errors.")
    assert "p95 is 3.00 s, promised 2.00 s, since 25 Nov" in text_of(made.body)


def test_slower_query_says_since_when_why_and_which_rollout_came_with_it() -> None:
    rollout = CameWith("manual__1", SINCE - timedelta(hours=5), "loki", "standard")

    made = section(page(query(slower(), slower(Mode.COLD), came_with={SINCE: rollout})), STANDARD)

    assert (made.mark, made.summary) == ("warning", "1 query slower than before: errors.")
    assert (
        "warm 1.55 times, cold 1.55 times as long as before since the night of 26 Nov. It reads 2.1 times as many "
        "chunks. It came with the rollout of 2026-11-25 22:00 UTC , which changed loki."
    ) in text_of(made.body)
    assert 'href="#rollout=manual__1"' in made.body


def test_rollout_of_a_security_cluster_is_not_named_to_others() -> None:
    rollout = CameWith("manual__1", SINCE - timedelta(hours=5), "loki", "security")
    data = page(query(slower(), came_with={SINCE: rollout}))

    assert "manual__1" in section(data, EVERYTHING).body
    assert section(data, STANDARD) == section(page(query(slower())), STANDARD)


def test_chart_marks_the_objective_and_the_change() -> None:
    body = section(page(query(slower())), STANDARD).body

    assert 'class="limit"' in body
    assert 'class="change"' in body


def test_day_without_a_run_is_a_gap_in_the_chart() -> None:
    nights = [replace(NEWEST, began=NIGHT - timedelta(days=back)) for back in (6, 5, 2, 1, 0)]

    body = section(page(query(replace(case(), nights=nights))), STANDARD).body
    match = re.search(r'class="line" d="([^"]*)"', body)

    assert match
    assert match[1].count("M") == 2


def test_range_without_a_promise_is_folded_unless_it_became_slower() -> None:
    unpromised = case(newest=replace(NEWEST, objective_s=None))

    assert 'id="other-ranges"' in section(page(query(unpromised)), STANDARD).body
    assert 'id="other-ranges"' not in section(page(query(slower())), STANDARD).body


def test_library_that_was_not_measured_when_it_should_is_unknown() -> None:
    made = section(replace(page(query()), now=NOW + timedelta(days=3), is_overdue=True), STANDARD)

    assert (made.mark, made.summary) == (
        "unknown",
        "All queries were as fast as promised 3 days ago. Nobody looked since.",
    )


def test_hostile_names_and_reasons_are_escaped() -> None:
    hostile = query(replace(slower(why=HOSTILE), missed=(HOSTILE,), text=HOSTILE), name=HOSTILE)

    body = section(page(hostile), EVERYTHING).body

    assert "<script" not in body
    assert "&lt;script&gt;" in body


SECRET_QUERIES = st.builds(
    lambda name, why: query(slower(why=why), name=name, audience="security"), st.text(min_size=1), st.text()
)


@given(st.lists(SECRET_QUERIES, max_size=3))
def test_standard_page_is_the_same_whatever_queries_of_security_clusters_take(secret: list[Query]) -> None:
    assert section(page(*secret, query()), STANDARD) == section(page(query()), STANDARD)


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def test_environment_without_nights_says_how_to_measure(store: ResultsStore) -> None:
    made = section(read(store, environment("local"), NOW), STANDARD)

    assert made.mark == "unknown"
    assert "logops bench run local" in made.body
