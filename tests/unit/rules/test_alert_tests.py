"""The parts of alert tests that run without Loki."""

import pytest

from logops.clients.loki import Series
from logops.rules.alert_tests import evaluations, lines, start
from logops.rules.model import AlertTest

START = 1_000_000_000_000


def test_stream_lines_include_start_time_and_exclude_end_time() -> None:
    test = AlertTest.model_validate(
        {
            "lines": [
                {"labels": {"a": "b"}, "line": "x", "every": "20s", "from": "1m", "to": "2m"},
                {"labels": {"a": "c"}, "line": "y", "every": "90s", "to": "2m", "structured_metadata": {"t": "1"}},
            ],
            "expect": [{"at": "2m", "firing": []}],
        }
    )
    made = lines(test, START)

    assert [((entry.timestamp_ns - START) // 10**9, entry.text) for entry in made] == [
        (0, "y"), (60, "x"), (80, "x"), (90, "y"), (100, "x"),
    ]  # fmt: skip
    assert made[0].structured_metadata == {"t": "1"}


@pytest.mark.parametrize(("to", "at"), [("2h", "10m"), ("10m", "2h"), ("90500ms", "1m")])
def test_alert_test_has_no_line_or_evaluation_in_future(to: str, at: str) -> None:
    now_s = 1_800_000_030.5
    test = AlertTest.model_validate(
        {
            "lines": [{"labels": {"a": "b"}, "line": "x", "every": "500ms", "to": to}],
            "expect": [{"at": at, "firing": []}],
        }
    )
    began = start(test, now_s, 60)

    assert lines(test, began * 10**9)[-1].timestamp_ns <= now_s * 10**9
    assert began + test.expect[0].at.seconds <= now_s


def test_step_without_series_is_evaluation_with_empty_result() -> None:
    series = [Series({"a": "b"}, ((START + 60 * 10**9, 1.0),))]

    assert evaluations(series, START, 60_000, 120_000) == [
        (0, frozenset()),
        (60_000, frozenset({frozenset({("a", "b")})})),
        (120_000, frozenset()),
    ]
