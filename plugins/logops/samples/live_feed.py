"""Live sample logs for the sources of an environment.

Files grow, and system logs go to the syslog port. The agents ship both.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread

from logops.environment.model import Environment
from logops.environment.sources import SyslogSource
from logops.errors import LogopsError
from logops.samples import Kind, follow, generate
from logops.samples.history_fill import SEED, destinations

LINES_PER_MINUTE: Mapping[Kind, float] = {Kind.APPLICATION: 60, Kind.ACCESS: 30, Kind.AUDIT: 12, Kind.SYSTEM: 18}
"""Two lines per second in total."""
WriteLine = Callable[[str, str], None]
"""Sends one line (second) as a source (first) does. Raises LogopsError if nothing accepts it."""


def feed(
    environment: Environment,
    write_line: WriteLine,
    folder: Path,
    stop: Event,
    *,
    lines_per_minute: Mapping[Kind, float] = LINES_PER_MINUTE,
    every_s: float = 1.0,
) -> None:
    """Write lines at their time until `stop` is set.

    write_line   sends a line of the syslog source
    folder       files of the other kinds
    every_s      pause between two writes
    """
    kinds = destinations(environment)
    in_files: dict[Kind, float] = {kind: lines_per_minute[kind] for kind in kinds if kind is not Kind.SYSTEM}
    source = _syslog_source(environment)
    sender = Thread(
        target=_send_syslog, args=(write_line, source, stop, lines_per_minute[Kind.SYSTEM], every_s), daemon=True
    )
    if source:
        sender.start()
    follow(folder, SEED, in_files, stop, every=every_s)


def _send_syslog(write_line: WriteLine, source: str, stop: Event, lines_per_minute: float, every_s: float) -> None:
    """Send syslog lines. A line that nothing accepts is lost, as with syslog; it is reported once per outage."""
    lost = 0
    start_ns = time.time_ns()
    while not stop.wait(every_s):
        end_ns = max(start_ns, time.time_ns())
        for line in generate(Kind.SYSTEM, SEED, start_ns, end_ns, lines_per_minute):
            try:
                write_line(source, line.text)
            except LogopsError as error:
                lost += 1
                if lost == 1:
                    print(error, flush=True)
            else:
                if lost:
                    print(f"sending lines to syslog: accepted again; {lost} lines were lost", flush=True)
                lost = 0
        start_ns = end_ns


def _syslog_source(environment: Environment) -> str:
    return next((name for name, source in environment.sources.items() if isinstance(source, SyslogSource)), "")
