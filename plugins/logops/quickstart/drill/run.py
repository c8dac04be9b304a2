"""`logops quickstart drill`: break something on purpose, show the finding, the alert and the page, repair it.

Everything goes through Airflow, as at night: the DAGs of the checks, then `alert_delivery`.
"""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from logops import toolchain
from logops.alerts.active import ActiveAlert, read_active
from logops.alerts.rollouts import read_muting_rollouts
from logops.checks.open_findings import read_open
from logops.environment import find_environment, load_environment
from logops.findings import Finding
from logops.findings.causes import ROLLOUT_MAY_CAUSE
from logops.findings.history import OpenFinding
from logops.platforms import STATE, open_local, open_results
from logops.platforms.local import LocalPlatform
from logops.platforms.local.lock import LockHeldError, locked
from logops.platforms.platform import LeaseHeldError
from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.airflow_process import Airflow
from logops.quickstart.delivery import DAG as ALERTS
from logops.quickstart.delivery import deliver_alerts
from logops.quickstart.drill import text
from logops.quickstart.drill.faults import wait_until
from logops.quickstart.drill.record import (
    DrillRecord,
    read_record,
    remove_record,
    repair,
    repair_unfinished,
    write_record,
)
from logops.quickstart.drill.scenarios import SCENARIOS, Scenario
from logops.quickstart.errors import DrillFailedError, DrillRefusedError
from logops.quickstart.first_rollout import run_id
from logops.quickstart.watch import summary_of
from logops.toolchain.progress import State
from logops.toolchain.progress_board import Board

_COMMAND = "make-drill"
"""Begins the ids of the runs."""
_CHECK_SECONDS = {"list": 3.0, "judge": 8.0, "reduce": 3.0, "check": 15.0}
_BREAK_SECONDS = 15.0
_LONGEST_MUTE_S = 90.0
"""A drill waits at most this long for an earlier rollout."""


@dataclass(frozen=True)
class _Drill:
    """The parts of a running drill."""

    scenario: Scenario
    platform: LocalPlatform
    root: Path
    api: AirflowApi
    board: Board
    started: float

    @property
    def environment(self) -> str:
        return self.platform.environment.name

    def took_s(self) -> float:
        return time.monotonic() - self.started


def drill(scenario: Scenario, environment_name: str, progress: Console, result: Console) -> None:
    """Run a scenario. Show progress on `progress`, and what a person would see on `result`.

    Returns only if the fault was found, alerted, repaired and resolved. Raises DrillRefusedError before anything is
    broken; DrillFailedError, QuickstartError, PlatformError or another LogopsError later. What was broken is repaired
    then, and the message says so if it could not be.
    """
    root = toolchain.project_root()
    platform = open_local(load_environment(find_environment(environment_name, root)), root)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    airflow = Airflow(root, root / STATE / "airflow")
    if airflow.port() is None:
        raise DrillRefusedError(
            f"Starting a drill on {environment_name}: Airflow does not run. Run `make up` first. Nothing was broken."
        )
    with _only_command(root, environment_name), Board(progress) as board:
        running = _Drill(scenario, platform, root, airflow.api(), board, time.monotonic())
        with _no_rollout(running, "make drill"):
            _require_running(running)
        _finish_unfinished(running)
        _require_nothing_open(running)
        _wait_until_not_muted(running)
        _run(running, result)


