"""A query that became faster is judged by its new speed. Other queries do not count as slower."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.benchmark.era import eras, newest_era
from logops.benchmark.nights import Night, Past
from logops.benchmark.shots import Arm, Mode
from logops.benchmark.trend import Trend, trends, whole
from logops.benchmark.why import Work

CALM = 28
QUERIES = 10


def arm(number: int) -> Arm:
    return Arm(f"q{number}", 3600, Mode.COLD)


def night(at: int, seconds: float) -> Night:
    work = Work(seconds=seconds, exec_s=seconds, queue_s=0, bytes=1e6, cached_results=0, shards=4)
    return Night(f"run-{at}", at, ("c", "text", 1), 20, work, "main", seconds)


def library(nights: int, times: Mapping[int, float], *, since: int = CALM, seed: int = 1) -> dict[Arm, Past]:
    """Return ten queries on a machine whose nights differ by 5%.

    times   factor on the time of a query from night `since`, by its number
    """
    chance = Random(seed)
    busy = [chance.lognormvariate(0, 0.05) for _ in range(nights)]
    return {
        arm(number): Past(
            tuple(
                night(at, busy[at] * chance.lognormvariate(0, 0.02) * (times.get(number, 1.0) if at >= since else 1.0))
                for at in range(nights)
            ),
            0,
        )
        for number in range(QUERIES)
    }


def slower(found: dict[Arm, Past], number: int, factor: float = 1.2, nights: int = 2) -> dict[Arm, Past]:
    """Return the same nights, with one query slower on the newest nights."""
    own = found[arm(number)].nights
    changed = (*own[:-nights], *(replace(one, level=one.level * factor) for one in own[-nights:]))
    return found | {arm(number): Past(changed, 0)}


def told(found: dict[Arm, Past], number: int) -> Trend:
    return trends(found)[arm(number)]


def began(found: dict[Arm, Past]) -> dict[str, tuple[int, ...]]:
    """Return when a query became faster, for each query that did."""
    return {arm.query: one.firsts[1:] for arm, one in eras(found).items() if len(one.firsts) > 1}


HALF = {number: 0.5 for number in range(4)}


def test_query_that_slows_down_after_speedup_is_regressed() -> None:
    found = slower(library(CALM + 14, {0: 0.5}), 0)

    assert [one.query for one, trend in trends(found).items() if trend.regressed] == ["q0"]


def test_too_few_nights_since_speedup_are_reported() -> None:
    found = library(CALM + 5, {0: 0.5})

    assert (told(found, 0).regressed, told(found, 0).told()) == (False, "5 of 12 nights since it became faster")


@pytest.mark.parametrize("nights", range(2, 15))
def test_speedup_of_some_queries_regresses_no_other_query(nights: int) -> None:
    found = trends(library(CALM + nights, HALF))

    assert [one.query for one, trend in found.items() if trend.regressed] == []


@pytest.mark.parametrize("nights", [2, 6, 14])
def test_slower_query_is_regressed_after_speedup_of_other_queries(nights: int) -> None:
    assert told(slower(library(CALM + nights, HALF), 9), 9).regressed


@pytest.mark.parametrize("count", [1, 4, 7])
def test_era_begins_on_first_faster_night(count: int) -> None:
    found = library(CALM + 10, {number: 0.5 for number in range(count)})

    assert began(found) == {f"q{number}": (CALM,) for number in range(count)}


def test_query_gain_excludes_gain_of_the_machine() -> None:
    found = library(CALM + 12, HALF | {number: 0.8 for number in range(4, QUERIES)} | {number: 0.4 for number in HALF})

    assert eras(found)[arm(0)].gains[-1] == pytest.approx(2.0, rel=0.03)


def test_faster_machine_begins_no_query_era() -> None:
    assert began(library(CALM + 10, {number: 0.5 for number in range(QUERIES)})) == {}


def test_library_after_speedup_counts_only_nights_since_then() -> None:
    (library_told,) = whole(library(CALM + 5, {number: 0.5 for number in range(QUERIES)})).values()

    assert library_told.times.told() == "5 of 12 nights"


def test_single_fast_night_begins_no_era() -> None:
    assert began(library(CALM + 1, {0: 0.3})) == {}


def test_query_with_steady_speed_begins_no_era_while_others_slow_down() -> None:
    assert began(library(CALM + 5, {number: 1.3 for number in range(7)})) == {}


def test_fixed_regression_begins_no_era() -> None:
    found = slower(library(CALM, {}), 0, 1.5, nights=5)
    mended = library(CALM + 5, {})
    own = (*found[arm(0)].nights, *mended[arm(0)].nights[CALM:])

    assert began(mended | {arm(0): Past(own, 0)}) == {}


def test_second_speedup_begins_second_era() -> None:
    found = library(CALM + 13, {0: 0.5})
    own = found[arm(0)].nights
    again = (*own, *(night(CALM + 13 + at, own[-1].level / 2) for at in range(3)))
    others = library(CALM + 16, {})

    assert began(others | {arm(0): Past(again, 0)}) == {"q0": (CALM, CALM + 13)}


@given(st.floats(1e-3, 1e3), st.integers(0, 2**16))
def test_eras_do_not_depend_on_time_unit(factor: float, seed: int) -> None:
    found = library(CALM + 6, {0: 0.5, 1: 0.8}, seed=seed)
    scaled = {
        arm: Past(tuple(replace(one, level=one.level * factor) for one in past.nights), 0)
        for arm, past in found.items()
    }

    assert began(scaled) == began(found)


@given(st.lists(st.floats(0.5, 2), max_size=40))
def test_newest_era_is_end_of_series(times: list[float]) -> None:
    newest = newest_era(times)

    assert list(newest) == times[len(times) - len(newest) :]
