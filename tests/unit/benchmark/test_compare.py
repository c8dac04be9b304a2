"""Compare two runs."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.benchmark.compare import CaseComparison, ComparisonVerdict, compare, holm, setup_differences
from logops.benchmark.measure.sample import Ending, Sample


def side(seed: int, count: int = 20, factor: float = 1.0, noise: float = 0.1, **changed: float) -> list[Sample]:
    """Return answers of about one second."""
    chance = Random(seed)
    told = {"exec_s": 1.0 * factor, "bytes": 10**6, "shards": 4, "cached_results": 2, **changed}
    return [
        Sample(
            "r", "local", "c", "q", '{a="b"}', "main", "t", "warm", 3600, at + 1, 0, Ending.ANSWERED,
            factor * chance.lognormvariate(0, noise), **told,  # type: ignore[arg-type]
        )
        for at in range(count)
    ]  # fmt: skip


def compared(before: list[Sample], after: list[Sample]) -> CaseComparison:
    (found,) = compare(before, after)
    return found


def test_run_50_percent_slower_is_slower() -> None:
    found = compared(side(1), side(2, factor=1.5))

    assert found.verdict is ComparisonVerdict.SLOWER
    assert found.ratio == pytest.approx(1.5, rel=0.15)
    assert found.low is not None
    assert found.high is not None
    assert 1 < found.low < found.ratio < found.high


def test_run_with_half_the_time_is_faster() -> None:
    assert compared(side(1), side(2, factor=0.5)).verdict is ComparisonVerdict.FASTER


def test_equal_runs_are_called_different_in_at_most_2_percent() -> None:
    words = [compared(side(seed), side(seed + 10_000)).verdict for seed in range(200)]

    assert sum(word in (ComparisonVerdict.SLOWER, ComparisonVerdict.FASTER) for word in words) <= 4


def test_difference_of_3_percent_is_alike() -> None:
    assert compared(side(1, 400, noise=0.02), side(2, 400, factor=1.03, noise=0.02)).verdict is ComparisonVerdict.ALIKE


def test_comparison_with_few_noisy_answers_is_unsure() -> None:
    found = compared(side(1, 12, noise=0.3), side(2, 12, noise=0.3))

    assert found.verdict is ComparisonVerdict.UNSURE
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1 < found.high


def test_differing_returns_changed_settings_with_their_queries() -> None:
    other = [replace(one, text='{a="c"}', concurrency=4) for one in side(2)]

    assert setup_differences(side(1), other) == ["text: q", "queries at a time: q"]


def test_differing_ignores_queries_of_one_run_only() -> None:
    more = [replace(one, query="another", configuration="another") for one in side(2)]

    assert setup_differences([*more, *side(1)], side(2)) == []


def test_comparison_of_noisy_runs_is_unsure() -> None:
    assert compared(side(1, noise=1.0), side(2, noise=1.0)).verdict is ComparisonVerdict.UNSURE


def test_too_few_answers_are_reported_without_ratio() -> None:
    found = compared(side(1, 7), side(2, 50, factor=9.0))

    assert (found.verdict, found.ratio) == (ComparisonVerdict.FEW, None)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"bytes": 15 * 10**5}, "The data grew: it read 50% more bytes."),
        ({"queue_s": 0.4}, "Its parts waited 400 ms longer in the queue; each byte took 50% longer."),
        ({"cached_results": 0}, "Less of it came from the cache of results."),
        ({"shards": 1}, "It ran in 1 shards, before in 4; each byte took 50% longer."),
        ({"exec_s": 1.0}, "504 ms more passed outside of Loki's own work, on the way to it and back."),
        ({}, "Each byte took 50% longer."),
    ],
)
def test_slower_run_is_explained_from_loki_statistics(changed: dict[str, float], told: str) -> None:
    assert compared(side(1), side(2, factor=1.5, **changed)).why == told


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_correction_keeps_order_and_never_lowers_p_values(ps: list[float]) -> None:
    corrected = holm(ps)

    assert all(new >= old for new, old in zip(corrected, ps, strict=True))
    assert [corrected[at] for at in sorted(range(len(ps)), key=lambda which: ps[which])] == sorted(corrected)
