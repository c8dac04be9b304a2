"""The audit DAGs, run through Airflow's API and shown task by task; what they found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.first_rollout import run_id
from logops.quickstart.show import Board
from logops.quickstart.watch import summary_of

DAGS = ("compaction_audit", "retention_audit")
_USUAL_SECONDS: Mapping[str, float] = {"list": 3, "judge": 8, "reduce": 3}


@dataclass(frozen=True)
class Audited:
    """What an audit found."""

    dag: str
    headline: str
    findings: tuple[str, ...]
    tenants: tuple[tuple[str, ...], ...]
    """Names of columns, then a row a cluster and tenant."""


def audit(api: AirflowApi, environment: str, board: Board) -> list[Audited]:
    """Trigger both audits of an environment and show their tasks until they end. A finding is a result, no error.

    Raises NoResultError where one ends without a result.
    """
    runs = {dag: run_id(environment, datetime.now(UTC)) for dag in DAGS}
    for dag, run in runs.items():
        api.trigger(dag, run, {"environment": environment})
    return [_ended(api, dag, run, board) for dag, run in runs.items()]


def _ended(api: AirflowApi, dag: str, run: str, board: Board) -> Audited:
    summary = summary_of(api, dag, run, "reduce", board, _USUAL_SECONDS)
    return Audited(
        dag,
        str(summary["headline"]),
        tuple(map(str, summary["findings"])),
        tuple(tuple(map(str, row)) for row in summary["tenants"]),
    )


def widest(audits: Sequence[Audited]) -> Audited | None:
    """The one that tells most of each tenant."""
    return max(audits, key=lambda one: len(one.tenants), default=None)
