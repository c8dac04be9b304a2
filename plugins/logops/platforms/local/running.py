"""Find the running processes of an environment by their environment variables."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from logops.platforms.local.supervisord import Supervisord


@dataclass(frozen=True)
class Running:
    """A running process of an environment."""

    name: str
    digest: str
    """Digest of everything that it was started with, from its variable LOGOPS_DIGEST."""
    program: str
    component: str
    started: float
    """Unix time."""
    process: psutil.Process


def running(supervisord: Supervisord) -> dict[str, Running]:
    """Return the processes that the daemon runs, by name. Orphans are left out, because no daemon restarts them."""
    daemon = supervisord.process()
    return {process.name: process for process in _read(daemon.children() if daemon else (), supervisord.state)}


def orphans(supervisord: Supervisord) -> list[Running]:
    """Return the environment's processes that their daemon left running when it ended."""
    daemon = supervisord.process()
    supervised_pids = {child.pid for child in daemon.children()} if daemon else set()
    unsupervised = (process for process in psutil.process_iter() if process.pid not in supervised_pids)
    return list(_read(unsupervised, supervisord.state))


def end(processes: Iterable[Running], seconds: float) -> list[Running]:
    """Terminate processes, and kill those that still run after `seconds`. Return the killed processes."""
    by_process = {running_process.process: running_process for running_process in processes}
    for process in by_process:
        _unless_gone(process.terminate)
    _, survivors = psutil.wait_procs(by_process, seconds)
    for process in survivors:
        _unless_gone(process.kill)
    psutil.wait_procs(survivors, seconds)
    return [by_process[process] for process in survivors]


def _read(processes: Iterable[psutil.Process], state: Path) -> Iterator[Running]:
    for process in processes:
        try:
            variables = process.environ()
            started = process.create_time()
        except psutil.Error:
            # The process has ended, or it belongs to another user.
            continue
        # A child of the daemon has these variables only after it has executed the program.
        if variables.get("LOGOPS_STATE") == str(state) and variables.get("LOGOPS_PROCESS"):
            yield Running(
                variables["LOGOPS_PROCESS"],
                variables.get("LOGOPS_DIGEST", ""),
                variables.get("LOGOPS_PROGRAM", ""),
                variables.get("LOGOPS_COMPONENT", ""),
                started,
                process,
            )


def _unless_gone(send: Callable[[], None]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        send()
