"""Switch on the DAGs that run every night. Airflow creates them paused, because nothing runs yet."""

from collections.abc import Callable, Sequence

from logops.quickstart.airflow_api import AirflowApi

LIFECYCLE = "storage_lifecycle"


def switched_on(api: AirflowApi, dags: Sequence[str], say: Callable[[str], None]) -> list[str]:
    """Switch on the DAGs that have never run. Return those that are on.

    A DAG that is paused and has run was paused by a person: it stays paused, and `say` gets a line about it.
    """
    on: list[str] = []
    for dag in dags:
        if not api.is_paused(dag):
            on.append(dag)
        elif not api.has_runs(dag):
            api.switch_on(dag)
            on.append(dag)
        else:
            say(f"  {dag}: not run, because somebody paused it in Airflow. Switch it on at {api.url}/dags/{dag}")
    return on
