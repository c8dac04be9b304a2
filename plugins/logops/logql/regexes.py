"""Loki's regular expressions: RE2 syntax, checked by RE2 itself, which is equivalent to Go's regexp."""

import re
from functools import lru_cache
from typing import Any

import re2

from logops.errors import LogopsError

NAMED_GROUP = re.compile(r"(?<!\\)(?:\\\\)*\(\?P?<(\w+)>")
# A single byte, which Go's regexp does not support.
SINGLE_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")


# Go's regexp accepts programs of this size as well; RE2's own limit is 8 MiB.
LARGEST = 1 << 28


PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


class RegexError(LogopsError, ValueError):
    """An invalid regular expression, with RE2's message."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """Compile with RE2; `.` matches a line end, as in Loki's matchers. Raises RegexError."""
    if SINGLE_BYTE.search(pattern):
        raise RegexError(r"\C is not known")
    try:
        regex = re2.compile(pattern.encode("utf-8", "surrogateescape"), largest_options(dot_matches_newline=True))
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        raise RegexError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None
    # RE2 accepts other letters.
    if wrong := next((name for name in regex.groupindex if not name.isascii()), None):
        raise RegexError(f"invalid named capture: {wrong if isinstance(wrong, str) else wrong.decode()}")
    return regex


def largest_options(*, dot_matches_newline: bool) -> Any:
    """Return RE2's options for expressions as large as Go accepts."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = dot_matches_newline
    options.max_mem = LARGEST
    return options


def escaped(text: str) -> str:
    """Return a regular expression that matches only this text."""
    return PUNCTUATION.sub(r"\\\1", text)


def matches_empty(pattern: str) -> bool:
    return compiled(pattern).fullmatch(b"") is not None


def groups(pattern: str) -> list[str]:
    """Return the names of its named groups, with repetitions."""
    names = set(compiled(pattern).groupindex)
    return [name for name in NAMED_GROUP.findall(pattern) if name in names or name.encode() in names]
