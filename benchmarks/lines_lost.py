"""How many acknowledged lines are lost while Loki is restarted, and when an ingester is killed.

    python benchmarks/lines_lost.py [--lines 100000]

Pushes numbered lines through the distributor, at a steady pace, in small batches. A batch that is not acknowledged
is pushed again, as an agent does, and counts once. Meanwhile every process of the main cluster is restarted, one at
a time; then, in a second round, one ingester is killed with SIGKILL. Afterwards every acknowledged line is looked
for: all lines are read back, once from the running cluster and once after everything was flushed and restarted.
"""

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psutil
from rich.console import Console
from rich.table import Table

from logops.loki import LokiClient
from logops.loki.entries import Entry
from logops.loki.errors import LokiError, LokiUnreachable
from logops.platforms.local import LocalPlatform
from logops.rollout import plan, run_rollout
from logops.toolchain import ensure
from place import fresh_platform

TENANT = "application"
BATCH = 100


@dataclass
class Load:
    """Numbered lines, and which of them Loki acknowledged."""

    url: str
    job: str
    wanted: int
    acknowledged: set[int] = field(default_factory=set)
    refused: int = 0
    """Attempts that were not acknowledged and were repeated."""

    def run(self) -> None:
        """Push every line, each until it is acknowledged."""
        with LokiClient(self.url, read_timeout=30, retry_for=0) as client:
            for first in range(0, self.wanted, BATCH):
                numbers = range(first, min(first + BATCH, self.wanted))
                batch = [self._line(number) for number in numbers]
                while not self._push(client, batch):
                    self.refused += 1
                    time.sleep(0.2)
                self.acknowledged.update(numbers)

    def _line(self, number: int) -> Entry:
        labels = {"job": self.job, "shard": str(number % 8)}
        return Entry(time.time_ns(), labels, f"number={number} the quick brown fox jumps over the lazy dog")

    def _push(self, client: LokiClient, batch: list[Entry]) -> bool:
        try:
            client.push(TENANT, batch)
        except LokiError as error:
            if isinstance(error, LokiUnreachable) or getattr(error, "temporary", True):
                return False
            raise
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    lines = parser.parse_args().lines
    ensure()
    console = Console()
    results = Table("while", "acknowledged", "attempts repeated", "lost", "lost after restart", "seconds", box=None)
    with fresh_platform() as platform:
        run_rollout(platform, plan(platform), "benchmark", lambda _line: None)
        rounds: list[tuple[str, Callable[[LocalPlatform], object]]] = [
            ("every process of main is restarted, one at a time", restart_all),
            ("an ingester is killed with SIGKILL", kill_an_ingester),
        ]
        for number, (what, disturb) in enumerate(rounds):
            with console.status(what):
                results.add_row(what, *map(str, one_round(platform, f"lost-{number}", lines, disturb)))
    console.print(results)


def one_round(
    platform: LocalPlatform, job: str, lines: int, disturb: Callable[[LocalPlatform], object]
) -> tuple[int, int, int, int, int]:
    started = time.time_ns()
    load = Load(platform.write_url("main"), job, lines)
    pushing = threading.Thread(target=load.run)
    pushing.start()
    while len(load.acknowledged) < lines // 10 and pushing.is_alive():
        time.sleep(0.05)
    disturb(platform)
    pushing.join()
    seconds = round((time.time_ns() - started) / 1e9)
    lost = len(load.acknowledged - set(read_back(platform, job, started)))
    restart_all(platform)
    lost_later = len(load.acknowledged - set(read_back(platform, job, started)))
    return len(load.acknowledged), load.refused, lost, lost_later, seconds


def restart_all(platform: LocalPlatform) -> None:
    platform.restart("main", lambda _line: None)


def kill_an_ingester(platform: LocalPlatform) -> None:
    victim = next(process for process in platform.processes() if process.name == "main-ingester-1")
    psutil.Process(victim.pid).kill()


def read_back(platform: LocalPlatform, job: str, start_ns: int) -> Iterator[int]:
    """The numbers of all lines of a job, as queries return them."""
    with LokiClient(platform.read_url("main")) as client:
        for entry in client.read_all(TENANT, f'{{job="{job}"}}', start_ns, time.time_ns()):
            yield int(entry.text.split(" ", 1)[0].removeprefix("number="))


if __name__ == "__main__":
    main()
