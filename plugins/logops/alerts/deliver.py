"""Send the alerts that should be active to the Alertmanagers. The only import of entry points.

Every call sends everything. So it may run twice, on two schedulers, or after an outage: an Alertmanager has one alert
for one set of labels, and a late alert has the time at which its fault began.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from logops.alerts.alertmanager import open_alertmanager
from logops.alerts.desired import desired_alerts
from logops.alerts.from_finding import SENDER, TEST, label_text
from logops.alerts.last_delivery import write_last_delivery
from logops.alerts.mutes import Mute, rollout_mutes, silences
from logops.alerts.overdue import overdue_checks
from logops.alerts.reconcile import to_send
from logops.alerts.rollout_alert import rollout_alert
from logops.alerts.rollouts import muted_findings, read_muting_rollouts, without_muted
from logops.checks.open_findings import OpenAfterRun, read_open
from logops.checks.recording import record
from logops.checks.schedule import intervals
from logops.clients.alertmanager.errors import AlertmanagerError
from logops.clients.alertmanager.model import Alert, LabelSet, Matcher
from logops.environment import Environment
from logops.environment.cluster import AUDIENCES, Data
from logops.findings import Finding, Run, Subject
from logops.findings.acceptance import read_acceptances
from logops.findings.causes import ROLLOUT_RUNNING
from logops.findings.classes.alerts import ALERTS_UNDELIVERED, CHECK_OVERDUE
from logops.findings.classes.rollout import RESULTS_UNREADABLE
from logops.findings.damage import unreadable
from logops.findings.history import OpenFinding
from logops.findings.kinds import FINDINGS
from logops.number_text import count_text
from logops.platforms.platform import ReadablePlatform

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

CHECK = "alerts"
CURRENT = (CHECK_OVERDUE, RESULTS_UNREADABLE)
"""Classes of findings that a delivery finds before it sends."""
ROLLOUT = "rollout"
_NAMED = 2
"""Findings that the headline names."""
CLOCK_SKEW = timedelta(minutes=10)
"""The clock of the machine that recorded a run may be ahead by this much. Without its run, alerts would go back to what
was open before it."""
RETRY_FOR_S = 2.0
"""Short, because the next delivery is due in a few minutes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The alerts that an Alertmanager got."""

    audience: Data
    url: str
    active: int = 0
    """Alerts that should be active."""
    resolved: int = 0
    """Alerts that were ended."""
    problem: str = ""
    """Why it accepted nothing; empty: it accepted everything."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of a delivery."""

    environment: str
    sent: tuple[Sent, ...]
    findings: tuple[Finding, ...]
    """Checks that are overdue, and Alertmanagers that accepted nothing."""
    muted: int = 0
    """Findings that are no alerts because a rollout may cause them."""

    @property
    def headline(self) -> str:
        """The result in one line, the trouble first."""
        troubles = [finding.message for finding in self.findings[:_NAMED]]
        if len(self.findings) > _NAMED:
            troubles.append(f"{count_text(len(self.findings) - _NAMED, 'more finding')}.")
        muted = f", {self.muted} muted by a rollout" if self.muted else ""
        return " ".join([*troubles, f"{count_text(self.active, 'alert')}, {self.resolved} resolved{muted}."])

    @property
    def active(self) -> int:
        """Alerts that an Alertmanager accepted, counted once for all its replicas."""
        return sum({sent.audience: sent.active for sent in self.sent if not sent.problem}.values())

    @property
    def resolved(self) -> int:
        """Alerts that were ended, counted once for all replicas of an Alertmanager."""
        return sum({sent.audience: sent.resolved for sent in self.sent if not sent.problem}.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the delivery as plain JSON: `{headline, sent, findings, muted}`."""
        return {
            "headline": self.headline,
            "sent": [asdict(sent) for sent in self.sent],
            "findings": [finding.to_dict() for finding in self.findings],
            "muted": self.muted,
        }


def deliver(
    platform: ReadablePlatform,
    store: "ResultsStore",
    now: datetime,
    report_progress: Callable[[str], None],
    paused: Collection[str] = (),
    airflow_url: str | None = None,
) -> Delivery:
    """Send the alerts of an environment to every Alertmanager. Record what could not be delivered.

    paused        checks that a person paused: they are not overdue
    airflow_url   address of Airflow, for links in alerts; None: the one that the environment names

    Raises StoreUnreachableError; then no alert is changed. An Alertmanager that does not answer is a finding.
    """
    environment = platform.environment
    report_progress("reading the results of all checks")
    states = read_open(store, environment.name, now + CLOCK_SKEW)
    overdue = _overdue(store, environment, states, paused, now)
    before = next((state for state in states if state.run.check == CHECK), None)
    accepted = read_acceptances(store, environment.name, now)
    rollouts = read_muting_rollouts(store, environment, platform.rollout_since(), now)
    damaged = tuple(_damaged(store, environment, now))
    states = _with_current(states, before, (*overdue, *damaged), environment, now)
    muted = muted_findings(states, rollouts, accepted, now)
    links_to = airflow_url or environment.alerts.airflow_url or ""
    desired = desired_alerts(without_muted(states, rollouts, now), environment, now, accepted, links_to)
    about_rollout = rollout_alert(environment.name, rollouts, now)
    sent = tuple(_send_all(platform, desired, about_rollout, now, report_progress))
    mutes = [*_silences(environment, sent), *rollout_mutes(rollouts, muted, environment)]
    findings = (*overdue, *_undelivered(environment, sent, desired, now), *damaged)
    _record_changes(store, environment, before, findings, now)
    write_last_delivery(store, environment.name, paused, now, mutes)
    return Delivery(environment.name, sent, findings, len(muted))


def ours(environment: Environment) -> tuple[Matcher, ...]:
    """Return the matchers of all alerts that logops sends for an environment, except for tests of a route."""
    return (Matcher(*SENDER), Matcher("environment", environment.name), Matcher(*TEST, is_equal=False))


def _overdue(
    store: "ResultsStore",
    environment: Environment,
    states: Sequence[OpenAfterRun],
    paused: Collection[str],
    now: datetime,
) -> tuple[Finding, ...]:
    last_runs = {state.run.check: state.run.as_of for state in states}
    never_ran = intervals(environment).keys() - last_runs.keys()
    rollouts = store.runs(environment.name, ROLLOUT, now) if never_ran else iter(())
    first_rollout = min((run.as_of for run, _ in rollouts), default=None)
    return tuple(overdue_checks(environment, last_runs, first_rollout, paused, now))


def _damaged(store: "ResultsStore", environment: Environment, now: datetime) -> Iterator[Finding]:
    """Yield a finding for each file that the delivery had to leave out.

    Not for the runs of checks: `ResultsStore.runs` reports these as findings of their check.
    """
    for file, reason in sorted(store.damaged.items()):
        kind, _, name = file.partition("/")
        if kind != FINDINGS and name.rpartition("/")[2].startswith(f"{environment.name}."):
            yield unreadable(environment.name, file, reason, now)


def _with_current(
    states: Sequence[OpenAfterRun],
    before: OpenAfterRun | None,
    current: Sequence[Finding],
    environment: Environment,
    now: datetime,
) -> list[OpenAfterRun]:
    """Return the states with what this delivery found, instead of what the last delivery found.

    current   findings of `CURRENT`; whether an Alertmanager accepts alerts is found out later
    """
    was = before.open if before else ()
    since = {entry.finding.identity: entry.since for entry in was}
    still_open = [entry for entry in was if entry.finding.cls not in CURRENT]
    still_open += [OpenFinding(finding, since.get(finding.identity, finding.as_of)) for finding in current]
    run = Run(environment.name, CHECK, CHECK, now)
    return [*(state for state in states if state.run.check != CHECK), OpenAfterRun(run, still_open)]


def _send_all(
    platform: ReadablePlatform,
    desired: Mapping[Data, Mapping[LabelSet, Alert]],
    about_rollout: Mapping[LabelSet, Alert],
    now: datetime,
    report_progress: Callable[[str], None],
) -> Iterator[Sent]:
    for audience in AUDIENCES:
        for url in platform.alertmanager_urls(audience):
            report_progress(f"sending {count_text(len(desired[audience]), 'alert')} to {url}")
            yield _send(audience, url, desired[audience], about_rollout, platform.environment, now)


def _send(
    audience: Data,
    url: str,
    desired: Mapping[LabelSet, Alert],
    about_rollout: Mapping[LabelSet, Alert],
    environment: Environment,
    now: datetime,
) -> Sent:
    """Send the alerts of findings and the one about a rollout, which is not counted."""
    # If this Alertmanager can be told that it is away, it is back.
    back = {("alertname", ALERTS_UNDELIVERED.name), ("path", label_text(url))}
    desired = {labels: alert for labels, alert in desired.items() if not back <= labels}
    try:
        with open_alertmanager(environment, audience, url, retry_for_s=RETRY_FOR_S) as client:
            alerts = to_send({**desired, **about_rollout}, client.alerts(ours(environment)), now)
            client.send(alerts)
    except AlertmanagerError as error:
        return Sent(audience, url, len(desired), problem=str(error))
    counted = sum(alert.name != ROLLOUT_RUNNING for alert in alerts)
    return Sent(audience, url, len(desired), counted - len(desired))


def _silences(environment: Environment, sent: Sequence[Sent]) -> Iterator[Mute]:
    """Yield the silences in force. Replicas have the same ones, so the first that accepted alerts is asked."""
    asked: set[Data] = set()
    for answer in sent:
        if answer.problem or answer.audience in asked:
            continue
        asked.add(answer.audience)
        # The alerts are delivered. That silences are not known must not make this an error.
        with (
            suppress(AlertmanagerError),
            open_alertmanager(environment, answer.audience, answer.url, retry_for_s=RETRY_FOR_S) as client,
        ):
            yield from silences(client, answer.audience, environment.name)


def _undelivered(
    environment: Environment, sent: Sequence[Sent], desired: Mapping[Data, Mapping[LabelSet, Alert]], now: datetime
) -> Iterator[Finding]:
    for answer in sent:
        if answer.problem:
            others = [other.url for other in sent if other.audience == answer.audience and not other.problem]
            told = f" {', '.join(others)} got them." if others else ""
            yield Finding(
                ALERTS_UNDELIVERED,
                Subject(environment.name, path=answer.url),
                f"{answer.problem}{told}",
                now,
                {"alerts": answer.active, "audience": answer.audience},
            )
    reached = {answer.audience for answer in sent}
    for audience, alerts in desired.items():
        if alerts and audience not in reached:
            yield Finding(
                ALERTS_UNDELIVERED,
                Subject(environment.name, path=f"alerts.{audience}.urls"),
                f"alerts.{audience}.urls names no Alertmanager, so nobody is told about "
                f"{count_text(len(alerts), 'finding')}.",
                now,
                {"alerts": len(alerts), "audience": audience},
            )


def _record_changes(
    store: "ResultsStore",
    environment: Environment,
    before: OpenAfterRun | None,
    findings: Sequence[Finding],
    now: datetime,
) -> None:
    """Record the findings if they are not those of the last delivery. A delivery runs every few minutes."""
    was = {entry.finding.identity for entry in before.open} if before else set()
    if before is None or was != {finding.identity for finding in findings}:
        record(store, Run(environment.name, CHECK, f"{CHECK}-{now:%Y%m%dT%H%M%S}", now), findings)
