"""The one file that Airflow's plugin loader imports here: `.airflowignore` keeps it out of the library.

The connection type comes with the installed package (`logops.airflow.provider`).
"""

from airflow.plugins_manager import AirflowPlugin

from logops.airflow import listener
from logops.airflow.docs_pages import PREFIX, DocsApp
from logops.airflow.timetable import EveryMinutesTimetable, NightlyTimetable


class LogopsPlugin(AirflowPlugin):
    """The runbook's pages, the notes of runs, and the timetable of nightly DAGs."""

    name = "logops"
    fastapi_apps = [{"app": DocsApp(), "url_prefix": PREFIX, "name": "logops documents"}]  # noqa: RUF012
    listeners = [listener]  # noqa: RUF012
    timetables = [NightlyTimetable, EveryMinutesTimetable]  # noqa: RUF012
