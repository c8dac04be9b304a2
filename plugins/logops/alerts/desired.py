"""Decide which alerts should be active now. Pure.

An open finding is an alert until a later run that covered its subject no longer has it (`findings.history`). It ends by
itself if logops stops sending it: after the next expected run of its check and the grace, at the earliest `HOLD` from
now. So a run that is late, failed or incomplete resolves nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from logops.alerts.audience import audience
from logops.alerts.from_finding import alert_of, links
from logops.checks.open_findings import OpenAfterRun
from logops.checks.schedule import overdue_at
from logops.clients.alertmanager.model import Alert, LabelSet
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings import Run, Severity, Subject
from logops.findings.acceptance import Acceptance, acceptance_of
from logops.findings.history import OpenFinding
from logops.number_text import count_text

HOLD = timedelta(hours=1)
"""An alert lives at least this long after it was sent."""
MOST_ALERTS = 100
"""Most alerts of one class, cluster and tenant. The findings that are open for longest have their own; one more alert
is for all others."""


def desired_alerts(
    states: Iterable[OpenAfterRun],
    environment: Environment,
    now: datetime,
    accepted: Sequence[Acceptance] = (),
    airflow_url: str = "",
) -> dict[Data, dict[LabelSet, Alert]]:
    """Return the alerts that should be active now, for each audience, by their labels.

    accepted      decisions of people: a finding that one of them covers is no alert
    airflow_url   address of Airflow, for links; empty: no links

    If two checks report the same class and subject, it is one alert, since the earlier time.
    """
    desired: dict[Data, dict[LabelSet, Alert]] = {"standard": {}, "security": {}}
    for state in states:
        ends_at = _ends_at(state.run, environment, now)
        for (who, *_), entries in _by_place(state.open, environment, accepted).items():
            alerts = [alert_of(entry, state.run, ends_at, environment, airflow_url) for entry in entries[:MOST_ALERTS]]
            if rest := entries[MOST_ALERTS:]:
                alerts.append(_rest_alert(rest, state.run, ends_at, environment, airflow_url))
            for alert in alerts:
                _add(desired[who], alert)
    return desired


def _ends_at(run: Run, environment: Environment, now: datetime) -> datetime:
    due = overdue_at(environment, run.check, run.as_of)
    return max(due or now, now + HOLD)


Place = tuple[Data, str, str, str]
"""Audience, class, cluster, tenant."""


def _by_place(
    entries: Iterable[OpenFinding], environment: Environment, accepted: Sequence[Acceptance]
) -> Mapping[Place, list[OpenFinding]]:
    """Return the findings that are worth an alert by place, the oldest first."""
    places: dict[Place, list[OpenFinding]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.since, entry.finding.subject)):
        finding = entry.finding
        if finding.cls.severity is not Severity.INFO and not acceptance_of(finding, accepted):
            place = (audience(finding, environment), finding.cls.name, finding.subject.cluster, finding.subject.tenant)
            places.setdefault(place, []).append(entry)
    return places


def _rest_alert(
    rest: Sequence[OpenFinding], run: Run, ends_at: datetime, environment: Environment, airflow_url: str
) -> Alert:
    """Return one alert for several findings of a place."""
    finding = rest[0].finding
    whole = replace(
        finding,
        subject=Subject(finding.subject.environment, finding.subject.cluster, finding.subject.tenant),
        message=f"{count_text(len(rest), 'more finding')} of this class. The first one: {finding.message}",
        evidence={"findings": len(rest)},
        remedy=finding.remedy_text,
    )
    alert = alert_of(OpenFinding(whole, rest[0].since), run, ends_at, environment, airflow_url)
    # The page has no finding for the rest: link to the first one.
    texts = {**alert.annotations, **links(finding, airflow_url)}
    return replace(alert, labels=alert.labels | {("rest", "true")}, annotations=texts)


def _add(alerts: dict[LabelSet, Alert], alert: Alert) -> None:
    """Add an alert. Of two with the same labels, the newer one counts, since the earlier time."""
    known = alerts.get(alert.labels, alert)
    newer = max(known, alert, key=lambda either: either.annotations["checked_at"])
    alerts[alert.labels] = replace(
        newer, starts_at=min(alert.starts_at, known.starts_at), ends_at=max(alert.ends_at, known.ends_at)
    )
