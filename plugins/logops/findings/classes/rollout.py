"""Classes that the rollout and every check share."""

from logops.findings.model import FindingClass, Severity

CHECK_INCOMPLETE = FindingClass(
    name="check-incomplete",
    severity=Severity.ERROR,
    meaning="A check could not run to its end, so it says nothing about what it did not reach.",
    why="A check that could not run is not a pass. Until it runs, what it guards is unknown.",
    remedy="Read what stopped it in the evidence, mend that, and run the check again.",
)
ROLLOUT_FAILED = FindingClass(
    name="rollout-failed",
    severity=Severity.ERROR,
    meaning="A stage of a rollout did not apply or did not verify; what the run had applied was rolled back.",
    why="The environment stays at its last good revision, but what was approved is not what runs.",
    remedy="Read the stage's message and the process's last lines in it, mend the cause, trigger the rollout again.",
)

CLASSES = (CHECK_INCOMPLETE, ROLLOUT_FAILED)
