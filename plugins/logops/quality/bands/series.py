"""Line counts of a source over time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
RESTART_DAYS = 7
"""After this many days in a row without a line, a source counts as new."""


@dataclass(frozen=True, eq=False)
class Series:
    """Lines of a source, counted in buckets of one length that follow each other.

    A source is a workload, not a pod: count the lines of all its pods together. Pods come and go, and the silence of a
    pod that ended is no fault.
    """

    start: datetime
    """Start of the first bucket, with a time zone."""
    bucket_s: int
    """Length of a bucket. A band is learned if it divides an hour."""
    counts: Counts
    """Lines per bucket. 0: no line came. NaN: absent, the bucket was not measured."""

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError(f"start of a series: {self.start} has no time zone")
        if self.bucket_s < 1:
            raise ValueError(f"length of a bucket: {self.bucket_s} s is less than a second")
        if np.any(self.counts < 0):
            raise ValueError("counts of a series: a count is negative")

    @property
    def divides_hour(self) -> bool:
        return HOUR_S % self.bucket_s == 0

    @property
    def end(self) -> datetime:
        return self.start_of(len(self.counts))

    @property
    def day(self) -> int:
        """Buckets per day."""
        return DAY_S // self.bucket_s

    def start_of(self, bucket: int) -> datetime:
        return self.start + timedelta(seconds=bucket * self.bucket_s)

    def closed(self, as_of: datetime) -> Self:
        """Return the buckets that have ended. A bucket that is still filling would look like a drop.

        Buckets between the end of the series and `as_of` are absent: what was measured long ago says nothing about now.
        """
        complete = max(int((as_of - self.start).total_seconds() // self.bucket_s), 0)
        missing = np.full(max(complete - len(self.counts), 0), np.nan)
        return replace(self, counts=np.concatenate([self.counts[:complete], missing]))

    def last(self, buckets: int) -> Self:
        first = max(len(self.counts) - buckets, 0)
        return replace(self, start=self.start_of(first), counts=self.counts[first:])

    def since_first_traffic(self) -> Self:
        """Return the series from the start of the source's traffic.

        Some stray lines, followed by a week without lines, are not the start.
        """
        with_lines = np.flatnonzero(np.nan_to_num(self.counts) > 0)
        if not len(with_lines):
            return self.last(0)
        gaps = np.flatnonzero(np.diff(with_lines) > RESTART_DAYS * self.day)
        first = with_lines[gaps[-1] + 1] if len(gaps) else with_lines[0]
        return self.last(len(self.counts) - int(first))


def coarser(counts: Counts, factor: int) -> Counts:
    """Return the sums of `factor` buckets each, aligned to the end. Absent buckets count as the mean of the others.

    A sum is absent if half of its buckets or more are absent.
    """
    if factor == 1:
        return counts
    groups = counts[len(counts) % factor :].reshape(-1, factor)
    present = np.isfinite(groups).sum(axis=1)
    sums = np.nansum(groups, axis=1)
    return np.where(present * 2 > factor, sums * factor / np.maximum(present, 1), np.nan)
