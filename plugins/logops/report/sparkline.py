"""A small chart of one series: a line, its band, a limit and the moments of changes, as an inline SVG.

Vega-Lite needs about 20 ms for a chart (`charts.py`). A page with a chart for each of 100 sources would take seconds,
so these are drawn here: four paths, in colours of the style sheet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

HEIGHT = 100
"""Units from the lower to the upper edge. A value takes two units of the width."""
STEP = 2
MARGIN = 1.1
"""Space above the highest value."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The values of a series, oldest first. None: not measured."""

    values: Sequence[float | None]
    lower: Sequence[float | None] = ()
    upper: Sequence[float | None] = ()
    """Edges of the band; as many as `values`, or none. Without a lower edge, the band starts at zero."""
    limit: float | None = None
    changes: Sequence[int] = ()
    """Positions of values at which something changed."""

    @property
    def top(self) -> float:
        """The value at the upper edge."""
        numbers = [*self.values, *self.upper, self.limit]
        return MARGIN * max((number for number in numbers if number is not None), default=0.0) or 1.0


def sparkline(line: Sparkline, description: str) -> Markup:
    """Return the chart. It grows with its element, so numbers belong beside it.

    description   the answer in words, for people who do not see it
    """
    parts = {
        "band": "".join(_band(line)),
        "limit": "" if line.limit is None else f"M0 {_y(line.limit, line.top)}H{_width(line)}",
        "change": "".join(f"M{STEP * place} 0V{HEIGHT}" for place in line.changes),
        "line": "".join(_line(line)),
    }
    paths = Markup("").join(
        Markup('<path class="{}" d="{}"/>').format(name, path) for name, path in parts.items() if path
    )
    return Markup(
        '<svg class="sparkline" role="img" aria-label="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>'
    ).format(description, _width(line), HEIGHT, paths)


def _line(line: Sparkline) -> Iterable[str]:
    """Yield a path for each part without a gap. A value alone is a short stroke."""
    for places in _runs([value is not None for value in line.values]):
        points = [f"{STEP * place} {_y(line.values[place] or 0.0, line.top)}" for place in places]
        yield f"M{'L'.join(points)}" if len(points) > 1 else f"M{points[0]}h1"


def _band(line: Sparkline) -> Iterable[str]:
    for places in _runs([value is not None for value in line.upper]):
        upper = [f"{STEP * place} {_y(line.upper[place] or 0.0, line.top)}" for place in places]
        lower = [f"{STEP * place} {_y(_at(line.lower, place), line.top)}" for place in reversed(places)]
        yield f"M{'L'.join([*upper, *lower])}Z"


def _at(values: Sequence[float | None], place: int) -> float:
    return (values[place] if place < len(values) else None) or 0.0


def _runs(is_there: Sequence[bool]) -> Iterable[list[int]]:
    """Yield the positions of each unbroken part."""
    for there, places in groupby(range(len(is_there)), key=lambda place: is_there[place]):
        if there:
            yield [*places]


def _width(line: Sparkline) -> int:
    return STEP * max(len(line.values) - 1, 1)


def _y(value: float, top: float) -> int:
    """Return the height of a value, at most at the upper edge."""
    return round(HEIGHT * (1 - min(value / top, 1)))
