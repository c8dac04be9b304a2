"""Finding classes that the rollout and all checks share."""

from logops.findings.model import FindingClass, Severity

CHECK_INCOMPLETE = FindingClass(
    name="check-incomplete",
    severity=Severity.ERROR,
    meaning="A check could not finish, so some objects were not checked.",
    why="A check that could not run is not a pass: the state of the objects that were not checked is unknown.",
    remedy="Fix the reason that the message names, and run the check again.",
)
ROLLOUT_FAILED = FindingClass(
    name="rollout-failed",
    severity=Severity.ERROR,
    meaning="A stage of a rollout could not be applied, failed its verification or was interrupted. The run was rolled "
    "back.",
    why="The environment runs its last good revision, not the approved one.",
    remedy="Read the stage's message with the last lines of the process, fix the cause, and trigger the rollout again.",
)

CLASSES = (CHECK_INCOMPLETE, ROLLOUT_FAILED)
