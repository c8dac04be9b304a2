"""Helpers to start, inspect and wait for environments that run on this machine."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread

import psutil

from logops.environment import Environment
from logops.platforms.local import LocalPlatform
from logops.platforms.local.ports import taken
from logops.platforms.platform import ProcessStatus
from logops.render import STAGES
from logops.render.topology import PORTS
from tests.support.environments import environment


def own_share(ports: Sequence[int]) -> list[int]:
    """Return the ports of this pytest-xdist worker, so that two workers never choose the same free port."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return list(ports[process :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))])


def free_base_port() -> int:
    """Return the first of a hundred free ports, below the range of ephemeral ports."""
    bases = own_share(range(20_000, 32_000, PORTS))
    random.shuffle(bases)
    return next(base for base in bases if not taken(range(base, base + PORTS)))


def free_ports(count: int) -> list[int]:
    """Return free ports, below the range of ephemeral ports."""
    ports = own_share(range(20_000, 32_000))
    random.shuffle(ports)
    return list(islice((port for port in ports if not taken([port])), count))


def security_only(name: str) -> Environment:
    """An environment of three processes: Azurite, a single Loki, Promtail. Seconds to start."""
    return environment(
        "local",
        ("name", name),
        ("platform.base_port", free_base_port()),
        ("clusters.main", None),
        ("storage_accounts.main", None),
        ("sources.application", None),
        ("sources.access", None),
        ("sources.syslog", None),
        ("agents.promtail.sources", ["audit"]),
    )


def apply_all(platform: LocalPlatform, owner: str = "tests") -> None:
    """Apply every stage, as a rollout does."""
    for stage, files in platform.desired().items():
        platform.apply(stage, files, owner, print)
    assert [stage for stage in STAGES if platform.live(stage) != platform.desired()[stage]] == []


def statuses(platform: LocalPlatform) -> dict[str, ProcessStatus]:
    return {status.name: status for status in platform.processes()}


def pid_of(platform: LocalPlatform, process: str) -> int:
    pid = statuses(platform)[process].pid
    assert pid is not None, f"{process} does not run"
    return pid


def pids(platform: LocalPlatform) -> dict[str, int | None]:
    return {name: status.pid for name, status in statuses(platform).items()}


def all_ready(platform: LocalPlatform) -> bool:
    return all(status.ready for status in platform.processes())


def processes_of(state: Path) -> list[str]:
    """Return the command line of every running process that was started for a state folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LOGOPS_STATE") == str(state) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@contextlib.contextmanager
def steal_port(platform: LocalPlatform, process: str) -> Iterator[None]:
    """Kill a process and listen on its port before supervisord restarts the process."""
    port = statuses(platform)[process].port
    assert port is not None
    psutil.Process(pid_of(platform, process)).send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    # supervisord takes about a second to restart the process, so this loop gets the port first.
    while (thief := _server(port)) is None:
        assert time.monotonic() < deadline, f"{process} has port {port} again"
    with thief:
        serving = Thread(target=thief.serve_forever, daemon=True)
        serving.start()
        try:
            yield
        finally:
            thief.shutdown()


def _server(port: int) -> ThreadingHTTPServer | None:
    """Return a server that answers every request with 501; None if the port is taken."""
    with contextlib.suppress(OSError):
        return ThreadingHTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler)
    return None
