"""A slowdown shared by all queries is reported for the library, not for each query."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from logops.benchmark.found import of_library
from logops.benchmark.nights import DAY_NS, Night, Past
from logops.benchmark.shared import FEWEST, Group, shared
from logops.benchmark.shots import Arm, Mode
from logops.benchmark.trend import judged_then, trends, whole
from logops.benchmark.why import Work

NIGHTS = 32


def arm(query: str) -> Arm:
    return Arm(query, 3600, Mode.COLD)


def night(at: int, seconds: float, cluster: str = "main") -> Night:
    work = Work(seconds=seconds, exec_s=seconds, queue_s=0, bytes=1e6, cached_results=0, shards=4)
    return Night(f"run-{at}", at * DAY_NS, ("c", "text", 1), 20, work, cluster, seconds)


def pasts(count: int, busy: Mapping[int, float], slow: Mapping[tuple[str, int], float]) -> dict[Arm, Past]:
    """Return queries that take 0.1 s, 0.2 s, 0.3 s and so on.

    busy   factor on the time of all queries, by night
    slow   factor on the time of one query, by query and night
    """
    chance = Random(1)

    def seconds(number: int, at: int) -> float:
        own = (number + 1) / 10 * chance.lognormvariate(0, 0.02)
        return own * busy.get(at, 1.0) * slow.get((f"q{number}", at), 1.0)

    return {
        arm(f"q{number}"): Past(tuple(night(at, seconds(number, at)) for at in range(NIGHTS)), 0)
        for number in range(count)
    }


LAST_TWO = (NIGHTS - 2, NIGHTS - 1)


def test_busy_machine_regresses_no_query() -> None:
    found = trends(pasts(8, dict.fromkeys(LAST_TWO, 1.5), {}))

    assert [one.regressed for one in found.values()] == [False] * 8


@pytest.mark.parametrize(("times", "told"), [(1.15, [3600]), (1.3, [3600, 6 * 3600])])
def test_query_over_longer_range_needs_larger_step_to_be_regressed(times: float, told: list[int]) -> None:
    hour = pasts(8, {}, {("q3", at): times for at in LAST_TWO})
    both = hour | {replace(one, range_s=6 * 3600): past for one, past in hour.items()}

    assert [one.range_s for one, trend in trends(both).items() if trend.regressed] == told


def test_busy_machine_is_reported_for_whole_library() -> None:
    found = whole(pasts(8, dict.fromkeys(LAST_TWO, 1.5), {}))
    (finding,) = of_library("local", found, datetime.now(UTC))

    assert (finding.cls.name, finding.subject.cluster, finding.subject.query) == ("query-regressed", "main", "")
    assert finding.evidence["nights"] == 2
    assert finding.message.startswith("The whole library, cold: 1.5")
    assert "It is no single query" in finding.message


def test_library_finding_has_cause_from_statistics_of_all_queries() -> None:
    calm = pasts(8, dict.fromkeys(LAST_TWO, 1.5), {})
    grown = {
        arm: replace(one, nights=(*one.nights[:-2], *(_read_more(night) for night in one.nights[-2:])))
        for arm, one in calm.items()
    }
    (finding,) = of_library("local", whole(grown), datetime.now(UTC))

    assert "since 2 nights. The data grew: it read 50% more bytes. It is no single query" in finding.message


def test_library_finding_after_speedup_has_cause() -> None:
    fast = {at: 0.5 for at in range(16, NIGHTS - 2)} | dict.fromkeys(LAST_TWO, 0.75)
    (finding,) = of_library("local", whole(pasts(8, fast, {})), datetime.now(UTC))

    assert "since 2 nights. Each byte took" in finding.message


def test_single_slower_query_is_regressed_on_noisy_machine() -> None:
    chance = Random(3)
    busy = {at: chance.lognormvariate(0, 0.2) for at in range(NIGHTS)}
    found = trends(pasts(8, busy, {("q3", at): 1.2 for at in LAST_TWO}))

    assert [one.query for one, told in found.items() if told.regressed] == ["q3"]
    assert found[arm("q3")].beside
    assert found[arm("q3")].seconds.step is not None


def test_slower_queries_are_regressed_even_if_they_are_the_majority() -> None:
    found = trends(pasts(8, {}, {(f"q{number}", at): 1.2 for number in range(5) for at in LAST_TWO}))

    assert [one.query for one, told in found.items() if told.regressed] == ["q0", "q1", "q2", "q3", "q4"]


def test_noisy_library_is_reported_as_too_noisy() -> None:
    chance = Random(3)
    found = whole(pasts(8, {at: chance.lognormvariate(0, 0.2) for at in range(NIGHTS)}, {}))
    (finding,) = of_library("local", found, datetime.now(UTC))

    assert (finding.cls.name, finding.subject.cluster, finding.subject.query) == ("benchmark-too-noisy", "main", "")


def test_query_with_steady_speed_is_not_regressed_while_others_speed_up() -> None:
    found = trends(pasts(8, dict.fromkeys(LAST_TWO, 0.5), {("q3", at): 1.8 for at in LAST_TWO}))

    assert [one.regressed for one in found.values()] == [False] * 8


def test_single_slower_query_is_not_reported_for_library() -> None:
    found = whole(pasts(8, {}, {("q3", at): 3.0 for at in LAST_TWO}))

    assert [*of_library("local", found, datetime.now(UTC))] == []


def test_query_with_too_few_others_is_judged_alone() -> None:
    found = trends(pasts(FEWEST, dict.fromkeys(LAST_TWO, 1.5), {}))

    assert [(one.beside, one.regressed) for one in found.values()] == [(False, True)] * FEWEST


def test_nights_without_other_queries_are_left_out() -> None:
    found = pasts(8, {}, {})
    found |= {arm(f"q{number}"): Past(found[arm(f"q{number}")].nights[20:], 0) for number in range(1, 8)}

    assert trends(found)[arm("q0")].seconds.nights == NIGHTS - 20


def test_new_queries_do_not_change_verdict_of_other_queries() -> None:
    found = pasts(8, dict.fromkeys(LAST_TWO, 1.5), {})
    new = {arm(f"new{number}"): Past((night(NIGHTS - 1, 1.0),), 0) for number in range(9)}

    assert [one.regressed for one in trends(found | new).values()] == [False] * 17


def test_clusters_and_modes_are_compared_separately() -> None:
    warm = Arm("q0", 3600, Mode.WARM)
    elsewhere = arm("elsewhere")
    found = pasts(5, {}, {}) | {
        warm: Past((night(0, 1.0),), 0),
        elsewhere: Past((night(0, 1.0, "security"),), 0),
    }

    assert set(shared(found, {})) == {
        Group("main", Mode.COLD), Group("main", Mode.WARM), Group("security", Mode.COLD)
    }  # fmt: skip


@pytest.mark.parametrize("at", [NIGHTS - 2, NIGHTS - 1])
def test_each_night_is_judged_by_earlier_nights_only(at: int) -> None:
    found = pasts(8, {}, {("q3", at): 1.5 for at in LAST_TWO})
    told = judged_then({arm: one.nights for arm, one in found.items()})[arm("q3")]

    assert told[at].regressed == (at == NIGHTS - 1)


def _read_more(night: Night) -> Night:
    return replace(night, work=replace(night.work, bytes=night.work.bytes * 1.5))
