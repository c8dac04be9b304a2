"""The state of an environment on one screen: what runs, the last checks, what is wrong, and the next command."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from logops.findings import Finding, Run, failed
from logops.number_text import count_text
from logops.platforms.platform import ProcessStatus

OLD = timedelta(hours=36)
"""Age of a nightly check that has missed a night."""
COMMANDS = {
    "compaction-audit": "logops audit compaction",
    "retention-audit": "logops audit retention",
    "tiering-audit": "logops audit tiering",
    "content-audit": "logops audit content",
    "queries": "logops bench history",
    "ingestion-quality": "logops quality show",
    "drift": "logops drift",
    "rollout": "logops plan",
}
"""The command that looks at a check's subject again. Others are shown without a command."""


@dataclass(frozen=True)
class CheckState:
    """The newest run of a check."""

    run: Run
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        return failed(self.findings)

    @property
    def verdict(self) -> str:
        """The result in a word or two: `ok`, `3 findings`, or `failed: 3 findings`."""
        if not self.findings:
            return "ok"
        return f"{'failed: ' if self.failed else ''}{count_text(len(self.findings), 'finding')}"

    def is_old(self, now: datetime) -> bool:
        """Whether the check has missed a night. A rollout is not repeated, so it does not get old."""
        return self.run.check != "rollout" and now - self.run.as_of > OLD


@dataclass(frozen=True)
class Overview:
    """The state of one environment that runs on this machine."""

    environment: str
    processes: Sequence[ProcessStatus]
    """Every process that should run; none if nothing was ever rolled out."""
    checks: Sequence[CheckState]
    """The newest run of each check, newest first."""
    problem: str = ""
    """Why something could not be read."""

    @property
    def not_ready(self) -> list[ProcessStatus]:
        return [status for status in self.processes if not status.ready]

    def running_text(self) -> str:
        """
        >>> Overview("local", [], []).running_text()
        'nothing is rolled out'
        """
        if not self.processes:
            return "nothing is rolled out"
        if not any(status.pid for status in self.processes):
            return "stopped; its data is kept"
        ready = len(self.processes) - len(self.not_ready)
        return f"{ready} of {count_text(len(self.processes), 'process')} ready"

    def wrong(self, now: datetime) -> list[str]:
        """Return one line for each trouble, the most urgent first."""
        stopped = not any(status.pid for status in self.processes)
        lines = [self.problem] if self.problem else []
        lines += [] if stopped else [f"{status.name} is not ready: {status.detail}" for status in self.not_ready]
        lines += [f"{check.run.check}: {_worst(check.findings).message}" for check in self.checks if check.failed]
        lines += [
            f"{check.run.check} has not run since {check.run.as_of:%Y-%m-%d %H:%M} UTC."
            for check in self.checks
            if check.is_old(now)
        ]
        return lines

    def next_command(self, now: datetime) -> str:
        """Return the command that a person on this machine needs next.

        >>> Overview("local", [], []).next_command(datetime(2026, 1, 1))
        'logops up local'
        """
        if not any(status.pid for status in self.processes):
            return f"logops up {self.environment}"
        if self.not_ready:
            return f"logops logs {self.environment} {self.not_ready[0].name}"
        for check in self.checks:
            if (check.failed or check.is_old(now)) and check.run.check in COMMANDS:
                return f"{COMMANDS[check.run.check]} {self.environment}"
        if not any(check.run.check == "retention-audit" for check in self.checks):
            return f"logops audit retention {self.environment}"
        return f"logops query {self.environment}"


def _worst(findings: Sequence[Finding]) -> Finding:
    return max(findings, key=lambda finding: finding.cls.severity.rank)
