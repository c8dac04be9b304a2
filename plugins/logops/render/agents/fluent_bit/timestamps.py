"""Render the filters and parsers that read timestamps.

A filter of its own reads the field. The parser of the line would accept a single format only, and would log two errors
for each line whose timestamp has another one.
"""

import re
from typing import Any

from logops.environment.sources import SyslogSource
from logops.render.agents.fluent_bit.record import accessor
from logops.render.agents.fluent_bit.time_format import strptime_format

_TIME = "_time"
"""Key of the timestamp, as long as the filter works."""

_DIGITS = {
    "%Y": r"\d{4}", "%B": r"[A-Za-z]+", "%b": r"[A-Za-z]{3}", "%A": r"[A-Za-z]+", "%a": r"[A-Za-z]{3}", "%Z": r"[A-Z]+",
    "%z": r"(?:Z|[+-]\d\d:?\d\d)", "%p": r"[AaPp][Mm]", "%m": r"\d\d", "%d": r"[ \d]?\d", "%e": r"[ \d]?\d",
    "%I": r"\d\d", "%M": r"\d\d", "%S": r"\d\d", "%L": r"\d+", "%y": r"\d\d", "%H": r"\d\d", "%s": r"\d+", "%%": "%",
}  # fmt: skip


def time_filter(name: str, path: tuple[str, ...], layout: str) -> dict[str, Any]:
    """Return the filter that takes the timestamp from a path of keys. Without a match, the record keeps its time."""
    return {
        "name": "parser",
        "key_name": path[0] if len(path) == 1 else accessor(path),
        "parser": [parser["name"] for parser in time_parsers(name, layout)],
        "preserve_key": True,
        "reserve_data": True,
    }


def time_parsers(name: str, layout: str) -> list[dict[str, Any]]:
    """Return the parsers of a layout: with a fraction of a second, and without one."""
    return [
        {
            "name": f"{name}.{suffix}",
            "format": "regex",
            "regex": f"/\\A(?<{_TIME}>{_expression(time_format)})\\z/",
            "time_key": _TIME,
            "time_format": time_format,
        }
        for suffix, time_format in _formats(layout).items()
    ]


def syslog_layout(source: SyslogSource) -> str:
    """Return the layout of the time in a header."""
    return "RFC3339Nano" if source.message_format == "rfc5424" else "Jan _2 15:04:05"


def _formats(layout: str) -> dict[str, str]:
    """Return the formats of a layout: Go reads a fraction of a second, whether the layout has one or not."""
    declared = strptime_format(layout)
    assert declared
    whole = re.sub(r"[.,]%L", "", declared)
    if "%S" not in whole:
        return {"time": declared}
    fraction = declared if declared != whole else whole.replace("%S", "%S.%L")
    return {"time": whole, "time-with-fraction": fraction}


def _expression(time_format: str) -> str:
    return "".join(_DIGITS.get(token) or re.escape(token) for token in re.findall(r"%.|[^%]+", time_format))
