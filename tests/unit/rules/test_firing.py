"""When an alert fires."""

from hypothesis import given
from hypothesis import strategies as st

from logops.rules.firing import firing

A, B, NOTHING = frozenset("a"), frozenset("b"), frozenset[str]()

holds = st.integers(0, 6)
found = st.lists(st.frozensets(st.sampled_from("abc")), max_size=12)


def states(found: list[frozenset[str]], hold: int) -> list[frozenset[str]]:
    """Evaluated every minute."""
    return [now for _, now in firing(enumerate(found), hold)]


def test_it_is_pending_for_as_long_as_it_must_hold_and_then_fires() -> None:
    assert states([NOTHING, A, A, A, A], 2) == [NOTHING, NOTHING, NOTHING, A, A]


def test_it_fires_at_once_where_it_need_not_hold() -> None:
    assert states([NOTHING, A, NOTHING], 0) == [NOTHING, A, NOTHING]


def test_one_evaluation_without_it_and_it_begins_anew() -> None:
    assert states([A, A, NOTHING, A, A, A], 2) == [NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, A]


def test_each_series_has_a_time_of_its_own() -> None:
    assert states([A, A | B, A | B, B], 2) == [NOTHING, NOTHING, A, B]


@given(found, holds)
def test_what_fires_was_found_in_each_evaluation_for_that_long_and_the_other_way_round(
    found: list[frozenset[str]], hold: int
) -> None:
    for at, now in enumerate(states(found, hold)):
        window = found[at - hold : at + 1] if at >= hold else []
        assert now == (frozenset.intersection(*window) if window else NOTHING)


@given(found, holds)
def test_to_hold_for_longer_fires_no_more(found: list[frozenset[str]], hold: int) -> None:
    for longer, shorter in zip(states(found, hold + 1), states(found, hold), strict=True):
        assert longer <= shorter
