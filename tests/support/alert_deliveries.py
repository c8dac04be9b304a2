"""Deliveries of alerts from a results store of their own."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from logops.alerts.deliver import Delivery, deliver, ours
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.alertmanager.model import LiveAlert
from logops.findings import Finding, FindingClass, Run, Subject
from logops.findings.store import ResultsStore
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform

NOW = datetime.now(UTC).replace(microsecond=0)


class Deliveries:
    """An environment with a store of its own, whose alerts go to the given Alertmanagers."""

    def __init__(self, folder: Path, **urls: tuple[str, ...]) -> None:
        self.name = f"e-{uuid4().hex[:10]}"
        self.platform = MemoryPlatform(environment("local", ("name", self.name), ("alerts.rollout_grace", "45m")), {})
        self.platform.alertmanagers = dict(urls)  # type: ignore[arg-type]
        self.store = ResultsStore(str(folder / "results"))

    def found(
        self, *findings: tuple[FindingClass, Subject], at: datetime = NOW, check: str = "retention-audit"
    ) -> None:
        run = Run(self.name, check, f"run-{at:%H%M%S}", at)
        self.store.write_findings(run, [Finding(cls, subject, "found", at) for cls, subject in findings])

    def send(self, at: datetime = NOW) -> Delivery:
        return deliver(self.platform, self.store, at, lambda line: None)

    def live(self, url: str) -> list[LiveAlert]:
        with AlertmanagerClient(url) as client:
            return client.alerts(ours(self.platform.environment))

    def subject(self, **parts: str) -> Subject:
        return Subject(self.name, **parts)
