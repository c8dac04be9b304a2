"""The axes of the picture: days that all panels share, and the times of a panel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

MIN_DAYS = 14
"""So that a single night is a point of an axis of days."""
MAX_LABELS = 6
DAYS_BETWEEN_LABELS = (1, 2, 4, 7, 14, 28, 56, 91, 182, 364)

FAR_OUTSIDE = 3.0
"""A night that takes this many times as long as all others would flatten them: it is drawn at the upper edge."""
OUTLIERS = 20
"""One of this many nights may be far outside, at least one."""
MIN_NIGHTS_TO_CUT = 5
FAR_ABOVE = 2.0
"""An objective that is this many times as large as the nights is named at the upper edge."""
MARGIN = 1.35
"""Space above the nights, for three lines of labels."""


@dataclass(frozen=True)
class DayAxis:
    """The days of a picture, UTC, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)

    def labels(self) -> list[datetime]:
        """Return the days that have a label, from the last day backwards."""
        days = (self.last - self.first).days + 1
        step = next((step for step in DAYS_BETWEEN_LABELS if days <= step * MAX_LABELS), days)
        return [self.end - timedelta(days=1 + back) for back in range(0, days, step)][::-1]


def day_axis(nights: Iterable[datetime], today: datetime) -> DayAxis:
    """Return the days from the first night until today, at least MIN_DAYS."""
    last = today.astimezone(UTC).date()
    first = min((night.astimezone(UTC).date() for night in nights), default=last)
    return DayAxis(min(first, last - timedelta(days=MIN_DAYS - 1)), last)


def highest_time(series: Iterable[Sequence[float]], objective_s: float | None) -> float:
    """Return the upper end of an axis of seconds that starts at zero.

    series   seconds per night: each mode's
    """
    highest = max((_highest_usual(seconds) for seconds in series if seconds), default=0.0) or 1.0
    if objective_s and objective_s <= highest * FAR_ABOVE:
        highest = max(highest, objective_s)
    return highest * MARGIN


def _highest_usual(seconds: Sequence[float]) -> float:
    ordered = sorted(seconds)
    kept = ordered[: -max(1, len(ordered) // OUTLIERS)]
    if len(ordered) >= MIN_NIGHTS_TO_CUT and ordered[-1] > kept[-1] * FAR_OUTSIDE:
        return kept[-1]
    return ordered[-1]
