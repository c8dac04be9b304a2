"""Translate Go's time layouts for Fluent Bit, which reads timestamps with strptime."""

import re

_NAMED = {
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
    layout = _NAMED.get(layout, layout)
    if any(token["digit"] for token in _TOKEN.finditer(layout)):
        return None
    return _TOKEN.sub(lambda token: f"{token[0][0]}%L" if token["fraction"] else _LETTERS[token[0]], layout)
