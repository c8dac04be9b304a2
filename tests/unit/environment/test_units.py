from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from logops.environment.units import Duration, Size

LONGEST = 2**63 // 10**6 - 1

milliseconds = st.integers(0, LONGEST).map(lambda value: Duration(f"{value}ms"))
written = st.lists(
    st.tuples(st.integers(0, 2000), st.sampled_from(["ms", "s", "m", "h", "d", "w"])), min_size=1, max_size=5
).map(lambda parts: Duration("".join(f"{number}{unit}" for number, unit in parts)))
sizes = st.integers(0, 10**24)


@given(milliseconds | written)
def test_duration_for_go_has_the_same_value(duration: Duration) -> None:
    assert Duration(duration.go) == duration


@given(milliseconds | written)
def test_duration_for_go_has_no_days_or_weeks(duration: Duration) -> None:
    assert not set(duration.go) & {"d", "w"}


@given(written, written)
def test_durations_are_sorted_by_length(first: Duration, second: Duration) -> None:
    assert (first < second, first <= second, first == second) == (
        first.timedelta < second.timedelta,
        first.timedelta <= second.timedelta,
        first.timedelta == second.timedelta,
    )


@given(written, written)
def test_equal_durations_have_equal_hashes(first: Duration, second: Duration) -> None:
    assert first != second or hash(first) == hash(second)
    assert hash(Duration(first.go)) == hash(first)


@given(written)
def test_duration_keeps_its_text(duration: Duration) -> None:
    assert Duration(str(duration)).text == duration.text


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", timedelta()),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("90d", timedelta(days=90)),
        ("2w", timedelta(weeks=2)),
        ("1s500ms", timedelta(seconds=1.5)),
        ("720h", timedelta(days=30)),
    ],
)
def test_duration_is_parsed(text: str, length: timedelta) -> None:
    assert Duration(text).timedelta == length
    assert Duration(text).seconds == length.total_seconds()


@pytest.mark.parametrize("text", ["", "30", "30 d", "-1h", "1.5h", "1y", "h", "30d\n", " 30d", "30D", "٣d", "1h 30m"])
def test_invalid_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write it as 30s, 1h30m, 90d or 2w"):
        Duration(text)


def test_duration_longer_than_go_can_store_is_refused() -> None:
    assert Duration(f"{LONGEST}ms").value == LONGEST
    with pytest.raises(ValueError, match="longer than the 292 years"):
        Duration("300000d")


@given(sizes)
def test_size_in_bytes_is_exact(value: int) -> None:
    assert Size(f"{value}B").value == value


@given(st.integers(0, 10**9))
def test_size_units_are_powers_of_1024_and_1000(value: int) -> None:
    assert [Size(f"{value}{unit}").value for unit in ("KiB", "MiB", "GiB", "TiB")] == [
        value * 1024**power for power in (1, 2, 3, 4)
    ]
    assert [Size(f"{value}{unit}").value for unit in ("KB", "MB", "GB", "TB")] == [
        value * 1000**power for power in (1, 2, 3, 4)
    ]


@given(sizes, sizes)
def test_sizes_are_sorted_by_bytes(first: int, second: int) -> None:
    assert (Size(f"{first}B") < Size(f"{second}B")) == (first < second)


@pytest.mark.parametrize("text", ["", "1", "1 MiB", "1mib", "-1B", "1.B", ".5GiB", "1M", "1MiB\n", "٣B"])
def test_invalid_size_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size: write it as 512KiB, 10MB or 1\.5GiB"):
        Size(text)


def test_size_with_decimal_point_is_parsed() -> None:
    assert Size("1.5GiB").value == 3 * 2**29


def test_size_and_duration_are_not_comparable() -> None:
    assert Size("60000B") != Duration("1m")
    with pytest.raises(TypeError):
        Size("1B") < Duration("1m")  # type: ignore[operator]  # noqa: B015


@pytest.mark.parametrize("value", [Duration("90d"), Size("10MiB")])
def test_duration_and_size_are_the_same_after_json_round_trip(value: Duration | Size) -> None:
    adapter = TypeAdapter(type(value))

    assert adapter.dump_json(value) == f'"{value.text}"'.encode()
    assert adapter.validate_json(adapter.dump_json(value)) == value


@pytest.mark.parametrize("kind", [Duration, Size])
def test_number_without_unit_is_refused(kind: type[Duration | Size]) -> None:
    with pytest.raises(ValueError, match="valid string"):
        TypeAdapter(kind).validate_json("30")
