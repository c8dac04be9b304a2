"""Generate the lines of any time interval. The same interval always gives the same lines."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from logops.samples import access, application, audit, system
from logops.samples.line import Kind, Line
from logops.samples.rhythm import how_many, incident_at, load
from logops.samples.web_requests import MINUTE_NS, requests_of


def generate(kind: Kind, seed: int, start_ns: int, end_ns: int, lines_per_minute: float) -> Iterator[Line]:
    """Yield the lines with start <= timestamp < end, with strictly increasing timestamps.

    The lines of a minute depend only on `kind`, `seed`, the minute and `lines_per_minute`. So an interval can be
    generated in parts, and the timestamps show what was already sent.

    `lines_per_minute` is the mean of a week; days are busier than nights, weekdays than weekends. Application and
    access logs with the same seed and rate describe the same requests: every trace of the first is in the second.
    """
    for minute in range(start_ns // MINUTE_NS, -(-end_ns // MINUTE_NS)):
        for line in _minute(kind, seed, minute, lines_per_minute):
            if start_ns <= line.timestamp_ns < end_ns:
                yield line


def _minute(kind: Kind, seed: int, minute: int, lines_per_minute: float) -> Iterator[Line]:
    mean = lines_per_minute * load(minute)
    # Drawn separately and equally for all kinds: a larger mean must never give fewer lines.
    chance = Random(f"{seed}:count:{minute}").random()
    moment = datetime.fromtimestamp(minute * 60, UTC)
    lines: list[Line]
    match kind:
        case Kind.APPLICATION:
            stamp = f"{moment:%Y-%m-%dT%H:%M:}"
            requests = requests_of(seed, minute, how_many(mean / application.LINES_PER_REQUEST, chance))
            lines = [line for request in requests for line in application.lines_of(request, stamp)]
        case Kind.ACCESS:
            # The month in English in every locale, as nginx writes it.
            day = f"{moment.day:02d}/{_MONTHS[moment.month - 1]}/{moment.year}"
            requests = requests_of(seed, minute, how_many(mean, chance))
            lines = [access.line_of(request, f"{day}:{moment:%H:%M:}") for request in requests]
        case Kind.AUDIT | Kind.SYSTEM:
            lines = _independent(kind, seed, minute, how_many(mean, chance), f"{moment:%Y-%m-%dT%H:%M:}")
    lines.sort(key=_timestamp)
    return _strictly_increasing(lines)


def _independent(kind: Kind, seed: int, minute: int, count: int, stamp: str) -> list[Line]:
    """Return lines that belong to no request, at any moment of the minute except its last second."""
    chance = Random(f"{seed}:{kind}:{minute}")
    moments = [minute * MINUTE_NS + int(chance.random() * (MINUTE_NS - 1_000_000_000)) for _ in range(count)]
    if kind is Kind.AUDIT:
        return [audit.line_at(moment, stamp, chance) for moment in moments]
    incident = incident_at(seed, minute)
    return [system.line_at(moment, stamp, chance, incident) for moment in moments]


def _strictly_increasing(lines: list[Line]) -> Iterator[Line]:
    """Yield the lines of a minute. A line that is not later than the previous one moves to a nanosecond after it."""
    last = -1
    for line in lines:
        last = max(line.timestamp_ns, last + 1)
        yield line if line.timestamp_ns == last else line._replace(timestamp_ns=last)


def _timestamp(line: Line) -> int:
    return line.timestamp_ns


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
