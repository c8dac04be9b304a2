"""The moment that a command judges at."""

from datetime import UTC, datetime

import pytest

from logops.cli.as_of import moment

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_moment_that_is_not_given_is_now() -> None:
    assert moment(None, NOW) == NOW


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T06:30", datetime(2026, 11, 23, 6, 30, tzinfo=UTC)),
        ("2026-11-23T06:30:15", datetime(2026, 11, 23, 6, 30, 15, tzinfo=UTC)),
        ("2026-11-23T06:30+01:00", datetime(2026, 11, 23, 5, 30, tzinfo=UTC)),
    ],
)
def test_moment_without_time_zone_is_read_as_utc(text: str, read: datetime) -> None:
    assert moment(text, NOW) == read
