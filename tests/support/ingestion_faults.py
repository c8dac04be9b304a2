"""Faults of arriving logs, made for real on a running environment, and the quality check of one of them."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from logops.clients.loki import LokiClient
from logops.environment import Environment
from logops.findings import Finding
from logops.findings.store import ResultsStore
from logops.platforms.local import LocalPlatform
from logops.quality.request import QualityRequest
from logops.quality.run import QualityResult, run_quality
from logops.quickstart.drill.faults import changed_stage, start_process, stop_process
from tests.support.local_platforms import all_ready, pid_of, pids
from tests.support.tcp_proxy import Network
from tests.support.waiting import wait_for

AGENT = "promtail-main"
AGENT_FILE = f"agents/{AGENT}.yaml"
OF_AGENT = ("application", "access", "syslog")
"""The sources that the agent ships."""


class SomeSources:
    """A platform with a part of its sources, and other expectations of them."""

    def __init__(self, platform: LocalPlatform, environment: Environment) -> None:
        self._platform = platform
        self.environment = environment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)


@dataclass
class Check:
    """The quality check of one fault. Its window begins at a full second, so older lines are not seen."""

    platform: LocalPlatform
    store: ResultsStore
    began: datetime = field(default_factory=lambda: next_second())
    runs: int = 0

    def write(self, source: str, lines: Sequence[str]) -> None:
        for line in lines:
            self.platform.write_line(source, line)

    def run(
        self,
        sources: Sequence[str],
        expect: dict[str, Any] | None = None,
        looks_back: timedelta = timedelta(),
        expect_every: str = "15m",
        limits: dict[str, Any] | None = None,
        only_counts: bool = False,
        window: timedelta | None = None,
    ) -> QualityResult:
        """Run the check over the time since the test began, and `looks_back` before it.

        limits        limits of the tenant application
        only_counts   read no lines and no counters, and record nothing
        window        end the window so long after the test began; None: now
        """
        data = self.platform.environment.model_dump(mode="json", by_alias=True, exclude_none=True)
        data["sources"] = {
            name: {
                **data["sources"][name],
                "expect_every": expect_every,
                "expect": {**data["sources"][name]["expect"], **(expect or {})},
            }
            for name in sources
        }
        for agent in data["agents"].values():
            agent["sources"] = [name for name in agent["sources"] if name in sources]
        data["clusters"]["main"]["tenants"]["application"]["limits"] |= limits or {}
        wait_for(lambda: datetime.now(UTC) - self.began >= (window or timedelta(seconds=1)))
        as_of = self.began + window if window else datetime.now(UTC)
        window_s = int((as_of - self.began + looks_back).total_seconds())
        if not only_counts:
            self.runs += 1
        request = QualityRequest(
            f"run-{self.runs}", as_of, window_s, 1, 0 if only_counts else 500, 2**30, reads_counters=not only_counts
        )
        some = SomeSources(self.platform, Environment.model_validate_json(json.dumps(data)))
        store = None if only_counts else self.store
        return run_quality(some, request, store, lambda _: None)

    def wait_for_lines(self, sources: Sequence[str], lines: int, looks_back: timedelta = timedelta()) -> None:
        """Wait until every source has so many lines."""

        def are_there() -> bool:
            rows = self.run(sources, looks_back=looks_back, only_counts=True).rows
            return all((row.lines or 0) >= lines for row in rows)

        wait_for(are_there, every=0.2)

    def wait_for_counter(self, name: str, above: float = 0) -> None:
        """Wait until a counter of the agent or of a process of Loki, summed over its labels, is above a value."""
        wait_for(lambda: self.counter(name) > above, every=0.2)

    def counter(self, name: str) -> float:
        urls = {**self.platform.urls("main"), **self.platform.agent_urls("main")}
        values = []
        for url in urls.values():
            with LokiClient(url) as client:
                values += [metric.value for metric in client.metrics() if metric.name == name]
        return sum(values)


def next_second() -> datetime:
    now = datetime.now(UTC)
    wait_for(lambda: datetime.now(UTC).second != now.second, every=0.01)
    return datetime.now(UTC).replace(microsecond=0)


def classes(findings: Sequence[Finding]) -> list[str]:
    return [finding.cls.name for finding in findings]


def application(message: str = "Request completed", at: datetime | None = None, **fields: str) -> str:
    values = {"environment": "production", "level": "info", "service": "api", **fields}
    shown = {name: value for name, value in values.items() if value}
    return json.dumps({**shown, "message": message, "timestamp": (at or datetime.now(UTC)).isoformat()})


def access(at: datetime) -> str:
    return f'192.0.2.7 - - [{at:%d/%b/%Y:%H:%M:%S +0000}] "GET / HTTP/1.1" 200 12 "-" "curl"'


def syslog(number: int) -> str:
    return f"<13>1 {datetime.now(UTC).isoformat()} node-1 sshd {number} - - Accepted publickey for deploy"


def audit(number: int, at: datetime | None = None) -> str:
    return json.dumps({"action": "READ", "n": number, "timestamp": (at or datetime.now(UTC)).isoformat()})


@contextmanager
def suspended(platform: LocalPlatform, process: str) -> Iterator[None]:
    """Suspend a process: it has its port, and does not answer."""
    pid = pid_of(platform, process)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def killed(platform: LocalPlatform, process: str) -> Iterator[None]:
    """Kill a process, and keep supervisord from starting it again."""
    os.kill(pid_of(platform, process), signal.SIGKILL)
    stop_process(platform, process, print)
    try:
        yield
    finally:
        start_process(platform, process, print)
        wait_for(lambda: all_ready(platform))


def lose_disk(platform: LocalPlatform, process: str) -> None:
    """Delete the write-ahead log of an ingester, and kill it before it can store what it has in memory."""
    pid = pid_of(platform, process)
    os.kill(pid, signal.SIGSTOP)
    shutil.rmtree(platform.state / f"data/{process}/wal")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: pids(platform)[process] not in (None, pid) and all_ready(platform), seconds=120)


@contextmanager
def changed_agent(platform: LocalPlatform, change: Callable[[str], str]) -> Iterator[None]:
    """Run the agent with another configuration, as somebody who edits it."""
    try:
        changed_stage(platform, "agents", AGENT_FILE, change, "fault", print)
        yield
    finally:
        platform.apply("agents", platform.desired()["agents"], "repair", print)


def with_first_stage(text: str, stage: str) -> str:
    """Return the agent's configuration with one more stage, the first of the first source."""
    return text.replace("    pipeline_stages:\n", f"    pipeline_stages:\n{stage}", 1)


