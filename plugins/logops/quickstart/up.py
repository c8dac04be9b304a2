"""`logops quickstart up`: from a checkout to a verified Loki with logs."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from rich.console import Console

from logops import toolchain
from logops.environment import find_environment, load_environment
from logops.number_text import count_text
from logops.platforms import STATE, open_local
from logops.platforms.local import LocalPlatform
from logops.platforms.local.lock import locked
from logops.platforms.local.private import make_private
from logops.platforms.platform import PlatformError, index_readers
from logops.quickstart import summary
from logops.quickstart.airflow_process import DEFAULT_PORT, Airflow
from logops.quickstart.audits import DAGS as AUDITS
from logops.quickstart.audits import audit, compiling_ahead
from logops.quickstart.connections import connections
from logops.quickstart.delivery import DAG as ALERTS
from logops.quickstart.delivery import deliver_alerts
from logops.quickstart.drift import DAG as DRIFT
from logops.quickstart.drift import compare
from logops.quickstart.drill.record import remove_record, repair_unfinished
from logops.quickstart.errors import AirflowNotHealthyError, DrillRefusedError, NoHistoryError, QuickstartError
from logops.quickstart.feed import is_feed_running, start_feed
from logops.quickstart.first_rollout import DAG, changed_something, roll_out
from logops.quickstart.measured import DAG as BENCHMARK
from logops.quickstart.measured import measure
from logops.quickstart.nightly_dags import LIFECYCLE, switched_on
from logops.quickstart.quality import DAG as QUALITY
from logops.quickstart.quality import check_quality
from logops.rules.own_loki import OwnLokiError
from logops.samples import history_fill as history
from logops.samples.settle import RestartError, restart
from logops.toolchain import State
from logops.toolchain.progress_board import Board, duration

_DAG_SECONDS = 120.0
_START_SECONDS = 30.0
_COMPILE_SECONDS = 15.0


@dataclass(frozen=True)
class UpOptions:
    """The options of `logops quickstart up`."""

    environment: str = "local"
    history_days: int = 120
    """0: no history."""
    airflow_port: int | None = None
    """None: the port of a running Airflow, else the default."""


def up(options: UpOptions, progress: Console, result: Console) -> None:
    """Do everything that is not done yet. Show progress on `progress` and the result on `result`.

    Raises QuickstartError, EnvironmentFileError, PlacementError, ToolchainError, PlatformError or LokiError. The
    message then says what is still running; processes that were only half started are stopped.
    """
    started = time.monotonic()
    root = toolchain.project_root()
    file = find_environment(options.environment, root)
    if file.resolve().parent != (root / "include" / "environments").resolve():
        raise QuickstartError(f"{file} is not in include/environments, where the rollout DAG looks. Copy it there.")
    environment = load_environment(file)
    platform = open_local(environment, root)
    if environment.approval.required:
        raise QuickstartError(
            f"Environment {environment.name!r} requires approval, and `make up` asks nobody. "
            "Use an environment with approval.required: false, or trigger the rollout DAG and answer it."
        )
    airflow = Airflow(root, root / STATE / "airflow")
    for number in (signal.SIGTERM, signal.SIGHUP):
        # A closed terminal stops the command as Ctrl-C does, unless it should survive that (nohup).
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    make_private(root / STATE)
    with (
        locked(root / STATE / "quickstart.lock", "make up", lambda _: None, patience=0.0),
        Board(progress) as board,
        _listing_what_runs(airflow, platform, board),
        compiling_ahead() as compiling,
    ):
        _start_what_ran_before(platform, file.stem, root, board)
        _programs_and_airflow(airflow, options.airflow_port, file.stem, board)
        api = airflow.api()
        with board.step("connections", 1):
            for connection in connections(platform):
                api.put_connection(connection)
        if not changed_something(roll_out(api, file.stem, board)):
            board.say("  nothing to change: it runs as the environment says")
        drilled = _repair_drill(platform, board)
        _start_sample_logs(file.stem, root, platform, board)
        logs_flow_after = time.monotonic() - started
        board.say(f"  {file.stem} is verified and logs flow, after {duration(logs_flow_after)}. Now the checks:")
        # Tools for people, which no process of the environment needs.
        toolchain.ensure(progress=board)
        if options.history_days:
            _history(platform, options.history_days, board)
        on = switched_on(api, (LIFECYCLE, *AUDITS, BENCHMARK, QUALITY, DRIFT, ALERTS), board.say)
        to_run = [dag for dag in (*AUDITS, BENCHMARK) if dag in on and options.history_days]
        if to_run and compiling.poll() is None:
            with board.step("compile the audits' code", _COMPILE_SECONDS):
                compiling.wait()
        audits = audit(api, [dag for dag in AUDITS if dag in to_run], file.stem, board)
        measured = measure(api, file.stem, board) if BENCHMARK in to_run else None
        # Last, when the sample logs have flowed for some minutes.
        quality = check_quality(api, file.stem, board) if QUALITY in on else None
        drift = compare(api, file.stem, board) if DRIFT in on else None
        alerts = deliver_alerts(api, file.stem, board) if ALERTS in on else None
        if drilled:
            # The checks have run since the repair.
            remove_record(platform.state)
        checks = summary.Checks(audits, measured, quality, drift, alerts)
        with board.step("count what is stored", 10):
            as_of = datetime.now(UTC)
            since = as_of.date() - timedelta(days=options.history_days)
            tenants = summary.tenant_lines(platform, since, as_of)
            containers = summary.containers_used(platform)
    took = summary.Took(logs_flow_after, time.monotonic() - started)
    result.print(summary.rendered(platform, tenants, since, containers, checks, api.url, airflow.password(), took))


def _repair_drill(platform: LocalPlatform, board: Board) -> bool:
    """Repair what an interrupted drill broke. Return whether there was one. An unreadable record stops nothing."""
    try:
        return repair_unfinished(platform, board) is not None
    except DrillRefusedError as error:
        board.say(str(error))
        return False


def _start_what_ran_before(platform: LocalPlatform, environment: str, root: Path, board: Board) -> None:
    """Start the processes of an earlier `make up` first, so that logs flow while Airflow starts.

    A process that does not start is no error: the rollout shows why, and repairs what it can.
    """
    if all(process.pid is not None for process in platform.processes()):
        return
    with board.step("start what ran before", _START_SECONDS) as step:
        try:
            names = platform.start(lambda line: step.report(State.RUNNING, line))
        except PlatformError as error:
            step.detail = "not everything started; the rollout repairs it"
            board.say(f"  {error}")
            return
        step.detail = count_text(len(names), "process")
    _start_sample_logs(environment, root, platform, board)


def _start_sample_logs(environment: str, root: Path, platform: LocalPlatform, board: Board) -> None:
    if start_feed(environment, root, platform.state):
        board.say("  sample logs: started, two lines a second")


@contextmanager
def _listing_what_runs(airflow: Airflow, platform: LocalPlatform, board: Board) -> Iterator[None]:
    """If the command ends early, show what is still running."""
    try:
        yield
    except BaseException:
        port = airflow.port()
        left = [f"Airflow on port {port}"] if port else []
        count = sum(process.pid is not None for process in platform.processes())
        left += [f"{count_text(count, 'process')} of {platform.environment.name}"] if count else []
        left += ["the sample logs"] if is_feed_running(platform.state) else []
        running = f"Still running: {', '.join(left)}. `make down` ends it, `make up` goes on."
        board.say(running if left else "Nothing is left running.")
        raise


def _programs_and_airflow(airflow: Airflow, port: int | None, environment: str, board: Board) -> None:
    """Do both at once: Airflow's start mostly waits. If interrupted, what was started is stopped."""
    running = airflow.port()
    if running is not None and port not in (None, running):
        raise QuickstartError(f"Airflow runs on port {running} already: run `make down` first to have it on {port}.")
    first_time = not airflow.home.exists()
    stop = Event()
    waiting: Future[None] | None = None
    with ThreadPoolExecutor(1) as pool:
        try:
            airflow.start(port or DEFAULT_PORT, environment)
            waiting = pool.submit(_wait_for_airflow, airflow, 60.0 if first_time else 25.0, board, stop)
            toolchain.ensure(toolchain.SERVICES, board)
            waiting.result()
        except BaseException:
            stop.set()
            # Ctrl-C may come during the start.
            if running is None and not (waiting and _succeeded(waiting)):
                airflow.stop()
            raise


