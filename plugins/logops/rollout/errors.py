"""Why a rollout stops.

RolloutError
├── RolloutRefusedError    the plan is not allowed, not approved or stale: nothing was changed
├── InvalidAcceptanceError the accepted findings are not written as they must be: nothing was changed
└── VerificationError      a stage was applied and does not work as it must
"""

from dataclasses import dataclass

from logops.errors import LogopsError
from logops.number_text import count_text


class RolloutError(LogopsError):
    """A rollout cannot continue."""


class RolloutRefusedError(RolloutError):
    """The rollout was refused before it changed anything."""


class InvalidAcceptanceError(RolloutError):
    """Accepted findings are not `CLASS=REASON`, or there is no such critical finding."""


@dataclass(frozen=True)
class VerificationResult:
    """The result of one verification on the running system."""

    name: str
    subject: str
    passed: bool
    detail: str
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{'ok  ' if self.passed else 'FAIL'} {self.name} {self.subject}: {self.detail}"


class VerificationError(RolloutError):
    """At least one verification of a stage failed."""

    def __init__(self, stage: str, checks: tuple[VerificationResult, ...]) -> None:
        self.stage = stage
        self.checks = checks
        failed = [check for check in checks if not check.passed]
        super().__init__(
            f"verifying {stage}: {len(failed)} of {count_text(len(checks), 'check')} failed\n"
            + "\n".join(f"  {check.name} {check.subject}: {check.detail}" for check in failed)
        )
