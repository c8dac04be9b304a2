"""Read the moment that a check judges at, as a person or Airflow gives it."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from logops.errors import LogopsError

FORMS = "2026-11-28, 2026-11-28T06:30, yesterday, or 2h ago"
"""The forms of a moment, for help texts."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d+)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)\s+ago", re.IGNORECASE)


class AsOfError(LogopsError):
    """The text is not a moment that a check can judge at."""


def read_as_of(text: str | None, now: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the moment in a text: ISO 8601, `now`, `today`, `yesterday`, or `2h ago`. Without a text: `now`.

    now    the moment that `2h ago` is relative to
    zone   time zone of a date or time without one; None: refuse a text without a time zone

    `today` and `yesterday` are the start of that day in UTC, as Loki's tables are days in UTC.

    Raises AsOfError.

    >>> noon = datetime(2026, 11, 28, 12, tzinfo=UTC)
    >>> print(read_as_of("yesterday", noon), read_as_of("90m ago", noon), sep=", ")
    2026-11-27 00:00:00+00:00, 2026-11-28 10:30:00+00:00
    """
    if not text:
        return now
    said = _as_said(text.strip().lower(), now)
    if said:
        return said
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise AsOfError(f"{text!r} is not a moment. Write it as 2026-11-28T06:30Z, or as 2h ago.") from None
    if moment.tzinfo is None and zone is None:
        raise AsOfError(f"{text!r} has no time zone. Write it as 2026-11-28T06:30Z, or as 2h ago.")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _as_said(words: str, now: datetime) -> datetime | None:
    """Return the moment in everyday words; None if the words are something else."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if words in ("now", "today", "yesterday"):
        return {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}[words]
    if ago := _AGO.fullmatch(words):
        try:
            return now - timedelta(**{_UNITS[ago[2][0]]: int(ago[1])})
        except OverflowError:
            raise AsOfError(f"{words!r} is before the year 1. Write it as 2026-11-28T06:30Z, or as 2h ago.") from None
    return None
