"""`logops quickstart down`: stop what `make up` started. Stored logs stay."""

from pathlib import Path

from rich.console import Console

from logops import toolchain
from logops.environment import find_environment, load_environment
from logops.number_text import count_text
from logops.platforms import STATE, open_local
from logops.platforms.local.lock import locked
from logops.quickstart.airflow_process import Airflow
from logops.quickstart.feed import stop_feed
from logops.toolchain import State
from logops.toolchain.progress_board import Board


def down(environment_name: str, progress: Console) -> None:
    """Stop the sample logs, Airflow and the environment's processes.

    Raises PlatformError if a process does not stop, or while `make up` is running; EnvironmentFileError, after
    everything else has stopped, if the environment file is not valid.
    """
    root = toolchain.project_root()
    if not (root / STATE).is_dir():
        progress.print("Nothing was ever started here.")
        return
    with locked(root / STATE / "quickstart.lock", "make down", lambda _: None, patience=0.0), Board(progress) as board:
        ended = _end(environment_name, root, board)
    progress.print(f"Ended: {', '.join(ended)}." if ended else "Nothing was running.")


def _end(environment_name: str, root: Path, board: Board) -> list[str]:
    """Senders stop first, so that nothing they send is lost. The step that needs the environment file is last."""
    ended: list[str] = []
    if stop_feed(root / STATE / environment_name):
        ended.append("the sample logs")
    airflow = Airflow(root, root / STATE / "airflow")
    if airflow.record.exists():
        with board.step("end Airflow", 6):
            count = airflow.stop()
        if count:
            ended.append(f"Airflow ({count_text(count, 'process')})")
    platform = open_local(load_environment(find_environment(environment_name, root)), root)
    count = sum(process.pid is not None for process in platform.processes())
    with board.step(f"end {environment_name}", 15) as step:
        killed = platform.down(lambda line: step.report(State.RUNNING, line))
    if count:
        ended.append(f"{count_text(count, 'process')} of {environment_name}")
    if killed:
        board.say(f"  had to be killed: {', '.join(killed)}")
    return ended
