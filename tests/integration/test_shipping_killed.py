"""No acknowledged record is lost, although Loki is down and the process is killed twice meanwhile."""

import ast
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.support.log_receiver import LogReceiver

TIMEOUT_S = 60

PROGRAM = """
import os, sys
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
shipper = Shipper(Target(url), options)
for number in range(first, last) if last else count(first):
    if shipper.put(Record(number + 1, f"{number}", (("service", "shop"),), ())):
        # The caller has its acknowledgement: the line is in the pipe, whatever happens to this process.
        os.write(1, b"%d\\n" % number)
counters = shipper.close()
print(counters.as_dict(), file=sys.stderr)
"""


def start(receiver: LogReceiver, wal_dir: Path, first: int, last: int = 0, **variables: str) -> "subprocess.Popen[str]":
    arguments = [receiver.url, str(wal_dir), str(first), str(last)]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def acknowledged_until_killed(process: "subprocess.Popen[str]", records: int) -> list[int]:
    """Kill a process while it logs. Return the records that were acknowledged to it."""
    assert process.stdout
    numbers = [int(process.stdout.readline()) for _ in range(records)]
    os.kill(process.pid, signal.SIGKILL)
    numbers += [int(line) for line in process.stdout]
    process.wait(TIMEOUT_S)
    return numbers


def test_acknowledged_records_survive_two_kills_while_loki_is_down(tmp_path: Path) -> None:
    receiver = LogReceiver()
    receiver.stop()
    acknowledged: list[int] = []
    for _ in range(2):
        process = start(receiver, tmp_path, len(acknowledged))
        acknowledged += acknowledged_until_killed(process, 2000)
    process = start(receiver, tmp_path, len(acknowledged), len(acknowledged) + 100)
    try:
        receiver.start_again()
        out, err = process.communicate(timeout=TIMEOUT_S)
    finally:
        receiver.stop()
    acknowledged += [int(line) for line in out.split()]

    received = [int(line) for line in receiver.lines]
    assert set(acknowledged) - set(received) == set()
    assert list(dict.fromkeys(received)) == sorted(set(received)), "not in order"
    # At most the record that was written when a process was killed, before its acknowledgement.
    assert len(set(received) - set(acknowledged)) <= 2
    assert f"'sent': {len(received)}," in err
    assert not list(tmp_path.glob("*/*.segment"))


def test_records_are_acknowledged_by_loki_before_they_leave_the_log(tmp_path: Path) -> None:
    """Loki has received the records, but its answer did not arrive: they are sent again."""
    received = threading.Event()
    killed = threading.Event()

    def never_answer(records: object) -> tuple[int, str]:
        received.set()
        killed.wait(TIMEOUT_S)
        return 503, ""

    with LogReceiver(never_answer) as receiver:
        process = start(receiver, tmp_path, 0)
        assert received.wait(TIMEOUT_S)
        acknowledged = acknowledged_until_killed(process, 10)
        killed.set()
        receiver.answer = lambda records: (204, "")
        start(receiver, tmp_path, 0, 1).communicate(timeout=TIMEOUT_S)
        assert set(acknowledged) - {int(line) for line in receiver.lines} == set()


def test_every_record_that_a_killed_process_dropped_is_counted(tmp_path: Path) -> None:
    """The limit is far below what is logged. Each acknowledged record arrives, or is in a count."""
    limited = {"WAL_BYTES": str(2**20), "WHEN_FULL": "drop_oldest"}
    receiver = LogReceiver()
    receiver.stop()
    process = start(receiver, tmp_path, 0, **limited)
    acknowledged = acknowledged_until_killed(process, 40_000)
    receiver.start_again()
    try:
        _, err = start(receiver, tmp_path, 0, 1, **limited).communicate(timeout=TIMEOUT_S)
    finally:
        receiver.stop()
    (counters,) = (ast.literal_eval(line) for line in err.splitlines() if line.startswith("{"))
    assert counters["dropped_before"] > 0
    # The last process logs one record. The log is full: it drops the oldest records of the first one.
    arrived_or_counted = counters["sent"] - 1 + counters["dropped_before"] + counters["dropped_oldest"]
    # At most the record that was written when the process was killed, before its acknowledgement.
    assert 0 <= arrived_or_counted - len(acknowledged) <= 1
    assert f"{counters['dropped_before']:,} records dropped by earlier processes that were killed" in err
