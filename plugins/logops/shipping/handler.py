"""A handler for Python's logging that ships to Loki or to an agent."""

import logging
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from logops.shipping.counters import Counters
from logops.shipping.errors import ShippingError
from logops.shipping.fields import as_text, extra_fields, json_line, level_text, metadata_name, stack_text, valid_text
from logops.shipping.options import BufferOptions
from logops.shipping.queue import WhenFull
from logops.shipping.shipper import LOGGER_NAME, Shipper
from logops.shipping.target import Target, Wire, checked_labels, credential
from logops.shipping.trace import current_trace
from logops.wire import Record

Choice = TypeVar("Choice", bound=StrEnum)


class Line(StrEnum):
    """The form of a line."""

    TEXT = "text"
    """The message, then the traceback. All fields are structured metadata."""
    JSON = "json"
    """One JSON object with message, fields and stack. Only trace and span are structured metadata."""


class LokiHandler(logging.Handler):
    """Ships log records in the background. A log call formats the record and puts it into a bounded buffer.

    Labels are `labels` and the level. Everything else is structured metadata or part of the line: the logger's name,
    the fields of `extra`, OpenTelemetry's trace_id and span_id.

    Safe with threads, asyncio and forks. The counters are at `counters`.
    """

    def __init__(
        self,
        url: str,
        labels: Mapping[str, str],
        *,
        level: int | str = logging.NOTSET,
        wire: str = Wire.PUSH,
        tenant: str = "",
        username: str = "",
        password: str = "",
        token: str = "",
        ca_file: str = "",
        verify: bool = True,
        line: str = Line.TEXT,
        when_full: str = WhenFull.BLOCK,
        block_ms: int = 100,
        max_bytes: int = BufferOptions.max_bytes,
        wal_dir: str | os.PathLike[str] | None = None,
        wal_max_bytes: int = BufferOptions.wal_max_bytes,
        batch_age_s: float = BufferOptions.batch_age_s,
        exit_timeout_s: float = BufferOptions.exit_timeout_s,
    ) -> None:
        """Does not connect yet.

        url        http://HOST:PORT of a Loki, or the whole address of an agent
        labels     labels of all records, for example {"service": "shop"}: few, with few values
        wire       push, or otlp
        line       text, or json
        when_full  block (at most block_ms), drop_oldest, or drop_newest
        wal_dir    directory of the write-ahead log; None: records wait in memory only

        The other arguments are explained at `Target` and `BufferOptions`. Raises ShippingError if an argument is not
        usable.
        """
        super().__init__(level)
        self._line = _choice(Line, line, "line")
        self._labels = {
            name: checked_labels({**labels, "level": name}) for name in ("debug", "info", "warn", "error", "critical")
        }
        target = Target(
            url,
            _choice(Wire, wire, "wire"),
            tenant,
            credential(username, password, token),
            ca_file,
            verify,
        )
        options = BufferOptions(
            when_full=_choice(WhenFull, when_full, "when_full"),
            block_ms=block_ms,
            max_bytes=max_bytes,
            wal_dir=wal_dir,
            wal_max_bytes=wal_max_bytes,
            batch_age_s=batch_age_s,
            exit_timeout_s=exit_timeout_s,
        )
        self._shipper = Shipper(target, options)
        self._flush_timed_out = False

    @property
    def counters(self) -> Counters:
        """The fate of every record of this process."""
        return self._shipper.counters

    def createLock(self) -> None:
        """Have no lock: the buffer has one. A log call that waits for room must not stop the other threads."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Emit a record that passes the filters, without a lock."""
        # From Python 3.12 on, a filter may return another record.
        passed: Any = self.filter(record)
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Format a record and put it into the buffer."""
        try:
            shipper = self._shipper
            if record.name == LOGGER_NAME:
                # A message about the end of shipping cannot be shipped.
                if shipper.is_closed:
                    return
            elif shipper.is_sending_thread:
                # A message of the transport would be shipped, which logs the next message, for ever.
                return
            line, metadata = self._content(record)
            labels = self._labels[level_text(record.levelno)]
            shipper.put(Record(int(record.created * 1e6) * 1000, valid_text(line), labels, metadata))
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Wait until every record was sent or refused, for at most `exit_timeout_s`."""
        self._flush_timed_out = not self._shipper.flush(self._shipper.options.exit_timeout_s)

    def close(self) -> None:
        """Send what waits, for at most `exit_timeout_s`. Python calls `flush` and `close` when the interpreter ends."""
        # `flush` has just waited in vain: do not wait twice.
        self._shipper.close(0.0 if self._flush_timed_out else None)
        super().close()

    def _content(self, record: logging.LogRecord) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return the line and the structured metadata of a record."""
        fields = extra_fields(record)
        trace = () if "trace_id" in fields else current_trace()
        message = self.format(record) if self.formatter else record.getMessage()
        if self._line is Line.JSON:
            ids = {name: as_text(fields.pop(name)) for name in ("trace_id", "span_id") if name in fields}
            return json_line(record, message, fields | dict(trace) | ids), (*trace, *ids.items())
        if not self.formatter and (stack := stack_text(record)):
            message = f"{message}\n{stack}"
        metadata = [(metadata_name(name), valid_text(as_text(value))) for name, value in fields.items()]
        return message, (("logger", record.name), *trace, *metadata)


def _choice(choices: type[Choice], value: str, name: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(choices)
        raise ShippingError(f"{name} is {value!r}. Give one of: {known}.") from None
