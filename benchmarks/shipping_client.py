"""Log through one handler and print figures as JSON, for benchmarks.shipping. Needs the handler's package only.

python benchmarks/shipping_client.py NAME ADDRESS speed LINES
python benchmarks/shipping_client.py NAME ADDRESS calls CALLS_A_SECOND SECONDS
"""

import json
import logging
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Callable
from typing import Any

Attached = tuple[logging.Handler, Callable[[], Any]]
"""A handler, and what sends its waiting lines."""
LABELS = {"service": "shop"}
_PADDING = "order is paid by card, the customer is known, the stock is reserved, the parcel leaves tomorrow; ".ljust(
    180, "."
)
_BURST = 50
"""A web request or a job logs several lines, one after the other."""
_WAIT_S = 15.0
"""No line arrived for this long after the end: no more will."""


def logops_push(address: str, **options: Any) -> Attached:
    from logops.shipping import LokiHandler

    handler = LokiHandler(address, LABELS, **options)
    return handler, handler.flush


def logops_uncompressed(address: str) -> Attached:
    # As if cramjam were not installed.
    sys.modules["cramjam"] = None  # type: ignore[assignment]
    return logops_push(address)


def logops_wal(address: str) -> Attached:
    return logops_push(address, wal_dir=tempfile.mkdtemp(prefix="logops-benchmark-"))


def logops_otlp(address: str) -> Attached:
    return logops_push(f"{address}/v1/logs", wire="otlp")


def opentelemetry(address: str) -> Attached:
    warnings.simplefilter("ignore")
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(Resource({"service.name": "shop"}))
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{address}/v1/logs")))
    return LoggingHandler(logger_provider=provider), provider.force_flush


def loki_logger_handler(address: str) -> Attached:
    from loki_logger_handler.loki_logger_handler import LokiLoggerHandler

    # Its default age of a batch is 10 s. logops has 1 s.
    handler = LokiLoggerHandler(f"{address}/loki/api/v1/push", dict(LABELS), timeout=1)
    return handler, handler.flush_event.set


def python_logging_loki(address: str) -> Attached:
    from logging_loki import LokiHandler

    return LokiHandler(f"{address}/loki/api/v1/push", dict(LABELS), version="1"), lambda: None


def no_shipping(address: str) -> Attached:
    return logging.NullHandler(), lambda: None


HANDLERS: dict[str, Callable[[str], Attached]] = {
    "no-shipping": no_shipping,
    "logops-push": logops_push,
    "logops-uncompressed": logops_uncompressed,
    "logops-wal": logops_wal,
    "logops-otlp": logops_otlp,
    "opentelemetry": opentelemetry,
    "loki-logger-handler": loki_logger_handler,
    "python-logging-loki": python_logging_loki,
}


def speed(logger: logging.Logger, send: Callable[[], Any], address: str, lines: int) -> dict[str, float]:
    """Log lines as fast as possible. The run ends when the last line has arrived."""
    before, memory = arrived(address), memory_bytes("VmRSS")
    started = ended = time.perf_counter()
    for number in range(lines):
        logger.info("@line@ %s %d", _PADDING, number)
    logged = time.perf_counter()
    send()
    count = 0
    while count < lines and time.perf_counter() - max(ended, logged) < _WAIT_S:
        count, previous = arrived(address)["lines"] - before["lines"], count
        if count != previous:
            ended = time.perf_counter()
        time.sleep(0.01)
    return {
        "arrived": count,
        "rate": count / (max(ended, logged) - started),
        "sent_bytes": arrived(address)["bytes"] - before["bytes"],
        "memory_bytes": memory_bytes("VmHWM") - memory,
    }


def calls(logger: logging.Logger, rate: float, seconds: float) -> dict[str, float]:
    """Log at a moderate rate, first one call at a time, then in bursts, and measure each call."""
    single = call_times(logger, rate, seconds, 1)
    burst = call_times(logger, rate, seconds, _BURST)
    return {
        "median_s": single[len(single) // 2],
        "p99_s": single[len(single) * 99 // 100],
        "burst_median_s": burst[len(burst) // 2],
        "burst_p99_s": burst[len(burst) * 99 // 100],
    }


def call_times(logger: logging.Logger, rate: float, seconds: float, burst: int) -> list[float]:
    """Return the times of the calls, sorted. After each burst the process sleeps."""
    times = []
    due = time.perf_counter()
    for _ in range(int(rate * seconds / burst)):
        due += burst / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        for number in range(burst):
            started = time.perf_counter()
            logger.info("@line@ %s %d", _PADDING, number)
            times.append(time.perf_counter() - started)
    return sorted(times)


def arrived(address: str) -> dict[str, int]:
    """Return the numbers of lines and of bytes that arrived."""
    with urllib.request.urlopen(address) as answer:
        figures: dict[str, int] = json.loads(answer.read())
    return figures


def memory_bytes(name: str) -> int:
    """Return a figure of this process. Not getrusage: its highest figure may be the parent's."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(f"{name}:"))


def main(name: str, address: str, mode: str, *numbers: str) -> None:
    handler, send = HANDLERS[name](address)
    logger = logging.getLogger("shop.orders")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    # Connect, import and start threads before the measurement.
    logger.info("first line")
    send()
    time.sleep(0.5)
    if mode == "speed":
        print(json.dumps(speed(logger, send, address, int(numbers[0]))))
    else:
        print(json.dumps(calls(logger, float(numbers[0]), float(numbers[1]))))


if __name__ == "__main__":
    main(*sys.argv[1:])
