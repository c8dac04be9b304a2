"""A lock file, so that one process at a time changes an environment."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logops.platforms.local.atomic import writing
from logops.platforms.platform import PlatformError, Progress

_PATIENCE = 30.0
"""Seconds to wait for the lock: a process that is being stopped may need some time to release it."""


class LockHeldError(PlatformError):
    """Another process holds the lock."""

    def __init__(self, message: str, holder: str) -> None:
        self.holder = holder
        """`process 4711 (make drill)`."""
        super().__init__(message)


@contextmanager
def locked(file: Path, doing: str, progress: Progress, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold a lock on `file` while the block runs.

    If the process is killed, the kernel releases the lock. Raises LockHeldError if the lock is not free after
    `patience` seconds.
    """
    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.open("a+")
    with lock:
        deadline = time.monotonic() + patience
        reported = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().strip() or "another process"
            if time.monotonic() > deadline:
                waited = f" and has not ended within {patience:.0f} s" if patience else ""
                raise LockHeldError(
                    f"{doing}: {holder} is changing {file.parent}{waited}. Wait for it, or end it.", holder
                )
            if not reported:
                reported = True
                progress(f"waiting for {holder}, which is changing {file.parent}")
            time.sleep(0.1)
        lock.seek(0)
        lock.truncate()
        lock.write(f"process {os.getpid()} ({doing})")
        lock.flush()
        yield
