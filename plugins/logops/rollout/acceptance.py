"""Critical findings refuse a rollout, unless a person accepts each class by name and with a reason.

Errors do not refuse it; accepted or not, they are in the plan.

The rules are those of `logops check`. They judge the environment that is rolled out: once for the plan, and again
wherever the approval is checked (`rollout.approval`).
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from logops.findings import Severity
from logops.rollout.errors import InvalidAcceptanceError, RolloutRefusedError
from logops.rollout.marks import ClassName, PlanMark, refuse_marked

if TYPE_CHECKING:
    from logops.environment import Environment
    from logops.rollout.plan import Plan

_ACCEPTANCE = re.compile(r"\s*([a-z][a-z0-9-]*)\s*[=:]\s*(\S.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Acceptance:
    """A class of findings that a person accepts, and why."""

    cls: ClassName
    """Name of the finding class, such as `retention-short`."""
    reason: str

    def __str__(self) -> str:
        return f"{self.cls}: {self.reason}"


@dataclass(frozen=True)
class PlanFinding:
    """A finding about the environment of a plan."""

    cls: ClassName
    severity: str
    subject: str
    message: str
    remedy: str
    state: Literal["new", "open", "unknown"] = "unknown"
    """Compared with the last rollout that recorded its findings. `unknown`: no rollout recorded them."""

    @property
    def identity(self) -> str:
        return f"{self.cls} {self.subject}"

    @property
    def is_critical(self) -> bool:
        return self.severity == Severity.CRITICAL.value

    @property
    def fails_check(self) -> bool:
        """Whether `logops check` fails because of it."""
        return Severity(self.severity).rank >= Severity.ERROR.rank

    def compared(self, last: Collection[str] | None) -> "PlanFinding":
        """Return the finding with its state. `last`: identities in the last rollout, None if none were recorded."""
        if last is None:
            return self
        return replace(self, state="open" if self.identity in last else "new")


def read_acceptances(texts: Iterable[str]) -> tuple[Acceptance, ...]:
    """Read `CLASS=REASON` or `CLASS: REASON`, one a text. Empty texts are ignored. Raises InvalidAcceptanceError."""
    acceptances: dict[str, Acceptance] = {}
    for text in texts:
        if not text.strip():
            continue
        matched = _ACCEPTANCE.fullmatch(text)
        if matched is None:
            raise InvalidAcceptanceError(
                f"accepting findings: {text.strip()!r} is not a finding class with a reason. Write CLASS=REASON, for "
                "example retention-short='the data protection officer asked for 60 days'."
            )
        if matched[1] in acceptances:
            raise InvalidAcceptanceError(f"accepting findings: {matched[1]} is accepted twice. Give one reason.")
        acceptances[matched[1]] = Acceptance(matched[1], matched[2])
    return tuple(acceptances.values())


def judge(environment: "Environment", as_of: datetime) -> tuple[PlanFinding, ...]:
    """Return the findings of `logops check` for an environment, worst first."""
    from logops.doctor import check
    from logops.doctor.from_environment import from_environment

    return tuple(
        PlanFinding(
            finding.cls.name,
            finding.cls.severity.value,
            # Every finding of a plan is about its environment.
            str(replace(finding.subject, environment="")),
            finding.message,
            finding.remedy_text,
        )
        for finding in check(from_environment(environment), as_of)
    )


def unaccepted(findings: Iterable[PlanFinding], accepted: Sequence[Acceptance]) -> tuple[PlanFinding, ...]:
    """Return the critical findings whose class is not accepted."""
    names = {acceptance.cls for acceptance in accepted}
    return tuple(finding for finding in findings if finding.is_critical and finding.cls not in names)


def refuse_useless(
    environment: str, findings: Iterable[PlanFinding], marks: Iterable[PlanMark], accepted: Sequence[Acceptance]
) -> None:
    """Raise InvalidAcceptanceError if a class is accepted that the plan does not have, or that cannot be accepted."""
    acceptable = [mark.cls for mark in marks if mark.refuses == "until accepted"]
    classes = sorted({*acceptable, *(finding.cls for finding in findings if finding.fails_check)})
    for acceptance in accepted:
        if acceptance.cls not in classes:
            known = f"There are findings to accept of: {', '.join(classes)}" if classes else "There is none to accept"
            raise InvalidAcceptanceError(
                f"accepting {acceptance.cls} in a plan of {environment!r}: the plan has no critical finding and no "
                f"error of this class. {known}. Correct the name, or do not accept it."
            )


def refuse_plan(plan: "Plan") -> None:
    """Raise RolloutRefusedError if a plan changes something and has findings or marks that refuse it."""
    if plan.changed:
        refuse_marked(plan.environment, plan.marks, plan.accepted)
        refuse_critical(plan.environment, plan.findings, plan.accepted)


def refuse_critical(environment: str, findings: Iterable[PlanFinding], accepted: Sequence[Acceptance]) -> None:
    """Raise RolloutRefusedError if there are critical findings whose class is not accepted."""
    refused = unaccepted(findings, accepted)
    if not refused:
        return
    classes = sorted({finding.cls for finding in refused})
    counts = ", ".join(f"{sum(finding.cls == cls for finding in refused)} {cls}" for cls in classes)
    more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    options = " ".join(f"--accept {cls}=REASON" for cls in classes)
    lines = "; ".join(f"{cls}: REASON" for cls in classes)
    raise RolloutRefusedError(
        f"rolling out {environment!r}: refused because of critical findings: {counts}. {refused[0].message}{more}. "
        f"Correct the environment file; `logops check {environment}` lists the findings. Or accept them by name, with "
        f"a reason that is recorded: `logops up {environment} {options}`, or in Airflow the parameter accept: "
        f"`{lines}`."
    )
