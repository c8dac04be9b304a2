"""Date the changes of a query from the verdicts of its nights."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from logops.benchmark.history.changes import Change, changes
from logops.benchmark.history.explain import Work
from logops.benchmark.history.nights import DAY_NS, Night
from logops.benchmark.history.trend import trends_by_night
from logops.benchmark.measure.cases import Case, Mode

NO_WORK = Work(seconds=0.0, exec_s=0.0, queue_s=0.0, bytes=0, cached_results=0, shards=0)
CASE = Case("errors", 3600, Mode.COLD)


def changes_of(count: int, factor: Callable[[int], float]) -> list[Change]:
    """Return the changes of a query with `count` nights and 3 % noise.

    factor   on the time of a night, by its number
    """
    chance = Random(1)
    times = [0.2 * factor(number) * chance.lognormvariate(0, 0.03) for number in range(count)]
    nights = [
        Night(f"run-{number}", number * DAY_NS, ("c",), 20, NO_WORK, "main", seconds, seconds)
        for number, seconds in enumerate(times)
    ]
    return changes(trends_by_night({CASE: nights})[CASE])


def night(number: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(days=number)


def test_slower_query_has_one_change_at_its_first_slow_night() -> None:
    assert changes_of(50, lambda number: 1.5 if number >= 30 else 1.0) == [Change(night(30), is_slower=True)]


def test_faster_query_has_one_change_at_its_first_fast_night() -> None:
    assert changes_of(60, lambda number: 0.5 if number >= 30 else 1.0) == [Change(night(30), is_slower=False)]


def test_query_that_becomes_slower_and_faster_again_has_both_changes() -> None:
    found = changes_of(90, lambda number: 1.5 if 30 <= number < 60 else 1.0)

    assert found == [Change(night(30), is_slower=True), Change(night(60), is_slower=False)]


def test_query_without_change_has_none() -> None:
    assert changes_of(90, lambda _: 1.0) == []


def test_single_slow_night_is_no_change() -> None:
    assert changes_of(60, lambda number: 30.0 if number == 40 else 1.0) == []
