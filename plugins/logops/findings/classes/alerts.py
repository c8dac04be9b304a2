"""Finding classes of the delivery of alerts."""

from logops.findings.model import FindingClass, Severity

CHECK_OVERDUE = FindingClass(
    name="check-overdue",
    severity=Severity.ERROR,
    meaning="A check that runs by a schedule has not completed when it should.",
    why="Nobody knows what is wrong since its last run. What was found before still stands.",
    remedy="Look at the check's DAG in Airflow: is the scheduler running, did the last run fail before it could record "
    "a result, is the run still going? If the DAG should not run, pause it: then it is not overdue.",
)
ALERTS_UNDELIVERED = FindingClass(
    name="alerts-undelivered",
    severity=Severity.ERROR,
    meaning="An Alertmanager did not accept the alerts of logops.",
    why="The people whom it tells do not learn what is wrong. Nothing is lost: the alerts are sent again every few "
    "minutes, with the time at which they began.",
    remedy="Start the Alertmanager that the message names, or correct its address (`alerts` in the environment file). "
    "Until then, read them with `logops findings list ENV`.",
)

CLASSES = (CHECK_OVERDUE, ALERTS_UNDELIVERED)
