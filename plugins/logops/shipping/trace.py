"""The trace and the span that the calling code runs in, if the application uses OpenTelemetry."""

import sys

Pairs = tuple[tuple[str, str], ...]


def current_trace() -> Pairs:
    """Return trace_id and span_id of OpenTelemetry's current span; nothing if no span is current.

    If nobody has imported OpenTelemetry, there is no span: nothing is imported for it.
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return ()
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ()
    return ("trace_id", f"{context.trace_id:032x}"), ("span_id", f"{context.span_id:016x}")
