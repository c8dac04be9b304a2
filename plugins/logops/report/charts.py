"""Turn a Vega-Lite specification into an inline SVG of the page.

The SVG is drawn in the light colours of `benchmark.chart.picture`; the page's style sheet replaces these exact colours
in dark mode (`theme_rules`). So use only colours of `PALETTE` and `RAMP` in specifications: `COLD.light`.
"""

import re
from typing import Any

from markupsafe import Markup

from logops.benchmark.chart.picture import BACKGROUND, COLD, GRID, MUTED, TEXT, VEGA_LITE, WARM, Colour

GREEN = Colour("#009e73", "#35c79a")
PINK = Colour("#cc79a7", "#e3a3c6")
YELLOW = Colour("#b8a100", "#f0e442")
PURPLE = Colour("#5d3a9b", "#b69cf0")
PALETTE = (BACKGROUND, TEXT, MUTED, GRID, COLD, WARM, GREEN, PINK, YELLOW, PURPLE)
"""Okabe and Ito's colours, which colour-blind people can tell apart, and two more."""
RAMP = (
    Colour("#eef4fa", "#16263a"),
    Colour("#c6dcef", "#1d4266"),
    Colour("#8fbcdf", "#2b6496"),
    Colour("#4a90c4", "#4a90c5"),
    Colour("#0f5c94", "#8fc4ec"),
)
"""From little to much."""
_VEGA_BASE = "https://vega.github.io/vega-datasets/"
"""What vl-convert puts before an address without a host."""
_ROOT = re.compile(r"<svg [^>]*>")
_SIZE = re.compile(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')


def chart(specification: dict[str, Any], title: str, description: str, chart_id: str) -> Markup:
    """Return a chart as a figure.

    title, description   for people who do not see it: the answer in words, not the kind of chart
    chart_id             unique on the page

    A mark with the encoding `href` is a link: `{"href": {"field": "href"}}` with values such as `#day=2026-11-23`
    explains one mark when it is clicked. The caller needs vl-convert, which starts in 0.2 s.
    """
    import vl_convert

    full = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": "transparent",
        "padding": 2,
        **specification,
        "config": {**_config(), **specification.get("config", {})},
    }
    picture = vl_convert.vegalite_to_svg(full, vl_version=VEGA_LITE)
    root = _ROOT.search(picture)
    size = _SIZE.search(picture)
    if root is None or size is None:
        raise ValueError(f"vl-convert made no SVG of the chart {chart_id}: it begins with {picture[:80]!r}")
    head = Markup(
        '<svg role="group" aria-labelledby="{id}-title {id}-text" viewBox="0 0 {width} {height}" '
        'style="max-width:{width}px"><title id="{id}-title">{title}</title><desc id="{id}-text">{text}</desc>'
    ).format(id=chart_id, width=size[1], height=size[2], title=title, text=description)
    return Markup('<figure class="chart">{}{}</figure>').format(head, Markup(_compact(picture[root.end() :])))


def theme_rules() -> str:
    """Return CSS rules that replace the light colours of charts by those of the theme."""
    return "".join(
        f'.chart [{attribute}="{colour.light}"]{{{attribute}:light-dark({colour.light},{colour.dark})}}'
        for colour in (*PALETTE, *RAMP)
        for attribute in ("fill", "stroke")
    )


def _compact(picture: str) -> str:
    """Return the inside of an SVG without what only programs read."""
    picture = re.sub(r' (?:aria-roledescription|aria-label|role|xmlns|aria-hidden)="[^"]*"', "", picture)
    return picture.replace(f'xlink:href="{_VEGA_BASE}#', 'href="#')


def _config() -> dict[str, Any]:
    axis = {
        "labelColor": MUTED.light,
        "titleColor": MUTED.light,
        "domainColor": MUTED.light,
        "tickColor": MUTED.light,
        "gridColor": GRID.light,
    }
    return {
        # Vega describes each mark for screen readers: too much. The description says it in words.
        "aria": False,
        "font": "sans-serif",
        "view": {"stroke": None},
        "axis": axis,
        "legend": {"labelColor": TEXT.light, "titleColor": MUTED.light, "orient": "top", "symbolOpacity": 1},
        "title": {"color": TEXT.light, "subtitleColor": MUTED.light, "fontSize": 13, "anchor": "start"},
        "text": {"color": TEXT.light, "fontSize": 10},
        "header": {"labelColor": TEXT.light, "titleColor": MUTED.light},
    }
