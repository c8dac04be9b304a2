"""Faults of arriving logs, made for real, and what a quality run says about them.

Each test checks the time since it began, and only its source, so that the faults of other tests are not seen.
"""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logops.clients.loki import Entry, LokiClient, nanoseconds
from logops.environment import Environment
from logops.findings import Finding
from logops.findings.store import ResultsStore
from logops.platforms.local import LocalPlatform
from logops.quality.request import QualityRequest
from logops.quality.run import QualityResult, run_quality
from tests.support.local_platforms import pid_of
from tests.support.waiting import wait_for

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
"""Has the form of a token, and opens nothing."""


class SomeSources:
    """A platform with a part of its sources, and other expectations of them."""

    def __init__(self, platform: LocalPlatform, environment: Environment) -> None:
        self._platform = platform
        self.environment = environment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)


@dataclass
class Check:
    """The quality check of one test."""

    platform: LocalPlatform
    store: ResultsStore
    began: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
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
        only_counts: bool = False,
    ) -> QualityResult:
        """Run the check over the time since the test began, and `looks_back` before it.

        only_counts   read no lines and no counters, and record nothing
        """
        environment = self.platform.environment
        data = environment.model_dump(mode="json", by_alias=True, exclude_none=True)
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
        as_of = datetime.now(UTC)
        window = as_of - self.began + looks_back
        self.runs += 1
        window_s = int(window.total_seconds()) + 1
        request = QualityRequest(
            f"run-{self.runs}", as_of, window_s, 1, 0 if only_counts else 500, 2**30, reads_counters=not only_counts
        )
        some = SomeSources(self.platform, Environment.model_validate_json(json.dumps(data)))
        store = None if only_counts else self.store
        return run_quality(some, request, store, lambda _: None)  # type: ignore[arg-type]

    def wait_for_lines(self, sources: Sequence[str], lines: int) -> None:
        """Wait until every source has so many lines."""
        wait_for(lambda: all((row.lines or 0) >= lines for row in self.run(sources, only_counts=True).rows), every=0.2)


@pytest.fixture
def check(platform: LocalPlatform, tmp_path: Path) -> Check:
    # A window begins at a full second, up to two seconds before the test: the lines of the test before must be older.
    time.sleep(2.5)
    return Check(platform, ResultsStore(str(tmp_path / "results")))


def application(message: str = "Request completed", at: datetime | None = None, **fields: str) -> str:
    values = {"environment": "production", "level": "info", "service": "api", **fields}
    shown = {name: value for name, value in values.items() if value}
    return json.dumps({**shown, "message": message, "timestamp": (at or datetime.now(UTC)).isoformat()})


def access() -> str:
    return f'192.0.2.7 - - [{datetime.now(UTC):%d/%b/%Y:%H:%M:%S +0000}] "GET / HTTP/1.1" 200 12 "-" "curl"'


def syslog(number: int) -> str:
    return f"<13>1 {datetime.now(UTC).isoformat()} node-1 sshd {number} - - Accepted publickey for deploy"


def audit(number: int, at: datetime | None = None) -> str:
    return json.dumps({"action": "READ", "n": number, "timestamp": (at or datetime.now(UTC)).isoformat()})


def classes(findings: Sequence[Finding]) -> list[str]:
    return [finding.cls.name for finding in findings]


def test_sources_that_deliver_as_declared_have_no_finding(check: Check) -> None:
    every = ["application", "access", "audit", "syslog"]
    check.write("application", [application(f"Request {number}") for number in range(20)])
    check.write("access", [access()])
    check.write("audit", [audit(number) for number in range(20)])
    check.write("syslog", [syslog(number) for number in range(20)])
    check.wait_for_lines(every, 1)

    assert [finding.to_dict() for finding in check.run(every).findings] == []


def test_suspended_agent_explains_its_silent_sources(check: Check) -> None:
    pid = pid_of(check.platform, "promtail-main")
    os.kill(pid, signal.SIGSTOP)
    try:
        findings = check.run(["application"], expect_every="1s").findings
    finally:
        os.kill(pid, signal.SIGCONT)

    assert classes(findings) == ["agent-down"]
    assert "It explains source-silent of application." in findings[0].message


