from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.doctor.quantities import days_text, go_duration, limit_duration, size


@given(st.integers(0, 10**6))
def test_hours_and_days_are_one_length(days: int) -> None:
    assert limit_duration(f"{days * 24}h") == limit_duration(f"{days}d") == timedelta(days=days)


@given(st.integers(0, 10**6), st.integers(0, 59))
def test_go_adds_its_parts(hours: int, minutes: int) -> None:
    assert go_duration(f"{hours}h{minutes}m") == timedelta(hours=hours, minutes=minutes)


@pytest.mark.parametrize("text", ["1.5d", "36.5h", "90", "-1h", "90 days", "1h1d", "", "${X}", None, True, ["1d"]])
def test_what_prometheus_refuses_is_no_limit(text: object) -> None:
    assert limit_duration(text) is None


@pytest.mark.parametrize("text", ["1d", "1w", "90", "h", "${X}", None])
def test_what_go_refuses_is_no_duration(text: object) -> None:
    assert go_duration(text) is None


def test_a_length_beyond_all_clocks_is_the_longest_there_is() -> None:
    assert limit_duration("9999999999y") == timedelta.max


@pytest.mark.parametrize(("text", "expected"), [("10MB", 10 * 2**20), ("3m", 3 * 2**20), ("1 GB", 2**30), (7, 7)])
def test_sizes_are_binary(text: object, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize("text", ["10MiB", "1.5GB", "1e3", "-1", "lots", None, False])
def test_what_loki_refuses_is_no_size(text: object) -> None:
    assert size(text) is None


def test_days_are_written_as_people_say_them() -> None:
    assert [days_text(timedelta(days=d)) for d in (1, 31, 0.5)] == ["1 day", "31 days", "0.5 days"]
