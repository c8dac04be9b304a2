"""React to the start and the end of a run: write its note, and switch the scheduled DAGs on after the first rollout.

Airflow calls these functions inside the database session in which it changes the run: in the scheduler, and in the API
server if a person marks a run. They must not commit. Every component loads this module, but only those two may use the
database, so the models are imported when a function runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from logops.airflow.dag_ids import ALERTS, CHECKS, ROLLOUT, SCHEDULED
from logops.airflow.nightly import environments, nightly
from logops.airflow.operators.work import HEADLINE

if TYPE_CHECKING:
    from airflow.models import DagRun
    from sqlalchemy.orm import Session

PAUSED_CHECKS = "paused_checks"
"""Key of a run's configuration: the checks whose DAG a person paused. They are not overdue."""
MAX_NOTE = 1000
"""Characters that Airflow stores."""


@hookimpl
def on_dag_run_running(dag_run: "DagRun", msg: str) -> None:
    """Write into the note which environment the run works on."""
    if _is_ours(dag_run):
        with _stored(dag_run) as (run, session):
            _write_note(run, f"{_environment(run)}: running")
            if run.dag_id == ALERTS:
                # Tasks cannot ask Airflow's database.
                run.conf = {**(run.conf or {}), PAUSED_CHECKS: _paused_checks(session)}


@hookimpl
def on_dag_run_success(dag_run: "DagRun", msg: str) -> None:
    """Write the result into the note. After a rollout, switch the scheduled DAGs on."""
    if _is_ours(dag_run):
        with _stored(dag_run) as (run, session):
            environment = _environment(run)
            _write_note(run, _headline(run, session) or f"{environment}: succeeded")
            if run.dag_id == ROLLOUT and environment == _nightly_environment():
                _switch_scheduled_on(session)


@hookimpl
def on_dag_run_failed(dag_run: "DagRun", msg: str) -> None:
    """Write the result into the note, or which tasks failed if there is no result."""
    if _is_ours(dag_run):
        with _stored(dag_run) as (run, session):
            _write_note(run, _headline(run, session) or _failed_tasks(run, session))


def note_with(text: str, note: str | None) -> str:
    """Return a note that starts with `text`, and keeps the lines that a person wrote.

    text   starts with the environment; it replaces a first line that starts with the same environment

    >>> note_with("local: no findings", "local: running\\nseen by Ada")
    'local: no findings\\nseen by Ada'
    """
    prefix = text.partition(":")[0] + ":"
    lines = (note or "").splitlines()
    kept = lines[1:] if lines and lines[0].startswith(prefix) else lines
    return "\n".join([text, *kept])[:MAX_NOTE]


def _is_ours(dag_run: "DagRun") -> bool:
    return dag_run.dag_id in (ROLLOUT, *SCHEDULED)


def _write_note(dag_run: "DagRun", text: str) -> None:
    dag_run.note = note_with(text, dag_run.note)


@contextmanager
def _stored(dag_run: "DagRun") -> "Iterator[tuple[DagRun, Session]]":
    """Yield a run with its database session. In `dag.test()` a run belongs to no session, so it gets a new one."""
    from airflow.models import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is not None:
        yield dag_run, session
        return
    with create_session() as session:
        yield session.get_one(DagRun, dag_run.id), session


def _environment(dag_run: "DagRun") -> str:
    """Return the environment of a run. A run that Airflow started has no parameters."""
    return str((dag_run.conf or {}).get("environment") or _nightly_environment())


def _nightly_environment() -> str:
    from logops.toolchain import project_root

    return nightly(environments(project_root()))


def _headline(dag_run: "DagRun", session: "Session") -> str | None:
    """Return the headline that the last task left, with its environment first; None: it left no headline."""
    from airflow.models.xcom import XComModel

    query = XComModel.get_many(run_id=dag_run.run_id, key=HEADLINE, dag_ids=dag_run.dag_id)
    stored: Any = session.scalars(query).first()
    return None if stored is None else str(XComModel.deserialize_value(stored))


def _failed_tasks(dag_run: "DagRun", session: "Session") -> str:
    from airflow.utils.state import TaskInstanceState

    tried = dag_run.get_task_instances(state=[TaskInstanceState.FAILED], session=session)
    failed = ", ".join(sorted({task.task_id for task in tried}))
    if not failed:
        return f"{_environment(dag_run)}: stopped; no task had failed"
    return f"{_environment(dag_run)}: failed at {failed}; the log of that task has the reason"


def _paused_checks(session: "Session") -> list[str]:
    """Return the checks whose DAG is paused."""
    from airflow.models import DagModel
    from sqlalchemy import select

    paused = session.scalars(select(DagModel.dag_id).where(DagModel.dag_id.in_(CHECKS), DagModel.is_paused.is_(True)))
    return sorted(check for dag_id in paused for check in CHECKS[dag_id])


def _switch_scheduled_on(session: "Session") -> None:
    """Switch on the scheduled DAGs that have never run. One that a person paused later stays paused."""
    from airflow.models import DagModel, DagRun
    from sqlalchemy import select

    has_run = select(DagRun.dag_id).where(DagRun.dag_id.in_(SCHEDULED))
    waiting = select(DagModel).where(
        DagModel.dag_id.in_(SCHEDULED), DagModel.is_paused.is_(True), DagModel.dag_id.not_in(has_run)
    )
    for dag in session.scalars(waiting):
        dag.is_paused = False
        # Do not catch up on a run that was due while the DAG was paused: the next parse sets the next run.
        dag.next_dagrun_create_after = None
