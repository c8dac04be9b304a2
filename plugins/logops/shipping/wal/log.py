"""The write-ahead log as a store of records: segments in order, the oldest read first, the newest written."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from logops.number_text import size_text
from logops.shipping.counters import Counters
from logops.shipping.errors import ShippingError
from logops.shipping.wal.frame import FRAME, Damage, decode_record, encode_record
from logops.shipping.wal.segment import Segment, SegmentFormatError
from logops.shipping.wal.slots import take_slot
from logops.wire import Record

_LARGEST_SEGMENT_BYTES = 16 * 1024 * 1024
_SEGMENTS = 8
"""Segments that fit into the limit: deleting the oldest one frees an eighth."""
SMALLEST_LIMIT_BYTES = 1024 * 1024


class WriteAheadLog:
    """Records on disk, limited by bytes. A `Store`."""

    def __init__(self, directory: Path, max_bytes: int, counters: Counters, report: Callable[[str], None]) -> None:
        """Take a folder of the directory, with the segments that dead processes left.

        report   called with a message for people, with the queue's lock held: it must not log

        Raises ShippingError if the limit is too small or the directory is not writable.
        """
        if max_bytes < SMALLEST_LIMIT_BYTES:
            raise ShippingError(
                f"The limit of the write-ahead log {directory} is {size_text(max_bytes)}. "
                f"Give at least {size_text(SMALLEST_LIMIT_BYTES)}."
            )
        self._max_bytes = max_bytes
        self._segment_bytes = min(max_bytes // _SEGMENTS, _LARGEST_SEGMENT_BYTES)
        self._counters = counters
        self._report = report
        try:
            self._slot, self._ledger = take_slot(directory)
        except OSError as error:
            raise ShippingError(
                f"Opening the write-ahead log {directory}: {error.strerror or error}. "
                "Give a directory that this process may write to."
            ) from error
        counters.dropped_before = self._ledger.count
        self._segments = [segment for file in self._slot.segment_files() if (segment := self._open(file))]
        self._total_bytes = sum(segment.size_bytes for segment in self._segments)
        self.waiting_bytes = sum(segment.end - segment.position for segment in self._segments)
        self._current: Segment | None = None
        self._claimed: WalBatch | None = None
        self._disk_error = ""

    def prepare(self, record: Record) -> tuple[bytes, int]:
        payload = encode_record(record)
        return payload, FRAME.size + len(payload)

    def append(self, item: bytes, size: int) -> bool:
        current = self._current
        if current is None or not current.append(item):
            current = self._current = self._new_segment(len(item))
            if current is None or not current.append(item):
                return False
        self.waiting_bytes += size
        return True

    def drop_oldest(self) -> int:
        for segment in self._segments:
            if segment is not self._current and not (self._claimed and self._claimed.segment is segment):
                dropped = segment.count_unsent()
                if not segment.is_ours:
                    self._counters.replayed += dropped
                self.waiting_bytes -= _unread_bytes(segment)
                # First the number, then the file: a process that is killed in between counts too many, not too few.
                self.note_dropped(dropped)
                self._remove(segment)
                return dropped or self.drop_oldest()
        return 0

    def claim(self, max_bytes: int) -> "WalBatch | None":
        for segment in list(self._segments):
            if _unread_bytes(segment) > 0:
                self._claimed = WalBatch(self, segment, max_bytes)
                return self._claimed
            if segment is not self._current:
                self._remove(segment)
        self.waiting_bytes = 0
        return None

    def release(self, batch: "WalBatch") -> None:
        segment = batch.segment
        before = _unread_bytes(segment)
        segment.mark_sent(batch.position, batch.records)
        self.waiting_bytes -= before - _unread_bytes(segment)
        self._claimed = None
        if segment is not self._current and _unread_bytes(segment) <= 0:
            self._remove(segment)

    def note_dropped(self, records: int) -> None:
        self._ledger.add(records)

    def close(self) -> int:
        """Close the files. Nothing is lost: the next process replays what was not sent."""
        for segment in list(self._segments):
            if _unread_bytes(segment) <= 0:
                self._remove(segment)
            else:
                segment.close()
        self._segments = []
        self._ledger.delete()
        self._slot.close()
        return 0

    def forget(self) -> None:
        """Close the lock in a forked child: segments and folder belong to the parent."""
        self._slot.close()

    def note_read(self, segment: Segment, records: int, damage: Damage | None) -> None:
        """Count the records that were read from a segment, and report its damage."""
        if not segment.is_ours:
            self._counters.replayed += records
        if damage is not None:
            self._counters.torn += 1
            self._report(
                f"Reading the write-ahead log {segment.file}: {damage.reason}, at offset {damage.offset:,}. "
                "The records before it are sent; what follows in this file cannot be read. A record that was being "
                "written when its process ended was not acknowledged."
            )

    def _open(self, file: Path) -> Segment | None:
        try:
            return Segment.open(file)
        except (OSError, SegmentFormatError) as error:
            self._counters.torn += 1
            self._report(
                f"Opening the segment {file} of the write-ahead log: {error}. It is skipped and stays where it is. "
                "Look at it, or delete it."
            )
            return None

    def _new_segment(self, payload_bytes: int) -> Segment | None:
        size = max(self._segment_bytes, Segment.room_for(payload_bytes))
        if self._current is not None and _unread_bytes(self._current) <= 0 and self._claimed is None:
            self._remove(self._current)
        if self._total_bytes + size > self._max_bytes:
            return None
        file = self._slot.folder / f"{time.time_ns():020d}-{os.getpid()}.segment"
        try:
            segment = Segment(file, size)
        except OSError as error:
            self._report_disk_error(f"{error.strerror or error}")
            return None
        self._disk_error = ""
        self._segments.append(segment)
        self._total_bytes += size
        return segment

    def _report_disk_error(self, reason: str) -> None:
        """Report an error of the disk once, not at every log call."""
        if reason != self._disk_error:
            self._disk_error = reason
            self._report(
                f"Writing the write-ahead log {self._slot.folder}: {reason}. It accepts no more records until there is "
                "room. Free disk space, or give another directory."
            )

    def _remove(self, segment: Segment) -> None:
        segment.delete()
        self._segments.remove(segment)
        self._total_bytes -= segment.size_bytes
        if segment is self._current:
            self._current = None


class WalBatch:
    """The oldest unsent records of a segment."""

    def __init__(self, log: WriteAheadLog, segment: Segment, max_bytes: int) -> None:
        self.segment = segment
        self.position = segment.position
        self.records = 0
        self._log = log
        self._max_bytes = max_bytes

    def read(self) -> Sequence[Record]:
        payloads, self.position, damage = self.segment.read(self._max_bytes)
        self.records = len(payloads)
        self._log.note_read(self.segment, len(payloads), damage)
        return [decode_record(payload) for payload in payloads]


def _unread_bytes(segment: Segment) -> int:
    return segment.end - segment.position
