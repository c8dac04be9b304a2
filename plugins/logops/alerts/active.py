"""Read the active alerts in the Alertmanagers of an audience."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.alertmanager.errors import AlertmanagerError
from logops.clients.alertmanager.model import LiveAlert, Silence
from logops.environment.cluster import Data
from logops.findings import Severity
from logops.number_text import count_text
from logops.platforms.platform import ReadablePlatform

_NOT_SUBJECT = {"alertname", "severity", "team", "sender", "rest", "environment"}
_RANK = {severity.value: severity.rank for severity in Severity}


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """An active alert, as a person reads it."""

    name: str
    severity: str
    team: str
    subject: str
    since: datetime
    told: str
    """Who was notified, or why nobody was."""
    silenced: bool
    """Whether nobody is notified, because of a silence or because another alert explains it."""
    explained: bool
    """Whether another alert explains it."""
    summary: str
    labels: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "name": self.name,
            "severity": self.severity,
            "team": self.team,
            "since": self.since.isoformat(),
            "told": self.told,
            "silenced": self.silenced,
            "explained": self.explained,
            "summary": self.summary,
            "labels": self.labels,
        }


def read_active(platform: ReadablePlatform, audience: Data) -> list[ActiveAlert]:
    """Return the active alerts, the most serious first. Of several replicas, the first that answers is read.

    Raises AlertmanagerError if none answers.
    """
    urls = platform.alertmanager_urls(audience)
    if not urls:
        raise AlertmanagerError(
            f"Reading the alerts of {platform.environment.name}: alerts.{audience}.urls names no Alertmanager."
        )
    problems = []
    for url in urls:
        try:
            with AlertmanagerClient(url, retry_for_s=0) as client:
                silences = {silence.id: silence for silence in client.silences()}
                return active_alerts(client.alerts(), silences)
        except AlertmanagerError as error:
            problems.append(str(error))
    raise AlertmanagerError(" ".join(problems))


def active_alerts(alerts: Sequence[LiveAlert], silences: dict[str, Silence]) -> list[ActiveAlert]:
    """Return alerts as a person reads them: the most serious first, then the oldest."""
    names = {alert.fingerprint: dict(alert.labels).get("alertname", "") for alert in alerts}
    rows = [_row(alert, silences, names) for alert in alerts]
    return sorted(rows, key=lambda row: (row.silenced, -_RANK.get(row.severity, -1), row.since, row.name, row.subject))


def headline(rows: Sequence[ActiveAlert]) -> str:
    """Return the alerts in one line.

    >>> headline([])
    'No active alert.'
    """
    if not rows:
        return "No active alert."
    loud = [row for row in rows if not row.silenced]
    by_severity = {
        severity: count
        for severity in sorted(_RANK, key=lambda name: -_RANK[name])
        if (count := sum(row.severity == severity for row in loud))
    }
    kinds = ", ".join(f"{count} {severity}" for severity, count in by_severity.items())
    explained = sum(row.explained for row in rows)
    silenced = len(rows) - len(loud) - explained
    parts = [
        f"{count_text(len(loud), 'alert')}{f': {kinds}' if kinds else ''}" if loud else "",
        f"{explained} explained by others" if explained else "",
        f"{silenced} silenced" if silenced else "",
    ]
    return "; ".join(filter(None, parts)) + "."


def _row(alert: LiveAlert, silences: dict[str, Silence], names: Mapping[str, str]) -> ActiveAlert:
    labels = dict(alert.labels)
    subject = " ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name not in _NOT_SUBJECT)
    return ActiveAlert(
        labels.get("alertname", ""),
        labels.get("severity", ""),
        labels.get("team", ""),
        subject,
        alert.starts_at,
        _told(alert, silences, names),
        bool(alert.silenced_by or alert.inhibited_by),
        bool(alert.inhibited_by and not alert.silenced_by),
        alert.annotations.get("summary") or alert.annotations.get("description", ""),
        labels,
    )


def _told(alert: LiveAlert, silences: dict[str, Silence], names: Mapping[str, str]) -> str:
    """Return who was notified, or why nobody was.

    names   the alerts by fingerprint
    """
    if alert.silenced_by:
        silence = silences.get(alert.silenced_by[0])
        if silence is None:
            return "silenced"
        return f"silenced by {silence.created_by} until {silence.ends_at:%Y-%m-%d %H:%M}: {silence.comment}"
    if alert.inhibited_by:
        causes = sorted({names[cause] for cause in alert.inhibited_by if cause in names})
        return f"nobody: explained by {' and '.join(causes) or 'another alert'}"
    told = [name for name in alert.receivers if name != "nobody"]
    return ", ".join(told) or "nobody"
