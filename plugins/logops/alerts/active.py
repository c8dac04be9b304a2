"""Read the active alerts in the Alertmanagers of an audience."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from logops.alerts.alertmanager import open_alertmanager
from logops.alerts.audience import audience as audience_of
from logops.alerts.from_finding import SENDER, labels
from logops.alerts.rollouts import Muted, muted_findings, read_muting_rollouts
from logops.checks.open_findings import read_open
from logops.clients.alertmanager.errors import AlertmanagerError
from logops.clients.alertmanager.model import LiveAlert, Silence
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings import Severity
from logops.findings.acceptance import read_acceptances
from logops.findings.causes import ROLLOUT_RUNNING
from logops.number_text import count_text
from logops.platforms.platform import ReadablePlatform

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

_NOT_SUBJECT = {"alertname", "severity", "team", "sender", "rest", "environment"}
_RANK = {severity.value: severity.rank for severity in Severity}


class Quiet(StrEnum):
    """Why nobody is notified about an alert. The value ends a sentence: "2 silenced"."""

    SILENCED = "silenced"
    EXPLAINED = "explained by others"
    MUTED = "muted by a rollout"


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
    quiet: Quiet | None
    """Why nobody is notified. None: somebody is, if a receiver is declared."""
    summary: str
    labels: dict[str, str]

    @property
    def silenced(self) -> bool:
        """Whether nobody is notified, for any reason."""
        return self.quiet is not None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "name": self.name,
            "severity": self.severity,
            "team": self.team,
            "since": self.since.isoformat(),
            "told": self.told,
            "silenced": self.silenced,
            "quiet": self.quiet.value if self.quiet else None,
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
            with open_alertmanager(platform.environment, audience, url) as client:
                silences = {silence.id: silence for silence in client.silences()}
                return active_alerts(client.alerts(), silences)
        except AlertmanagerError as error:
            problems.append(str(error))
    raise AlertmanagerError(" ".join(problems))


def read_muted(platform: ReadablePlatform, store: "ResultsStore", audience: Data, now: datetime) -> list[ActiveAlert]:
    """Return the findings that are no alerts now because a rollout may cause them. Raises StoreUnreachableError."""
    environment = platform.environment
    rollouts = read_muting_rollouts(store, environment, platform.rollout_since(), now)
    if not rollouts:
        return []
    accepted = read_acceptances(store, environment.name, now)
    muted = muted_findings(read_open(store, environment.name, now), rollouts, accepted, now)
    return [_muted_row(each, environment) for each in muted if audience_of(each.entry.finding, environment) == audience]


def active_alerts(alerts: Sequence[LiveAlert], silences: dict[str, Silence]) -> list[ActiveAlert]:
    """Return alerts as a person reads them: the most serious first, then the oldest.

    The alert that a rollout runs is not one of them: it is the reason why others are muted.
    """
    names = {alert.fingerprint: dict(alert.labels).get("alertname", "") for alert in alerts}
    rows = [
        _row(alert, silences, names) for alert in alerts if not {SENDER, ("alertname", ROLLOUT_RUNNING)} <= alert.labels
    ]
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
    quiet = ((sum(row.quiet is reason for row in rows), reason) for reason in Quiet)
    parts = [
        f"{count_text(len(loud), 'alert')}{f': {kinds}' if kinds else ''}" if loud else "",
        *(f"{count} {reason}" for count, reason in quiet if count),
    ]
    return "; ".join(filter(None, parts)) + "."


def _row(alert: LiveAlert, silences: dict[str, Silence], names: Mapping[str, str]) -> ActiveAlert:
    identity = dict(alert.labels)
    causes = sorted({names[cause] for cause in alert.inhibited_by if cause in names})
    return ActiveAlert(
        identity.get("alertname", ""),
        identity.get("severity", ""),
        identity.get("team", ""),
        _subject(identity),
        alert.starts_at,
        _told(alert, silences, causes),
        _quiet(alert, causes),
        alert.annotations.get("summary") or alert.annotations.get("description", ""),
        identity,
    )


def _muted_row(muted: Muted, environment: Environment) -> ActiveAlert:
    finding = muted.entry.finding
    identity = dict(labels(finding.cls, finding.subject, environment))
    return ActiveAlert(
        finding.cls.name,
        finding.cls.severity.value,
        identity["team"],
        _subject(identity),
        muted.entry.since,
        f"nobody: {muted.rollout.text}",
        Quiet.MUTED,
        finding.message,
        identity,
    )


def _subject(identity: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(identity.items()) if name not in _NOT_SUBJECT)


def _quiet(alert: LiveAlert, causes: Sequence[str]) -> Quiet | None:
    if alert.silenced_by:
        return Quiet.SILENCED
    if alert.inhibited_by:
        return Quiet.MUTED if ROLLOUT_RUNNING in causes else Quiet.EXPLAINED
    return None


def _told(alert: LiveAlert, silences: dict[str, Silence], causes: Sequence[str]) -> str:
    """Return who was notified, or why nobody was.

    causes   names of the alerts that inhibit it
    """
    if alert.silenced_by:
        silence = silences.get(alert.silenced_by[0])
        if silence is None:
            return "silenced"
        until = f"{silence.ends_at:%Y-%m-%d %H:%M}"
        return f"nobody: silenced by {silence.created_by} until {until}: {silence.comment} ({silence.id})"
    if alert.inhibited_by:
        if ROLLOUT_RUNNING in causes:
            return "nobody: a rollout may cause it"
        return f"nobody: explained by {' and '.join(causes) or 'another alert'}"
    told = [name for name in alert.receivers if name != "nobody"]
    return ", ".join(told) or "nobody: `alerts` in the environment file names no receiver for it"
