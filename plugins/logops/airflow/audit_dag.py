"""The factory of the storage audit DAGs: `list` reads the containers, `judge` runs once per batch, `reduce` joins."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, TriggerRule

from logops.airflow.nightly import environments, every_night, nightly
from logops.airflow.operators.audit import AuditJudgeOperator, AuditListOperator, AuditReduceOperator
from logops.airflow.tags import Tag


def audit_dag(dag_id: str, *, doc_md: str | None, checks: list[str], hour: int, project: Path) -> DAG:
    """Return a nightly DAG that runs these audits.

    checks    names of `logops.audit` checks
    hour      UTC
    project   folder with include/environments
    """
    names = environments(project)
    with DAG(
        dag_id=dag_id,
        doc_md=doc_md,
        schedule=every_night(hour),
        catchup=False,
        max_active_runs=1,
        tags={Tag.AUDIT, Tag.LOKI, Tag.STORAGE},
        params={
            "environment": Param(nightly(names), type="string", enum=names, description="The environment to audit."),
            "tables": Param(
                None,
                type=["null", "array"],
                items={"type": "string"},
                description="Audit only these tables (loki_index_20780). Empty: all. Such a run is not recorded.",
            ),
            "as_of": Param(
                None,
                type=["null", "string"],
                format="date-time",
                description="The moment to judge at. Empty: now.",
            ),
        },
        default_args={
            "owner": "log-platform",
            "retries": 2,
            "retry_delay": timedelta(seconds=30),
            "execution_timeout": timedelta(hours=1),
        },
    ) as dag:
        request: dict[str, Any] = {
            "checks": checks,
            "environment": "{{ params.environment }}",
            "tables": "{{ params.tables }}",
            "as_of": "{{ params.as_of }}",
        }
        listed = AuditListOperator(task_id="list", **request)
        judged = AuditJudgeOperator.partial(task_id="judge", max_active_tis_per_dagrun=16, **request).expand(
            batch=listed.output
        )
        # Runs even if a batch could not be judged: known findings must be reported, and so must the missing part.
        reduced = AuditReduceOperator(
            task_id="reduce",
            batches=listed.output,  # type: ignore[arg-type]
            trigger_rule=TriggerRule.ALL_DONE,
            **request,
        )
        judged >> reduced
    return dag
