"""The factory of the DAGs that Airflow starts by itself.

Airflow reads this module whenever it parses a DAG file: no heavy imports.
"""

from collections.abc import Mapping
from datetime import timedelta

from airflow.sdk import DAG, Param

from logops.airflow.retries import RetryTemporary
from logops.airflow.tags import Tag
from logops.airflow.timetable import ScheduledTimetable

_RETRY_DELAY = timedelta(seconds=30)


def scheduled_dag(
    dag_id: str,
    *,
    name: str,
    description: str,
    doc_md: str | None,
    schedule: ScheduledTimetable,
    tags: set[Tag],
    params: Mapping[str, Param],
    retries: int,
    time_limit: timedelta,
) -> DAG:
    """Return an empty DAG with a schedule. It is paused until the first rollout has succeeded.

    name         the name that people see
    retries      of each task, for errors that may be temporary
    time_limit   of each task
    """
    return DAG(
        dag_id=dag_id,
        dag_display_name=name,
        description=description,
        doc_md=doc_md,
        schedule=schedule,
        is_paused_upon_creation=True,
        catchup=False,
        max_active_runs=1,
        tags=tags,
        params={**params},
        default_args={
            "owner": "log-platform",
            "retries": retries,
            "retry_policy": RetryTemporary(),
            "retry_delay": _RETRY_DELAY,
            "execution_timeout": time_limit,
        },
    )
