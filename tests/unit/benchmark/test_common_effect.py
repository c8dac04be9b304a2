"""A slowdown shared by all queries is reported for the library, not for each query."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from logops.benchmark.findings import library_findings
from logops.benchmark.history.common_effect import MIN_OTHERS, QueryGroup, common_effects
from logops.benchmark.history.explain import Work
from logops.benchmark.history.nights import DAY_NS, Night, QueryHistory
from logops.benchmark.history.trend import common_trends, trends, trends_by_night
from logops.benchmark.measure.cases import Case, Mode

NIGHTS = 32


def case(query: str) -> Case:
    return Case(query, 3600, Mode.COLD)


def night(at: int, seconds: float, cluster: str = "main") -> Night:
    work = Work(seconds=seconds, exec_s=seconds, queue_s=0, bytes=1e6, cached_results=0, shards=4)
    return Night(f"run-{at}", at * DAY_NS, ("c", "text", 1), 20, work, cluster, seconds, seconds)


def histories(count: int, busy: Mapping[int, float], slow: Mapping[tuple[str, int], float]) -> dict[Case, QueryHistory]:
    """Return queries that take 0.1 s, 0.2 s, 0.3 s and so on.

    busy   factor on the time of all queries, by night
    slow   factor on the time of one query, by query and night
    """
    chance = Random(1)

    def seconds(number: int, at: int) -> float:
        own = (number + 1) / 10 * chance.lognormvariate(0, 0.02)
        return own * busy.get(at, 1.0) * slow.get((f"q{number}", at), 1.0)

    return {
        case(f"q{number}"): QueryHistory(tuple(night(at, seconds(number, at)) for at in range(NIGHTS)), 0)
        for number in range(count)
    }


LAST_TWO = (NIGHTS - 2, NIGHTS - 1)


def test_busy_machine_regresses_no_query() -> None:
    found = trends(histories(8, dict.fromkeys(LAST_TWO, 1.5), {}))

    assert [one.regressed for one in found.values()] == [False] * 8


@pytest.mark.parametrize(("times", "told"), [(1.15, [3600]), (1.3, [3600, 6 * 3600])])
def test_query_over_longer_range_needs_larger_step_to_be_regressed(times: float, told: list[int]) -> None:
    hour = histories(8, {}, {("q3", at): times for at in LAST_TWO})
    both = hour | {replace(one, range_s=6 * 3600): history for one, history in hour.items()}

    assert [one.range_s for one, trend in trends(both).items() if trend.regressed] == told


def test_busy_machine_is_reported_for_whole_library() -> None:
    found = common_trends(histories(8, dict.fromkeys(LAST_TWO, 1.5), {}))
    (finding,) = library_findings("local", found, datetime.now(UTC))

    assert (finding.cls.name, finding.subject.cluster, finding.subject.query) == ("query-regressed", "main", "")
    assert finding.evidence["nights"] == 2
    assert finding.message.startswith("The whole library, cold: 1.5")
    assert "It is no single query" in finding.message


def test_library_finding_has_cause_from_statistics_of_all_queries() -> None:
    calm = histories(8, dict.fromkeys(LAST_TWO, 1.5), {})
    grown = {
        case: replace(one, nights=(*one.nights[:-2], *(_read_more(night) for night in one.nights[-2:])))
        for case, one in calm.items()
    }
    (finding,) = library_findings("local", common_trends(grown), datetime.now(UTC))

    assert "since 2 nights. The data grew: it read 50% more bytes. It is no single query" in finding.message


def test_library_finding_after_speedup_has_cause() -> None:
    fast = {at: 0.5 for at in range(16, NIGHTS - 2)} | dict.fromkeys(LAST_TWO, 0.75)
    (finding,) = library_findings("local", common_trends(histories(8, fast, {})), datetime.now(UTC))

    assert "since 2 nights. Each byte took" in finding.message


def test_single_slower_query_is_regressed_on_noisy_machine() -> None:
    chance = Random(3)
    busy = {at: chance.lognormvariate(0, 0.2) for at in range(NIGHTS)}
    found = trends(histories(8, busy, {("q3", at): 1.2 for at in LAST_TWO}))

    assert [one.query for one, told in found.items() if told.regressed] == ["q3"]
    assert found[case("q3")].beside
    assert found[case("q3")].seconds.step is not None


def test_slower_queries_are_regressed_even_if_they_are_the_majority() -> None:
    found = trends(histories(8, {}, {(f"q{number}", at): 1.2 for number in range(5) for at in LAST_TWO}))

    assert [one.query for one, told in found.items() if told.regressed] == ["q0", "q1", "q2", "q3", "q4"]


def test_noisy_library_is_reported_as_too_noisy() -> None:
    chance = Random(3)
    found = common_trends(histories(8, {at: chance.lognormvariate(0, 0.2) for at in range(NIGHTS)}, {}))
    (finding,) = library_findings("local", found, datetime.now(UTC))

    assert (finding.cls.name, finding.subject.cluster, finding.subject.query) == ("benchmark-too-noisy", "main", "")


def test_query_with_steady_speed_is_not_regressed_while_others_speed_up() -> None:
    found = trends(histories(8, dict.fromkeys(LAST_TWO, 0.5), {("q3", at): 1.8 for at in LAST_TWO}))

    assert [one.regressed for one in found.values()] == [False] * 8


def test_single_slower_query_is_not_reported_for_library() -> None:
    found = common_trends(histories(8, {}, {("q3", at): 3.0 for at in LAST_TWO}))

    assert [*library_findings("local", found, datetime.now(UTC))] == []


def test_query_with_too_few_others_is_judged_alone() -> None:
    found = trends(histories(MIN_OTHERS, dict.fromkeys(LAST_TWO, 1.5), {}))

    assert [(one.beside, one.regressed) for one in found.values()] == [(False, True)] * MIN_OTHERS


def test_nights_without_other_queries_are_left_out() -> None:
    found = histories(8, {}, {})
    found |= {case(f"q{number}"): QueryHistory(found[case(f"q{number}")].nights[20:], 0) for number in range(1, 8)}

    assert trends(found)[case("q0")].seconds.nights == NIGHTS - 20


def test_new_queries_do_not_change_verdict_of_other_queries() -> None:
    found = histories(8, dict.fromkeys(LAST_TWO, 1.5), {})
    new = {case(f"new{number}"): QueryHistory((night(NIGHTS - 1, 1.0),), 0) for number in range(9)}

    assert [one.regressed for one in trends(found | new).values()] == [False] * 17


def test_clusters_and_modes_are_compared_separately() -> None:
    warm = Case("q0", 3600, Mode.WARM)
    elsewhere = case("elsewhere")
    found = histories(5, {}, {}) | {
        warm: QueryHistory((night(0, 1.0),), 0),
        elsewhere: QueryHistory((night(0, 1.0, "security"),), 0),
    }

    assert set(common_effects(found, {})) == {
        QueryGroup("main", Mode.COLD), QueryGroup("main", Mode.WARM), QueryGroup("security", Mode.COLD)
    }  # fmt: skip


@pytest.mark.parametrize("at", [NIGHTS - 2, NIGHTS - 1])
def test_each_night_is_judged_by_earlier_nights_only(at: int) -> None:
    found = histories(8, {}, {("q3", at): 1.5 for at in LAST_TWO})
    told = trends_by_night({case: one.nights for case, one in found.items()})[case("q3")]

    assert told[at].regressed == (at == NIGHTS - 1)


def _read_more(night: Night) -> Night:
    return replace(night, work=replace(night.work, bytes=night.work.bytes * 1.5))
