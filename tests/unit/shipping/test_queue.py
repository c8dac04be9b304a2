"""The bounded queue: what is kept, what is dropped, when a batch is due."""

import threading

import pytest

from logops.shipping.counters import Counters
from logops.shipping.queue import RecordQueue, WhenFull
from logops.shipping.store import MemoryStore, size_bytes
from logops.wire import Record

LONG_S = 60.0
"""Far longer than a test runs: a wait of this length never ends by itself."""


def record(number: int, characters: int = 100) -> Record:
    return Record(number, f"{number}".ljust(characters, "."), (("service", "shop"),), ())


SIZE = size_bytes(record(0))


def queue_of(records: int, when_full: WhenFull, *, block_s: float = 0.0, batch_records: int = 1000) -> RecordQueue:
    return RecordQueue(
        MemoryStore(records * SIZE),
        Counters(),
        when_full=when_full,
        block_s=block_s,
        batch_bytes=batch_records * SIZE,
        batch_age_s=LONG_S,
    )


def taken(queue: RecordQueue) -> list[int]:
    """Close the queue and return the numbers of the records in it."""
    queue.close()
    numbers = []
    while batch := queue.take(0):
        numbers += [record.time_ns for record in batch.read()]
        queue.release(batch)
    return numbers


def test_queue_that_is_full_with_drop_newest_keeps_the_oldest() -> None:
    queue = queue_of(2, WhenFull.DROP_NEWEST)
    assert [queue.put(record(number)) for number in range(3)] == [True, True, False]
    assert taken(queue) == [0, 1]
    assert (queue.counters.accepted, queue.counters.dropped_newest) == (2, 1)


def test_queue_that_is_full_with_drop_oldest_keeps_the_newest() -> None:
    queue = queue_of(2, WhenFull.DROP_OLDEST)
    assert all(queue.put(record(number)) for number in range(5))
    assert taken(queue) == [3, 4]
    assert (queue.counters.accepted, queue.counters.dropped_oldest) == (5, 3)


def test_queue_with_drop_oldest_never_drops_a_batch_that_is_being_sent() -> None:
    queue = queue_of(2, WhenFull.DROP_OLDEST, batch_records=1)
    queue.put(record(0))
    batch = queue.take(LONG_S)
    assert batch is not None
    assert [queue.put(record(number)) for number in (1, 2)] == [True, True]
    assert [entry.time_ns for entry in batch.read()] == [0]
    queue.release(batch)
    assert taken(queue) == [2]


def test_queue_that_stays_full_with_block_drops_after_the_wait() -> None:
    queue = queue_of(1, WhenFull.BLOCK, block_s=0.01)
    assert queue.put(record(0))
    assert not queue.put(record(1))
    assert queue.counters.dropped_newest == 1


def test_queue_with_block_accepts_a_record_when_room_comes() -> None:
    queue = queue_of(1, WhenFull.BLOCK, block_s=LONG_S, batch_records=1)
    queue.put(record(0))
    results: list[bool] = []
    caller = threading.Thread(target=lambda: results.append(queue.put(record(1))))
    caller.start()
    batch = queue.take(LONG_S)
    assert batch is not None
    queue.release(batch)
    caller.join()
    assert results == [True]
    assert taken(queue) == [1]


def test_queue_with_block_does_not_block_the_sender_itself() -> None:
    queue = queue_of(1, WhenFull.BLOCK, block_s=LONG_S)
    queue.put(record(0))
    assert not queue.put(record(1), may_block=False)


def test_record_larger_than_the_queue_is_dropped_and_counted() -> None:
    queue = queue_of(2, WhenFull.DROP_OLDEST)
    assert not queue.put(record(0, characters=10_000))
    assert queue.counters.dropped_newest == 1


def test_batch_is_due_when_its_bytes_wait() -> None:
    queue = queue_of(10, WhenFull.BLOCK, batch_records=3)
    for number in range(3):
        assert queue.take(0) is None
        queue.put(record(number))
    batch = queue.take(0)
    assert batch is not None
    assert [entry.time_ns for entry in batch.read()] == [0, 1, 2]


def test_batch_is_due_when_its_first_record_is_old() -> None:
    queue = RecordQueue(MemoryStore(10 * SIZE), Counters(), batch_age_s=0.01)
    queue.put(record(0))
    assert queue.take(LONG_S) is not None


def test_closed_queue_gives_what_waits_at_once() -> None:
    queue = queue_of(10, WhenFull.BLOCK)
    queue.put(record(0))
    assert taken(queue) == [0]


def test_closed_queue_drops_and_counts_new_records() -> None:
    queue = queue_of(10, WhenFull.BLOCK, block_s=LONG_S)
    queue.close()
    assert not queue.put(record(0))
    assert queue.counters.dropped_newest == 1


def test_records_left_in_memory_at_the_end_are_counted() -> None:
    queue = queue_of(10, WhenFull.BLOCK, batch_records=1)
    for number in range(3):
        queue.put(record(number))
    assert queue.take(LONG_S)
    queue.close_store()
    assert queue.counters.dropped_at_exit == 3


def test_many_records_without_room_are_added_up_to_the_limit_and_the_others_left_to_the_caller() -> None:
    queue = queue_of(3, WhenFull.DROP_OLDEST)
    assert queue.put_all([record(number) for number in range(5)], wait_s=0) == 3
    assert taken(queue) == [0, 1, 2]
    assert (queue.counters.accepted, queue.counters.dropped_newest) == (3, 0)


@pytest.mark.parametrize("when_full", WhenFull)
def test_counters_of_a_full_queue_add_up(when_full: WhenFull) -> None:
    queue = queue_of(7, when_full)
    for number in range(100):
        queue.put(record(number))
    waiting = len(taken(queue))
    counters = queue.counters
    assert counters.accepted + counters.dropped_newest == 100
    assert counters.waiting == waiting
