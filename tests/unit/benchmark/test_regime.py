"""A query that became faster is judged by its new speed. Other queries do not count as slower."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.benchmark.history.explain import Work
from logops.benchmark.history.nights import Night, QueryHistory
from logops.benchmark.history.regime import newest_regime, regimes
from logops.benchmark.history.trend import Trend, common_trends, trends
from logops.benchmark.measure.cases import Case, Mode

CALM = 28
QUERIES = 10


def case(number: int) -> Case:
    return Case(f"q{number}", 3600, Mode.COLD)


def night(at: int, seconds: float) -> Night:
    work = Work(seconds=seconds, exec_s=seconds, queue_s=0, bytes=1e6, cached_results=0, shards=4)
    return Night(f"run-{at}", at, ("c", "text", 1), 20, work, "main", seconds, seconds)


def library(nights: int, times: Mapping[int, float], *, since: int = CALM, seed: int = 1) -> dict[Case, QueryHistory]:
    """Return ten queries on a machine whose nights differ by 5%.

    times   factor on the time of a query from night `since`, by its number
    """
    chance = Random(seed)
    busy = [chance.lognormvariate(0, 0.05) for _ in range(nights)]
    return {
        case(number): QueryHistory(
            tuple(
                night(at, busy[at] * chance.lognormvariate(0, 0.02) * (times.get(number, 1.0) if at >= since else 1.0))
                for at in range(nights)
            ),
            0,
        )
        for number in range(QUERIES)
    }


def slower(
    found: dict[Case, QueryHistory], number: int, factor: float = 1.2, nights: int = 2
) -> dict[Case, QueryHistory]:
    """Return the same nights, with one query slower on the newest nights."""
    own = found[case(number)].nights
    changed = (*own[:-nights], *(replace(one, typical_s=one.typical_s * factor) for one in own[-nights:]))
    return found | {case(number): QueryHistory(changed, 0)}


def told(found: dict[Case, QueryHistory], number: int) -> Trend:
    return trends(found)[case(number)]


def began(found: dict[Case, QueryHistory]) -> dict[str, tuple[int, ...]]:
    """Return when a query became faster, for each query that did."""
    return {case.query: one.starts[1:] for case, one in regimes(found).items() if len(one.starts) > 1}


HALF = {number: 0.5 for number in range(4)}


def test_query_that_slows_down_after_speedup_is_regressed() -> None:
    found = slower(library(CALM + 14, {0: 0.5}), 0)

    assert [one.query for one, trend in trends(found).items() if trend.regressed] == ["q0"]


def test_too_few_nights_since_speedup_are_reported() -> None:
    found = library(CALM + 5, {0: 0.5})

    assert (told(found, 0).regressed, told(found, 0).text()) == (False, "5 of 12 nights since it became faster")


@pytest.mark.parametrize("nights", range(2, 15))
def test_speedup_of_some_queries_regresses_no_other_query(nights: int) -> None:
    found = trends(library(CALM + nights, HALF))

    assert [one.query for one, trend in found.items() if trend.regressed] == []


@pytest.mark.parametrize("nights", [2, 6, 14])
def test_slower_query_is_regressed_after_speedup_of_other_queries(nights: int) -> None:
    assert told(slower(library(CALM + nights, HALF), 9), 9).regressed


@pytest.mark.parametrize("count", [1, 4, 7])
def test_regime_begins_on_first_faster_night(count: int) -> None:
    found = library(CALM + 10, {number: 0.5 for number in range(count)})

    assert began(found) == {f"q{number}": (CALM,) for number in range(count)}


def test_query_gain_excludes_gain_of_the_machine() -> None:
    found = library(CALM + 12, HALF | {number: 0.8 for number in range(4, QUERIES)} | {number: 0.4 for number in HALF})

    assert regimes(found)[case(0)].gains[-1] == pytest.approx(2.0, rel=0.03)


def test_faster_machine_begins_no_query_regime() -> None:
    assert began(library(CALM + 10, {number: 0.5 for number in range(QUERIES)})) == {}


def test_library_after_speedup_counts_only_nights_since_then() -> None:
    (library_told,) = common_trends(library(CALM + 5, {number: 0.5 for number in range(QUERIES)})).values()

    assert library_told.times.text() == "5 of 12 nights"


def test_single_fast_night_begins_no_regime() -> None:
    assert began(library(CALM + 1, {0: 0.3})) == {}


def test_query_with_steady_speed_begins_no_regime_while_others_slow_down() -> None:
    assert began(library(CALM + 5, {number: 1.3 for number in range(7)})) == {}


def test_fixed_regression_begins_no_regime() -> None:
    found = slower(library(CALM, {}), 0, 1.5, nights=5)
    mended = library(CALM + 5, {})
    own = (*found[case(0)].nights, *mended[case(0)].nights[CALM:])

    assert began(mended | {case(0): QueryHistory(own, 0)}) == {}


def test_second_speedup_begins_second_regime() -> None:
    found = library(CALM + 13, {0: 0.5})
    own = found[case(0)].nights
    again = (*own, *(night(CALM + 13 + at, own[-1].typical_s / 2) for at in range(3)))
    others = library(CALM + 16, {})

    assert began(others | {case(0): QueryHistory(again, 0)}) == {"q0": (CALM, CALM + 13)}


@given(st.floats(1e-3, 1e3), st.integers(0, 2**16))
def test_regimes_do_not_depend_on_time_unit(factor: float, seed: int) -> None:
    found = library(CALM + 6, {0: 0.5, 1: 0.8}, seed=seed)
    scaled = {
        case: QueryHistory(tuple(replace(one, typical_s=one.typical_s * factor) for one in history.nights), 0)
        for case, history in found.items()
    }

    assert began(scaled) == began(found)


@given(st.lists(st.floats(0.5, 2), max_size=40))
def test_newest_regime_is_end_of_series(times: list[float]) -> None:
    newest = newest_regime(times)

    assert list(newest) == times[len(times) - len(newest) :]
