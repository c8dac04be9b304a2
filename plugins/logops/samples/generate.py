"""Lines for any interval of time, the same ones whenever it is asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from logops.samples import access, application, audit, system
from logops.samples.line import Kind, Line
from logops.samples.rhythm import how_many, incident_at, load
from logops.samples.web_requests import MINUTE_NS, requests_of


def generate(kind: Kind, seed: int, start_ns: int, end_ns: int, lines_per_minute: float) -> Iterator[Line]:
    """The lines with start <= timestamp < end, their timestamps strictly increasing.

    A minute's lines depend on `kind`, `seed`, the minute and `lines_per_minute` alone, so parts of an interval make
    the whole, and what has been sent once can be told from what is still to send by its timestamps.

    `lines_per_minute` is the mean of a week; days are busier than nights, weekdays than weekends. Application and
    access logs of one seed and rate tell of the same requests: every trace of the first is in the second.
    """
    for minute in range(start_ns // MINUTE_NS, -(-end_ns // MINUTE_NS)):
        for line in _minute(kind, seed, minute, lines_per_minute):
            if start_ns <= line.timestamp_ns < end_ns:
                yield line


def _minute(kind: Kind, seed: int, minute: int, lines_per_minute: float) -> Iterator[Line]:
    mean = lines_per_minute * load(minute)
    # Drawn apart from the lines, and alike for all kinds: a greater mean must give no fewer lines.
    chance = Random(f"{seed}:count:{minute}").random()
    moment = datetime.fromtimestamp(minute * 60, UTC)
    lines: list[Line]
    match kind:
        case Kind.APPLICATION:
            stamp = f"{moment:%Y-%m-%dT%H:%M:}"
            requests = requests_of(seed, minute, how_many(mean / application.LINES_PER_REQUEST, chance))
            lines = [line for request in requests for line in application.lines_of(request, stamp)]
        case Kind.ACCESS:
            # The month's name in English whatever the locale, as nginx writes it.
            day = f"{moment.day:02d}/{_MONTHS[moment.month - 1]}/{moment.year}"
            requests = requests_of(seed, minute, how_many(mean, chance))
            lines = [access.line_of(request, f"{day}:{moment:%H:%M:}") for request in requests]
        case Kind.AUDIT | Kind.SYSTEM:
            lines = _independent(kind, seed, minute, how_many(mean, chance), f"{moment:%Y-%m-%dT%H:%M:}")
    lines.sort(key=_timestamp)
    return _strictly_increasing(lines)


def _independent(kind: Kind, seed: int, minute: int, count: int, stamp: str) -> list[Line]:
    """Lines that no request stands behind, at any moments of the minute but its last second."""
    chance = Random(f"{seed}:{kind}:{minute}")
    moments = [minute * MINUTE_NS + int(chance.random() * (MINUTE_NS - 1_000_000_000)) for _ in range(count)]
    if kind is Kind.AUDIT:
        return [audit.line_at(moment, stamp, chance) for moment in moments]
    incident = incident_at(seed, minute)
    return [system.line_at(moment, stamp, chance, incident) for moment in moments]


def _strictly_increasing(lines: list[Line]) -> Iterator[Line]:
    """The lines of a minute, a line that is not after the one before it moved to a nanosecond after."""
    last = -1
    for line in lines:
        last = max(line.timestamp_ns, last + 1)
        yield line if line.timestamp_ns == last else line._replace(timestamp_ns=last)


def _timestamp(line: Line) -> int:
    return line.timestamp_ns


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
