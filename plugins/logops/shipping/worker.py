"""The queue, the sender and their thread, for one process."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from logops.shipping.connection import Connection
from logops.shipping.counters import Counters
from logops.shipping.losses import loss_text
from logops.shipping.options import BufferOptions
from logops.shipping.queue import RecordQueue
from logops.shipping.sender import Deadline, Sender
from logops.shipping.store import Batch, MemoryStore, Store
from logops.shipping.target import Target

_IDLE_S = 5.0
"""The thread wakes up this often to report losses."""


class Worker:
    """Takes batches from a queue and sends them."""

    def __init__(self, target: Target, options: BufferOptions, say: Callable[[str], None]) -> None:
        """Does not start the thread yet.

        say   called with a message for people, never with a lock held

        Raises ShippingError if the write-ahead log or the certificates are not usable.
        """
        self.counters = Counters()
        self._target = target
        self._options = options
        self._say = say
        self._messages: deque[str] = deque(maxlen=100)
        self._connection = Connection(target)
        self._store = self._open_store()
        self.queue = RecordQueue(
            self._store,
            self.counters,
            when_full=options.when_full,
            block_s=options.block_ms / 1000,
            batch_bytes=options.batch_bytes,
            batch_age_s=options.batch_age_s,
        )
        self._deadline = Deadline()
        self.sender = Sender(target, self._connection, self.counters, self._deadline, say)
        self._reported = Counters()
        self._next_report_s = 0.0
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._thread_id: int | None = None
        """The thread that sends; None before its start."""

    @property
    def is_started(self) -> bool:
        return self._thread is not None

    @property
    def is_current_thread(self) -> bool:
        """Whether the calling thread is the one that sends."""
        return self._thread_id == threading.get_ident()

    def start(self) -> None:
        """Start the thread, unless it runs. While the interpreter ends, none can start: then `close` sends."""
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="logops-shipping", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return
                self._thread = thread

    def close(self, timeout_s: float) -> None:
        """Send what waits, for at most `timeout_s`, and end the thread."""
        self.queue.close()
        self._deadline.set(timeout_s)
        if self._thread is None:
            self._run()
        else:
            self._thread.join(timeout_s + 1)
            if self._thread.is_alive():
                # It hangs in a call of the operating system. It still uses the store.
                return
        self.queue.close_store()
        self._connection.close()
        self._report(time.monotonic())

    def forget(self) -> None:
        """Leave everything to the parent, in a forked child."""
        self._store.forget()

    def _open_store(self) -> Store:
        if self._options.wal_dir is None:
            return MemoryStore(self._options.max_bytes)
        # Needs fcntl, which Windows does not have.
        from logops.shipping.wal.log import WriteAheadLog

        directory = Path(self._options.wal_dir)
        return WriteAheadLog(directory, self._options.wal_max_bytes, self.counters, self._messages.append)

    def _run(self) -> None:
        self._thread_id = threading.get_ident()
        while not self.queue.is_finished:
            batch = self.queue.take(_IDLE_S)
            if batch is not None:
                if not self._send(batch):
                    break
                self.queue.release(batch)
            if time.monotonic() >= self._next_report_s:
                self._report(time.monotonic())
            while self._messages:
                self._say(self._messages.popleft())

    def _send(self, batch: Batch) -> bool:
        records = batch.read()
        try:
            return self.sender.send(records)
        except Exception as error:
            # A fault of logops must not end the thread: every later record would wait for ever.
            self.counters.refused += len(records)
            self._say(f"Shipping logs to {self._target.address}: a fault of logops: {type(error).__name__}: {error}")
            return True

    def _report(self, now_s: float) -> None:
        """Report losses since the last report."""
        message = loss_text(self._target.address, self._reported, self.counters, self.sender.refusal)
        if message:
            self.sender.refusal = ""
            self._reported = replace(self.counters)
            self._next_report_s = now_s + self._options.report_every_s
            self._say(message)
