"""Finding classes that the rollout and all checks share."""

from logops.findings.model import FindingClass, Severity

CHECK_INCOMPLETE = FindingClass(
    name="check-incomplete",
    severity=Severity.ERROR,
    meaning="A check could not finish, so some objects were not checked.",
    why="A check that could not run is not a pass: the state of the objects that were not checked is unknown.",
    remedy="Fix the reason that the message names, and run the check again.",
)
RESULTS_UNREADABLE = FindingClass(
    name="results-unreadable",
    severity=Severity.ERROR,
    meaning="A file of the results store is damaged, or is no result of this version of logops. It is left out.",
    why="What that run found is unknown. Findings of earlier runs stay open until the next run of the check.",
    remedy="Restore the file that the message names from a backup or from soft delete. If there is none, delete it, "
    "and run the check again.",
)
ROLLOUT_FAILED = FindingClass(
    name="rollout-failed",
    severity=Severity.ERROR,
    meaning="A stage of a rollout could not be applied, failed its verification or was interrupted. The run was rolled "
    "back.",
    why="The environment runs its last good revision, not the approved one.",
    remedy="Read the stage's message with the last lines of the process, fix the cause, and trigger the rollout again.",
)

CLASSES = (CHECK_INCOMPLETE, RESULTS_UNREADABLE, ROLLOUT_FAILED)
