"""Draw panels as SVG or PNG, with Vega-Lite (https://vega.github.io/vega-lite/docs/).

The SVG has a title and a description for screen readers, and follows the reader's light or dark mode. Colours are from
Okabe and Ito's palette, which colour-blind people can tell apart; shapes say the same as the colours.
"""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from logops.benchmark.chart.axes import DayAxis
from logops.benchmark.chart.panel import Panel, Point, description
from logops.benchmark.measure.cases import Mode
from logops.number_text import seconds_text

VEGA_LITE = "6.4"
COLUMNS, WIDTH, HEIGHT = 3, 300, 130
PANEL_WIDTH = WIDTH + 60
"""With the axis and the space beside it."""
CHARACTER_WIDTH = 5.6
LABEL_HEIGHT = 11


class Colour(NamedTuple):
    """A colour on white and on dark background."""

    light: str
    dark: str


BACKGROUND = Colour("#ffffff", "#0d1117")
TEXT = Colour("#1f2329", "#e6edf3")
MUTED = Colour("#5b6471", "#a4adb8")
GRID = Colour("#e3e6ea", "#2b313a")
COLD = Colour("#0072b2", "#56b4e9")
WARM = Colour("#d55e00", "#e69f00")
COLOURS = (BACKGROUND, TEXT, MUTED, GRID, COLD, WARM)
MODES = {Mode.COLD: (COLD, "circle"), Mode.WARM: (WARM, "diamond")}

LEGEND = (
    "Point: typical time of a night. Tick above it: p95 of warm answers. Band: usual time, ± 2 standard deviations. "
    "Dashed line: promised p95 of warm answers. Ring: slower than usual. ▲ slower since, ▼ faster since. "
    "Hollow: measured differently from the newest night, not compared with it. Arrow at the upper edge: above the "
    "scale. Each panel has its own scale, from zero."
)


def svg(panels: Sequence[Panel], title: str, days: DayAxis) -> bytes:
    """Return the picture as SVG in UTF-8, for light and dark mode."""
    picture = _rendered(panels, title, days)
    start = picture.index(">", picture.index("<svg")) + 1
    root = picture[:start].replace("<svg ", '<svg role="img" aria-labelledby="title description" ', 1)
    text = (
        f'{root}<title id="title">{escape(title)}</title><desc id="description">{escape(description(panels))}</desc>'
        f"<style>{_dark_style()}</style>{picture[start:]}"
    )
    return text.encode()


def png(panels: Sequence[Panel], title: str, days: DayAxis) -> bytes:
    """Return the picture as PNG, on white, in double resolution."""
    import vl_convert

    return vl_convert.svg_to_png(_rendered(panels, title, days), scale=2)


def _rendered(panels: Sequence[Panel], title: str, days: DayAxis) -> str:
    import vl_convert

    return vl_convert.vegalite_to_svg(specification(panels, title, days), vl_version=VEGA_LITE)


def _dark_style() -> str:
    """Return rules that replace the colours of the elements in dark mode."""
    rules = "".join(
        f'[{attribute}="{colour.light}"]{{{attribute}:{colour.dark}}}'
        for colour in COLOURS
        for attribute in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"


def specification(panels: Sequence[Panel], title: str, days: DayAxis) -> dict[str, Any]:
    """Return the picture as Vega-Lite."""
    columns = max(1, min(COLUMNS, len(panels)))
    width = int(columns * PANEL_WIDTH / CHARACTER_WIDTH)
    period = f"{days.first} to {days.last}, days in UTC."
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": BACKGROUND.light,
        "padding": 12,
        "title": {
            "text": title,
            "subtitle": textwrap.wrap(f"{period} {LEGEND}", width),
            "anchor": "start",
            "offset": 14,
        },
        "config": _config(),
        "columns": columns,
        "spacing": {"row": 28, "column": 24},
        "concat": [_panel(panel, days) for panel in panels],
        "resolve": {"legend": {"color": "shared", "shape": "shared"}},
    }


def _config() -> dict[str, Any]:
    return {
        # Vega describes each point for screen readers: too much. The description says it in words.
        "aria": False,
        "font": "sans-serif",
        "view": {"stroke": None},
        "axis": {
            "labelColor": MUTED.light,
            "titleColor": MUTED.light,
            "domainColor": MUTED.light,
            "tickColor": MUTED.light,
            "gridColor": GRID.light,
        },
        "title": {
            "color": TEXT.light,
            "subtitleColor": MUTED.light,
            "fontSize": 13,
            "subtitleFontSize": 10.5,
            "subtitlePadding": 5,
        },
        "legend": {"labelColor": TEXT.light, "orient": "top", "symbolOpacity": 1},
        "text": {"color": TEXT.light, "fontSize": 10},
    }


def _panel(panel: Panel, days: DayAxis) -> dict[str, Any]:
    return {
        "title": {"text": panel.title, "subtitle": list(panel.lines), "anchor": "start"},
        "width": WIDTH,
        "height": HEIGHT,
        "layer": [
            _band(panel, days),
            *_changes(panel, days),
            *_nights(panel),
            *_objective(panel),
            *_above_the_scale(panel),
        ],
    }


def _when(days: DayAxis) -> dict[str, Any]:
    return {
        "field": "began",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc", "domain": [_ms(days.start), _ms(days.end)], "nice": False},
        "axis": {"values": [_ms(day) for day in days.labels()], "format": "%-d %b", "grid": False},
    }


