"""Tests of when an alert is pending and when the alert fires."""

from hypothesis import given
from hypothesis import strategies as st

from logops.rules.firing import firing

A, B, NOTHING = frozenset("a"), frozenset("b"), frozenset[str]()

holds = st.integers(0, 6)
evaluations = st.lists(st.frozensets(st.sampled_from("abc")), max_size=12)


def states(evaluations: list[frozenset[str]], hold: int) -> list[frozenset[str]]:
    """Return the firing series after each evaluation, one evaluation per time unit."""
    return [now for _, now in firing(enumerate(evaluations), hold)]


def test_alert_is_pending_for_hold_time_and_then_fires() -> None:
    assert states([NOTHING, A, A, A, A], 2) == [NOTHING, NOTHING, NOTHING, A, A]


def test_alert_without_hold_time_fires_at_once() -> None:
    assert states([NOTHING, A, NOTHING], 0) == [NOTHING, A, NOTHING]


def test_evaluation_without_series_restarts_hold_time() -> None:
    assert states([A, A, NOTHING, A, A, A], 2) == [NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, A]


def test_each_series_has_its_own_hold_time() -> None:
    assert states([A, A | B, A | B, B], 2) == [NOTHING, NOTHING, A, B]


@given(evaluations, holds)
def test_series_fires_only_if_present_in_every_evaluation_of_hold_time(
    evaluations: list[frozenset[str]], hold: int
) -> None:
    for at, now in enumerate(states(evaluations, hold)):
        window = evaluations[at - hold : at + 1] if at >= hold else []
        assert now == (frozenset.intersection(*window) if window else NOTHING)


@given(evaluations, holds)
def test_longer_hold_time_fires_no_additional_series(evaluations: list[frozenset[str]], hold: int) -> None:
    for longer, shorter in zip(states(evaluations, hold + 1), states(evaluations, hold), strict=True):
        assert longer <= shorter
