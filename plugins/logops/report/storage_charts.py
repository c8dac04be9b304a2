"""The charts of stored bytes: by tier with the forecast, and by tenant. Pure: values to Vega-Lite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from logops.benchmark.chart.picture import COLD, MUTED, TEXT, WARM, Colour
from logops.report.charts import GREEN, PINK, PURPLE, YELLOW

WIDTH, HEIGHT = 520, 190
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_TIER_COLOURS = {"Hot": WARM, "Cool": COLD, "Cold": GREEN, "Archive": PURPLE}
_TENANT_COLOURS = (COLD, WARM, GREEN, PINK, YELLOW)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Bytes on a day of the future: at the current rate, and if its trend continues."""

    day: date
    steady: float
    trend: float


Series = Mapping[str, Mapping[date, int]]
"""Bytes by name and day. The first name is drawn at the bottom."""


def by_tier(series: Series, forecast: Sequence[Forecast]) -> dict[str, Any]:
    """Return bytes by tier over time, and the forecast of their sum."""
    return _stacked("Stored bytes by tier, and the forecast of their sum", series, _TIER_COLOURS, forecast)


def by_tenant(series: Series) -> dict[str, Any]:
    """Return bytes of the largest tenants over time. A name beyond the colours is "others"."""
    colours = dict.fromkeys(series, MUTED) | dict(zip(series, _TENANT_COLOURS, strict=False))
    return _stacked("Stored bytes by tenant", series, colours, ())


def _stacked(title: str, series: Series, colours: Mapping[str, Colour], forecast: Sequence[Forecast]) -> dict[str, Any]:
    days = sorted({day for sizes in series.values() for day in sizes})
    totals = [sum(sizes.get(day, 0) for sizes in series.values()) for day in days]
    unit, per_unit = _unit(max([*totals, *(max(point.steady, point.trend) for point in forecast)], default=0))
    names = [name for name in series if any(series[name].values())]
    values = [
        {"day": _ms(day), "name": name, "size": series[name].get(day, 0) / per_unit, "order": number}
        for number, name in enumerate(names)
        for day in days
    ]
    day_axis = {
        "field": "day",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": {"format": "%-d %b %Y", "tickCount": 5, "grid": False, "labelOverlap": True},
    }
    area = {
        "data": {"values": values},
        # One day alone has no area.
        "mark": {"type": "area", "line": False, "opacity": 1} if len(days) > 1 else {"type": "bar", "width": 24},
        "encoding": {
            "x": day_axis,
            "y": {"field": "size", "type": "quantitative", "title": unit, "stack": "zero"},
            "color": {
                "field": "name",
                "type": "nominal",
                "title": None,
                "scale": {"domain": names, "range": [colours[name].light for name in names]},
                "sort": names,
                "legend": {"columns": 3},
            },
            "order": {"field": "order"},
        },
    }
    return {
        "title": title,
        "width": WIDTH,
        "height": HEIGHT,
        "layer": [area, *_forecast_layers(forecast, per_unit, day_axis)],
    }


def _forecast_layers(
    forecast: Sequence[Forecast], per_unit: float, day_axis: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if not forecast:
        return []
    values = [
        {
            "day": _ms(point.day),
            "steady": point.steady / per_unit,
            "low": min(point.steady, point.trend) / per_unit,
            "high": max(point.steady, point.trend) / per_unit,
        }
        for point in forecast
    ]
    data = {"values": values}
    return [
        {
            "data": data,
            "mark": {"type": "area", "color": MUTED.light, "opacity": 0.35},
            "encoding": {
                "x": day_axis,
                "y": {"field": "low", "type": "quantitative"},
                "y2": {"field": "high"},
            },
        },
        {
            "data": data,
            "mark": {"type": "line", "color": TEXT.light, "strokeDash": [5, 3], "strokeWidth": 1.5},
            "encoding": {"x": day_axis, "y": {"field": "steady", "type": "quantitative"}},
        },
        {
            "data": {"values": [values[0]]},
            "mark": {"type": "text", "align": "left", "dx": 4, "dy": -8, "text": "forecast"},
            "encoding": {"x": day_axis, "y": {"field": "high", "type": "quantitative"}},
        },
    ]


def _unit(size: float) -> tuple[str, float]:
    """Return the unit in which a size has at least one digit before the point, and its bytes."""
    power = 0
    while size >= 1024 ** (power + 1) and power < len(_UNITS) - 1:
        power += 1
    return _UNITS[power], float(1024**power)


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
