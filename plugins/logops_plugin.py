"""The one file that Airflow's plugin loader imports here: `.airflowignore` keeps it out of the library.

The connection type comes with the installed package (`logops.airflow.provider`).
"""

from airflow.plugins_manager import AirflowPlugin

from logops.airflow import listener, page_address, page_app, rollout_form
from logops.airflow.docs_pages import PREFIX, DocsApp
from logops.airflow.timetable import EveryMinutesTimetable, NightlyTimetable
from logops.drift import form_address


class LogopsPlugin(AirflowPlugin):
    """The page "Log platform", the runbook's pages, the notes of runs, and the timetable of nightly DAGs."""

    name = "logops"
    fastapi_apps = [  # noqa: RUF012
        {"app": DocsApp(), "url_prefix": PREFIX, "name": "logops documents"},
        {"app": page_app.APP, "url_prefix": page_address.PREFIX, "name": "logops page"},
        {"app": rollout_form.APP, "url_prefix": form_address.PREFIX, "name": "logops rollout form"},
    ]
    external_views = [page_app.VIEW]  # noqa: RUF012
    listeners = [listener]  # noqa: RUF012
    timetables = [NightlyTimetable, EveryMinutesTimetable]  # noqa: RUF012
