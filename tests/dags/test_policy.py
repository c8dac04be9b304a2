"""Rules that every DAG of this project must follow."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import TimeRestriction, Timetable
from pendulum import DateTime

from logops.airflow.dag_ids import ALERTS, DRIFT, NIGHTLY, SCHEDULED
from logops.airflow.retries import RetryTemporary
from logops.airflow.tags import Tag

LONGEST_TASK = timedelta(hours=1)


@pytest.fixture
def dags(dagbag: DagBag) -> list[DAG]:
    return list(dagbag.dags.values())


def failures(dags: list[DAG], promise: Any) -> list[str]:
    """Return the ids of the DAGs that do not fulfil a condition."""
    return [dag.dag_id for dag in dags if not promise(dag)]


def test_dag_files_are_parsed_without_error_or_warning(dagbag: DagBag) -> None:
    assert dagbag.import_errors == {}
    assert dagbag.captured_warnings == {}


def test_dag_id_equals_file_name(dagbag: DagBag) -> None:
    assert {dag.dag_id for dag in dagbag.dags.values()} == {
        path.stem
        for path in dagbag.dag_folder.glob("*.py")  # type: ignore[union-attr]
    }


def test_every_dag_has_tags_from_tag_list(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: dag.tags and dag.tags <= set(Tag)) == []


def test_dag_documentation_has_section_on_task_failure(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: "### When a task fails" in (dag.doc_md or "")) == []


def test_dag_documentation_names_every_ungrouped_task(dags: list[DAG]) -> None:
    missing = [
        task.task_id
        for dag in dags
        for task in dag.tasks
        if "." not in task.task_id and f"**{task.task_id}**" not in str(dag.doc_md)
    ]
    assert missing == []


def test_dag_documentation_has_no_two_paragraphs_in_a_row(dags: list[DAG]) -> None:
    """Airflow shows no gap between two paragraphs. A heading or a list separates texts."""
    adjacent = []
    for dag in dags:
        blocks = str(dag.doc_md).strip().split("\n\n")
        adjacent += [
            (dag.dag_id, second)
            for first, second in pairwise(blocks)
            if not first.startswith(("#", "-")) and not second.startswith(("#", "-"))
        ]
    assert adjacent == []


def test_every_dag_has_display_name_and_description(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: dag.dag_display_name != dag.dag_id and dag.description) == []


def test_scheduled_dags_start_paused_and_the_rollout_does_not(dags: list[DAG]) -> None:
    assert {dag.dag_id for dag in dags if dag.is_paused_upon_creation} == {
        dag.dag_id for dag in dags if dag.schedule is not None
    }


def test_nightly_dags_have_the_tag_nightly(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: (Tag.NIGHTLY in dag.tags) == (dag.dag_id in NIGHTLY)) == []


def test_every_dag_has_the_tag_loki(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: Tag.LOKI in dag.tags) == []


def test_rollout_tasks_form_one_line(rollout: DAG) -> None:
    assert [task.task_id for task in rollout.tasks if len(task.upstream_list) > 1] == []


def test_every_task_has_owner(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: all(task.owner not in {"", "airflow"} for task in dag.tasks)) == []


def test_params_have_type_title_and_description(dags: list[DAG]) -> None:
    params = [(dag, name, dag.params.get_param(name)) for dag in dags for name in dag.params]
    assert [
        (dag.dag_id, name)
        for dag, name, param in params
        if not {"type", "title"} <= param.schema.keys() or not param.description
    ] == []


def test_param_defaults_are_valid(dags: list[DAG]) -> None:
    for dag in dags:
        dag.params.validate()


def test_every_task_is_retried_within_one_minute(dags: list[DAG]) -> None:
    tasks = [task for dag in dags for task in dag.tasks]
    assert [task.task_id for task in tasks if not task.retries] == []
    assert [task.task_id for task in tasks if task.retry_delay > timedelta(minutes=1)] == []


def test_scheduled_tasks_are_retried_by_the_kind_of_their_error(dags: list[DAG]) -> None:
    scheduled = [dag for dag in dags if dag.dag_id in SCHEDULED]
    tasks = [task for dag in scheduled for task in dag.tasks]
    assert len(scheduled) == len(SCHEDULED)
    assert [task.task_id for task in tasks if not isinstance(task.retry_policy, RetryTemporary)] == []


def test_every_task_has_time_limit(dags: list[DAG]) -> None:
    waits = [task for dag in dags for task in dag.tasks if getattr(task, "response_timeout", None)]
    works = [task for dag in dags for task in dag.tasks if task not in waits]
    assert [task.task_id for task in works if not task.execution_timeout or task.execution_timeout > LONGEST_TASK] == []
    assert [task.task_id for task in waits if task.response_timeout > timedelta(days=7)] == []


def test_scheduled_dag_has_as_of_param(dags: list[DAG]) -> None:
    # Alerts tell the present, and a live system has no past.
    judging = [dag for dag in dags if dag.schedule is not None and dag.dag_id not in (ALERTS, DRIFT)]
    assert failures(judging, lambda dag: "as_of" in dag.params) == []


def test_dag_catchup_is_disabled(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: not dag.catchup) == []


def test_first_scheduled_run_after_late_start_waits_for_next_night(
    dags: list[DAG], monkeypatch: pytest.MonkeyPatch
) -> None:
    nightly = [dag for dag in dags if dag.dag_id in NIGHTLY]
    for dag in nightly:
        timetable = decode_timetable(encode_timetable(dag.timetable))
        an_hour_late = _first_run(timetable) + timedelta(hours=1)
        monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda late=an_hour_late: late)

        assert _first_run(timetable) == an_hour_late + timedelta(hours=23), dag.dag_id
    assert len(nightly) == 5


def test_every_dag_has_one_leaf_task(dags: list[DAG]) -> None:
    assert failures(dags, lambda dag: len(dag.leaves) == 1) == []


def _first_run(timetable: Timetable) -> DateTime:
    whenever = TimeRestriction(earliest=None, latest=None, catchup=False)
    found = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=whenever)
    assert found is not None
    return found.run_after
