"""Push log lines to distributors as fast as they accept them, at a low cost for the sender.

Request bodies are encoded once. Before each push only the timestamps are replaced, because Loki drops a line that it
already has (equal stream, timestamp and text), and the body is compressed. Each connection has its own streams and its
own distributor, as an agent does, so a stream's lines arrive in order. A push that fails is sent again until it is
accepted: a line that was stored by a failed push is the same line then.
"""

import http.client
import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
from cramjam import snappy

from logops.samples import Kind, generate
from logops.samples.line import Line
from logops.wire.protobuf import number_field
from logops.wire.push import PUSH_HEADERS, encode_push
from logops.wire.record import Record
from logops.wire.snappy import snappy_block

DIFFERENT_BYTES = 16 * 2**20
"""Bytes of each connection's different lines. Equal lines are then too far apart for the compression of chunks."""
PATH = "/loki/api/v1/push"
TIMEOUT_S = 60
_SEED = 16
_SHARES = {Kind.APPLICATION: 0.8, Kind.ACCESS: 0.2}
_START_NS = 1_790_000_000 * 10**9
_LINES_A_MINUTE = 6000
_PLACEHOLDER_S, _PLACEHOLDER_NS = 1_234_567_890, 987_654_321
_PLACEHOLDER = number_field(1, _PLACEHOLDER_S) + number_field(2, _PLACEHOLDER_NS)
_SHIFTS = np.array([0, 7, 14, 21, 28])
_MORE_BYTES = np.array([0x80, 0x80, 0x80, 0x80, 0])


class Body:
    """A push request whose timestamps can be replaced."""

    def __init__(self, lines: Sequence[Line], connection: int) -> None:
        placeholder_ns = _PLACEHOLDER_S * 10**9 + _PLACEHOLDER_NS
        pod = ("pod", f"pod-{connection}")
        records = [
            Record(placeholder_ns, line.text, (*line.labels.items(), pod), tuple(line.structured_metadata.items()))
            for line in lines
        ]
        message = bytes(snappy.decompress_raw(encode_push(records)))
        starts = np.array([match.start() for match in re.finditer(re.escape(_PLACEHOLDER), message)])
        assert len(starts) == len(lines), "a line contains the placeholder of a timestamp"
        self.lines = len(lines)
        self.line_bytes = sum(map(counted_bytes, lines))
        """Bytes as Loki counts them: text and structured metadata."""
        self._message = np.frombuffer(message, np.uint8).copy()
        # A time is: tag, five bytes of seconds, tag, five bytes of nanoseconds.
        self._seconds = starts[:, None] + np.arange(1, 6)
        self._nanoseconds = starts[:, None] + np.arange(7, 12)

    def encoded(self, first_ns: int) -> bytes:
        """Return the request with timestamps from `first_ns` on, one nanosecond apart."""
        seconds, nanoseconds = np.divmod(first_ns + np.arange(self.lines), 10**9)
        self._message[self._seconds] = _varints(seconds)
        self._message[self._nanoseconds] = _varints(nanoseconds)
        return snappy_block(self._message.tobytes())


def _varints(values: np.ndarray) -> np.ndarray:
    """Return each value as a varint of five bytes, shape (n, 5). Seconds since 1978 have this length anyway."""
    encoded: np.ndarray = ((values[:, None] >> _SHIFTS) & 0x7F) | _MORE_BYTES
    return encoded


def counted_bytes(line: Line) -> int:
    """Return the bytes of a line as a distributor counts them (util.EntryTotalSize in Loki)."""
    metadata = sum(len(name) + len(value) for name, value in line.structured_metadata.items())
    return len(line.text.encode()) + metadata


def bodies(connections: int, size: int) -> list[list[Body]]:
    """Return the bodies of each connection: sample lines of applications and of web servers.

    size   bytes of the lines in a body
    """
    lines = {kind: iter(generate(kind, _SEED, _START_NS, 2 * _START_NS, _LINES_A_MINUTE)) for kind in _SHARES}
    contents = [list(_lines_of_a_body(lines, size)) for _ in range(DIFFERENT_BYTES // size)]
    return [[Body(content, connection) for content in contents] for connection in range(connections)]


def _lines_of_a_body(lines: dict[Kind, Iterator[Line]], size: int) -> Iterator[Line]:
    for kind, share in _SHARES.items():
        taken = 0
        while taken < size * share:
            line = next(lines[kind])
            taken += counted_bytes(line)
            yield line


@dataclass
class Pushed:
    """Accepted pushes, and the answers that refused one."""

    lines: int = 0
    line_bytes: int = 0
    request_bytes: int = 0
    """Bytes of the accepted requests, compressed."""
    latencies_s: list[float] = field(default_factory=list)
    """Seconds of each accepted push."""
    failures: Counter[str] = field(default_factory=Counter)
    """Refused attempts, by status and the start of the answer."""

    def add(self, other: "Pushed") -> None:
        self.lines += other.lines
        self.line_bytes += other.line_bytes
        self.request_bytes += other.request_bytes
        self.latencies_s += other.latencies_s
        self.failures += other.failures


def push_for(seconds: float, tenant: str, urls: Sequence[str], contents: Sequence[Sequence[Body]]) -> Pushed:
    """Push over one connection for each element of `contents`, which take the distributors in turn.

    Every push that was started is accepted before this returns. Raises the error of a connection that gave up.
    """
    ends_at = time.monotonic() + seconds
    each = [Pushed() for _ in contents]
    errors: list[Exception] = []

    def run(connection: int) -> None:
        try:
            _push_until(ends_at, tenant, urls[connection % len(urls)], contents[connection], each[connection])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(connection,)) for connection in range(len(contents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    pushed = Pushed()
    for part in each:
        pushed.add(part)
    return pushed


def _push_until(ends_at: float, tenant: str, url: str, contents: Sequence[Body], pushed: Pushed) -> None:
    headers = {**dict(PUSH_HEADERS), "X-Scope-OrgID": tenant}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
    next_ns = 0
    for body in itertools.cycle(contents):
        if time.monotonic() >= ends_at:
            break
        first_ns = max(time.time_ns(), next_ns)
        next_ns = first_ns + body.lines
        request = body.encoded(first_ns)
        while failure := _push(connection, request, headers, pushed.latencies_s):
            pushed.failures[failure] += 1
            if time.monotonic() > ends_at + TIMEOUT_S:
                raise TimeoutError(f"pushing to {url}: still refused {TIMEOUT_S} s after the end: {failure}")
            time.sleep(0.1)
        pushed.lines += body.lines
        pushed.line_bytes += body.line_bytes
        pushed.request_bytes += len(request)
    connection.close()


def _push(connection: http.client.HTTPConnection, request: bytes, headers: dict[str, str], ok: list[float]) -> str:
    """Push once. Return why it failed, or an empty text. The seconds of an accepted push are added to `ok`."""
    started = time.perf_counter()
    try:
        connection.request("POST", PATH, request, headers)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return type(error).__name__
    if response.status == 204:
        ok.append(time.perf_counter() - started)
        return ""
    return f"{response.status} {text[:60].strip()}"
