"""The timetable of nightly DAGs: a time of the day, and run ids that name the environment."""

from datetime import timedelta
from typing import Any

from airflow.timetables.trigger import CronTriggerTimetable


class NightlyTimetable(CronTriggerTimetable):
    """Run every night at an hour (UTC), starting with the next night: `scheduled__local__2026-11-28T03:00:00+00:00`.

    Without `run_immediately`, a new Airflow would catch up on a run that is less than 2.4 hours late, before there is
    anything to check. `run_immediately=False` should prevent that and does not (airflow/timetables/trigger.py in 3.3).
    """

    def __init__(self, hour: int, environment: str) -> None:
        super().__init__(f"0 {hour} * * *", timezone="UTC", run_immediately=timedelta(0))
        self._hour = hour
        self._environment = environment

    @property
    def summary(self) -> str:
        """The text that Airflow shows as the schedule."""
        return f"every night at {self._hour:02}:00 UTC"

    def serialize(self) -> dict[str, Any]:
        return {"hour": self._hour, "environment": self._environment}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "NightlyTimetable":
        return cls(data["hour"], data["environment"])

    def generate_run_id(self, *, run_type: Any, **moment: Any) -> str:
        """Return Airflow's run id, with the environment if Airflow starts the run. A person may choose another one."""
        run_id = super().generate_run_id(run_type=run_type, **moment)
        prefix = f"{run_type}__"
        if run_type != "scheduled":
            return run_id
        return f"{prefix}{self._environment}__{run_id.removeprefix(prefix)}"
