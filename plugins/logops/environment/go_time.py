"""Read timestamps with Go's layouts, as agents do (https://pkg.go.dev/time#pkg-constants).

A layout shows how the reference time, Mon Jan 2 15:04:05 MST 2006, is written.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

NAMED_LAYOUTS: Mapping[str, str] = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}
"""The layouts that Promtail and Alloy know by name; those of Go's package time."""

_UNIX_DIGITS = {"UnixMs": 6, "UnixUs": 3, "UnixNs": 0}
"""Zeros from the unit to nanoseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_ELEMENT = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST"
    r"|2006|__2|_2(?!006)|002|0[1-6]|15|1|2|3|4|5|PM|pm"
    r"|[Z-]07:00:00|[Z-]070000|[Z-]07:00|[Z-]0700|[Z-]07"
    r"|[.,](?:0+|9+)(?!\d)"
)


class TimestampError(ValueError):
    """A text is not a timestamp in a layout."""


@dataclass
class _Moment:
    """The parts of a timestamp that were read so far."""

    year: int | None = None
    month: int = 1
    day: int = 1
    day_of_year: int | None = None
    day_of_week: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    afternoon: bool | None = None
    offset_s: int | None = None
    zone: str = ""
    text: str = field(default="", repr=False)
    """The text that was not read yet."""

    def digits(self, least: int, most: int) -> int:
        """Read a number of `least` to `most` digits."""
        match = re.match(rf"[0-9]{{{least},{most}}}", self.text)
        if match is None:
            raise TimestampError
        self.text = self.text[match.end() :]
        return int(match[0])

    def number(self, fixed: bool, first: int, last: int) -> int:
        value = self.digits(2 if fixed else 1, 2)
        if not first <= value <= last:
            raise TimestampError
        return value

    def word(self, words: tuple[str, ...], length: int | None) -> int:
        """Read a word, in any case, and return its position. `length`: letters of the short form."""
        lower = self.text.lower()
        for position, word in enumerate(words):
            if lower.startswith(word[:length]):
                self.text = self.text[len(word[:length]) :]
                return position
        raise TimestampError


def is_layout(layout: str) -> bool:
    """Return whether a text is a layout of a day, or the name of a layout.

    >>> is_layout("02/Jan/2006"), is_layout("Unix"), is_layout("yyyy-MM-dd"), is_layout("%Y-%m-%d")
    (True, True, False, False)
    """
    if layout in NAMED_LAYOUTS or layout == "Unix" or layout in _UNIX_DIGITS:
        return True
    return any(element.strip("_0") in ("2",) for _, element in _elements(layout))


def parse_timestamp(text: str, layout: str, location: str | None, now_ns: int) -> int:
    """Return nanoseconds since 1970. Raises TimestampError.

    layout     a Go layout, or the name of a layout
    location   time zone of timestamps that have none; None: UTC
    now_ns     the time at which the line was read: it gives the year of layouts without a year

    >>> parse_timestamp("1970-01-01T00:00:01.5Z", "RFC3339", None, 0)
    1500000000
    """
    if layout == "Unix":
        return _unix_seconds(text)
    if layout in _UNIX_DIGITS:
        return int(_integer(text) * 10 ** _UNIX_DIGITS[layout])
    named = NAMED_LAYOUTS.get(layout)
    # Agents use the location only with layouts of one's own.
    zone: tzinfo = _zone(location) if location and not named else UTC
    moment = _read(text, _elements(named or layout))
    if moment.year is None:
        if "06" in (named or layout):
            raise TimestampError
        moment.year = _year_near(moment.month, now_ns)
    return _nanoseconds(moment, zone)


def _zone(location: str) -> tzinfo:
    # Few files name a location.
    from zoneinfo import ZoneInfo

    return ZoneInfo(location)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not -(2**63) <= int(text) < 2**63:
        raise TimestampError
    return int(text)


def _unix_seconds(text: str) -> int:
    if text.count(".") != 1:
        return _integer(text) * 10**9
    seconds, fraction = text.split(".")
    # Agents calculate the fraction with floating point numbers (logentry/stages/util.go).
    return _integer(seconds) * 10**9 + int(float(_integer(fraction)) * 10.0 ** (9 - len(fraction)))


@lru_cache(maxsize=256)
def _elements(layout: str) -> tuple[tuple[str, str], ...]:
    """Return the elements of a layout, each with the literal text before it; the last one has no element."""
    elements: list[tuple[str, str]] = []
    end = 0
    for match in _ELEMENT.finditer(layout):
        elements.append((layout[end : match.start()], match[0]))
        end = match.end()
    return (*elements, (layout[end:], ""))


def _read(text: str, elements: tuple[tuple[str, str], ...]) -> _Moment:
    moment = _Moment(text=text)
    for index, (literal, element) in enumerate(elements):
        _skip(moment, literal)
        if not element:
            break
        _read_element(moment, element)
        if element in ("5", "05"):
            _read_unannounced_fraction(moment, elements[index + 1][1])
    if moment.text:
        raise TimestampError
    return moment


def _skip(moment: _Moment, literal: str) -> None:
    """Skip a literal text. A space matches any number of spaces."""
    while literal:
        if literal[0] == " ":
            if moment.text and moment.text[0] != " ":
                raise TimestampError
            literal, moment.text = literal.lstrip(" "), moment.text.lstrip(" ")
        elif moment.text[:1] != literal[0]:
            raise TimestampError
        else:
            literal, moment.text = literal[1:], moment.text[1:]


def _read_element(moment: _Moment, element: str) -> None:
    if element in _READERS:
        _READERS[element](moment)
    elif element[0] in ".,":
        _read_fraction(moment, len(element) - 1, exact=element[1] == "0")
    else:
        _read_offset(moment, element)


def _read_year(moment: _Moment) -> None:
    moment.year = moment.digits(4, 4)


def _read_short_year(moment: _Moment) -> None:
    year = moment.digits(2, 2)
    moment.year = 1900 + year if year >= 69 else 2000 + year


def _read_day(moment: _Moment, fixed: bool = False) -> None:
    moment.day = moment.number(fixed, 0, 99)


def _read_padded_day(moment: _Moment) -> None:
    moment.text = moment.text.removeprefix(" ")
    _read_day(moment)


def _read_day_of_year(moment: _Moment) -> None:
    moment.day_of_year = moment.digits(3, 3)


def _read_padded_day_of_year(moment: _Moment) -> None:
    for _ in range(2):
        moment.text = moment.text.removeprefix(" ")
    moment.day_of_year = moment.digits(1, 3)


def _read_half(moment: _Moment, morning: str, afternoon: str) -> None:
    half, moment.text = moment.text[:2], moment.text[2:]
    if half not in (morning, afternoon):
        raise TimestampError
    moment.afternoon = half == afternoon


def _set(name: str, read: Callable[[_Moment], int]) -> Callable[[_Moment], None]:
    return lambda moment: setattr(moment, name, read(moment))


def _number(name: str, fixed: bool, first: int, last: int) -> Callable[[_Moment], None]:
    return _set(name, lambda moment: moment.number(fixed, first, last))


_READERS: Mapping[str, Callable[[_Moment], None]] = {
    "2006": _read_year,
    "06": _read_short_year,
    "January": _set("month", lambda moment: moment.word(_MONTHS, None) + 1),
    "Jan": _set("month", lambda moment: moment.word(_MONTHS, 3) + 1),
    "1": _number("month", False, 1, 12),
    "01": _number("month", True, 1, 12),
    # Go reads the day of the week and ignores it.
    "Monday": _set("day_of_week", lambda moment: moment.word(_DAYS, None)),
    "Mon": _set("day_of_week", lambda moment: moment.word(_DAYS, 3)),
    "2": _read_day,
    "_2": _read_padded_day,
    "02": lambda moment: _read_day(moment, fixed=True),
    "002": _read_day_of_year,
    "__2": _read_padded_day_of_year,
    "15": _number("hour", False, 0, 23),
    "3": _number("hour", False, 0, 12),
    "03": _number("hour", True, 0, 12),
    "4": _number("minute", False, 0, 59),
    "04": _number("minute", True, 0, 59),
    "5": _number("second", False, 0, 59),
    "05": _number("second", True, 0, 59),
    "PM": lambda moment: _read_half(moment, "AM", "PM"),
    "pm": lambda moment: _read_half(moment, "am", "pm"),
    "MST": lambda moment: _read_zone_name(moment),
}


def _read_fraction(moment: _Moment, digits: int, *, exact: bool) -> None:
    match = re.match(rf"[.,]([0-9]{{{digits}}})" if exact else r"[.,]([0-9]+)", moment.text)
    if match is None:
        if exact:
            raise TimestampError
        return
    moment.nanosecond = int(match[1][:9].ljust(9, "0"))
    moment.text = moment.text[match.end() :]


def _read_unannounced_fraction(moment: _Moment, next_element: str) -> None:
    """Read a fraction after the seconds, even if the layout has none."""
    if next_element[:1] not in (".", ","):
        _read_fraction(moment, 0, exact=False)


def _read_offset(moment: _Moment, element: str) -> None:
    if element[0] == "Z" and moment.text.startswith("Z"):
        moment.text = moment.text[1:]
        moment.offset_s = 0
        return
    separator = ":" if ":" in element else ""
    parts = {3: 1, 5: 2, 6: 2, 7: 3, 9: 3}[len(element)]
    match = re.match(r"([+-])" + separator.join(["([0-9]{2})"] * parts), moment.text)
    if match is None:
        raise TimestampError
    hours, minutes, seconds = (*map(int, match.groups()[1:]), 0, 0)[:3]
    if hours > 24 or minutes > 59 or seconds > 59:
        raise TimestampError
    moment.offset_s = (-1 if match[1] == "-" else 1) * (hours * 3600 + minutes * 60 + seconds)
    moment.text = moment.text[match.end() :]


_ZONE_NAME = re.compile(r"UTC|ChST|MeST|GMT[+-][0-9]{1,2}|[+-][0-9]{2}|[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3}(?![A-Z])")


def _read_zone_name(moment: _Moment) -> None:
    match = _ZONE_NAME.match(moment.text)
    if match is None:
        raise TimestampError
    moment.zone, moment.text = match[0], moment.text[match.end() :]


def _year_near(month: int, now_ns: int) -> int:
    """Return the year of a timestamp without one: near to now, also around New Year."""
    now = _EPOCH + timedelta(microseconds=now_ns // 1000)
    return now.year - (month == 12 and now.month == 1) + (month == 1 and now.month == 12)


def _nanoseconds(moment: _Moment, zone: tzinfo) -> int:
    hour = moment.hour
    if moment.afternoon and hour < 12:
        hour += 12
    elif moment.afternoon is False and hour == 12:
        hour = 0
    try:
        if moment.day_of_year is not None:
            day = datetime(moment.year or 0, 1, 1) + timedelta(days=moment.day_of_year - 1)
        else:
            day = datetime(moment.year or 0, moment.month, moment.day)
        wall = day.replace(hour=hour, minute=moment.minute, second=moment.second)
        if moment.offset_s is not None:
            since = wall.replace(tzinfo=UTC) - _EPOCH - timedelta(seconds=moment.offset_s)
        else:
            since = wall.replace(tzinfo=UTC) - _EPOCH - _offset(moment.zone, wall, zone)
    except (ValueError, OverflowError):
        raise TimestampError from None
    return (since.days * 86_400 + since.seconds) * 10**9 + moment.nanosecond


def _offset(name: str, wall: datetime, zone: tzinfo) -> timedelta:
    """Return the offset of a time that has none in numbers. Go knows only the names of zones in its location."""
    if name.startswith("GMT") and len(name) > 3:
        return timedelta(hours=int(name[3:]))
    if name == "UTC":
        return timedelta()
    if not name:
        return wall.replace(tzinfo=zone).utcoffset() or timedelta()
    for candidate in (wall, wall.replace(month=1, day=1), wall.replace(month=7, day=1)):
        local = candidate.replace(tzinfo=zone)
        if local.tzname() == name:
            return local.utcoffset() or timedelta()
    return timedelta()
