"""Which queries are run: those with a cluster, within the budget, and without repeated failures."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from logops.benchmark import asking, measure
from logops.benchmark.asked import Asked
from logops.benchmark.measurable import NotMeasurableError, measurable
from logops.benchmark.measure import measured
from logops.benchmark.ready import Ready, Side
from logops.benchmark.sample import Ending, Sample
from logops.benchmark.shots import Mode, Shot
from logops.logql.parse import parse
from logops.platforms import ReadablePlatform
from logops.queries.library import load_library
from logops.queries.model import LibraryQuery
from logops.toolchain import project_root
from tests.support.environments import environment
from tests.support.local_platforms import security_only

LIBRARY = load_library(project_root())
ERRORS = {"errors": LIBRARY["errors"]}
PROMISED = LIBRARY["errors"].objective.bytes.value
HERE = cast(ReadablePlatform, SimpleNamespace(environment=environment("local")))
WITHOUT_MAIN = cast(ReadablePlatform, SimpleNamespace(environment=security_only("audit")))


def asked(budget_bytes: int = 2**40, rounds: int = 5, ranges_s: tuple[int, ...] = ()) -> Asked:
    return Asked("a-test", datetime(2026, 1, 1, tzinfo=UTC), rounds, (Mode.COLD,), ranges_s, budget_bytes)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the result of every query, instead of querying Loki."""

    def ready_on(_: object, library: Mapping[str, LibraryQuery], __: object) -> Side:
        return Side("local", {n: Ready(cast(Any, None), one, parse('{a="b"}'), "c") for n, one in library.items()})

    def give(ending: Ending, read: int = 0) -> None:
        def shoot(_: object, __: object, base: Sample, ___: object) -> Sample:
            return replace(base, ending=ending, bytes=read, seconds=0.1)

        monkeypatch.setattr(asking, "_shoot", shoot)

    monkeypatch.setattr(measure, "ready_on", ready_on)
    return give


def endings(wanted: Asked) -> list[str]:
    (samples,) = measured([HERE], ERRORS, wanted, lambda _: None)
    return [one.ending for one in samples]


def test_query_is_skipped_if_it_may_exceed_remaining_byte_budget(answers: Callable[..., None]) -> None:
    answers(Ending.ANSWERED, read=PROMISED)

    assert endings(asked(3 * PROMISED - 1)) == ["answered"] * 2 + ["not-asked"] * 4


def test_answered_query_is_expected_to_read_same_bytes_again(answers: Callable[..., None]) -> None:
    answers(Ending.ANSWERED, read=PROMISED // 10)

    assert endings(asked(PROMISED + PROMISED // 10 * 2)) == ["answered"] * 6


def test_longer_range_is_expected_to_read_proportionally_more_bytes(answers: Callable[..., None]) -> None:
    answers(Ending.ANSWERED)

    # The second round runs in reverse order.
    found = endings(asked(2 * PROMISED, rounds=1, ranges_s=(6 * 3600,)))
    assert found == ["answered", "not-asked", "not-asked", "answered"]


def test_query_is_skipped_after_two_failures_in_a_row(answers: Callable[..., None]) -> None:
    answers(Ending.FAILED)

    assert endings(asked()) == ["failed"] * 2 + ["not-asked"] * 4


def test_answer_between_failures_resets_failure_count(
    answers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = iter([Ending.FAILED, Ending.ANSWERED, Ending.FAILED, Ending.ANSWERED, Ending.FAILED, Ending.FAILED])
    answers(Ending.ANSWERED)
    monkeypatch.setattr(asking, "_shoot", lambda _, __, base, ___: replace(base, ending=next(turns)))

    assert "not-asked" not in endings(asked())


def test_failed_query_uses_its_expected_bytes_of_budget(answers: Callable[..., None]) -> None:
    answers(Ending.FAILED)

    assert endings(asked(PROMISED)) == ["failed"] + ["not-asked"] * 5


def test_throttled_query_uses_no_bytes_of_budget(answers: Callable[..., None]) -> None:
    answers(Ending.THROTTLED)

    assert endings(asked(PROMISED)) == ["throttled"] * 6


def test_concurrent_query_is_not_skipped_for_bytes_reserved_by_others(answers: Callable[..., None]) -> None:
    answers(Ending.ANSWERED, read=1)
    wanted = replace(asked(PROMISED + 10, rounds=1, ranges_s=(60, 120)), concurrency=3)

    assert endings(wanted) == ["answered"] * 6


def test_next_round_starts_after_previous_round_ends(
    answers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    now: list[int] = []
    together: list[set[int]] = []

    def shoot(_: object, shot: Shot, base: Sample, ___: object) -> Sample:
        now.append(shot.round)
        time.sleep(0.01)
        together.append({*now})
        now.remove(shot.round)
        return replace(base, ending=Ending.ANSWERED, seconds=0.1)

    answers(Ending.ANSWERED)
    monkeypatch.setattr(asking, "_shoot", shoot)
    endings(replace(asked(rounds=3, ranges_s=(60, 120)), concurrency=4))

    assert {len(rounds) for rounds in together} == {1}


def test_whole_library_skips_queries_without_cluster() -> None:
    here = measurable([HERE, WITHOUT_MAIN], LIBRARY, by_name=False)

    assert {one.cluster for one in here.values()} == {"security"}


def test_named_query_without_cluster_raises() -> None:
    with pytest.raises(
        NotMeasurableError,
        match="Measuring errors in audit: errors is for tenant application of cluster main, which is not there",
    ):
        measurable([WITHOUT_MAIN], {**ERRORS, "audit-events": LIBRARY["audit-events"]}, by_name=True)


def test_environment_without_measurable_query_raises() -> None:
    with pytest.raises(NotMeasurableError, match="errors"):
        measurable([WITHOUT_MAIN], ERRORS, by_name=False)
