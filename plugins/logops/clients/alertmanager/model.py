"""Alerts and silences, as Alertmanager's API v2 has them (api/v2/openapi.yaml of prometheus/alertmanager)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

LabelSet = frozenset[tuple[str, str]]
"""The labels of an alert. They are its identity: Alertmanager has one alert for one set of labels."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert to send."""

    labels: LabelSet
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    """In the past: the alert is resolved. In the future: it is resolved then, unless it is sent again."""

    @property
    def source(self) -> str:
        """Where Alertmanager's own pages and mails link to as the source of the alert: its annotation `page`."""
        return self.annotations.get("page", "")

    @property
    def name(self) -> str:
        """Its label `alertname`."""
        return dict(self.labels).get("alertname", "")


@dataclass(frozen=True, slots=True)
class LiveAlert:
    """An alert that Alertmanager has."""

    labels: LabelSet
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    silenced_by: tuple[str, ...] = ()
    """Ids of silences."""
    inhibited_by: tuple[str, ...] = ()
    """Fingerprints of alerts."""
    receivers: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one label."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def __str__(self) -> str:
        """
        >>> str(Matcher("severity", "error|critical", is_regex=True))
        'severity=~"error|critical"'
        """
        operator = ("=" if self.is_equal else "!") + ("~" if self.is_regex else "" if self.is_equal else "=")
        text = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{operator}"{text}"'


@dataclass(frozen=True, slots=True)
class Silence:
    """A time in which alerts with these labels notify nobody."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    id: str = ""
    """Alertmanager gives it."""
    state: str = field(default="", compare=False)
    """active, pending or expired."""
