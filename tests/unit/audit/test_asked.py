"""What counts as the nightly run, and how the work is cut."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.audit.request import MOST_CHUNKS, MOST_TABLES, AuditRequest, Check, cut
from logops.environment.units import Duration

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


NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "drill"),
    [(0, False), (-23, False), (0.1, False), (1, True), (-25, True)],
)
def test_another_moment_than_now_is_a_drill(hours: float, drill: bool) -> None:
    """A run that is cleared some days later is asked for its own moment, and the bucket is another by then."""
    asked = AuditRequest((Check.RETENTION,), "run", NOW + timedelta(hours=hours))
    assert asked.is_drill(NOW) is drill


def test_some_tables_or_other_patience_are_a_drill() -> None:
    assert AuditRequest((Check.RETENTION,), "run", NOW, tables=("loki_index_1",)).is_drill(NOW)
    assert AuditRequest((Check.RETENTION,), "run", NOW, slack=Duration("0s")).is_drill(NOW)
