"""What every DAG of this project promises, whatever it does."""

from datetime import timedelta
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import TimeRestriction, Timetable
from pendulum import DateTime

from logops.airflow.tags import Tag

LONGEST_TASK = timedelta(hours=1)


@pytest.fixture
def dags(dagbag: DagBag) -> list[DAG]:
    return list(dagbag.dags.values())


def failures(dags: list[DAG], promise: Any) -> list[str]:
    """The ids of the DAGs that break a promise."""
    return [dag.dag_id for dag in dags if not promise(dag)]


def bound(task: Any) -> timedelta | None:
    """How long a task may take; for one that waits for a person, how long the person may."""
    return getattr(task, "response_timeout", None) or task.execution_timeout


def test_every_file_is_read_without_an_error_or_a_warning(dagbag: DagBag) -> None:
    assert dagbag.import_errors == {}
    assert dagbag.captured_warnings == {}


def test_every_file_in_the_folder_is_a_dag_of_that_name(dagbag: DagBag) -> None:
    assert {dag.dag_id for dag in dagbag.dags.values()} == {
        path.stem
        for path in dagbag.dag_folder.glob("*.py")  # type: ignore[union-attr]
    }


def test_tags_are_from_the_list(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: dag.tags and dag.tags <= set(Tag)) == []


def test_the_documentation_says_what_a_failure_means(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: "### When a task fails" in (dag.doc_md or "")) == []


def test_the_documentation_names_every_task_that_is_not_in_a_group(dags: list[DAG]) -> None:
    missing = [
        task.task_id
        for dag in dags
        for task in dag.tasks
        if "." not in task.task_id and f"**{task.task_id}**" not in str(dag.doc_md)
    ]
    assert missing == []


def test_every_task_has_an_owner(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: all(task.owner not in {"", "airflow"} for task in dag.tasks)) == []


def test_params_have_a_type_and_say_what_they_are(dags: list[DAG]) -> None:
    params = [(dag, name, dag.params.get_param(name)) for dag in dags for name in dag.params]
    assert [
        (dag.dag_id, name) for dag, name, param in params if "type" not in param.schema or not param.description
    ] == []


def test_params_take_their_own_defaults(dags: list[DAG]) -> None:
    for dag in dags:
        dag.params.validate()


def test_a_task_that_was_killed_is_tried_again_soon(dags: list[DAG]) -> None:
    tasks = [task for dag in dags for task in dag.tasks]
    assert [task.task_id for task in tasks if not task.retries] == []
    assert [task.task_id for task in tasks if task.retry_delay > timedelta(minutes=1)] == []


def test_no_task_runs_without_end(dags: list[DAG]) -> None:
    waits = [task for dag in dags for task in dag.tasks if getattr(task, "response_timeout", None)]
    works = [task for dag in dags for task in dag.tasks if task not in waits]
    assert [task.task_id for task in works if not task.execution_timeout or task.execution_timeout > LONGEST_TASK] == []
    assert [task.task_id for task in waits if task.response_timeout > timedelta(days=7)] == []


def test_what_runs_on_a_schedule_takes_its_time_as_a_param(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: dag.schedule is None or "as_of" in dag.params) == []


def test_the_past_is_not_caught_up_with(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: not dag.catchup) == []


def test_an_airflow_that_was_just_started_waits_for_the_night(dags: list[DAG], monkeypatch: pytest.MonkeyPatch) -> None:
    nightly = [dag for dag in dags if dag.schedule is not None]
    for dag in nightly:
        timetable = decode_timetable(encode_timetable(dag.timetable))
        an_hour_late = _first_run(timetable) + timedelta(hours=1)
        monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda late=an_hour_late: late)

        assert _first_run(timetable) == an_hour_late + timedelta(hours=23), dag.dag_id
    assert len(nightly) == 4


def test_the_state_of_a_run_is_told_by_one_task(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: len(dag.leaves) == 1) == []


def _first_run(timetable: Timetable) -> DateTime:
    whenever = TimeRestriction(earliest=None, latest=None, catchup=False)
    found = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=whenever)
    assert found is not None
    return found.run_after
