"""A model of many deliveries: runs, stale readers, restarts. An Alertmanager always ends with what is open."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from logops.alerts.desired import desired_alerts
from logops.alerts.reconcile import to_send
from logops.checks.open_findings import OpenAfterRun
from logops.clients.alertmanager.model import Alert, LabelSet, LiveAlert
from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.history import Changes, compare
from tests.support.environments import environment

LOCAL = environment("local")
CHECKS = ("retention-audit", "compaction-audit")
TENANTS = ("application", "platform", "canary")


class Alertmanager:
    """Fake of an Alertmanager: one alert for one set of labels, until its end."""

    def __init__(self) -> None:
        self.alerts: dict[LabelSet, Alert] = {}

    def live(self, now: datetime) -> list[LiveAlert]:
        return [
            LiveAlert(alert.labels, alert.annotations, alert.starts_at, alert.ends_at)
            for alert in self.alerts.values()
            if alert.ends_at > now
        ]

    def receive(self, alerts: tuple[Alert, ...]) -> None:
        for alert in alerts:
            self.alerts[alert.labels] = alert


class Deliveries(RuleBasedStateMachine):
    """Runs of two checks, and deliveries to two replicas, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 28, tzinfo=UTC)
        self.changes: dict[str, Changes] = {}
        self.runs: dict[str, Run] = {}
        self.replicas = (Alertmanager(), Alertmanager())
        self.is_current = [False, False]
        self.expected: dict[str, set[str]] = {}

    @initialize()
    def start(self) -> None:
        for check in CHECKS:
            self.run_check(check, set(), None)

    @rule(
        check=st.sampled_from(CHECKS),
        found=st.sets(st.sampled_from(TENANTS)),
        not_reached=st.none() | st.sampled_from(TENANTS),
    )
    def run_check(self, check: str, found: set[str], not_reached: str | None) -> None:
        """A run that reports these tenants. It may not have reached one."""
        findings = [
            Finding(CHUNK_MISSING, Subject("local", "main", tenant), "missing", self.now) for tenant in sorted(found)
        ]
        if not_reached:
            findings.append(Finding(CHECK_INCOMPLETE, Subject("local", "main", not_reached), "away", self.now))
        before = self.changes.get(check, Changes((), (), (), ())).open
        self.changes[check] = compare(before, findings)
        self.runs[check] = Run("local", check, "run", self.now)
        still_open = self.expected.get(check, set()) & ({not_reached} if not_reached else set())
        self.expected[check] = found | still_open
        self.is_current = [False, False]

    @rule(replica=st.integers(0, 1), times=st.integers(1, 3))
    def deliver(self, replica: int, times: int) -> None:
        """One or more deliveries, as retries and second schedulers make."""
        for _ in range(times):
            states = [OpenAfterRun(self.runs[check], self.changes[check].open) for check in CHECKS]
            desired = desired_alerts(states, LOCAL, self.now)["standard"]
            alertmanager = self.replicas[replica]
            alertmanager.receive(to_send(desired, alertmanager.live(self.now), self.now))
        self.is_current[replica] = True

    @rule(replica=st.integers(0, 1))
    def restart(self, replica: int) -> None:
        """An Alertmanager starts again without its data."""
        self.replicas[replica].alerts.clear()
        self.is_current[replica] = False

    @rule(minutes=st.integers(1, 59))
    def wait(self, minutes: int) -> None:
        """Time passes: less than an alert lives."""
        self.now += timedelta(minutes=minutes)
        self.is_current = [False, False]

    @rule(minutes=st.integers(1, 59))
    def set_clock_back(self, minutes: int) -> None:
        """The clock of the next deliveries is behind that of the runs."""
        self.now -= timedelta(minutes=minutes)
        self.is_current = [False, False]

    @invariant()
    def replica_has_what_is_open_after_a_delivery(self) -> None:
        expected = set().union(*self.expected.values()) if self.expected else set()
        for current, replica in zip(self.is_current, self.replicas, strict=True):
            if current:
                names = [
                    dict(alert.labels)["tenant"]
                    for alert in replica.live(self.now)
                    if ("alertname", "chunk-missing") in alert.labels
                ]
                assert sorted(names) == sorted(expected)


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=1000, stateful_step_count=12, deadline=None)
