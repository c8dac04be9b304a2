"""A small chart of one series."""

import re

from logops.report.sparkline import Sparkline, sparkline


def path(line: Sparkline, name: str) -> str:
    """Return the path of a part of a chart."""
    match = re.search(rf'class="{name}" d="([^"]*)"', sparkline(line, "description"))
    return match[1] if match else ""


def test_value_that_was_not_measured_is_a_gap() -> None:
    assert path(Sparkline([10, 10, None, 10, 10]), "line").count("M") == 2


def test_value_between_two_gaps_is_a_stroke() -> None:
    assert path(Sparkline([None, 10, None]), "line") == "M2 9h1"


def test_band_without_lower_edge_starts_at_zero() -> None:
    assert path(Sparkline([5, 5], upper=[10, 10]), "band") == "M0 9L2 9L2 100L0 100Z"


def test_limit_is_a_line_over_the_whole_width() -> None:
    assert path(Sparkline([5, 5, 5], limit=10), "limit") == "M0 9H4"


def test_series_that_was_never_measured_has_no_line() -> None:
    assert path(Sparkline([None, None]), "line") == ""


def test_description_with_markup_is_escaped() -> None:
    assert "<b>" not in sparkline(Sparkline([1.0]), '"><b>x</b>')
