"""When the nightly runs are, and which environment they look at. Read whenever a DAG file is parsed, so nothing heavy
is imported."""

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from airflow.sdk import CronTriggerTimetable

VARIABLE = "LOGOPS_NIGHTLY_ENVIRONMENT"
"""Of the scheduler and the DAG processor; where it is not set: `local`, or the first there is."""


def every_night(hour: int) -> CronTriggerTimetable:
    """At this hour, UTC, from the next night on.

    An Airflow that has just been started would else make up for a run that is less than 2.4 hours late, before there is
    anything to look at: False, which should keep it from that, does not (airflow/timetables/trigger.py of 3.3).
    """
    return CronTriggerTimetable(f"0 {hour} * * *", timezone="UTC", run_immediately=timedelta(0))


def environments(root: Path) -> list[str]:
    """The names that a project has files of, sorted."""
    return sorted(file.stem for file in (root / "include/environments").glob("*.yaml"))


def nightly(names: Sequence[str], variables: Mapping[str, str] = os.environ) -> str:
    """One of the names: a DAG with a schedule must have a default that its enum allows.

    Raises ValueError, which Airflow shows as the DAG's import error, where the variable names another.
    """
    wanted = variables.get(VARIABLE)
    if wanted and wanted not in names:
        raise ValueError(f"{VARIABLE} is {wanted!r}, and include/environments has {', '.join(names)}")
    return wanted or ("local" if "local" in names else names[0])
