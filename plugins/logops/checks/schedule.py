"""When the next run of each check is expected. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from logops.environment import Environment

NIGHT = timedelta(days=1)
HOUR = timedelta(hours=1)
_HOURLY = ("drift", "airflow-files")
_NIGHTLY = ("compaction-audit", "retention-audit", "tiering-audit", "content-audit", "queries")


def intervals(environment: Environment) -> Mapping[str, timedelta]:
    """Return the time between two runs of each check that runs by a schedule."""
    quality = timedelta(milliseconds=environment.quality.interval.value)
    return {**dict.fromkeys(_NIGHTLY, NIGHT), **dict.fromkeys(_HOURLY, HOUR), "ingestion-quality": quality}


def overdue_at(environment: Environment, check: str, last: datetime) -> datetime | None:
    """Return when a check that last ran at `last` is overdue: one interval later, plus the grace.

    The grace is `alerts.grace`, at most an interval. None: the check has no schedule.
    """
    interval = intervals(environment).get(check)
    if interval is None:
        return None
    grace = timedelta(milliseconds=environment.alerts.grace.value)
    return last + interval + min(grace, interval)
