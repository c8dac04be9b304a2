"""How the work is cut."""

from hypothesis import given
from hypothesis import strategies as st

from logops.audit.asked import MOST_CHUNKS, MOST_TABLES, cut

DAYS = st.dictionaries(st.integers(0, 5000), st.integers(0, 2 * MOST_CHUNKS), max_size=60)


@given(DAYS)
def test_every_table_is_in_one_batch_and_in_order(days: dict[int, int]) -> None:
    assert [day for batch, _ in cut(days) for day in batch] == sorted(days)


@given(DAYS)
def test_a_batch_is_small_unless_one_table_is_big(days: dict[int, int]) -> None:
    for batch, chunks in cut(days):
        assert chunks == sum(days[day] for day in batch)
        assert chunks <= MOST_CHUNKS or len(batch) == 1


def test_a_batch_of_empty_tables_ends_too() -> None:
    assert [len(batch) for batch, _ in cut(dict.fromkeys(range(MOST_TABLES + 1), 0))] == [MOST_TABLES, 1]
