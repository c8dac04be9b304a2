"""How much is stored some days ahead, from what every day brought. Values in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, median

WINDOW = 28
"""Days of which the rate is taken: four weeks, so that weekdays weigh the same."""
LEAST_FOR_A_TREND = 14


@dataclass(frozen=True)
class Rate:
    """Bytes a day: now, and how that changes from day to day."""

    per_day: float
    """Mean of the window."""
    now: float
    """At its end, on the line through it."""
    trend: float
    """Bytes a day, a day; 0 where there are too few days to tell."""
    days: int
    """In the window."""

    def at(self, ahead: int) -> float:
        """What a day so many days ahead brings, if the trend goes on."""
        return max(self.now + self.trend * ahead, 0.0)


def rate_of(brought: Mapping[int, int], today: int, kept_days: int | None) -> Rate:
    """The rate of a tenant, from the bytes of each day (since the epoch), of those not yet expired.

    Today is not over, and is left out. The trend is Theil and Sen's: the median of all slopes, which one odd day does
    not bend.
    """
    first = max(min(brought, default=today), today - WINDOW)
    if kept_days is not None:
        first = max(first, today - kept_days)
    bytes_a_day = [brought.get(day, 0) for day in range(first, today)]
    if not bytes_a_day:
        return Rate(0.0, 0.0, 0.0, 0)
    mean = fmean(bytes_a_day)
    if len(bytes_a_day) < LEAST_FOR_A_TREND:
        return Rate(mean, mean, 0.0, len(bytes_a_day))
    slope = median((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(bytes_a_day), 2))
    start = median(value - slope * place for place, value in enumerate(bytes_a_day))
    return Rate(mean, max(start + slope * len(bytes_a_day), 0.0), slope, len(bytes_a_day))


def stored(brought: Mapping[int, int], today: int, kept_days: int | None, ahead: int, coming: Sequence[float]) -> float:
    """Bytes stored `ahead` days from today: what is there and does not expire until then, and what came meanwhile.

    coming   bytes of each of the next `ahead` days
    """
    last_gone = None if kept_days is None else today + ahead - kept_days - 1
    there = sum(size for day, size in brought.items() if last_gone is None or day > last_gone)
    came = sum(size for nth, size in enumerate(coming[:ahead]) if last_gone is None or today + nth > last_gone)
    return there + came


def forecast(brought: Mapping[int, int], today: int, kept_days: int | None, ahead: int) -> tuple[float, float]:
    """Bytes stored `ahead` days from today: at the rate of the window, and if its trend goes on."""
    rate = rate_of(brought, today, kept_days)
    steady = stored(brought, today, kept_days, ahead, [rate.per_day] * ahead)
    return steady, stored(brought, today, kept_days, ahead, [rate.at(nth) for nth in range(ahead)])
