"""The table of `logops query` shows whatever numbers Loki answers with."""

import json

import pytest

from logops.cli import query
from logops.loki.answers import Series, Statistics
from logops.queries.run import Numbers

NAN, INF = float("nan"), float("inf")
STATISTICS = Statistics(**{name: 0 for name in Statistics.__slots__})


@pytest.mark.parametrize("values", [[1.0, NAN], [NAN], [INF, 1.0], [INF, -INF], [1e308, 1e308], [-1.0, 0.0]])
def test_numbers_that_are_none_are_shown(values: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    answer = Numbers((Series({"a": "b"}, tuple((at * 10**9, value) for at, value in enumerate(values))),), STATISTICS)

    query._show_numbers(answer, 60)

    assert "1 series" in capsys.readouterr().err
    json.loads(json.dumps(query._as_data(answer), allow_nan=False))


def test_they_are_spelled_as_by_loki() -> None:
    assert [query._short(value) for value in (NAN, INF, -INF, 1.5)] == ["NaN", "+Inf", "-Inf", "1.5"]
    assert query._bars([NAN, 1.0, INF, 0.5]) == " ██▄"