def _succeeded(future: Future[None]) -> bool:
    return future.done() and future.exception() is None


def _wait_for_airflow(airflow: Airflow, usual_seconds: float, board: Board, stop: Event) -> None:
    with board.step("Airflow", usual_seconds) as step:
        airflow.wait_until_healthy(lambda detail: step.report(State.RUNNING, detail), stop.is_set)
        deadline = time.monotonic() + _DAG_SECONDS
        for dag in (DAG, LIFECYCLE, *AUDITS, BENCHMARK, QUALITY, DRIFT, ALERTS):
            while not stop.is_set() and not airflow.api().has_dag(dag):
                step.report(State.RUNNING, f"reads the DAG {dag}")
                if time.monotonic() > deadline:
                    errors = "\n".join(f"{file}:\n{error}" for file, error in airflow.api().import_errors().items())
                    raise AirflowNotHealthyError(
                        f"Airflow does not show the DAG {dag}. {errors or f'See {airflow.log}.'}"
                    )
                time.sleep(0.5)
        step.detail = f"at {airflow.api().url}"


def _history(platform: LocalPlatform, days: int, board: Board) -> None:
    folder, file = platform.state / "history", platform.state / "history.json"
    before, as_of = history.Filled.read(file), datetime.now(UTC)
    kinds = history.destinations(platform.environment)
    is_there = history.has_history(kinds, platform.read_url, *history.where_to_look(before, days, as_of))
    missing = history.missing(before, is_there, days, as_of)
    if missing is None:
        if before and before.end_ns - before.start_ns < (days - 1) * history.DAY_NS:
            board.say("  the sample history stays as long as it is: Loki takes nothing older. `make clean` starts anew")
        return
    if missing != before:
        history.forget(folder)
        missing.write(file)
    with board.step(f"{days} days of sample history", 60) as step:

        def show(lines: int, share: float) -> None:
            step.report(State.RUNNING, f"{share:.0%}, {count_text(lines, 'line')}")

        try:
            history.fill(kinds, platform.history_writer, missing, folder, show)
        except OwnLokiError as error:
            raise NoHistoryError(str(error)) from error
    with board.step("reading the history's index", 15) as step:
        try:
            # They look for new index files every five minutes, or when they start.
            for name in index_readers(platform):
                step.report(State.RUNNING, f"{name} starts again")
                restart(platform, name)
        except RestartError as error:
            raise NoHistoryError(str(error)) from error
        deadline = time.monotonic() + 60
        while not history.has_history(kinds, platform.read_url, *history.where_to_look(missing, days, as_of)):
            if time.monotonic() > deadline:
                raise NoHistoryError(
                    "Loki took the sample history and does not show it. See `logops status`, `logops logs`."
                )
            time.sleep(1)
    history.Filled(missing.start_ns, missing.end_ns, done=True).write(file)
