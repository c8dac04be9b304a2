"""Make lines with old timestamps visible after a push.

A cluster asks its ingesters only for recent lines, and lines in memory are not in the bucket yet. An ingester stores
its index every 15 minutes, or when it stops. So each ingester is restarted, one at a time. supervisord starts it
again; the ring and the write-ahead log keep the cluster working meanwhile.
"""

import time
from collections.abc import Callable, Iterator

import psutil

from logops.clients.loki import LokiClient
from logops.errors import LogopsError
from logops.platforms.platform import DeployablePlatform, ProcessStatus, component_of

_READY_SECONDS = 180.0
_HOLD_LOGS = ("ingester", "all")


class IngesterRestartError(LogopsError):
    """An ingester did not become ready again after its restart."""


def settle(platform: DeployablePlatform, tell: Callable[[str], None]) -> None:
    """Make every ingester store its data. Raises IngesterRestartError if one does not become ready again."""
    for cluster in platform.environment.clusters:
        for name, url in platform.urls(cluster).items():
            if component_of(name, cluster) in _HOLD_LOGS:
                tell(f"{name} stores its index")
                restart(platform, name, url)


def restart(platform: DeployablePlatform, name: str, url: str) -> None:
    """Make one ingester store its data and restart. Raises IngesterRestartError if it does not become ready."""
    with LokiClient(url) as client:
        client.flush()
    before = _status(platform, name).pid
    if before is not None:
        psutil.Process(before).terminate()
    deadline = time.monotonic() + _READY_SECONDS
    for status in _statuses(platform, name):
        if status.ready and status.pid != before:
            return
        if time.monotonic() > deadline:
            said = "\n    ".join(platform.last_lines(name))
            raise IngesterRestartError(
                f"{name} did not come back: {status.state} {status.detail}. Its last lines:\n    {said}"
            )


def _statuses(platform: DeployablePlatform, name: str) -> Iterator[ProcessStatus]:
    while True:
        yield _status(platform, name)
        time.sleep(0.5)


def _status(platform: DeployablePlatform, name: str) -> ProcessStatus:
    return next(process for process in platform.processes() if process.name == name)
