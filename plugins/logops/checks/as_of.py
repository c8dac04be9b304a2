"""Read the moment that a check judges at, as a person or Airflow gives it."""

from datetime import datetime, tzinfo

from logops.errors import LogopsError


class AsOfError(LogopsError):
    """The text is not a moment that a check can judge at."""


def read_as_of(text: str | None, default: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the moment in an ISO 8601 text; `default` if there is none.

    zone   time zone of a text without one; None: refuse a text without a time zone

    Raises AsOfError.

    >>> from datetime import UTC
    >>> read_as_of("2026-11-23T06:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)).hour
    6
    """
    if not text:
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise AsOfError(f"{text!r} is not a date and time. Write it as 2026-11-23T00:00:00Z.") from None
    if moment.tzinfo is None and zone is None:
        raise AsOfError(f"{text!r} has no time zone. Write it as 2026-11-23T00:00:00Z.")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
