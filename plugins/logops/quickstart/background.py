"""Programs that keep running after the command that started them. A record file finds them again.

Each has its own session, not only a process group: Airflow's tasks create process groups, but stay in the session of
their scheduler.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from logops.platforms.local.private import UMASK

_CLOCK_SECONDS = 5.0
"""A process's creation time may differ by this much: it is computed from a clock that can be set."""


@dataclass(frozen=True)
class Record:
    """A program that was started. Its first process leads the session."""

    pid: int
    created: float
    """Seconds since the epoch. It tells this process from a later one with the same pid."""
    port: int | None = None
    """The port that it listens on, if any."""


def start(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path, record: Path, port: int | None = None
) -> Record:
    """Start a program in the background. Its output is appended to `log`. Other users cannot read what it creates.

    Raises OSError if it cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab", opener=_private) as output:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=UMASK,
        )
    started = Record(process.pid, psutil.Process(process.pid).create_time(), port)
    new = record.with_name(f"{record.name}.new")
    with open(new, "w", encoding="utf-8", opener=_private) as file:
        file.write(json.dumps(asdict(started)))
    new.replace(record)
    return started


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read(record: Path) -> Record | None:
    """Return the content of a record file, running or not; None if there is no readable one."""
    try:
        return Record(**json.loads(record.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def running(record: Path) -> Record | None:
    """Return the recorded program if its first process is alive."""
    started = read(record)
    leader = _leader(started) if started else None
    return started if leader and _lives(leader) else None


def members(started: Record) -> list[psutil.Process]:
    """Return every living process of the program's session, even if its first process has died."""
    if psutil.pid_exists(started.pid) and _leader(started) is None:
        # Another process has the pid, so no process of the old session can be left.
        return []
    return [process for process in psutil.process_iter() if _session(process.pid) == started.pid and _lives(process)]


def stop(record: Path, grace_seconds: float) -> int:
    """Stop the program and everything in its session: SIGTERM, then SIGKILL. Return the number of processes."""
    started = read(record)
    if started is None:
        return 0
    processes = members(started)
    ended = {process.pid for process in processes}
    for process in processes:
        _send(process, signal.SIGTERM)
    left = _wait_for_end(started, grace_seconds)
    # A process may start another while it is stopped. Done only when a search finds none.
    while left:
        ended |= {process.pid for process in left}
        for process in left:
            _send(process, signal.SIGKILL)
        left = _wait_for_end(started, 1.0)
    record.unlink(missing_ok=True)
    return len(ended)


def _wait_for_end(started: Record, seconds: float) -> list[psutil.Process]:
    """Wait until all have ended, at most `seconds`. Return the rest. Zombies do not count."""
    deadline = time.monotonic() + seconds
    while (left := members(started)) and time.monotonic() < deadline:
        # Collects the exit status of our own children.
        psutil.wait_procs(left, timeout=0.1)
    return left


def _leader(started: Record) -> psutil.Process | None:
    """Return the program's first process, which may be a zombie; None if it is gone or another one has its pid."""
    try:
        process = psutil.Process(started.pid)
        is_same = abs(process.create_time() - started.created) < _CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return None
    return process if is_same else None


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _send(process: psutil.Process, signal_number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal_number)
