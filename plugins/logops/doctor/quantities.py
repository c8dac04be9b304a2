"""Parse durations and sizes as Loki's configuration writes them.

Loki has two kinds of durations. It parses limits with Prometheus' model.ParseDuration (whole numbers, `90d`, `1w2d`),
and all other keys with Go's time.ParseDuration (no days, `1.5h`). Sizes are whole numbers of binary units
(pkg/util/flagext/bytesize.go): `10MB` is 10 * 2^20 bytes, and Loki refuses `10MiB` and `1.5GB`.
"""

import re
from datetime import timedelta

DAY = timedelta(days=1)

_SECONDS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0,
    "d": 86400.0, "w": 604800.0, "y": 31536000.0,
}  # fmt: skip
_PART = re.compile(r"(\d+\.?\d*)(ns|us|µs|ms|s|m|h|d|w|y)")
_GO = re.compile(r"\+?(\d+\.?\d*(ns|us|µs|ms|s|m|h))+")
_PROMETHEUS = re.compile(r"(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?")
_BINARY = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_SIZE = re.compile(r"(\d+)\s*([kmgtpe]?)(b|byte)?", re.IGNORECASE)


def limit_duration(value: object) -> timedelta | None:
    """Parse a duration of limits_config; return None if Loki would refuse it.

    >>> limit_duration("744h") == limit_duration("31d") == timedelta(days=31)
    True
    >>> limit_duration(0), limit_duration("1.5d"), limit_duration("${RETENTION}")
    (datetime.timedelta(0), None, None)
    """
    return _duration(value, _PROMETHEUS)


def go_duration(value: object) -> timedelta | None:
    """Parse a duration of any other section; return None if Loki would refuse it.

    >>> go_duration("1.5h"), go_duration("1d")
    (datetime.timedelta(seconds=5400), None)
    """
    return _duration(value, _GO)


def size(value: object) -> int | None:
    """Parse a size into bytes; return None if Loki would refuse it.

    >>> size("10MB"), size(2048), size("10MiB"), size("1.5GB")
    (10485760, 2048, None, None)
    """
    match = _SIZE.fullmatch(_text(value))
    return int(match[1]) * 1024 ** _BINARY[match[2].lower()] if match else None


def number(value: object) -> float | None:
    """Parse a number; return None if the value is not a number.

    >>> number(4), number("4.5"), number(True), number("${N}")
    (4.0, 4.5, None, None)
    """
    try:
        return float(_text(value))
    except ValueError:
        return None


def days(length: timedelta) -> float:
    """Return a duration in days with two decimal places, for evidence."""
    return round(length / DAY, 2)


def days_text(length: timedelta) -> str:
    """Return a duration in days as text for a message.

    >>> days_text(timedelta(hours=744)), days_text(timedelta(days=1)), days_text(timedelta(hours=12))
    ('31 days', '1 day', '0.5 days')
    """
    return f"{days(length):g} day{'' if length == DAY else 's'}"


def _duration(value: object, grammar: re.Pattern[str]) -> timedelta | None:
    text = _text(value)
    if text == "0":
        return timedelta(0)
    if not text or not grammar.fullmatch(text):
        return None
    try:
        return timedelta(seconds=sum(float(part) * _SECONDS[unit] for part, unit in _PART.findall(text)))
    except OverflowError:
        return timedelta.max


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
