"""Judge samples by the objective of their query."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.benchmark.findings import query_findings
from logops.benchmark.history.nights import MIN_ANSWERS
from logops.benchmark.measure.percentile import percentile
from logops.benchmark.measure.sample import Ending, Sample
from logops.benchmark.verdict import Verdict, verdicts
from logops.environment.units import Duration
from logops.queries.model import LibraryQuery

QUERY = LibraryQuery.model_validate(
    {
        "description": "d", "owner": "o", "cluster": "main", "tenant": "t", "logql": '{a="b"}', "range": "1h",
        "objective": {"p95": "1s", "bytes": "1MB"}, "answer": {},
    }
)  # fmt: skip
SAMPLE = Sample("r", "local", "c", "q", '{a="b"}', "main", "t", "warm", 3600, 1, 0, Ending.ANSWERED, 0.1, bytes=1000)


def judged(*samples: Sample) -> Verdict:
    (found,) = verdicts(samples, {"q": QUERY}, {})
    return found


def rounds(count: int, **changed: object) -> list[Sample]:
    return [replace(SAMPLE, round=at + 1, **changed) for at in range(count)]  # type: ignore[arg-type]


def test_query_within_objective_has_no_violation() -> None:
    found = judged(*rounds(10))

    assert (found.missed_objectives, found.note, found.failure_messages) == ((), "", ())
    assert (found.p50, found.p95, found.bytes, found.answered) == (0.1, 0.1, 1000, 10)


def test_query_with_slow_p95_is_over_objective() -> None:
    found = judged(*rounds(18), *rounds(2, seconds=1.5))

    assert found.missed_objectives == ("p95 is 1.50 s, promised 1.00 s",)


def test_one_slow_answer_of_twenty_is_within_objective() -> None:
    assert judged(*rounds(19), *rounds(1, seconds=9.0)).missed_objectives == ()


def test_bytes_objective_is_judged_by_largest_cold_answer() -> None:
    found = judged(*rounds(9, mode="cold"), *rounds(1, mode="cold", bytes=2_000_000))

    assert found.missed_objectives == ("1.9 MiB read, promised at most 976.6 KiB",)


def test_bytes_objective_is_not_judged_for_longer_range() -> None:
    assert judged(*rounds(10, mode="cold", range_s=86_400, bytes=2_000_000)).missed_objectives == ()


def test_warm_up_round_is_not_judged() -> None:
    assert judged(*rounds(10), replace(SAMPLE, round=0, seconds=60.0)).missed_objectives == ()


def test_too_few_answers_are_noted_and_not_judged() -> None:
    found = judged(*rounds(MIN_ANSWERS - 1, seconds=60.0))

    assert found.missed_objectives == ()
    assert found.note == f"{MIN_ANSWERS - 1} answers: {MIN_ANSWERS} are needed to judge"


@pytest.mark.parametrize("changed", [{"mode": "cold"}, {"range_s": 86_400}])
def test_time_objective_is_not_judged_for_cold_mode_or_longer_range(changed: dict[str, object]) -> None:
    found = judged(*rounds(10, seconds=60.0, **changed))

    assert (found.missed_objectives, found.note) == ((), "")


def test_throttled_query_is_reported_as_incomplete_check() -> None:
    found = judged(*rounds(10, ending=Ending.THROTTLED, seconds=0.0, message="too many"))
    (finding,) = query_findings("local", [found], datetime.now(UTC))

    assert (found.missed_objectives, found.failure_messages, found.throttled) == ((), (), 10)
    assert finding.cls.name == "check-incomplete"
    assert finding.message == "0 answers: 5 are needed to judge. 10 answered with 429 (too many requests)."


def test_query_skipped_by_byte_budget_is_reported_as_incomplete_check() -> None:
    found = judged(*rounds(10, ending=Ending.NOT_ASKED, message="the budget of bytes was spent"))
    (finding,) = query_findings("local", [found], datetime.now(UTC))

    assert finding.cls.name == "check-incomplete"
    assert finding.message.endswith("10 skipped: the budget of bytes was spent.")


@pytest.mark.parametrize("changed", [{"mode": "cold"}, {"range_s": 86_400}])
def test_too_few_cold_or_longer_range_answers_are_incomplete_check(changed: dict[str, object]) -> None:
    (finding,) = query_findings("local", [judged(*rounds(MIN_ANSWERS - 1, **changed))], datetime.now(UTC))

    assert finding.cls.name == "check-incomplete"


def test_failing_query_is_reported_with_loki_error_message() -> None:
    found = judged(*rounds(10, ending=Ending.FAILED, message="Loki answered 400: too long"))
    finding, unknown = query_findings("local", [found], datetime.now(UTC))

    assert (finding.cls.name, finding.message) == ("query-failing", "Loki answered 400: too long")
    assert finding.subject.query == "q"
    assert unknown.cls.name == "check-incomplete"


def test_single_failure_among_many_answers_is_noted_without_finding() -> None:
    found = judged(*rounds(50), *rounds(1, ending=Ending.FAILED, message="Loki answered 500"), *rounds(49))

    assert list(query_findings("local", [found], datetime.now(UTC))) == []
    assert found.remarks == ("1 failed, 99 answered",)


def test_two_failures_in_a_row_are_reported_with_counts() -> None:
    found = judged(*rounds(50), *rounds(2, ending=Ending.FAILED, message="Loki answered 500"))
    (finding,) = query_findings("local", [found], datetime.now(UTC))

    assert (finding.cls.name, finding.evidence) == ("query-failing", {"failed": 2, "answered": 50})


def test_unreachable_loki_is_reported_as_incomplete_check() -> None:
    found = judged(*rounds(2, ending=Ending.UNREACHED, message="Connection refused. Is Loki running there?"))
    (finding,) = query_findings("local", [found], datetime.now(UTC))

    assert finding.cls.name == "check-incomplete"
    assert finding.message == "0 answers: 5 are needed to judge. Connection refused. Is Loki running there?"


@given(st.lists(st.floats(0, 100), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_percentile_is_measured_value_that_covers_its_share(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_objective_and_sample_use_same_time_unit() -> None:
    assert QUERY.objective.p95 == Duration("1s")
    assert judged(*rounds(10, seconds=1.0)).missed_objectives == ()
