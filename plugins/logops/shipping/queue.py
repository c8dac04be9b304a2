"""The bounded queue between log calls and the sender: the policy when it is full, and when a batch is due."""

import math
import threading
import time
from collections.abc import Iterable
from enum import StrEnum

from logops.shipping.counters import Counters
from logops.shipping.store import Batch, Store
from logops.wire import Record


class WhenFull(StrEnum):
    """The fate of a record if the buffer is full."""

    BLOCK = "block"
    """The log call waits for room, for at most `block_ms`. Then this record is dropped."""
    DROP_OLDEST = "drop_oldest"
    """The oldest waiting records are deleted to make room."""
    DROP_NEWEST = "drop_newest"
    """This record is dropped."""


class RecordQueue:
    """A bounded queue of records. Safe for several threads that put, and one that takes."""

    def __init__(
        self,
        store: Store,
        counters: Counters,
        *,
        when_full: WhenFull = WhenFull.BLOCK,
        block_s: float = 0.1,
        batch_bytes: int = 1024 * 1024,
        batch_age_s: float = 1.0,
    ) -> None:
        """
        block_s      longest wait of `put` if the policy is BLOCK
        batch_bytes  a batch is due when this many bytes wait
        batch_age_s  or when the oldest record has waited this long
        """
        self.counters = counters
        self._store = store
        self._when_full = when_full
        self._block_s = block_s
        self._batch_bytes = batch_bytes
        self._batch_age_s = batch_age_s
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        """The sender waits for it."""
        self._released = threading.Condition(self._lock)
        """Blocked log calls and `wait_until_empty` wait for it."""
        self._oldest_s: float | None = time.monotonic() if store.waiting_bytes else None
        """When the oldest waiting record arrived; None if no record waits."""
        self._batch: Batch | None = None
        self._at_once = False
        """Whether waiting records are due whatever their size and age."""
        self._closed = False

    def put(self, record: Record, *, may_block: bool = True) -> bool:
        """Add a record. Return False if it was dropped."""
        item, size = self._store.prepare(record)
        with self._lock:
            if not self._closed and self._store.append(item, size):
                self.counters.accepted += 1
                if self._oldest_s is None:
                    self._oldest_s = time.monotonic()
                    self._arrived.notify()
                elif self._store.waiting_bytes >= self._batch_bytes:
                    self._arrived.notify()
                return True
            return self._put_when_full(item, size, self._block_s if may_block else 0.0)

    def put_all(self, records: Iterable[Record], *, wait_s: float) -> int:
        """Add records in order. Each waits for room for at most `wait_s`, whatever the policy.

        Return how many were added. The others are not dropped: the caller still has them.
        """
        prepare, append = self._store.prepare, self._store.append
        items = [prepare(record) for record in records]
        added = 0
        with self._lock:
            for item, size in items:
                if self._closed or not (append(item, size) or self._wait_for_room(item, size, wait_s)):
                    break
                added += 1
                self.counters.accepted += 1
            self._mark_arrived()
        return added

    @property
    def is_finished(self) -> bool:
        """Whether the queue is closed and no record waits."""
        return self._closed and self._oldest_s is None and self._batch is None

    def take(self, timeout_s: float) -> Batch | None:
        """Wait until a batch is due, and return it; None if none is due in time, or the queue is finished.

        The records stay in the store until `release`.
        """
        deadline = time.monotonic() + timeout_s
        with self._lock:
            while not self.is_finished:
                now = time.monotonic()
                due_s = self._due_s(now)
                if due_s <= now:
                    self._batch = self._store.claim(self._batch_bytes)
                    self._oldest_s = now if self._store.waiting_bytes else None
                    if self._batch is not None:
                        return self._batch
                    self._released.notify_all()
                elif now >= deadline:
                    break
                else:
                    self._arrived.wait(min(due_s, deadline) - now)
            return None

    def count_cut(self) -> None:
        """Count a line that was cut."""
        with self._lock:
            self.counters.cut += 1

    def release(self, batch: Batch) -> None:
        """Delete the records of a batch from the store."""
        with self._lock:
            self._store.release(batch)
            self._batch = None
            if not self._store.waiting_bytes:
                self._oldest_s = None
            self._released.notify_all()

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Make waiting records due at once, and wait until all were sent or refused. Return whether they were."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            self._at_once = True
            self._arrived.notify()
            try:
                while self._oldest_s is not None or self._batch is not None:
                    remaining_s = deadline - time.monotonic()
                    if remaining_s <= 0:
                        return False
                    self._released.wait(remaining_s)
                return True
            finally:
                self._at_once = False

    def close(self) -> None:
        """Accept no more records. What waits is due at once."""
        with self._lock:
            self._closed = True
            self._arrived.notify_all()
            self._released.notify_all()

    def close_store(self) -> None:
        """Close the store, and count the records that are lost with it."""
        with self._lock:
            self.counters.dropped_at_exit += self._store.close()

    def _due_s(self, now: float) -> float:
        """Return when a batch is due; infinity if no record waits."""
        if self._oldest_s is None:
            return math.inf
        if self._closed or self._at_once or self._store.waiting_bytes >= self._batch_bytes:
            return now
        return self._oldest_s + self._batch_age_s

    def _mark_arrived(self) -> None:
        if self._store.waiting_bytes and self._oldest_s is None:
            self._oldest_s = time.monotonic()
        self._arrived.notify()

    def _put_when_full(self, item: object, size: int, block_s: float) -> bool:
        if self._closed:
            added = False
        elif self._when_full == WhenFull.DROP_OLDEST:
            added = self._make_room(item, size)
        else:
            added = self._when_full == WhenFull.BLOCK and self._wait_for_room(item, size, block_s)
        if added:
            self.counters.accepted += 1
            self._mark_arrived()
        else:
            self.counters.dropped_newest += 1
            if not self._closed:
                self._store.note_dropped(1)
        return added

    def _make_room(self, item: object, size: int) -> bool:
        while dropped := self._store.drop_oldest():
            self.counters.dropped_oldest += dropped
            if self._store.append(item, size):
                return True
        return False

    def _wait_for_room(self, item: object, size: int, wait_s: float) -> bool:
        self._mark_arrived()
        deadline = time.monotonic() + wait_s
        while not self._closed and (remaining_s := deadline - time.monotonic()) > 0:
            self._released.wait(remaining_s)
            if not self._closed and self._store.append(item, size):
                return True
        return False
