"""Which requests are drills, and how tables are split into batches."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.audit.request import MAX_TABLES, AuditRequest, Check, cut
from logops.environment.units import Duration

MAX_CHUNKS = 5_000_000
DAYS = st.dictionaries(st.integers(0, 5000), st.integers(0, 2 * MAX_CHUNKS), max_size=60)


@given(DAYS)
def test_cut_puts_every_table_in_one_batch_in_order(days: dict[int, int]) -> None:
    assert [day for batch, _ in cut(days, MAX_CHUNKS) for day in batch] == sorted(days)


@given(DAYS)
def test_batch_with_several_tables_stays_within_chunk_limit(days: dict[int, int]) -> None:
    for batch, chunks in cut(days, MAX_CHUNKS):
        assert chunks == sum(days[day] for day in batch)
        assert chunks <= MAX_CHUNKS or len(batch) == 1


def test_batch_of_empty_tables_is_limited_by_table_count() -> None:
    assert [len(batch) for batch, _ in cut(dict.fromkeys(range(MAX_TABLES + 1), 0), MAX_CHUNKS)] == [MAX_TABLES, 1]


NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "drill"),
    [(0, False), (-23, False), (0.1, False), (1, True), (-25, True)],
)
def test_request_with_as_of_far_from_now_is_drill(hours: float, drill: bool) -> None:
    """A run that is cleared and repeated days later keeps its old `as_of`, but the bucket has changed since."""
    asked = AuditRequest((Check.RETENTION,), "run", NOW + timedelta(hours=hours))
    assert asked.is_drill(NOW) is drill


def test_request_with_selected_tables_or_custom_slack_is_drill() -> None:
    assert AuditRequest((Check.RETENTION,), "run", NOW, tables=("loki_index_1",)).is_drill(NOW)
    assert AuditRequest((Check.RETENTION,), "run", NOW, slack=Duration("0s")).is_drill(NOW)
