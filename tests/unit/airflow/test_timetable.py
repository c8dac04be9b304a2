"""The run ids and the storage of the nightly timetable."""

from tests.support import airflow_home  # noqa: F401

# isort: split
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.utils.types import DagRunType
from pendulum import datetime

from logops.airflow.timetable import EveryMinutesTimetable, NightlyTimetable

NIGHT = datetime(2026, 11, 28, 3)


def run_id(timetable: NightlyTimetable, run_type: DagRunType) -> str:
    return timetable.generate_run_id(run_type=run_type, run_after=NIGHT, data_interval=None)


def test_scheduled_run_has_its_environment_in_the_run_id() -> None:
    assert (
        run_id(NightlyTimetable(3, "production"), DagRunType.SCHEDULED)
        == "scheduled__production__2026-11-28T03:00:00+00:00"
    )


def test_run_that_a_person_starts_has_no_environment_in_the_run_id() -> None:
    """Airflow makes the id before it knows the parameters: the note of the run has the environment."""
    assert run_id(NightlyTimetable(3, "production"), DagRunType.MANUAL) == "manual__2026-11-28T03:00:00+00:00"


def test_timetable_read_back_by_the_scheduler_gives_the_same_run_ids() -> None:
    read_back = decode_timetable(encode_timetable(NightlyTimetable(3, "local")))

    assert isinstance(read_back, NightlyTimetable)
    assert run_id(read_back, DagRunType.SCHEDULED) == "scheduled__local__2026-11-28T03:00:00+00:00"


def test_schedule_is_shown_in_words() -> None:
    assert NightlyTimetable(3, "local").summary == "every night at 03:00 UTC"


def test_interval_read_back_by_the_scheduler_is_the_same() -> None:
    read_back = decode_timetable(encode_timetable(EveryMinutesTimetable(15, "local")))

    assert isinstance(read_back, EveryMinutesTimetable)
    assert read_back.summary == "every 15 minutes"