def test_half_of_the_lines_broken_is_reported_with_an_example(check: Check) -> None:
    check.write(
        "application", [line for n in range(20) for line in (application(f"fine {n}"), application("cut")[:-9])]
    )
    check.wait_for_lines(["application"], 40)
    (finding,) = check.run(["application"]).findings

    assert finding.cls.name == "lines-unparsable"
    assert "20 lines of 40 of application (50.0%) are not JSON." in finding.message
    assert "For example: {" in finding.message


def test_label_that_is_dropped_is_reported_with_its_name(check: Check) -> None:
    check.write("application", [application(f"no service {number}", service="") for number in range(5)])
    check.wait_for_lines(["application"], 5)
    (finding,) = check.run(["application"]).findings

    assert finding.cls.name == "labels-unexpected"
    # Loki may also list streams of the test before.
    assert re.search(r"the label service is missing in 1 of \d+ stream", finding.message)


def test_label_that_explodes_is_reported_with_its_name(check: Check) -> None:
    check.write("application", [application(f"n {number}", service=f"s{number}") for number in range(60)])
    check.wait_for_lines(["application"], 60)
    (finding,) = check.run(["application"], {"most_streams": 50}).findings

    assert finding.cls.name == "cardinality-growing"
    assert finding.evidence["label"] == "service"
    assert int(finding.evidence["values"]) >= 60


def test_clock_that_is_ten_minutes_late_is_reported(check: Check) -> None:
    looks_back = timedelta(minutes=20)
    late = datetime.now(UTC) - timedelta(minutes=10)
    check.run(["audit"], {}, looks_back)
    check.write("audit", [audit(number, late + timedelta(milliseconds=number)) for number in range(20)])
    late_lines = wait_for_finding(lambda: check.run(["audit"], {}, looks_back).findings, "clock-skew")

    assert "arrived more than 5m after their timestamp" in late_lines.message


def test_lines_that_a_second_agent_ships_too_are_reported_as_copies(check: Check) -> None:
    lines = [application(f"twice {number}") for number in range(20)]
    check.write("application", lines)
    labels = {"job": "oversight-app", "level": "info", "service": "api", "environment": "production"}
    now = nanoseconds(datetime.now(UTC))
    with LokiClient(check.platform.write_url("main")) as loki:
        copies = [Entry(now + n, {**labels, "filename": "/mnt/copy.log"}, line) for n, line in enumerate(lines)]
        loki.push("application", copies)
    check.wait_for_lines(["application"], 40)
    (finding,) = check.run(["application"]).findings

    assert finding.cls.name == "duplicates"
    assert "20 of 40 sampled lines of application are copies of another line (50.0%)." in finding.message


def test_lines_that_loki_refuses_are_reported_with_reason(check: Check) -> None:
    check.run(["application"])
    old = datetime(2020, 1, 1, tzinfo=UTC)
    check.write("application", [application(f"old {number}", old) for number in range(5)])
    finding = wait_for_finding(lambda: check.run(["application"]).findings, "samples-discarded")

    assert "Loki refused 5 lines of tenant application since the last run: greater_than_max_sample_age 5." in (
        finding.message
    )


def test_token_in_a_line_is_reported_without_its_value(check: Check, tmp_path: Path) -> None:
    check.write("application", [application(f"with {TOKEN}"), *(application(f"fine {number}") for number in range(9))])
    check.wait_for_lines(["application"], 10)
    result = check.run(["application"])
    (finding,) = result.findings

    assert finding.cls.name == "secret-in-logs"
    assert "1 of 10 sampled lines contains 1 different value" in finding.message
    assert TOKEN not in json.dumps(result.to_dict(), default=str)
    assert not any(TOKEN.encode() in file.read_bytes() for file in tmp_path.rglob("*.parquet"))


def test_query_over_the_budget_is_not_sent_and_reported_as_incomplete(check: Check) -> None:
    check.write("application", [application(f"n {number}") for number in range(5)])
    check.wait_for_lines(["application"], 5)
    request = QualityRequest("small", datetime.now(UTC), 600, 1, 0, 1, reads_counters=False)
    findings = run_quality(check.platform, request, None, lambda _: None).findings

    assert "It was not sent. Raise quality.budget, or shorten quality.window." in findings[-1].message


def wait_for_finding(run: Callable[[], Sequence[Finding]], name: str) -> Finding:
    """Run the check until it reports a class."""
    found: list[Finding] = []

    def is_reported() -> bool:
        found[:] = [finding for finding in run() if finding.cls.name == name]
        return bool(found)

    wait_for(is_reported, every=0.5)
    return found[0]
