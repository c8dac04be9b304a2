"""Ship the lines of a file or of a pipe, in order."""

import io
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from logops.number_text import seconds_text
from logops.shipping.counters import Counters
from logops.shipping.errors import ShippingError
from logops.shipping.shipper import Shipper
from logops.wire import Record

_CHUNK_BYTES = 256 * 1024
_LONGEST_PENDING_BYTES = 16 * 1024 * 1024
"""A longer line is shipped in part and cut: a file without line breaks must not fill the memory."""
_LOOK_S = 0.2
"""Time between two looks at the counters."""

Pairs = tuple[tuple[str, str], ...]


class Stream(Protocol):
    """An open file, or a pipe."""

    def read1(self, size: int = ..., /) -> bytes:
        """Return the bytes that there are, at least one; none at the end."""


class TargetError(ShippingError):
    """The target does not take the lines."""


def ship_stream(
    shipper: Shipper,
    stream: Stream,
    labels: Pairs,
    metadata: Pairs = (),
    *,
    retry_for_s: float,
    progress: Callable[[int, Counters], None],
) -> int:
    """Ship every line and wait until each was acknowledged or refused. Return the number of lines.

    The time of a line is the time of its reading. Lines keep their order.

    retry_for_s   longest time without an acknowledgement while the target does not answer
    progress      called with the number of lines that were read, and the counters

    Raises TargetError if the target refuses the sender, or did not answer for `retry_for_s`.
    """
    patience = _Patience(shipper, retry_for_s)
    count = 0
    for lines in read_lines(stream):
        now_ns = time.time_ns()
        # One nanosecond apart, so that Loki keeps the order.
        records = [Record(now_ns + number, line, labels, metadata) for number, line in enumerate(lines)]
        count += len(records)
        while records := records[shipper.put_all(records, wait_s=_LOOK_S) :]:
            progress(count, patience.look())
        progress(count, patience.look())
    while not shipper.flush(_LOOK_S):
        progress(count, patience.look())
    progress(count, patience.look())
    return count


def read_lines(stream: Stream) -> Iterator[list[str]]:
    """Yield the lines as they arrive. Invalid UTF-8 is replaced by U+FFFD, a carriage return at the end is removed."""
    pending = b""
    is_skipping = False
    while chunk := stream.read1(_CHUNK_BYTES):
        *complete, started = chunk.split(b"\n")
        if complete:
            complete[0] = pending + complete[0]
            lines = complete[1:] if is_skipping else complete
            if lines:
                yield [_text(line) for line in lines]
            pending, is_skipping = started, False
        elif not is_skipping:
            pending += started
        if len(pending) > _LONGEST_PENDING_BYTES:
            yield [_text(pending)]
            pending, is_skipping = b"", True
    if pending:
        yield [_text(pending)]


class _Patience:
    """Looks at the target: whether it still takes lines."""

    def __init__(self, shipper: Shipper, retry_for_s: float) -> None:
        self._shipper = shipper
        self._retry_for_s = retry_for_s
        self._done = 0
        self._since_s = time.monotonic()

    def look(self) -> Counters:
        """Return the counters. Raises TargetError."""
        if refusal := self._shipper.refusal:
            raise TargetError(
                f"Shipping to {self._shipper.target.address}: the target refuses this sender: {refusal}. Check "
                "password or token, tenant and address."
            )
        counters = self._shipper.counters
        done = counters.sent + counters.refused
        now = time.monotonic()
        if done != self._done or counters.waiting <= 0:
            self._done, self._since_s = done, now
        elif now - self._since_s > self._retry_for_s:
            raise TargetError(
                f"Shipping to {self._shipper.target.address}: no line was acknowledged for "
                f"{seconds_text(self._retry_for_s)}. Check the target, or give a longer --retry-for."
            )
        return counters


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")


def open_stream(path: str, standard_input: BinaryIO) -> io.BufferedReader:
    """Open a file, or return the standard input for `-`. Raises ShippingError if the file cannot be read."""
    if path == "-":
        # A separate reader: `read1` returns what has arrived.
        return io.BufferedReader(io.FileIO(standard_input.fileno(), closefd=False))
    try:
        return open(path, "rb")
    except OSError as error:
        raise ShippingError(f"Reading {path}: {error.strerror}. Give a file with lines, or - for a pipe.") from error
