"""The timetables of scheduled DAGs: a time of the day, or a time between two runs. Run ids name the environment."""

from datetime import timedelta
from typing import Any

from airflow.timetables.trigger import CronTriggerTimetable


class ScheduledTimetable(CronTriggerTimetable):
    """Run at the times of a cron expression, UTC, starting with the next one.

    Without `run_immediately`, a new Airflow would catch up on a run that is less than a tenth of the interval late (2.4
    hours of a night), before there is anything to check. `run_immediately=False` should prevent that and does not
    (airflow/timetables/trigger.py in 3.3).
    """

    def __init__(self, cron: str, environment: str) -> None:
        super().__init__(cron, timezone="UTC", run_immediately=timedelta(0))
        self._environment = environment

    def generate_run_id(self, *, run_type: Any, **moment: Any) -> str:
        """Return Airflow's run id, with the environment if Airflow starts the run. A person may choose another one."""
        run_id = super().generate_run_id(run_type=run_type, **moment)
        prefix = f"{run_type}__"
        if run_type != "scheduled":
            return run_id
        return f"{prefix}{self._environment}__{run_id.removeprefix(prefix)}"


class NightlyTimetable(ScheduledTimetable):
    """Run every night at an hour (UTC): `scheduled__local__2026-11-28T03:00:00+00:00`."""

    def __init__(self, hour: int, environment: str) -> None:
        super().__init__(f"0 {hour} * * *", environment)
        self._hour = hour

    @property
    def summary(self) -> str:
        """The text that Airflow shows as the schedule."""
        return f"every night at {self._hour:02}:00 UTC"

    def serialize(self) -> dict[str, Any]:
        return {"hour": self._hour, "environment": self._environment}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "NightlyTimetable":
        return cls(data["hour"], data["environment"])


class EveryMinutesTimetable(ScheduledTimetable):
    """Run every `minutes` minutes, a divisor of 60: `scheduled__local__2026-11-28T03:15:00+00:00`."""

    def __init__(self, minutes: int, environment: str) -> None:
        super().__init__(f"*/{minutes} * * * *" if minutes < 60 else "0 * * * *", environment)
        self._minutes = minutes

    @property
    def summary(self) -> str:
        """The text that Airflow shows as the schedule."""
        return f"every {self._minutes} minutes"

    def serialize(self) -> dict[str, Any]:
        return {"minutes": self._minutes, "environment": self._environment}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "EveryMinutesTimetable":
        return cls(data["minutes"], data["environment"])
