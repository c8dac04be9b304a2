"""The waiting room of records for the sender: the interface, and the store in memory. The queue has the lock."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from logops.wire import Record

RECORD_BYTES = 380
"""Memory of a record besides its texts: objects and pointers."""
PAIR_BYTES = 160
"""Memory of a metadata pair besides its texts."""


def size_bytes(record: Record) -> int:
    """Return the memory of a record, on the safe side. Labels and names are shared by many records."""
    line = record.line
    size = RECORD_BYTES + (len(line) if line.isascii() else 4 * len(line))
    for _, value in record.metadata:
        size += PAIR_BYTES + (len(value) if value.isascii() else 4 * len(value))
    return size


class Batch(Protocol):
    """The oldest records of a store, while they are sent."""

    def read(self) -> Sequence[Record]:
        """Return the records. Called without the queue's lock."""


class Store(Protocol):
    """Records in order, limited by bytes."""

    waiting_bytes: int
    """Bytes that no batch has claimed."""

    def prepare(self, record: Record) -> tuple[Any, int]:
        """Return the form in which the store keeps a record, and its bytes. Called without the queue's lock."""

    def append(self, item: Any, size: int) -> bool:
        """Keep a record. Return False if there is no room."""

    def drop_oldest(self) -> int:
        """Delete the oldest records that no batch has claimed, as few as possible. Return how many: 0 if none can."""

    def note_dropped(self, records: int) -> None:
        """Keep the number of records that were not accepted, if the store outlives the process."""

    def claim(self, max_bytes: int) -> Batch | None:
        """Return the oldest records, at most about `max_bytes`; None if no record waits. One batch at a time."""

    def release(self, batch: Any) -> None:
        """Delete the records of a batch: all were sent or refused."""

    def close(self) -> int:
        """Return how many records are lost with this store: 0 if they are on disk."""

    def forget(self) -> None:
        """Leave the records to the parent, in a forked child."""


class MemoryBatch:
    """Records of a `MemoryStore`."""

    def __init__(self, records: list[Record], size: int) -> None:
        self.records = records
        self.size = size

    def read(self) -> Sequence[Record]:
        return self.records


class MemoryStore:
    """Records in memory. They are lost if the process is killed."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.waiting_bytes = 0
        self._claimed: MemoryBatch | None = None
        self._records: deque[tuple[Record, int]] = deque()

    def prepare(self, record: Record) -> tuple[Record, int]:
        return record, size_bytes(record)

    def append(self, item: Record, size: int) -> bool:
        claimed = self._claimed.size if self._claimed else 0
        if claimed + self.waiting_bytes + size > self.max_bytes:
            return False
        self._records.append((item, size))
        self.waiting_bytes += size
        return True

    def drop_oldest(self) -> int:
        if not self._records:
            return 0
        self.waiting_bytes -= self._records.popleft()[1]
        return 1

    def note_dropped(self, records: int) -> None:
        """Nothing outlives the process."""

    def claim(self, max_bytes: int) -> MemoryBatch | None:
        records: list[Record] = []
        size = 0
        waiting = self._records
        while waiting and (not records or size + waiting[0][1] <= max_bytes):
            record, record_size = waiting.popleft()
            records.append(record)
            size += record_size
        if not records:
            return None
        self.waiting_bytes -= size
        self._claimed = MemoryBatch(records, size)
        return self._claimed

    def release(self, batch: MemoryBatch) -> None:
        self._claimed = None

    def close(self) -> int:
        claimed = len(self._claimed.records) if self._claimed else 0
        return len(self._records) + claimed

    def forget(self) -> None:
        """The child has a copy of the memory, and does not use it."""
