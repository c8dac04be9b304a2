"""Forecast how much will be stored, from the bytes of each day. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, median

WINDOW_DAYS = 28
"""Days from which the rate is computed: four weeks, so that weekdays have equal weight."""
MIN_TREND_DAYS = 14


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


def rate_of(bytes_by_day: Mapping[int, int], today: int, kept_days: int | None) -> Rate:
    """Return the rate of a tenant from the bytes of each day that has not expired. Days are counted from the epoch.

    Today is not complete and is not counted. The trend is the Theil-Sen estimator, the median of all slopes, which
    single outliers do not bend.
    """
    first = max(min(bytes_by_day, default=today), today - WINDOW_DAYS)
    if kept_days is not None:
        first = max(first, today - kept_days)
    daily_bytes = [bytes_by_day.get(day, 0) for day in range(first, today)]
    if not daily_bytes:
        return Rate(0.0, 0.0, 0.0, 0)
    mean = fmean(daily_bytes)
    if len(daily_bytes) < MIN_TREND_DAYS:
        return Rate(mean, mean, 0.0, len(daily_bytes))
    slope = median((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(daily_bytes), 2))
    start = median(value - slope * day for day, value in enumerate(daily_bytes))
    return Rate(mean, max(start + slope * len(daily_bytes), 0.0), slope, len(daily_bytes))


def stored(
    bytes_by_day: Mapping[int, int], today: int, kept_days: int | None, ahead: int, arriving_bytes: Sequence[float]
) -> float:
    """Return the bytes stored in `ahead` days: stored bytes that do not expire before, plus bytes that arrive.

    arriving_bytes   bytes of each of the next `ahead` days
    """
    last_expired_day = None if kept_days is None else today + ahead - kept_days - 1
    stored_now = sum(size for day, size in bytes_by_day.items() if last_expired_day is None or day > last_expired_day)
    already_expired = 0 if last_expired_day is None else max(0, last_expired_day - today + 1)
    return stored_now + sum(arriving_bytes[already_expired:ahead])


def forecast(bytes_by_day: Mapping[int, int], today: int, kept_days: int | None, ahead: int) -> tuple[float, float]:
    """Return the bytes stored in `ahead` days: at the current rate, and if the trend continues."""
    rate = rate_of(bytes_by_day, today, kept_days)
    steady = stored(bytes_by_day, today, kept_days, ahead, [rate.per_day] * ahead)
    return steady, stored(bytes_by_day, today, kept_days, ahead, [rate.at(days_ahead) for days_ahead in range(ahead)])
