"""Translate Go's time layouts for Fluent Bit, which reads timestamps with strptime."""

import re

from logops.environment.go_time import NAMED_LAYOUTS

_LETTERS = {
    "2006": "%Y", "January": "%B", "Jan": "%b", "Monday": "%A", "Mon": "%a", "MST": "%Z", "Z07:00": "%z",
    "-07:00": "%z", "-0700": "%z", "Z0700": "%z", "PM": "%p", "01": "%m", "02": "%d", "_2": "%e", "03": "%I",
    "04": "%M", "05": "%S", "06": "%y", "15": "%H", "%": "%%",
}  # fmt: skip
_TOKEN = re.compile(rf"[.,](?P<fraction>0+|9+)(?!\d)|{'|'.join(map(re.escape, _LETTERS))}|(?P<digit>\d)")


def strptime_format(layout: str) -> str | None:
    """Return a layout as strptime's letters; None: Fluent Bit cannot read it.

    >>> strptime_format("02/Jan/2006:15:04:05 -0700")
    '%d/%b/%Y:%H:%M:%S %z'
    >>> strptime_format("UnixMs") is None
    True
    """
    if layout == "Unix":
        return "%s"
    if layout in ("UnixMs", "UnixUs", "UnixNs"):
        return None
    layout = NAMED_LAYOUTS.get(layout, layout)
    if any(token["digit"] for token in _TOKEN.finditer(layout)):
        return None
    return _TOKEN.sub(lambda token: f"{token[0][0]}%L" if token["fraction"] else _LETTERS[token[0]], layout)
