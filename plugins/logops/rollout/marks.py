"""What a person must know before a plan is approved, and what of it refuses the plan.

Unlike a finding, a mark is about the change, not about the environment file. The platform finds most of them by a dry
run (`logops.platforms.preview`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from logops.number_text import count_text
from logops.platforms.preview import Mark, Refusal
from logops.rollout.errors import RolloutRefusedError
from logops.stages import Stage

if TYPE_CHECKING:
    from logops.rollout.acceptance import Acceptance

ClassName = Annotated[str, Field(alias="class")]
"""Name of a finding class. Its key in JSON is `class`, as in the JSON of all findings."""


@dataclass(frozen=True)
class PlanMark:
    """A mark of a plan."""

    cls: ClassName
    severity: str
    stage: Stage
    subject: str
    message: str
    remedy: str
    refuses: Refusal = "no"

    def decision(self, accepted: Sequence["Acceptance"]) -> str:
        """Return what the mark means for the rollout, in a few words; empty if it refuses nothing."""
        if self.refuses == "no":
            return ""
        reasons = [acceptance.reason for acceptance in accepted if acceptance.cls == self.cls]
        if self.refuses == "always":
            return "the rollout is refused"
        return f"accepted: {reasons[0]}" if reasons else "not accepted, so the rollout is refused"


def plan_mark(mark: Mark, stage: Stage, environment: str) -> PlanMark:
    """Return the mark of a platform as a mark of a plan."""
    remedy = (mark.remedy or mark.cls.remedy).replace("ENV", environment)
    return PlanMark(mark.cls.name, mark.cls.severity.value, stage, mark.subject, mark.message, remedy, mark.refuses)


def refusing(marks: Iterable[PlanMark], accepted: Sequence["Acceptance"]) -> tuple[PlanMark, ...]:
    """Return the marks that refuse a plan."""
    names = {acceptance.cls for acceptance in accepted}
    return tuple(
        mark
        for mark in marks
        if mark.refuses == "always" or (mark.refuses == "until accepted" and mark.cls not in names)
    )


def refuse_marked(environment: str, marks: Iterable[PlanMark], accepted: Sequence["Acceptance"]) -> None:
    """Raise RolloutRefusedError if a mark refuses the plan."""
    refused = sorted(refusing(marks, accepted), key=lambda mark: mark.refuses)
    if not refused:
        return
    first = refused[0]
    classes = sorted({mark.cls for mark in refused})
    counts = ", ".join(f"{sum(mark.cls == cls for mark in refused)} {cls}" for cls in classes)
    more = f" (and {count_text(len(refused) - 1, 'other mark')})" if len(refused) > 1 else ""
    if first.refuses == "always":
        options = "This cannot be accepted."
    else:
        acceptable = " ".join(f"--accept {cls}=REASON" for cls in classes)
        lines = "; ".join(f"{cls}: REASON" for cls in classes)
        options = (
            f"Or accept it, with a reason that is recorded: `logops up {environment} {acceptable}`, or in Airflow the "
            f"parameter accept: `{lines}`."
        )
    raise RolloutRefusedError(
        f"rolling out {environment!r}: refused because of {counts}. {first.message}{more} {first.remedy} {options}"
    )
