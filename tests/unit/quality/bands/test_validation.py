"""A small slice of the validation in benchmarks/rate_bands.py: the same seeds give the same figures."""

import pytest

from benchmarks.rate_bands import DAY, DROPS, FAMILIES, HISTORY, Measured, measure, other_row, our_row, simulate

SEED = 7


@pytest.fixture(scope="module")
def measured() -> list[Measured]:
    numbered = enumerate([FAMILIES[0], FAMILIES[0], FAMILIES[2], FAMILIES[3]])
    return [measure(simulate(family, SEED * 1_000 + number, 4), SEED + number) for number, family in numbered]


def test_weeks_without_incidents_raise_no_alarm(measured: list[Measured]) -> None:
    assert our_row(measured).false_alarms == 0


def test_lost_source_is_always_found(measured: list[Measured]) -> None:
    assert our_row(measured).power[DROPS.index(1.0)] == 1


def test_lost_source_is_found_within_an_hour(measured: list[Measured]) -> None:
    assert our_row(measured).minutes[DROPS.index(1.0)] <= 60


def test_drop_by_half_of_a_busy_source_is_always_found(measured: list[Measured]) -> None:
    busy = [source for source in measured if source.family == FAMILIES[0].name]

    assert our_row(busy).power[DROPS.index(0.5)] == 1


@pytest.mark.parametrize(
    ("detector", "limit"),
    [("z-score", 3.0), ("MAD", 3.5), ("IQR", 1.5), ("Poisson", 3.58), ("negative binomial", 3.58)],
)
def test_other_detector_on_the_same_counts_raises_false_alarms(
    measured: list[Measured], detector: str, limit: float
) -> None:
    assert other_row(measured, detector, limit, False, "usual").false_alarms > 0.5


def test_simulated_history_is_long_enough_to_judge() -> None:
    assert len(simulate(FAMILIES[0], SEED, 4).counts) == HISTORY + 4 * 7 * DAY
