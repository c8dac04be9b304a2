"""Run the audit DAGs through Airflow's API, and show their tasks and results."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.first_rollout import run_id
from logops.quickstart.watch import summary_of
from logops.toolchain.progress_board import Board

DAGS = ("compaction_audit", "retention_audit")
_USUAL_SECONDS: Mapping[str, float] = {"list": 3, "judge": 8, "reduce": 3}


@dataclass(frozen=True)
class Audited:
    """The result of an audit."""

    dag: str
    headline: str
    findings: tuple[str, ...]
    tenants: tuple[tuple[str, ...], ...]
    """Column names, then one row per cluster and tenant."""


@contextmanager
def compiling_ahead() -> Iterator["subprocess.Popen[bytes]"]:
    """Compile the audit's code in a process of its own, which ends with the block at the latest.

    If it fails, the audits compile the code themselves.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "logops.audit.compile_ahead"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def audit(api: AirflowApi, dags: Sequence[str], environment: str, board: Board) -> list[Audited]:
    """Trigger these audits and show their tasks until they end. Findings are a result, not an error.

    Raises NoResultError if an audit ends without a result.
    """
    runs = {dag: run_id(environment, datetime.now(UTC)) for dag in dags}
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
    """Return the audit with the most columns per tenant."""
    return max(audits, key=lambda audited: len(audited.tenants), default=None)
