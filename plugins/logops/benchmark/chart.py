"""Draw the history of the library's queries."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from logops.benchmark.history.nights import Night
from logops.benchmark.history.trend import Trend
from logops.benchmark.measure.cases import Case

KINDS = (".png", ".svg")
WIDTH, HEIGHT, COLUMNS = 280, 120, 3


def draw(
    nights: Mapping[Case, Sequence[Night]], trends: Mapping[Case, Sequence[Trend]], title: str, file: Path
) -> None:
    """Draw one panel per query and range: one point per night, with the usual time before and after a step. Another
    configuration has another shape.

    trends   the verdicts on each night
    file     ends in .png or .svg

    Raises OSError.
    """
    import altair as alt

    panels: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for case, case_nights in nights.items():
        panels.setdefault((case.query, case.range_s), []).extend(_points(case, case_nights, trends[case]))
    charts = [_panel(str(case).rpartition(",")[0], panels[case.query, case.range_s]) for case in _one_a_panel(nights)]
    chart = alt.concat(*charts, columns=COLUMNS, title=title).configure_axis(grid=False).configure_view(stroke=None)
    chart.save(str(file), scale_factor=2 if file.suffix == ".png" else 1)


def _one_a_panel(nights: Mapping[Case, Sequence[Night]]) -> list[Case]:
    return list({(case.query, case.range_s): case for case in nights}.values())


def _points(case: Case, nights: Sequence[Night], trends: Sequence[Trend]) -> list[dict[str, Any]]:
    configurations = list(dict.fromkeys(night.setup for night in nights))
    points = []
    for night, trend in zip(nights, trends, strict=True):
        usual = trend.seconds.usual
        points.append(
            {
                "night": datetime.fromtimestamp(night.started_ns / 1e9, UTC).isoformat(),
                "milliseconds": night.typical_s * 1000,
                "usual": usual * 1000 if usual else None,
                "mode": str(case.mode),
                "measured": f"configuration {configurations.index(night.setup) + 1}",
                "slower": trend.regressed,
            }
        )
    return points


def _panel(title: str, points: list[dict[str, Any]]) -> Any:
    import altair as alt

    when = alt.X("night:T", title=None)
    value = alt.Y("milliseconds:Q", title="ms", scale=alt.Scale(zero=True))
    base = alt.Chart(alt.InlineData(values=points))
    dots = base.mark_point(filled=True, size=28).encode(
        x=when,
        y=value,
        color=alt.Color("mode:N", title=None),
        shape=alt.Shape("measured:N", title=None),
        stroke=alt.condition("datum.slower", alt.value("red"), alt.value("transparent")),
        strokeWidth=alt.value(2),
    )
    usual = base.mark_line(strokeDash=[4, 3], strokeWidth=1).encode(
        x=when, y=alt.Y("usual:Q"), color=alt.Color("mode:N", title=None)
    )
    return (usual + dots).properties(title=title, width=WIDTH, height=HEIGHT)
