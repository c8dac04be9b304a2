"""The table of `logops query`: every number that Loki can return, including NaN and infinity."""

import json

import pytest

from logops.cli import query
from logops.cli.output.sparkline import TimeAxis
from logops.clients.loki import Entry, Series, Statistics
from logops.queries.run import LogLines, Numbers

NAN, INF = float("nan"), float("inf")
AXIS = TimeAxis(start_ns=0, bar_ns=10**9, bars=4)
HEADER_LINES = 2
STATISTICS = Statistics(**{name: 0 for name in Statistics.__slots__})


def series(name: str, *values: float) -> Series:
    return Series({"a": name}, tuple((at * 10**9, value) for at, value in enumerate(values)))


def shown(capsys: pytest.CaptureFixture[str], *of: Series) -> list[list[str]]:
    """Return the rows of the table without its header, split into words."""
    query._show_numbers(Numbers(of, STATISTICS), AXIS)
    return [line.split() for line in capsys.readouterr().out.splitlines()[HEADER_LINES:]]


@pytest.mark.parametrize("values", [[1.0, NAN], [NAN], [INF, 1.0], [INF, -INF], [1e308, 1e308], [-1.0, 0.0]])
def test_table_shows_nan_and_infinite_numbers_and_json_is_valid(
    values: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = Numbers((series("b", *values),), STATISTICS)

    query._show_numbers(answer, AXIS)

    assert "1 series" in capsys.readouterr().err
    json.loads(json.dumps(query._as_data(answer), allow_nan=False))


def test_nan_and_infinity_are_spelled_as_in_loki() -> None:
    assert [query._short(value) for value in (NAN, INF, -INF, 1.5)] == ["NaN", "+Inf", "-Inf", "1.5"]


def test_nan_is_excluded_from_minimum_mean_and_maximum(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, series("b", NAN, 1.0, 5.0))[0][:5] == ["b", "5", "1", "3", "5"]


def test_series_of_only_nan_shows_nan_in_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, series("b", NAN, NAN)) == [["b", "NaN", "NaN", "NaN", "NaN"]]


def test_bars_of_all_series_share_one_time_axis(capsys: pytest.CaptureFixture[str]) -> None:
    late = Series({"a": "late"}, ((2 * 10**9, 1.0), (3 * 10**9, 5.0)))
    query._show_numbers(Numbers((series("full", 4.0, 4.0, 4.0, 4.0), late), STATISTICS), AXIS)

    bars = {row[:4]: row.rstrip()[-4:] for row in capsys.readouterr().out.splitlines()[HEADER_LINES:]}
    assert bars == {"full": "████", "late": "  ▂█"}


def test_header_of_bars_names_times_length_and_scale(capsys: pytest.CaptureFixture[str]) -> None:
    query._show_numbers(Numbers((series("b", 1.0),), STATISTICS), query._axis(0, 24 * 3600 * 10**9, 300))

    header = [line.strip() for line in capsys.readouterr().out.splitlines()[:HEADER_LINES]]
    assert header[0] == "bars of 1h from 0 to most"
    assert header[1].endswith("01 Jan 00:00 to 02 Jan 00:00 UTC")


def test_series_are_sorted_by_value_with_nan_last(capsys: pytest.CaptureFixture[str]) -> None:
    rows = shown(capsys, series("two", 2.0), series("none", NAN), series("three", 3.0), series("one", 1.0))

    assert [row[0] for row in rows] == ["three", "two", "one", "none"]


def test_colons_and_brackets_in_answer_are_not_parsed_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    query._show_lines(LogLines((Entry(0, {}, "session:key:42 [/b]"),), 100, STATISTICS))
    query._show_numbers(Numbers((series("session:key:42", 1.0),), STATISTICS), AXIS)

    output = capsys.readouterr().out
    assert "session:key:42 [/b]" in output
    assert output.count("session:key:42") == 2
