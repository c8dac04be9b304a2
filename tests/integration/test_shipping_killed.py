"""No acknowledged record is lost, although Loki is down and the process is killed twice meanwhile."""

import threading
from pathlib import Path

from tests.support.killed_logger import KilledLogger
from tests.support.log_receiver import LogReceiver

TIMEOUT_S = 60


def test_acknowledged_records_survive_two_kills_while_loki_is_down(tmp_path: Path) -> None:
    receiver = LogReceiver()
    receiver.stop()
    acknowledged: list[int] = []
    for _ in range(2):
        logger = KilledLogger(receiver.url, tmp_path, len(acknowledged))
        logger.wait_for(2000)
        acknowledged += logger.kill()
    logger = KilledLogger(receiver.url, tmp_path, len(acknowledged), len(acknowledged) + 100)
    try:
        receiver.start_again()
        acknowledged += logger.end()
    finally:
        receiver.stop()

    received = [int(line) for line in receiver.lines]
    assert set(acknowledged) - set(received) == set()
    assert list(dict.fromkeys(received)) == sorted(set(received)), "not in order"
    # At most the record that was written when a process was killed, before its acknowledgement.
    assert len(set(received) - set(acknowledged)) <= 2
    assert logger.counters["sent"] == len(received)
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
        logger = KilledLogger(receiver.url, tmp_path, 0)
        assert received.wait(TIMEOUT_S)
        logger.wait_for(10)
        acknowledged = logger.kill()
        killed.set()
        receiver.answer = lambda records: (204, "")
        KilledLogger(receiver.url, tmp_path, 0, 1).end()
        assert set(acknowledged) - {int(line) for line in receiver.lines} == set()


def test_every_record_that_a_killed_process_dropped_is_counted(tmp_path: Path) -> None:
    """The limit is far below what is logged. Each acknowledged record arrives, or is in a count."""
    limited = {"WAL_BYTES": str(2**20), "WHEN_FULL": "drop_oldest"}
    receiver = LogReceiver()
    receiver.stop()
    logger = KilledLogger(receiver.url, tmp_path, 0, **limited)
    logger.wait_for(40_000)
    acknowledged = logger.kill()
    receiver.start_again()
    last = KilledLogger(receiver.url, tmp_path, 0, 1, **limited)
    try:
        last.end()
    finally:
        receiver.stop()
    counters = last.counters
    assert counters["dropped_before"] > 0
    # The last process logs one record. The log is full: it drops the oldest records of the first one.
    arrived_or_counted = counters["sent"] - 1 + counters["dropped_before"] + counters["dropped_oldest"]
    # At most the record that was written when the process was killed, before its acknowledgement.
    assert 0 <= arrived_or_counted - len(acknowledged) <= 1
    assert f"{counters['dropped_before']:,} records dropped by earlier processes that were killed" in last.errors
