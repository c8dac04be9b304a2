"""The fields of a log record as structured metadata or as a JSON line. Pure, except for the current trace."""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

_ATTRIBUTES = logging.makeLogRecord({}).__dict__
STANDARD = frozenset(_ATTRIBUTES) | {"message", "asctime", "taskName"}
"""Attributes that every log record has, or that a formatter adds."""
_LEVELS = ((logging.CRITICAL, "critical"), (logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"))
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


@lru_cache(maxsize=128)
def level_text(number: int) -> str:
    """Return the name of a level as Loki and Grafana know it. A level between two has the lower one's name.

    >>> level_text(logging.WARNING), level_text(25), level_text(5)
    ('warn', 'info', 'debug')
    """
    return next((name for least, name in _LEVELS if number >= least), "debug")


@lru_cache(maxsize=4096)
def metadata_name(name: str) -> str:
    """Return a name that Loki accepts for structured metadata.

    >>> metadata_name("user.id"), metadata_name("2nd")
    ('user_id', '_2nd')
    """
    text = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    return f"_{text}" if not text or text[0].isdigit() else text


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the application added to a record with `extra`. loguru puts all of it under the name `extra`."""
    fields: dict[str, Any] = {}
    values = record.__dict__
    if len(values) == len(_ATTRIBUTES):
        # Most records: none was added. The difference of the names costs 3 us.
        return fields
    for name in values.keys() - STANDARD:
        value = values[name]
        if name == "extra" and isinstance(value, dict):
            fields |= {str(key): inner for key, inner in value.items()}
        elif not name.startswith("_"):
            fields[name] = value
    return fields


def as_text(value: Any) -> str:
    """Return a value as text: JSON for what JSON has, otherwise its str."""
    if isinstance(value, str):
        return value
    # The encoder of JSON costs 2 us.
    return str(value) if type(value) is int else _JSON.encode(value)


def valid_text(text: str) -> str:
    """Replace lone surrogates, which UTF-8 does not have, by `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def stack_text(record: logging.LogRecord) -> str:
    """Return the traceback and the stack of a record; empty if it has none."""
    parts = []
    if record.exc_info and record.exc_info[0] is not None:
        parts.append("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
    elif record.exc_text:
        parts.append(record.exc_text)
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(parts)


def json_line(record: logging.LogRecord, message: str, fields: dict[str, Any]) -> str:
    """Return a record as a line of JSON, with the keys that the query library reads."""
    at = datetime.fromtimestamp(record.created, UTC)
    values = {
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        "level": level_text(record.levelno),
        "message": message,
        "logger": record.name,
        **fields,
    }
    if stack := stack_text(record):
        values["stack"] = stack
    return _JSON.encode(values)
