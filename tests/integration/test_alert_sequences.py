"""Random sequences of runs, deliveries and faults against two real Alertmanagers.

After every delivery that reached it, an Alertmanager has exactly the alerts of the open findings, each once. The unit
tests drive thousands of sequences against a fake.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from logops.alerts import deliver
from logops.findings import Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from tests.support.alert_deliveries import NOW, Deliveries
from tests.support.alertmanagers import RunningAlertmanager, alertmanager
from tests.support.http_servers import http_server

CHECKS = ("retention-audit", "compaction-audit")
TENANTS = ("application", "platform", "canary")
STEPS = 14


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningAlertmanager, RunningAlertmanager]]:
    folder = tmp_path_factory.mktemp("pair")
    with alertmanager(folder / "0") as first, alertmanager(folder / "1") as second:
        yield first, second


@pytest.fixture(autouse=True)
def _gives_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for a replica that a test has stopped."""
    monkeypatch.setattr(deliver, "RETRY_FOR_S", 0.0)


@pytest.mark.parametrize("seed", range(24))
def test_every_open_finding_is_one_alert_whatever_happens(
    tmp_path: Path, pair: tuple[RunningAlertmanager, RunningAlertmanager], seed: int
) -> None:
    sequence = Sequence(tmp_path, pair, Random(seed))
    for _ in range(STEPS):
        sequence.step()
    sequence.deliver()
    assert sequence.alerts(*pair) == [sequence.open] * 2


class Sequence:
    """Runs of two checks, and deliveries to a pair, in an environment of its own."""

    def __init__(self, folder: Path, pair: tuple[RunningAlertmanager, RunningAlertmanager], chance: Random) -> None:
        self._pair = pair
        self._chance = chance
        self._deliveries = Deliveries(folder, standard=tuple(replica.url for replica in pair))
        self._clock = NOW - timedelta(minutes=20)
        self._open: dict[str, set[str]] = {check: set() for check in CHECKS}
        for check in CHECKS:
            self._deliveries.found(at=self._clock, check=check)

    @property
    def open(self) -> list[str]:
        """The tenants with an open finding, sorted."""
        return sorted(set().union(*self._open.values()))

    def alerts(self, *replicas: RunningAlertmanager) -> list[list[str]]:
        """Return the tenants of the alerts of each replica, sorted. A tenant with two alerts is there twice."""
        return [
            sorted(
                dict(alert.labels)["tenant"]
                for alert in self._deliveries.live(replica.url)
                if ("alertname", CHUNK_MISSING.name) in alert.labels
            )
            for replica in replicas
        ]

    def step(self) -> None:
        self._clock += timedelta(seconds=self._chance.randint(1, 80))
        faults = (self._two_schedulers, self._clock_set_back, self._restart, self._away, self._error)
        self._chance.choice((self._run, self._run, *faults))()

    def deliver(self, at: datetime | None = None) -> None:
        self._deliveries.send(at or self._clock)

    def _run(self) -> None:
        """A check runs. It may not reach a tenant, whose findings then stay open."""
        check = self._chance.choice(CHECKS)
        found = {tenant for tenant in TENANTS if self._chance.random() < 0.5}
        missed = {self._chance.choice(TENANTS)} if self._chance.random() < 0.3 else set()
        findings = [
            *((CHUNK_MISSING, self._subject(tenant)) for tenant in sorted(found)),
            *((CHECK_INCOMPLETE, self._subject(tenant)) for tenant in missed),
        ]
        self._deliveries.found(*findings, at=self._clock, check=check)
        self._open[check] = found | (self._open[check] & missed)

    def _two_schedulers(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            [*pool.map(self.deliver, [self._clock, self._clock])]
        assert self.alerts(*self._pair) == [self.open] * 2

    def _clock_set_back(self) -> None:
        self.deliver(self._clock - timedelta(minutes=self._chance.randint(1, 9)))
        assert self.alerts(*self._pair) == [self.open] * 2

    def _restart(self) -> None:
        """A replica loses its data."""
        replica = self._chance.choice(self._pair)
        replica.kill()
        replica.start()

    def _away(self) -> None:
        """A replica is away during a delivery."""
        away, other = self._chance.sample(self._pair, 2)
        away.kill()
        try:
            self.deliver()
        finally:
            away.start()
        assert self.alerts(other) == [self.open]

    def _error(self) -> None:
        """One of the two answers 500."""
        other = self._chance.choice(self._pair)
        both = self._deliveries.platform.alertmanagers
        with http_server([(500, b'"the disk is full"')]) as broken:
            self._deliveries.platform.alertmanagers = {"standard": (broken.url, other.url)}
            self.deliver()
        self._deliveries.platform.alertmanagers = both
        assert self.alerts(other) == [self.open]

    def _subject(self, tenant: str) -> Subject:
        return self._deliveries.subject(cluster="main", tenant=tenant)
