"""Make lines with old timestamps visible.

An ingester stores its index every 15 minutes, or when it stops. A process that reads the index looks for new index
files every 5 minutes, or when it starts. So each is restarted, one at a time. supervisord starts it again; the ring and
the write-ahead log keep the cluster working meanwhile.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import psutil

from logops.clients.loki import LokiClient
from logops.errors import LogopsError

READY_WITHIN_S = 180.0


class Process(Protocol):
    """The status of a process. A platform's `ProcessStatus` has these fields."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def ready(self) -> bool: ...
    @property
    def detail(self) -> str: ...
    @property
    def pid(self) -> int | None: ...


class ProcessList(Protocol):
    """The processes of a Loki. A deployable platform has these methods."""

    def processes(self) -> Sequence[Process]: ...
    def last_lines(self, process: str, /) -> Sequence[str]: ...


class RestartError(LogopsError):
    """A process did not become ready again after its restart."""


def settle(
    host: ProcessList,
    ingester_urls: Mapping[str, str],
    progress: Callable[[str], None],
    ready_within_s: float = READY_WITHIN_S,
) -> None:
    """Make every ingester store its data. Raises RestartError if one does not become ready again.

    host            restarts an ingester that was stopped
    ingester_urls   process name to its address
    """
    for name, url in ingester_urls.items():
        progress(f"{name} stores its index")
        with LokiClient(url) as client:
            client.flush()
        restart(host, name, ready_within_s)


def restart(host: ProcessList, name: str, ready_within_s: float = READY_WITHIN_S) -> None:
    """Restart one process. Raises RestartError if it does not become ready."""
    before = _status(host, name).pid
    if before is not None:
        psutil.Process(before).terminate()
    deadline = time.monotonic() + ready_within_s
    while not ((status := _status(host, name)).ready and status.pid != before):
        if time.monotonic() > deadline:
            last_lines = "\n    ".join(host.last_lines(name))
            raise RestartError(
                f"restarting {name}: it is not ready after {ready_within_s:.0f} s: {status.state} {status.detail}. Fix "
                f"the cause that its last lines show, and start again:\n    {last_lines}"
            )
        time.sleep(0.5)


def _status(host: ProcessList, name: str) -> Process:
    return next(process for process in host.processes() if process.name == name)
