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
def test_what_go_reads_is_the_same_duration(duration: Duration) -> None:
    assert Duration(duration.go) == duration


@given(milliseconds | written)
def test_go_is_given_no_days_or_weeks(duration: Duration) -> None:
    assert not set(duration.go) & {"d", "w"}


@given(written, written)
def test_durations_are_ordered_as_their_lengths_are(one: Duration, other: Duration) -> None:
    assert (one < other, one <= other, one == other) == (
        one.timedelta < other.timedelta,
        one.timedelta <= other.timedelta,
        one.timedelta == other.timedelta,
    )


@given(written, written)
def test_equal_durations_have_equal_hashes(one: Duration, other: Duration) -> None:
    assert one != other or hash(one) == hash(other)
    assert hash(Duration(one.go)) == hash(one)


@given(written)
def test_a_duration_keeps_the_text_it_was_written_in(duration: Duration) -> None:
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
def test_a_duration_is_read(text: str, length: timedelta) -> None:
    assert Duration(text).timedelta == length
    assert Duration(text).seconds == length.total_seconds()


@pytest.mark.parametrize("text", ["", "30", "30 d", "-1h", "1.5h", "1y", "h", "30d\n", " 30d", "30D", "٣d", "1h 30m"])
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write it as 30s, 1h30m, 90d or 2w"):
        Duration(text)


def test_a_duration_that_go_cannot_count_is_refused() -> None:
    assert Duration(f"{LONGEST}ms").value == LONGEST
    with pytest.raises(ValueError, match="longer than the 292 years"):
        Duration("300000d")


@given(sizes)
def test_bytes_are_exact(value: int) -> None:
    assert Size(f"{value}B").value == value


@given(st.integers(0, 10**9))
def test_binary_and_decimal_units_are_powers_of_1024_and_1000(value: int) -> None:
    assert [Size(f"{value}{unit}").value for unit in ("KiB", "MiB", "GiB", "TiB")] == [
        value * 1024**power for power in (1, 2, 3, 4)
    ]
    assert [Size(f"{value}{unit}").value for unit in ("KB", "MB", "GB", "TB")] == [
        value * 1000**power for power in (1, 2, 3, 4)
    ]


@given(sizes, sizes)
def test_sizes_are_ordered_as_their_bytes_are(one: int, other: int) -> None:
    assert (Size(f"{one}B") < Size(f"{other}B")) == (one < other)


@pytest.mark.parametrize("text", ["", "1", "1 MiB", "1mib", "-1B", "1.B", ".5GiB", "1M", "1MiB\n", "٣B"])
def test_what_is_no_size_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size: write it as 512KiB, 10MB or 1\.5GiB"):
        Size(text)


def test_half_a_unit_is_a_size() -> None:
    assert Size("1.5GiB").value == 3 * 2**29


def test_a_size_is_no_duration() -> None:
    assert Size("60000B") != Duration("1m")
    with pytest.raises(TypeError):
        Size("1B") < Duration("1m")  # type: ignore[operator]  # noqa: B015


@pytest.mark.parametrize("value", [Duration("90d"), Size("10MiB")])
def test_json_has_the_text_and_gives_the_value_back(value: Duration | Size) -> None:
    adapter = TypeAdapter(type(value))

    assert adapter.dump_json(value) == f'"{value.text}"'.encode()
    assert adapter.validate_json(adapter.dump_json(value)) == value


@pytest.mark.parametrize("kind", [Duration, Size])
def test_a_bare_number_is_refused(kind: type[Duration | Size]) -> None:
    with pytest.raises(ValueError, match="valid string"):
        TypeAdapter(kind).validate_json("30")
