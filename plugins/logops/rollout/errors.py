"""Why a rollout stops.

RolloutError
├── RolloutRefusedError    what is asked is not what was approved, or the ground moved: nothing was changed
└── VerificationError      a stage was applied and does not do what it must
"""

from dataclasses import dataclass

from logops.errors import LogopsError


class RolloutError(LogopsError):
    """A rollout stops."""


class RolloutRefusedError(RolloutError):
    """Nothing was changed, and why."""


@dataclass(frozen=True)
class Check:
    """One thing that was tried on the real thing."""

    name: str
    subject: str
    passed: bool
    detail: str
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{'ok  ' if self.passed else 'FAIL'} {self.name} {self.subject}: {self.detail}"


class VerificationError(RolloutError):
    """A stage's checks, of which at least one did not pass."""

    def __init__(self, stage: str, checks: tuple[Check, ...]) -> None:
        self.stage = stage
        self.checks = checks
        failed = [check for check in checks if not check.passed]
        super().__init__(
            f"verifying {stage}: {len(failed)} of {len(checks)} checks failed\n"
            + "\n".join(f"  {check.name} {check.subject}: {check.detail}" for check in failed)
        )
