import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from logops.audit.content.coverage import Coverage, is_covered, most_damaged, ranges_of

positions = st.sets(st.integers(0, 40)).map(sorted)


@given(st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=41), st.lists(positions, max_size=4))
def test_ranges_contain_every_key_that_was_read_and_no_other(keys: list[int], nights: list[list[int]]) -> None:
    ordered = np.array(sorted(keys), np.uint64)
    ranges: list[tuple[int, int]] = []
    read: set[int] = set()
    for night in nights:
        chosen = [position for position in night if position < len(ordered)]
        ranges += ranges_of(ordered[chosen], np.array(chosen))
        read |= set(chosen)

    assert np.flatnonzero(is_covered(ordered, ranges)).tolist() == sorted(read)


def test_bound_without_damage_is_the_rule_of_three() -> None:
    """Hanley and Lippman-Hand, JAMA 249 (1983): about 3 divided by the size of the sample."""
    assert abs(most_damaged(10_000, 0) * 10_000 / 3 - 1) < 0.002


def test_bound_with_damage_is_that_of_clopper_and_pearson() -> None:
    """scipy.stats.beta.ppf(0.95, damaged + 1, verified - damaged)."""
    for verified, damaged in ((50, 1), (1_000, 7), (200_000, 30)):
        assert abs(most_damaged(verified, damaged) / beta.ppf(0.95, damaged + 1, verified - damaged) - 1) < 1e-6


def test_sentence_counts_damage_when_everything_was_read() -> None:
    assert Coverage(10, 100, 10, 100, 2).sentence(30) == (
        "100 % of bytes verified within 30 days: every chunk was read, 2 damaged"
    )
    assert Coverage(0, 0, 0, 0, 0).sentence(30) == "no chunks to verify"
    assert Coverage(10, 100, 0, 0, 0).sentence(30) == "0 % of bytes verified within 30 days"
