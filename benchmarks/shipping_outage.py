"""Loki is down for ten minutes while two applications log, and each is killed twice meanwhile: what is lost?

    python -m benchmarks.shipping_outage [--minutes 10] [--rate 300]

The server only acknowledges; its port is really closed. The applications log numbered lines through logops.shipping
with a write-ahead log. So each line is known: acknowledged to the caller, received by the server, or in a count of
dropped records. One application has room for the outage. The other has 2 MiB and the policy `drop_oldest`, so it must
drop.

Exit status 1 if an acknowledged record is neither received nor counted.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.killed_logger import KilledLogger
from tests.support.log_receiver import LogReceiver

BEFORE_S = 10
"""Load before the outage, and after it."""
LIMITS = {
    "room for the outage": {},
    "2 MiB, drop_oldest": {"WAL_BYTES": str(2**21), "WHEN_FULL": "drop_oldest"},
}
_DROPPED = ("dropped_before", "dropped_oldest", "dropped_newest", "refused")


class Application:
    """A process that logs at a moderate rate to a server of its own, and its successors after each kill."""

    def __init__(self, folder: Path, rate: float, limits: dict[str, str]) -> None:
        self.receiver = LogReceiver()
        self.receiver.start()
        self.acknowledged: list[int] = []
        self._folder = folder
        self._variables = {**limits, "PAUSE_S": str(1 / rate)}
        self.logger = self._start(0)

    def kill(self, records_left: int = 0) -> None:
        """Kill the process and start the next one at once. It ends by itself after `records_left`; 0: it does not."""
        self.acknowledged += self.logger.kill()
        self.logger = self._start(records_left)

    def end(self) -> None:
        """Wait until the last process has sent everything and ended."""
        self.acknowledged += self.logger.end()
        self.receiver.stop()

    def _start(self, records: int) -> KilledLogger:
        first = self.acknowledged[-1] + 1 if self.acknowledged else 0
        last = first + records if records else 0
        return KilledLogger(self.receiver.url, self._folder, first, last, **self._variables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=300, help="lines a second of each application")
    options = parser.parse_args()
    third_s = options.minutes * 60 / 3
    with tempfile.TemporaryDirectory(prefix="logops-outage-") as folder:
        applications = {
            name: Application(Path(folder) / str(number), options.rate, limits)
            for number, (name, limits) in enumerate(LIMITS.items())
        }
        time.sleep(BEFORE_S)
        for application in applications.values():
            application.receiver.stop()
        for records_left in (0, int(options.rate * (third_s + BEFORE_S))):
            time.sleep(third_s)
            for application in applications.values():
                application.kill(records_left)
        time.sleep(third_s)
        for application in applications.values():
            application.receiver.start_again()
        for application in applications.values():
            application.end()
    sys.exit(show(applications, options.minutes))


def show(applications: dict[str, Application], minutes: float) -> int:
    """Print what became of every record. Return the exit status."""
    columns = ("acknowledged", "received", "not received", "counted as dropped", "received twice", "in order")
    table = Table("write-ahead log", *columns, title=f"{minutes:g} minutes without server, two kills")
    uncounted = 0
    for name, application in applications.items():
        received = [int(line) for line in application.receiver.lines]
        lost = len(set(application.acknowledged) - set(received))
        dropped = sum(application.logger.counters[counter] for counter in _DROPPED)
        uncounted += max(0, lost - dropped)
        first_times = list(dict.fromkeys(received))
        table.add_row(
            name,
            *(f"{len(application.acknowledged):,}", f"{len(first_times):,}", f"{lost:,}", f"{dropped:,}"),
            f"{len(received) - len(first_times):,}",
            "yes" if first_times == sorted(first_times) else "no",
        )
    Console(width=120).print(table)
    print(f"Neither received nor counted: {uncounted:,} records.")
    return 1 if uncounted else 0


if __name__ == "__main__":
    main()