@contextmanager
def network_of_agent(platform: LocalPlatform) -> Iterator[Network]:
    """Run the agent with a network between it and Loki that can be cut."""
    url = platform.write_url("main")
    network = Network(int(url.rpartition(":")[2]))
    with changed_agent(platform, lambda text: impatient(text).replace(url, f"http://127.0.0.1:{network.port}")):
        yield network


def impatient(text: str) -> str:
    """Return the agent's configuration with short pauses before it sends again."""
    return text.replace("max_period: 5m", "max_period: 1s").replace("max_retries: 10", "max_retries: 0")


@contextmanager
def limited(platform: LocalPlatform, megabytes: float) -> Iterator[dict[str, Any]]:
    """Lower the rate that the tenant application may send. Yield its new limits."""
    limits = {"ingestion_rate_mb": megabytes, "ingestion_burst_size_mb": megabytes}
    lines = "".join(f"    {name}: {value}\n" for name, value in limits.items())

    def with_limits(text: str) -> str:
        return text.replace("  application:\n", f"  application:\n{lines}")

    try:
        changed_stage(platform, "tenants", "tenants/main.yaml", with_limits, "fault", print)
        wait_for(lambda: _rate_of(platform) == megabytes)
        yield limits
    finally:
        platform.apply("tenants", platform.desired()["tenants"], "repair", print)
        wait_for(lambda: _rate_of(platform) != megabytes)


def _rate_of(platform: LocalPlatform) -> float | None:
    """Return the limit that the distributor has loaded."""
    with LokiClient(platform.write_url("main")) as client:
        value = client.tenant_limits("application").get("ingestion_rate_mb")
    return None if value is None else float(str(value))
