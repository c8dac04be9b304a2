"""Forecast how much will be stored, from the bytes of each day. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, median

WINDOW = 28
"""Days that the rate is computed from: four weeks, so that weekdays have equal weight."""
LEAST_FOR_A_TREND = 14


@dataclass(frozen=True)
class Rate:
    """Bytes per day: the current rate and its trend."""

    per_day: float
    """Mean of the window."""
    now: float
    """The rate at the end of the window, on the trend line."""
    trend: float
    """Change of the rate, in bytes per day per day; 0 if there are too few days."""
    days: int
    """Number of days in the window."""

    def at(self, ahead: int) -> float:
        """Return the bytes of a day that is `ahead` days away, if the trend continues."""
        return max(self.now + self.trend * ahead, 0.0)


def rate_of(brought: Mapping[int, int], today: int, kept_days: int | None) -> Rate:
    """Return the rate of a tenant, from the bytes of each day (days since the epoch) that has not expired.

    Today is not complete and is left out. The trend is the Theil-Sen estimator, the median of all slopes, which
    single outliers do not bend.
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
    start = median(value - slope * day for day, value in enumerate(bytes_a_day))
    return Rate(mean, max(start + slope * len(bytes_a_day), 0.0), slope, len(bytes_a_day))


def stored(brought: Mapping[int, int], today: int, kept_days: int | None, ahead: int, coming: Sequence[float]) -> float:
    """Return the bytes stored in `ahead` days: what is stored now and does not expire, plus what arrives until then.

    coming   bytes of each of the next `ahead` days
    """
    last_gone = None if kept_days is None else today + ahead - kept_days - 1
    there = sum(size for day, size in brought.items() if last_gone is None or day > last_gone)
    came = sum(size for nth, size in enumerate(coming[:ahead]) if last_gone is None or today + nth > last_gone)
    return there + came


def forecast(brought: Mapping[int, int], today: int, kept_days: int | None, ahead: int) -> tuple[float, float]:
    """Return the bytes stored in `ahead` days: at the current rate, and if the trend continues."""
    rate = rate_of(brought, today, kept_days)
    steady = stored(brought, today, kept_days, ahead, [rate.per_day] * ahead)
    return steady, stored(brought, today, kept_days, ahead, [rate.at(nth) for nth in range(ahead)])
