from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.doctor.quantities import days_text, go_duration, limit_duration, size


@given(st.integers(0, 10**6))
def test_limit_duration_in_hours_equals_the_same_in_days(days: int) -> None:
    assert limit_duration(f"{days * 24}h") == limit_duration(f"{days}d") == timedelta(days=days)


@given(st.integers(0, 10**6), st.integers(0, 59))
def test_go_duration_adds_its_parts(hours: int, minutes: int) -> None:
    assert go_duration(f"{hours}h{minutes}m") == timedelta(hours=hours, minutes=minutes)


@pytest.mark.parametrize("text", ["1.5d", "36.5h", "90", "-1h", "90 days", "1h1d", "", "${X}", None, True, ["1d"]])
def test_limit_duration_that_prometheus_refuses_is_none(text: object) -> None:
    assert limit_duration(text) is None


@pytest.mark.parametrize("text", ["1d", "1w", "90", "h", "${X}", None])
def test_go_duration_that_go_refuses_is_none(text: object) -> None:
    assert go_duration(text) is None


def test_limit_duration_beyond_timedelta_is_the_maximum() -> None:
    assert limit_duration("9999999999y") == timedelta.max


@pytest.mark.parametrize(("text", "expected"), [("10MB", 10 * 2**20), ("3m", 3 * 2**20), ("1 GB", 2**30), (7, 7)])
def test_size_units_are_binary(text: object, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize("text", ["10MiB", "1.5GB", "1e3", "-1", "lots", None, False])
def test_size_that_loki_refuses_is_none(text: object) -> None:
    assert size(text) is None


def test_days_text_uses_singular_and_plural() -> None:
    assert [days_text(timedelta(days=d)) for d in (1, 31, 0.5)] == ["1 day", "31 days", "0.5 days"]
