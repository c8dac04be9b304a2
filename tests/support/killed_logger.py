"""A process that logs through a shipper with a write-ahead log, to be killed: what was acknowledged to it."""

import ast
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

_TIMEOUT_S = 120
_PROGRAM = """
import os, sys, time
from itertools import count
from pathlib import Path
from logops.shipping import BufferOptions, Record, Shipper, Target

url, wal_dir, first, last = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
options = BufferOptions(
    wal_dir=wal_dir,
    batch_age_s=0.05,
    exit_timeout_s=60,
    wal_max_bytes=int(os.environ.get("WAL_BYTES", 2**26)),
    when_full=os.environ.get("WHEN_FULL", "block"),
)
pause_s = float(os.environ.get("PAUSE_S", 0))
shipper = Shipper(Target(url), options)
for number in range(first, last) if last else count(first):
    if shipper.put(Record(number + 1, f"{number}", (("service", "shop"),), ())):
        # The caller has its acknowledgement: the line is in the pipe, whatever happens to this process.
        os.write(1, b"%d\\n" % number)
    if pause_s:
        # The rate of a program that logs all the time.
        time.sleep(pause_s)
counters = shipper.close()
print(counters.as_dict(), file=sys.stderr)
"""


class KilledLogger:
    """A process that logs numbers, one a record, from `first` on."""

    def __init__(self, url: str, wal_dir: Path, first: int, last: int = 0, **variables: str) -> None:
        """
        last        the process ends by itself before this number; 0: it logs until it is killed
        variables   WAL_BYTES and WHEN_FULL as the options of a shipper, PAUSE_S after each record
        """
        self.acknowledged: list[int] = []
        """The records that the buffer accepted."""
        self.errors = ""
        """What the process wrote to its standard error, once it has ended."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, url, str(wal_dir), str(first), str(last)],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._arrived = threading.Condition()
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def wait_for(self, records: int) -> None:
        """Wait until this many records were acknowledged."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.acknowledged) >= records, _TIMEOUT_S), self.errors

    def kill(self) -> list[int]:
        """Kill the process while it logs. Return the records that were acknowledged to it."""
        os.kill(self._process.pid, signal.SIGKILL)
        return self.end()

    def end(self) -> list[int]:
        """Wait for the end of the process. Return the records that were acknowledged to it."""
        self._process.wait(_TIMEOUT_S)
        for reader in self._readers:
            reader.join(_TIMEOUT_S)
        return self.acknowledged

    @property
    def counters(self) -> dict[str, int]:
        """The counters of a process that has ended by itself."""
        (line,) = (line for line in self.errors.splitlines() if line.startswith("{"))
        counters: dict[str, int] = ast.literal_eval(line)
        return counters

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._arrived:
                self.acknowledged.append(int(line))
                self._arrived.notify_all()

    def _read_errors(self) -> None:
        assert self._process.stderr
        self.errors = self._process.stderr.read()
