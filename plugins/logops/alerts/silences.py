"""Silence alerts for a time: who, why and until when are in Alertmanager. Pure."""

from datetime import datetime, timedelta

from logops.alerts.from_finding import label_text
from logops.clients.alertmanager.model import Matcher, Silence
from logops.errors import LogopsError

LONGEST = timedelta(days=90)


class SilenceError(LogopsError):
    """The silence is not allowed."""


def silence_for(
    environment: str, cls: str, subject: dict[str, str], length: timedelta, who: str, why: str, now: datetime
) -> Silence:
    """Return a silence for the alerts of a class, whether logops or Prometheus sends them.

    subject   parts of the subject that must be equal, such as `{"cluster": "main"}`. Empty: all alerts of the class

    Raises SilenceError if it is longer than 90 days, or has no reason.
    """
    if not timedelta(0) < length <= LONGEST:
        raise SilenceError(f"A silence needs a length, at most {LONGEST.days} days. Found: {length}.")
    if not why.strip():
        raise SilenceError("A silence needs a reason: others will read it when they wonder why nobody was told.")
    fixed = {"environment": environment, "alertname": cls, **{name: label_text(text) for name, text in subject.items()}}
    matchers = tuple(Matcher(name, value) for name, value in fixed.items())
    return Silence(matchers, now, now + length, who, why.strip())
