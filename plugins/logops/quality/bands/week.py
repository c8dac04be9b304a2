"""The place of buckets in the week of a time zone."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from logops.quality.bands.series import DAY_S, HOUR_S

HOURS_PER_WEEK = 168
_SUNDAY = 6


@dataclass(frozen=True, eq=False)
class Week:
    """For each bucket: its hour of the week, and its bucket of the day."""

    hour: npt.NDArray[np.intp]
    """0 is the hour from Monday 00:00, local time."""
    of_day: npt.NDArray[np.intp]
    """0 is the bucket from 00:00, local time."""

    def part(self, first: int, last: int) -> "Week":
        return Week(self.hour[first:last], self.of_day[first:last])


@lru_cache(maxsize=64)
def week(start: datetime, bucket_s: int, buckets: int, zone: str, holidays: Set[date]) -> Week:
    """Return the place of every bucket in the week.

    A holiday counts as a Sunday. When clocks change, a bucket keeps its local time, because people do too. All sources
    of a run share their buckets, so the result is kept.
    """
    seconds = int(start.timestamp()) + bucket_s * np.arange(buckets)
    # The offset of a zone changes on a quarter of an hour at most often; one look per hour is enough in practice.
    hours, of_hour = np.unique(seconds // HOUR_S, return_inverse=True)
    offsets = _offsets_s(ZoneInfo(zone), hours)
    local = seconds + offsets[of_hour]
    days, of_day = np.unique(local // DAY_S, return_inverse=True)
    weekdays = np.array([_weekday(int(day), holidays) for day in days])
    second_of_day = local % DAY_S
    return Week(weekdays[of_day] * 24 + second_of_day // HOUR_S, second_of_day // bucket_s)


def _offsets_s(zone: ZoneInfo, hours: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    moments = (datetime.fromtimestamp(int(hour) * HOUR_S, UTC).astimezone(zone) for hour in hours)
    return np.array([int((moment.utcoffset() or timedelta()).total_seconds()) for moment in moments])


def _weekday(day: int, holidays: Set[date]) -> int:
    """Return the weekday of a day since the Unix epoch, which was a Thursday."""
    if holidays and date(1970, 1, 1) + timedelta(days=day) in holidays:
        return _SUNDAY
    return (day + 3) % 7
