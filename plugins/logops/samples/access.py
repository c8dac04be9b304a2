"""Access logs: nginx's `combined` format with the trace id at the end, as `log_format` adds it."""

from logops.samples.fleet import NODES
from logops.samples.line import Line
from logops.samples.web_requests import WebRequest

_LABELS = tuple({"job": "nginx", "host": node} for node in NODES)
_NS = 1_000_000_000


def line_of(request: WebRequest, day_and_minute: str) -> Line:
    """Return the line that nginx writes when a request ends.

    `day_and_minute` is the start of its time in nginx's format, `22/Aug/2026:14:05:`.
    """
    end = request.start_ns + request.duration_ms * 1_000_000 + 200_000
    size = 0 if request.status == 204 else 300 + int(request.trace_id[:3], 16)
    text = (
        f"{request.ip} - {request.user if request.status != 401 else '-'} "
        f"[{day_and_minute}{end // _NS % 60:02d} +0000] "
        f'"{request.route.method} {request.path} HTTP/1.1" {request.status} {size} '
        f'"https://oversight.example/" "{request.user_agent}" trace_id={request.trace_id}'
    )
    labels = _LABELS[int(request.span_id[0], 16) % len(_LABELS)]
    return Line(end, labels, text, {"trace_id": request.trace_id})
