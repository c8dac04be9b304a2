"""Count the acknowledged lines that are lost while Loki restarts, and when an ingester is killed.

    python -m benchmarks.lines_lost [--lines 100000]

Pushes numbered lines through the distributor at a steady pace, in small batches. A batch that is not acknowledged is
pushed again, as an agent does, and counts once. Meanwhile a rollout changes the main cluster's configuration, which
restarts its processes one at a time. In a second round, one ingester is killed with SIGKILL. Then every acknowledged
line is read back: from the running cluster, and again after another rolling restart, when no line is in memory.
"""

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Literal

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.temporary_environment import fresh_environment, open_in, running_in_a_temporary_folder
from logops.clients.loki import Entry, LokiClient
from logops.clients.loki.errors import LokiError, LokiUnreachableError
from logops.platforms.local import LocalPlatform
from logops.rollout import Plan, RolloutResult, plan, run_rollout, unattended
from logops.rollout.approval import TERMINAL
from logops.toolchain import ensure

TENANT = "application"
BATCH = 100
LINES_A_SECOND = 2500


@dataclass
class Load:
    """Numbered lines at a steady pace, and the numbers that Loki acknowledged."""

    url: str
    job: str
    at_least: int
    disturbed: threading.Event
    """Set when the disturbance is over: until then the load goes on."""
    acknowledged: set[int] = field(default_factory=set)
    repeated: int = 0
    """Attempts that were not acknowledged."""

    def run(self) -> None:
        """Push batches, and repeat each until it is acknowledged."""
        due = time.monotonic()
        with LokiClient(self.url, read_timeout=30, retry_for=0) as client:
            for first in count(step=BATCH):
                if first >= self.at_least and self.disturbed.is_set():
                    return
                numbers = range(first, first + BATCH)
                batch = [self._line(number) for number in numbers]
                while not self._push(client, batch):
                    self.repeated += 1
                    time.sleep(0.1)
                self.acknowledged.update(numbers)
                due += BATCH / LINES_A_SECOND
                time.sleep(max(0.0, due - time.monotonic()))

    def _line(self, number: int) -> Entry:
        labels = {"job": self.job, "shard": str(number % 8)}
        return Entry(time.time_ns(), labels, f"number={number} the quick brown fox jumps over the lazy dog")

    def _push(self, client: LokiClient, batch: list[Entry]) -> bool:
        try:
            client.push(TENANT, batch)
        except LokiError as error:
            if isinstance(error, LokiUnreachableError) or getattr(error, "temporary", True):
                return False
            raise
        return True


def roll_out(platform: LocalPlatform, planned: Plan, owner: str) -> RolloutResult:
    approval = unattended(planned, datetime.now(UTC), TERMINAL)
    return run_rollout(platform, planned, approval, owner, lambda _line: None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    lines = parser.parse_args().lines
    ensure()
    console = Console()
    results = Table("while", "acknowledged", "repeated", "lost", "lost later", "seconds", box=None)
    with running_in_a_temporary_folder(fresh_environment("lines-lost")) as platform:
        roll_out(platform, plan(platform), "benchmark")
        rounds: list[tuple[str, Callable[[LocalPlatform], object]]] = [
            ("all of main is restarted, one at a time", restart_all),
            ("an ingester is killed (SIGKILL)", kill_an_ingester),
        ]
        for number, (what, disturb) in enumerate(rounds):
            with console.status(what):
                results.add_row(what, *map(str, one_round(platform, f"lost-{number}", lines, disturb)))
    console.print(results)


def one_round(
    platform: LocalPlatform, job: str, lines: int, disturb: Callable[[LocalPlatform], object]
) -> tuple[int, int, int, int, int]:
    started = time.time_ns()
    load = Load(platform.write_url("main"), job, lines, threading.Event())
    pushing = threading.Thread(target=load.run)
    pushing.start()
    while len(load.acknowledged) < lines // 10 and pushing.is_alive():
        time.sleep(0.05)
    try:
        disturb(platform)
    finally:
        load.disturbed.set()
        pushing.join()
    seconds = round((time.time_ns() - started) / 1e9)
    lost = len(load.acknowledged - set(read_back(platform, job, started)))
    restart_all(platform)
    lost_later = len(load.acknowledged - set(read_back(platform, job, started)))
    return len(load.acknowledged), load.repeated, lost, lost_later, seconds


def restart_all(platform: LocalPlatform) -> None:
    """Roll out another log level, which restarts the processes. The next call restores the first one."""
    main = platform.environment.clusters["main"]
    running = open_in(platform.environment, platform.state).live("loki")["loki/main.yaml"]
    level: Literal["info", "warn"] = "warn" if "log_level: info" in running else "info"
    clusters = {**platform.environment.clusters, "main": main.model_copy(update={"log_level": level})}
    changed = open_in(platform.environment.model_copy(update={"clusters": clusters}), platform.state)
    result = roll_out(changed, plan(changed, ("loki",)), f"log level {level}")
    if result.failed:
        raise SystemExit("\n".join([result.headline, *result.failures.values()]))


def kill_an_ingester(platform: LocalPlatform) -> None:
    victim = next(process for process in platform.processes() if process.name == "main-ingester-1")
    psutil.Process(victim.pid).kill()


def read_back(platform: LocalPlatform, job: str, start_ns: int) -> Iterator[int]:
    """Return the numbers of all lines of a job that queries return."""
    with LokiClient(platform.read_url("main")) as client:
        for entry in client.read_all(TENANT, f'{{job="{job}"}}', start_ns, time.time_ns()):
            yield int(entry.text.split(" ", 1)[0].removeprefix("number="))


if __name__ == "__main__":
    main()
