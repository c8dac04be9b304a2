"""Compare a night with earlier nights: findings and their causes."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from logops.benchmark.findings import query_findings
from logops.benchmark.history.explain import Work
from logops.benchmark.history.nights import DAY_NS, Night, comparable_history, histories_of
from logops.benchmark.history.trend import trend
from logops.benchmark.measure.cases import Case, Mode
from logops.benchmark.measure.sample import Ending, Sample
from logops.benchmark.verdict import verdicts
from logops.findings import Finding
from logops.queries.model import LibraryQuery

QUERY = LibraryQuery.model_validate(
    {
        "description": "d", "owner": "o", "cluster": "main", "tenant": "t", "logql": '{a="b"}', "range": "1h",
        "objective": {"p95": "1s", "bytes": "1GB"}, "answer": {},
    }
)  # fmt: skip
ARM = Case("q", 3600, Mode.COLD)
LATER_NS = 1000 * DAY_NS
MEASURED = ("c", "text", 0, 1, "main", "t")
WORK = Work(seconds=0.2, exec_s=0.18, queue_s=0.01, bytes=1e6, cached_results=0, shards=4)


def calm(count: int, **changed: float) -> list[Night]:
    chance = Random(1)
    nights = []
    for at in range(count):
        noise = chance.lognormvariate(0, 0.03)
        work = replace(WORK, seconds=WORK.seconds * noise, exec_s=WORK.exec_s * noise, **changed)
        nights.append(Night(f"run-{at}", at * DAY_NS, MEASURED, 20, work, "main", work.seconds, work.seconds))
    return nights


def tonight(factor: float = 1.0, **changed: object) -> list[Sample]:
    return [
        Sample(
            "tonight", "local", "c", "q", "text", "main", "t", "cold", 3600, at + 1, LATER_NS + at, Ending.ANSWERED,
            0.2 * factor, exec_s=0.18 * factor, queue_s=0.01, bytes=10**6, shards=4, **changed,  # type: ignore[arg-type]
        )
        for at in range(20)
    ]  # fmt: skip


def found(nights: list[Night], samples: list[Sample]) -> list[Finding]:
    histories = histories_of(samples, {ARM: nights})
    return list(query_findings("local", verdicts(samples, {"q": QUERY}, histories), datetime.now(UTC)))


def slow_night(at: int, factor: float) -> Night:
    work = replace(WORK, seconds=WORK.seconds * factor, exec_s=WORK.exec_s * factor)
    return Night(f"run-{at}", at * DAY_NS, MEASURED, 20, work, "main", work.seconds, work.seconds)


def test_slower_query_is_reported_with_start_and_cause() -> None:
    (regressed,) = found([*calm(30), slow_night(30, 1.5)], tonight(1.5))

    assert regressed.cls.name == "query-regressed"
    assert regressed.evidence["nights"] == 2
    assert "usually 201 ms: 1.49 times" in regressed.message
    assert "since 2 nights. Each byte took 50% longer." in regressed.message


def test_usual_night_has_no_finding() -> None:
    assert found(calm(30), tonight()) == []


def test_nights_of_other_configuration_are_not_compared() -> None:
    elsewhere = [replace(night, setup=("other", *MEASURED[1:])) for night in calm(30)]
    told = trend(Mode.COLD, comparable_history(elsewhere, slow_night(99, 1.5)), {})

    assert found(elsewhere, tonight(1.5)) == []
    assert told.text() == "1 of 12 nights, 30 of another configuration"


def test_repeated_run_is_not_compared_with_itself() -> None:
    newest = slow_night(30, 1.5)

    assert comparable_history([*calm(30), newest], newest).nights == (*calm(30), newest)


def test_several_runs_on_one_day_count_as_one_night() -> None:
    before = slow_night(30, 1.5)
    newest = replace(before, run="an hour later", started_ns=before.started_ns + DAY_NS // 24)
    by_hand = [replace(one, run=f"by-hand-{one.run}", answers=6) for one in calm(30)]

    assert comparable_history([*calm(30), *by_hand, before], newest).nights == (*calm(30), newest)


@pytest.mark.parametrize("other", [{"step_s": 60}, {"tenant": "another"}, {"cluster": "another"}])
def test_nights_with_other_step_tenant_or_cluster_are_not_compared(other: dict[str, object]) -> None:
    (night,) = histories_of([replace(one, started_ns=one.round) for one in tonight()], {}).values()
    told = histories_of([replace(one, run="later", **other) for one in tonight()], {ARM: night.nights})  # type: ignore[arg-type]

    assert (len(told[ARM].nights), told[ARM].elsewhere) == (1, 1)


def test_query_that_reads_more_is_reported_even_if_equally_fast() -> None:
    grown = [replace(night, work=replace(night.work, bytes=2e6)) for night in calm(32)[30:]]
    samples = [replace(one, bytes=2 * 10**6) for one in tonight()]
    (cost,) = found([*calm(30), *grown], samples)

    assert cost.cls.name == "query-cost-grew"
    assert "1.9 MiB read, usually 976.6 KiB: 2.00 times, since 3 nights" in cost.message


def test_nights_without_logs_do_not_hide_growth_of_bytes() -> None:
    quiet = [*calm(5, bytes=0.0), *calm(30)[5:]]
    grown = [replace(night, work=replace(night.work, bytes=2e6)) for night in calm(32)[30:]]
    samples = [replace(one, bytes=2 * 10**6) for one in tonight()]

    assert [one.cls.name for one in found([*quiet, *grown], samples)] == ["query-cost-grew"]


def test_noise_that_hides_regressions_is_reported() -> None:
    chance = Random(2)
    nights = [replace(night, typical_s=0.2 * chance.lognormvariate(0, 0.3)) for night in calm(30)]
    (noisy,) = found(nights, tonight())

    assert noisy.cls.name == "benchmark-too-noisy"


def test_too_few_nights_are_reported_and_not_judged() -> None:
    told = trend(Mode.COLD, comparable_history(calm(5), slow_night(5, 9.0)), {})

    assert (told.regressed, told.text()) == (False, "6 of 12 nights")


def test_slow_query_without_history_is_reported_with_time_breakdown() -> None:
    warm = [replace(one, mode="warm") for one in tonight(20.0)]
    (over,) = found([], warm)

    assert over.cls.name == "query-over-objective"
    assert over.message.endswith("Loki worked 3.60 s on 976.6 KiB (271.3 KiB/s); its parts waited 10 ms in the queue.")
