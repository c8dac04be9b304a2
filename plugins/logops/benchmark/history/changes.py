"""Date the changes of a query: the nights since which it has been slower or faster.

Each night has a verdict of its own, and consecutive verdicts may date the same change to different nights.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

SAME_CHANGE = timedelta(days=3)
"""Dates that are not further apart are of the same change."""


@dataclass(frozen=True)
class Change:
    """A night since which a query has been slower or faster than before."""

    since: datetime
    is_slower: bool


class Dated(Protocol):
    """The verdict of a night."""

    @property
    def slower_since(self) -> datetime | None: ...

    @property
    def faster_since(self) -> datetime | None: ...


def changes(trends: Sequence[Dated]) -> list[Change]:
    """Return the changes in the verdicts of consecutive nights, oldest first.

    trends   the verdict of each night
    """
    slower = [Change(since, True) for since in _dates(trend.slower_since for trend in trends)]
    faster = [Change(since, False) for since in _dates(trend.faster_since for trend in trends)]
    return sorted((*slower, *faster), key=lambda change: change.since)


def _dates(since: Iterable[datetime | None]) -> list[datetime]:
    """Return one date per change: the most frequent of the dates that are close to each other."""
    counts = Counter(date for date in since if date is not None)
    groups: list[list[datetime]] = []
    for date in sorted(counts):
        if groups and date - groups[-1][-1] <= SAME_CHANGE:
            groups[-1].append(date)
        else:
            groups.append([date])
    return [max(group, key=counts.__getitem__) for group in groups]
