"""The factory of the storage audit DAGs: `list` reads the containers, `judge` runs once per batch, `reduce` joins."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, TriggerRule

from logops.airflow.nightly import environments, nightly
from logops.airflow.operators.audit import AuditJudgeOperator, AuditListOperator, AuditReduceOperator
from logops.airflow.params import MORE, environment_param, moment_param, names_param
from logops.airflow.pod_size import judge_pod
from logops.airflow.scheduled_dag import scheduled_dag
from logops.airflow.tags import Tag
from logops.airflow.timetable import NightlyTimetable


def audit_dag(
    dag_id: str, *, name: str, description: str, doc_md: str | None, checks: list[str], hour: int, project: Path
) -> DAG:
    """Return a nightly DAG that runs these audits.

    name      the name that people see
    checks    names of `logops.audit` checks
    hour      UTC
    project   folder with include/environments
    """
    names = environments(project)
    with scheduled_dag(
        dag_id,
        name=name,
        description=description,
        doc_md=doc_md,
        schedule=NightlyTimetable(hour, nightly(names)),
        tags={Tag.AUDIT, Tag.LOKI, Tag.NIGHTLY, Tag.STORAGE},
        params={
            "environment": environment_param(names, nightly(names), "The environment to audit"),
            "tables": names_param(
                "Only these tables",
                "One name per line: loki_index_ and the number of the day. Empty: all tables. "
                "A run of some tables is a drill: its result is not recorded.",
                section=MORE,
            ),
            "as_of": moment_param("Judge at", "The audit reports what is wrong at this moment"),
        },
        retries=2,
        time_limit=timedelta(hours=1),
    ) as dag:
        request: dict[str, Any] = {
            "checks": checks,
            "environment": "{{ params.environment }}",
            "tables": "{{ params.tables }}",
            "as_of": "{{ params.as_of }}",
        }
        listed = AuditListOperator(task_id="list", **request)
        judged = AuditJudgeOperator.partial(
            task_id="judge",
            max_active_tis_per_dagrun=16,
            executor_config=judge_pod(project, nightly(names)),
            **request,
        ).expand(batch=listed.output)
        # Runs even if a batch could not be judged: known findings must be reported, and so must the missing part.
        reduced = AuditReduceOperator(
            task_id="reduce",
            batches=listed.output,  # type: ignore[arg-type]
            trigger_rule=TriggerRule.ALL_DONE,
            **request,
        )
        judged >> reduced
    return dag