@contextmanager
def _only_command(root: Path, environment_name: str) -> Iterator[None]:
    """Keep `make up`, `make down` and other drills away. Raises DrillRefusedError while one of them runs."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(root / STATE / "quickstart.lock", "make drill", lambda _: None, patience=0.0))
        except LockHeldError as error:
            raise DrillRefusedError(
                f"Starting a drill on {environment_name}: {error.holder} is at work. Wait until it has ended. "
                "Nothing was broken."
            ) from error
        yield


def _run(drill: _Drill, result: Console) -> None:
    now = datetime.now(UTC)
    name = f"drill-{drill.scenario.name}-{now:%Y%m%dT%H%M%SZ}"
    with drill.board.step("choose what to break", 3):
        record = DrillRecord(name, drill.scenario.name, drill.scenario.plan(drill.platform, name, now))
    result.print(text.announcement(drill.scenario, record.faults, drill.environment))
    with _repaired_at_the_end(drill, record):
        _break(drill, record)
        _run_checks(drill)
        reported = _reported(drill)
        found_after_s = drill.took_s()
        result.print(text.findings(reported, result.width), soft_wrap=True)
        deliver_alerts(drill.api, drill.environment, drill.board, _COMMAND)
        alerts = _active(drill)
        _require_alerted(drill, reported, alerts)
        alerted_after_s = drill.took_s()
        result.print(text.alerts(alerts, reported, drill.environment, drill.api.url, datetime.now(UTC)))
    repaired_after_s = drill.took_s()
    _prove_gone(drill)
    times = text.Times(found_after_s, alerted_after_s, repaired_after_s, drill.took_s())
    result.print(text.conclusion(drill.environment, times))


def _require_running(drill: _Drill) -> None:
    """Raise DrillRefusedError if a part does not run that the drill needs."""
    stopped = [process.name for process in drill.platform.processes() if process.pid is None]
    # The repair of an interrupted drill starts the process that the drill stopped.
    if not drill.platform.processes() or (stopped and read_record(drill.platform.state) is None):
        names = ", ".join(stopped) or "no process of it"
        raise DrillRefusedError(
            f"Starting a drill on {drill.environment}: not running: {names}. Run `make up` first. Nothing was broken."
        )
    paused = [dag for dag in (*drill.scenario.dags, ALERTS) if drill.api.is_paused(dag)]
    if paused:
        raise DrillRefusedError(
            f"Starting a drill on {drill.environment}: somebody paused {', '.join(paused)} in Airflow, and the drill "
            f"needs it. Switch it on at {drill.api.url}/dags/{paused[0]}. Nothing was broken."
        )


def _finish_unfinished(drill: _Drill) -> None:
    """Repair what an interrupted drill broke, and show that its findings are gone."""
    record = repair_unfinished(drill.platform, drill.board)
    if record is None:
        return
    scenario = next((each for each in SCENARIOS if each.name == record.scenario), drill.scenario)
    unfinished = _Drill(scenario, drill.platform, drill.root, drill.api, drill.board, drill.started)
    if _open(unfinished):
        _prove_gone(unfinished)
    remove_record(drill.platform.state)


def _require_nothing_open(drill: _Drill) -> None:
    """Raise DrillRefusedError if a finding is open that the drill would have to cause."""
    if already := _open(drill):
        listed = "\n".join(f"  {entry.finding.cls.name}: {entry.finding.message}" for entry in already)
        raise DrillRefusedError(
            f"Starting a drill on {drill.environment}: these findings are open already, so the drill would prove "
            f"nothing:\n{listed}\nRepair them first, or choose another scenario. Nothing was broken."
        )


def _wait_until_not_muted(drill: _Drill) -> None:
    """Wait while a rollout that has ended still mutes the alerts. Raises DrillRefusedError if that takes too long."""
    if ROLLOUT_MAY_CAUSE.isdisjoint(cls.name for cls in drill.scenario.classes):
        return
    environment = drill.platform.environment
    rollouts = read_muting_rollouts(open_results(environment, drill.root), environment, None, datetime.now(UTC))
    until = max((rollout.until for rollout in rollouts), default=datetime.now(UTC))
    seconds = (until - datetime.now(UTC)).total_seconds()
    if seconds > _LONGEST_MUTE_S:
        raise DrillRefusedError(
            f"Starting a drill on {drill.environment}: a rollout ended a short time ago, and what it may cause is no "
            f"alert until {until:%H:%M} UTC (`alerts.rollout_grace`). Wait until then, or choose the scenario "
            "changed-limit. Nothing was broken."
        )
    if seconds > 0:
        with drill.board.step("wait until the last rollout mutes no alert", seconds) as step:
            wait_until(
                lambda: datetime.now(UTC) > until,
                lambda: f"until {until:%H:%M:%S} UTC",
                lambda line: step.report(State.RUNNING, line),
            )


@contextmanager
def _no_rollout(drill: _Drill, owner: str) -> Iterator[None]:
    """Hold the lease while the block runs, and no longer: a drift check would skip a leased environment.

    Raises DrillRefusedError while a rollout holds it.
    """
    try:
        drill.platform.acquire_lease(owner, one_process=True)
    except LeaseHeldError as error:
        raise DrillRefusedError(
            f"Starting a drill on {drill.environment}: a rollout runs. {error} Nothing was broken."
        ) from error
    try:
        yield
    finally:
        drill.platform.release_lease(owner)


@contextmanager
def _repaired_at_the_end(drill: _Drill, record: DrillRecord) -> Iterator[None]:
    """Write the record, and repair whatever happens. Raises DrillRefusedError while a rollout runs."""
    with _no_rollout(drill, record.name):
        write_record(drill.platform.state, record)
    try:
        yield
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            drill.board.say("Interrupted: repairing what was broken. Ctrl-C again leaves it to the next `make drill`.")
        _repair_after(drill, record)
        raise
    _repair_after(drill, record)


def _repair_after(drill: _Drill, record: DrillRecord) -> None:
    try:
        repair(drill.platform, record, drill.board)
    except BaseException:
        drill.board.say("Not everything is repaired. The next `make drill` or `make up` repairs the rest.")
        raise


def _break(drill: _Drill, record: DrillRecord) -> None:
    for fault in record.faults:
        with drill.board.step(f"break: {fault.steps[0]}", _BREAK_SECONDS) as step:
            fault.make(drill.platform, lambda line, step=step: step.report(State.RUNNING, line))  # type: ignore[misc]


def _run_checks(drill: _Drill) -> None:
    """Run the DAGs of the scenario together. Raises NoResultError if one ends without a result."""
    runs = {dag: run_id(drill.environment, datetime.now(UTC), _COMMAND) for dag in drill.scenario.dags}
    for dag, run in runs.items():
        drill.api.trigger(dag, run, {"environment": drill.environment})
    for dag, run in runs.items():
        summary_of(drill.api, dag, run, drill.scenario.dags[dag], drill.board, _CHECK_SECONDS)


def _open(drill: _Drill) -> list[OpenFinding]:
    """Return the open findings of the classes that the scenario causes."""
    store = open_results(drill.platform.environment, drill.root)
    names = [cls.name for cls in drill.scenario.classes]
    states = read_open(store, drill.environment, datetime.now(UTC))
    return [entry for state in states for entry in state.open if entry.finding.cls.name in names]


def _reported(drill: _Drill) -> list[Finding]:
    """Return the findings that the drill caused. Raises DrillFailedError if a class is missing."""
    reported = [entry.finding for entry in _open(drill)]
    missing = [cls.name for cls in drill.scenario.classes if cls not in [finding.cls for finding in reported]]
    if missing:
        raise DrillFailedError(
            f"The fault was made, and {' and '.join(drill.scenario.dags)} did not report {' and '.join(missing)}. "
            f"The tasks' logs are at {drill.api.url}/dags/{next(iter(drill.scenario.dags))}"
        )
    return sorted(reported, key=lambda finding: -finding.cls.severity.rank)


def _active(drill: _Drill) -> list[ActiveAlert]:
    """Return the alerts in Alertmanager of the classes that the scenario causes."""
    names = [cls.name for cls in drill.scenario.classes]
    return [
        alert
        for alert in read_active(drill.platform, "standard")
        if alert.name in names and alert.labels.get("environment") == drill.environment
    ]


def _require_alerted(drill: _Drill, reported: Sequence[Finding], alerts: Sequence[ActiveAlert]) -> None:
    if missing := {finding.cls.name for finding in reported} - {alert.name for alert in alerts}:
        raise DrillFailedError(
            f"The findings were delivered, and Alertmanager has no alert for {', '.join(sorted(missing))}. "
            f"See {drill.api.url}/dags/{ALERTS} and `logops alerts list {drill.environment}`."
        )


def _prove_gone(drill: _Drill) -> None:
    """Run the checks again, and deliver. Raises DrillFailedError if a finding or an alert is left."""
    _run_checks(drill)
    if left := _open(drill):
        listed = "\n".join(f"  {entry.finding.cls.name}: {entry.finding.message}" for entry in left)
        raise DrillFailedError(f"All is repaired, and these findings are still open:\n{listed}")
    deliver_alerts(drill.api, drill.environment, drill.board, _COMMAND)
    if alerts := _active(drill):
        raise DrillFailedError(
            f"No finding is open, and Alertmanager still has {', '.join(alert.name for alert in alerts)}. "
            f"See {drill.api.url}/dags/{ALERTS} and `logops alerts list {drill.environment}`."
        )
    remove_record(drill.platform.state)
