"""Read logfmt, as Promtail and Alloy do (github.com/go-logfmt/logfmt)."""

import json
import re
from collections.abc import Iterator

_LONGEST = 65_535
"""Longest record in bytes: Go's bufio.Scanner gives up on a longer one."""

_KEY = re.compile(r'[^\x00-\x20="]+')
_SPACE = re.compile(r"[\x00-\x20]+")
_VALUE = re.compile(r'[^\x00-\x20="]*')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def logfmt_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield keys and values. Reading ends at the first error; what was read before is kept.

    >>> list(logfmt_pairs('level=info msg="a b" ok =x'))
    [('level', 'info'), ('msg', 'a b'), ('ok', '')]
    """
    for record in text.split("\n"):
        if len(record.encode("utf-8", "surrogateescape")) > _LONGEST:
            return
        position = 0
        while position < len(record):
            if space := _SPACE.match(record, position):
                position = space.end()
                continue
            pair = _pair(record, position)
            if pair is None:
                return
            key, value, position = pair
            yield key, value


def _pair(record: str, position: int) -> tuple[str, str, int] | None:
    """Return the key and the value at a position, and their end; None if they cannot be read."""
    key = _KEY.match(record, position)
    if key is None or re.search("[\ud800-\udfff\ufffd]", key[0]):
        return None
    position = key.end()
    if record[position : position + 1] == '"':
        return None
    if record[position : position + 1] != "=":
        return key[0], "", position
    position += 1
    if record[position : position + 1] != '"':
        value = _VALUE.match(record, position)
        assert value
        stop = record[value.end() : value.end() + 1]
        return None if stop in ("=", '"') and stop else (key[0], value[0], value.end())
    quoted = _QUOTED.match(record, position)
    if quoted is None:
        return None
    if "\\" not in quoted[0]:
        return key[0], quoted[0][1:-1], quoted.end()
    try:
        return key[0], json.loads(quoted[0]), quoted.end()
    except ValueError:
        return None
