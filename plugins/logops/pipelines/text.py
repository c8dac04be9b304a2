"""Lines that may not be UTF-8.

A line is a text in which each byte that is not UTF-8 is one surrogate (`surrogateescape`). Agents send such bytes as
they are. Go's regular expressions see each of them as U+FFFD.
"""

import re
from functools import lru_cache
from typing import Any

from logops.logql.regexes import largest_options

_SURROGATE = re.compile("[\ud800-\udfff]")


def from_bytes(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def readable(text: str) -> str:
    """Return the text for people: bytes that are not UTF-8 are U+FFFD, as Loki shows them."""
    return _SURROGATE.sub("\ufffd", text)


def is_utf8(text: str) -> bool:
    return _SURROGATE.search(text) is None


def cut(text: str, size_bytes: int) -> tuple[str, int]:
    """Return the first bytes of a text, and how many bytes were cut off."""
    data = to_bytes(text)
    return (from_bytes(data[:size_bytes]), len(data) - size_bytes) if len(data) > size_bytes else (text, 0)


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Any:
    import re2

    return re2.compile(expression, largest_options(dot_matches_newline=False))


def matches(expression: str, text: str) -> bool:
    """Return whether an expression matches anywhere in a text."""
    return _compiled(expression).search(readable(text)) is not None


def named_groups(expression: str, text: str) -> dict[str, str] | None:
    """Return the named groups of the first match, "" for groups that did not match; None without a match."""
    match = _compiled(expression).search(readable(text))
    if match is None:
        return None
    # readable() replaces characters one by one, so positions are the same in both texts.
    spans = {name: match.span(number) for name, number in match.re.groupindex.items()}
    return {name: text[start:end] if start >= 0 else "" for name, (start, end) in spans.items()}
