"""The processes that really run, found by the environment variables that they were started with."""

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
    """Digest of everything it was started with: its variable LOGOPS_DIGEST."""
    program: str
    component: str
    started: float
    """Unix time."""
    process: psutil.Process


def running(supervisord: Supervisord) -> dict[str, Running]:
    """Return the daemon's running processes by name. A process whose daemon died is not included: nothing would restart
    it."""
    daemon = supervisord.process()
    return {process.name: process for process in _read(daemon.children() if daemon else (), supervisord.state)}


def orphans(supervisord: Supervisord) -> list[Running]:
    """Return the environment's processes whose daemon died."""
    daemon = supervisord.process()
    theirs = {child.pid for child in daemon.children()} if daemon else set()
    everything = (process for process in psutil.process_iter() if process.pid not in theirs)
    return list(_read(everything, supervisord.state))


def end(processes: Iterable[Running], seconds: float) -> list[Running]:
    """Ask processes to end, and kill the rest after `seconds`. Return the killed ones."""
    by_process = {entry.process: entry for entry in processes}
    for process in by_process:
        _unless_gone(process.terminate)
    _, left = psutil.wait_procs(by_process, seconds)
    for process in left:
        _unless_gone(process.kill)
    psutil.wait_procs(left, seconds)
    return [by_process[process] for process in left]


def _read(processes: Iterable[psutil.Process], state: Path) -> Iterator[Running]:
    for process in processes:
        try:
            variables = process.environ()
            started = process.create_time()
        except psutil.Error:
            # It ended, or it is somebody else's.
            continue
        # A child of the daemon has these only once it has become the program.
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
