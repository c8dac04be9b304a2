"""Ship records in the background: the interface for handlers and commands, safe across forks."""

import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from logops.shipping.counters import Counters
from logops.shipping.errors import ShippingError
from logops.shipping.options import BufferOptions
from logops.shipping.target import Target
from logops.wire import Record

if TYPE_CHECKING:
    from logops.shipping.worker import Worker

LOGGER_NAME = "logops.shipping"
"""Logger of the messages about shipping."""
_SHIPPERS: "weakref.WeakSet[Shipper]" = weakref.WeakSet()


class Shipper:
    """Buffers records and sends them from a background thread. Safe for several threads, and across forks.

    A record for which `put` returned True is acknowledged to the caller: it is in the buffer. With a write-ahead log it
    survives the death of the process, also by `kill -9`. It leaves the buffer when the target has acknowledged it with
    a status 2xx, or has refused it.
    """

    def __init__(
        self, target: Target, options: BufferOptions | None = None, say: Callable[[str], None] | None = None
    ) -> None:
        """Opens the write-ahead log, and does not connect yet.

        say   called with a message for people; default: a warning of the logger `logops.shipping`

        Raises ShippingError if the write-ahead log or the certificates are not usable.
        """
        self.target = target
        self.options = options or BufferOptions()
        self._say = say or logging.getLogger(LOGGER_NAME).warning
        self._opening = threading.Lock()
        self._is_closed = False
        self._worker: Worker | None = _worker(target, self.options, self._say)
        _SHIPPERS.add(self)

    @property
    def counters(self) -> Counters:
        """The counters of this process, as they are now."""
        return replace(self._open().counters)

    @property
    def refusal(self) -> str:
        """Why the target refuses this sender (password, tenant, address); empty if it does not."""
        return self._open().sender.health.refusal

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    @property
    def is_sending_thread(self) -> bool:
        """Whether the calling thread is the one that sends."""
        return self._worker is not None and self._worker.is_current_thread

    def put(self, record: Record) -> bool:
        """Buffer a record. Return False if it was dropped: the counters have it."""
        worker = self._worker or self._open()
        if not worker.is_started:
            worker.start()
        if len(record.line) > self.options.max_line_bytes // 4:
            record = self._cut(record, worker)
        return worker.queue.put(record, may_block=not worker.is_current_thread)

    def put_all(self, records: Sequence[Record], wait_s: float) -> int:
        """Buffer records in order, waiting for room for at most `wait_s` each.

        Return how many were buffered. The others are not dropped: the caller still has them.
        """
        worker = self._worker or self._open()
        if not worker.is_started:
            worker.start()
        limit = self.options.max_line_bytes // 4
        return worker.queue.put_all(
            [self._cut(record, worker) if len(record.line) > limit else record for record in records], wait_s=wait_s
        )

    def flush(self, timeout_s: float) -> bool:
        """Wait until every record was sent or refused. Return whether they were."""
        worker = self._worker
        if worker is None:
            return True
        if not worker.is_started:
            worker.start()
        return worker.queue.wait_until_empty(timeout_s)

    def close(self, timeout_s: float | None = None) -> Counters:
        """Send what waits, and end. Return the final counters. With a write-ahead log, nothing that waits is lost."""
        if not self._is_closed:
            self._is_closed = True
            if self._worker is not None:
                self._worker.close(self.options.exit_timeout_s if timeout_s is None else timeout_s)
        return self._worker.counters if self._worker else Counters()

    def _open(self) -> "Worker":
        """Return the worker; in a forked child, create one at the first record."""
        with self._opening:
            if self._worker is None:
                try:
                    self._worker = _worker(self.target, self.options, self._say)
                except ShippingError as error:
                    # A log call must not fail. Without its write-ahead log, the child still ships from memory.
                    self._worker = _worker(self.target, replace(self.options, wal_dir=None), self._say)
                    self._say(f"{error} The records of process {os.getpid()} wait in memory only.")
                _close_with_multiprocessing(self)
            return self._worker

    def _cut(self, record: Record, worker: "Worker") -> Record:
        """Cut a line that is longer than the limit in UTF-8."""
        encoded = record.line.encode("utf-8", "replace")
        if len(encoded) <= self.options.max_line_bytes:
            return record
        worker.queue.count_cut()
        end = f" ... [cut: the line had {len(encoded):,} bytes]"
        start = encoded[: self.options.max_line_bytes - len(end)].decode("utf-8", "ignore")
        return record._replace(line=start + end)

    def _after_fork_in_child(self) -> None:
        """The parent keeps its records, its thread and its connection. The child starts with none."""
        worker, self._worker = self._worker, None
        self._opening = threading.Lock()
        if worker is not None:
            worker.forget()


def _worker(target: Target, options: BufferOptions, say: Callable[[str], None]) -> "Worker":
    # Imports http.client and ssl, which an application's start need not wait for.
    from logops.shipping.worker import Worker

    return Worker(target, options, say)


def _close_with_multiprocessing(shipper: Shipper) -> None:
    """Close the shipper when a child of multiprocessing ends: such a process runs no atexit functions."""
    process = sys.modules.get("multiprocessing.process")
    util = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, shipper.close, exitpriority=0)


def _after_fork() -> None:
    for shipper in list(_SHIPPERS):
        shipper._after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
