"""Application logs: JSON lines as the winston logger of the services writes them.

Winston's JSON format sorts the keys (safe-stable-stringify), adds `timestamp` with milliseconds, and appends the
`message` of the fields, here the error's, to the given message.
"""

from collections.abc import Iterator, Mapping
from json import JSONEncoder

from logops.samples.fleet import ENVIRONMENT, NODES, SERVICES, VERSION
from logops.samples.line import Line
from logops.samples.web_requests import WebRequest

LINES_PER_REQUEST = 4.0
"""Approximate; converts lines per minute into requests per minute."""

_ENCODE = JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_MS = 1_000_000
_SLOW_MS = 1000

_Field = str | int | bool

_ERRORS: Mapping[str, tuple[str, str, str]] = {
    "database": ("ECONNREFUSED", "connect ECONNREFUSED 10.20.0.15:5432", "TCPConnectWrap.afterConnect (node:net:1611)"),
    "memory": ("ERR_OUT_OF_MEMORY", "Allocation failed - heap out of memory", "Buffer.allocUnsafe (node:buffer:405)"),
    "upstream": ("ETIMEDOUT", "timeout of 10000ms exceeded", "RedirectableRequest.handleTimeout (index.js:178)"),
    "defect": ("ERR_TYPE", "Cannot read properties of undefined (reading 'id')", "Array.map (<anonymous>)"),
}
"""For each cause of a failure: the error's code, its message, and the start of its stack trace."""


def lines_of(request: WebRequest, day_and_minute: str) -> Iterator[Line]:
    """Yield the lines that a service logs for one request, in order of time.

    `day_and_minute` is the start of the timestamps, `2026-08-22T14:05:`.
    """
    log = _Log(request, day_and_minute)
    method, path, duration = request.route.method, request.path, request.duration_ms
    end = request.start_ns + duration * _MS
    yield log.line(request.start_ns, "info", message="Request started", method=method, path=path, query="{}")
    yield from _queries(request, log)
    if request.cause:
        code, message, frame = _ERRORS[request.cause]
        stack = f"Error: {message}\n    at {frame}\n    at handle (/app/src/routes.js:88:17)"
        yield log.line(end - 3, "error", message=f"Application Error {message}", code=code, stack=stack)
    if request.status == 401:
        yield log.line(end - 2, "warn", message="login failed", ip=request.ip, username=request.user)
    yield log.line(
        end - 1,
        "info",
        message="HTTP Request",
        method=method,
        path=path,
        status=request.status,
        duration=duration,
        ip=request.ip,
        userAgent=request.user_agent,
        userId=request.user,
    )
    yield log.line(end, "info", message="Request completed", status=request.status, duration=duration)


def _queries(request: WebRequest, log: "_Log") -> Iterator[Line]:
    """Yield the queries one after another: 70 % of the request's time, after the first 10 %."""
    queries = request.route.queries
    at = request.start_ns + request.duration_ms * _MS // 10
    for query in queries:
        spent = request.duration_ms * 7 // 10 // len(queries)
        at += spent * _MS
        yield log.line(
            at,
            "debug",
            message="Database Query",
            query=query,
            paramCount=query.count("$"),
            duration=spent,
            slow=spent > _SLOW_MS,
        )


class _Log:
    """The logger of one request: adds what winston adds to each line."""

    __slots__ = ("_day_and_minute", "_fields", "_service", "_trace")

    def __init__(self, request: WebRequest, day_and_minute: str) -> None:
        self._service = request.route.service
        self._day_and_minute = day_and_minute
        self._trace = {"trace_id": request.trace_id, "span_id": request.span_id}
        self._fields: Mapping[str, _Field] = {
            "environment": ENVIRONMENT,
            "version": VERSION,
            "host": NODES[int(request.span_id[1], 16) % len(NODES)],
            "service": self._service,
            **self._trace,
        }

    def line(self, at_ns: int, level: str, **fields: _Field) -> Line:
        seconds, milliseconds = divmod(at_ns // _MS % 60_000, 1000)
        stamp = f"{self._day_and_minute}{seconds:02d}.{milliseconds:03d}Z"
        text = _ENCODE({**self._fields, "level": level, "timestamp": stamp, **fields})
        return Line(at_ns, _LABELS[self._service, level], text, self._trace)


_LABELS: Mapping[tuple[str, str], Mapping[str, str]] = {
    (service, level): {"job": "oversight-app", "service": service, "level": level, "environment": ENVIRONMENT}
    for service in SERVICES
    for level in ("debug", "info", "warn", "error")
}