def _seconds(panel: Panel, field: str) -> dict[str, Any]:
    """Return the axis of times: in milliseconds, or in seconds if they are long."""
    unit, per_unit = ("s", 1) if panel.top_s >= 3 else ("ms", 1000)
    return {
        "field": field,
        "type": "quantitative",
        "title": unit,
        "scale": {"domain": [0, panel.top_s], "nice": False},
        "axis": {"tickCount": 4, "minExtent": 30, "labelExpr": f"format(datum.value * {per_unit}, ',~g')"},
    }


def _colour() -> dict[str, Any]:
    return {
        "field": "mode",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [*MODES], "range": [colour.light for colour, _ in MODES.values()]},
    }


def _shape() -> dict[str, Any]:
    return {
        "field": "mode",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [*MODES], "range": [shape for _, shape in MODES.values()]},
    }


def _band(panel: Panel, days: DayAxis) -> dict[str, Any]:
    values = []
    without = 0
    for point in panel.points:
        if point.usual_s is None:
            # The band is not drawn across nights without a usual time.
            without += 1
            continue
        low, high = point.usual_s
        values.append({**_value(point), "low": low, "high": high, "segment": f"{point.segment} {without}"})
    return {
        "data": {"values": values},
        "mark": {"type": "area", "opacity": 0.3, "clip": True},
        "encoding": {
            "x": _when(days),
            "y": _seconds(panel, "low"),
            "y2": {"field": "high"},
            "color": _colour(),
            "detail": {"field": "segment"},
        },
    }


def _objective(panel: Panel) -> list[dict[str, Any]]:
    if panel.objective_s is None:
        return []
    is_visible = panel.objective_s <= panel.top_s
    text = f"promised p95, warm: {panel.objective}{'' if is_visible else ', above this scale'}"
    line = {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "strokeDash": [5, 3], "color": TEXT.light},
        "encoding": {"y": {"datum": panel.objective_s}},
    }
    label = {
        "data": {"values": [{"text": text}]},
        "mark": {"type": "text", "align": "left", "baseline": "top", "dx": 3},
        "encoding": {"x": {"value": 0}, "y": {"value": 0}, "text": {"field": "text"}},
    }
    return [line, label] if is_visible else [label]


def _changes(panel: Panel, days: DayAxis) -> list[dict[str, Any]]:
    """Return a line at each change, and a symbol at its lower end: those of cold and warm do not hide each other."""
    values = [
        {"began": _ms(change.since), "mode": str(mode), "symbol": "▲" if change.is_slower else "▼"}
        for mode, change in panel.changes
    ]
    line = {"type": "rule", "strokeDash": [1, 3], "clip": True, "color": MUTED.light}
    return [
        {"data": {"values": values}, "mark": line, "encoding": {"x": _when(days)}},
        *(
            {
                "data": {"values": [value for value in values if value["mode"] == mode]},
                "mark": {"type": "text", "baseline": "bottom", "fontSize": 11},
                "encoding": {
                    "x": _when(days),
                    "y": {"value": HEIGHT - LABEL_HEIGHT * row},
                    "text": {"field": "symbol"},
                    "color": _colour(),
                },
            }
            for row, mode in enumerate(MODES)
        ),
    ]


def _nights(panel: Panel) -> list[dict[str, Any]]:
    inside = [point for point in panel.points if point.seconds <= panel.top_s]
    shared = {"x": {"field": "began", "type": "temporal"}, "color": _colour()}
    position = {**shared, "y": _seconds(panel, "seconds"), "shape": _shape()}

    def layer(points: Sequence[Point], mark: Mapping[str, Any], encoding: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": {"values": [_value(point) for point in points]}, "mark": mark, "encoding": encoding}

    return [
        layer(
            panel.points,
            {"type": "line", "strokeWidth": 1, "opacity": 0.6, "clip": True},
            {**shared, "y": _seconds(panel, "seconds"), "detail": {"field": "segment"}},
        ),
        layer(
            [point for point in panel.points if point.mode is Mode.WARM and point.p95_s <= panel.top_s],
            {"type": "tick", "thickness": 1, "size": 5, "orient": "horizontal"},
            {**shared, "y": _seconds(panel, "p95_s")},
        ),
        layer(
            [point for point in inside if point.is_slower],
            {"type": "point", "size": 75, "strokeWidth": 1.3, "stroke": TEXT.light, "shape": "circle"},
            {"x": shared["x"], "y": _seconds(panel, "seconds")},
        ),
        layer(
            [point for point in inside if point.is_compared],
            {"type": "point", "filled": True, "size": 26, "opacity": 1},
            position,
        ),
        layer(
            [point for point in inside if not point.is_compared],
            {"type": "point", "filled": False, "size": 22, "strokeWidth": 1, "opacity": 1, "fill": BACKGROUND.light},
            position,
        ),
    ]


def _above_the_scale(panel: Panel) -> list[dict[str, Any]]:
    """Return the nights above the scale, as arrows at the upper edge with their time, below the objective's label."""
    return [
        {
            "data": {
                "values": [
                    {**_value(point), "text": f"↑ {seconds_text(point.seconds)}"}
                    for point in panel.points
                    if point.mode is mode and point.seconds > panel.top_s
                ]
            },
            "mark": {"type": "text", "baseline": "top", "align": "right", "dx": 4},
            "encoding": {
                "x": {"field": "began", "type": "temporal"},
                "y": {"value": LABEL_HEIGHT * (1 + row)},
                "text": {"field": "text"},
                "color": _colour(),
            },
        }
        for row, mode in enumerate(MODES)
    ]


def _value(point: Point) -> dict[str, Any]:
    return {
        "began": _ms(point.began),
        "mode": str(point.mode),
        "segment": point.segment,
        "seconds": point.seconds,
        "p95_s": point.p95_s,
    }


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
