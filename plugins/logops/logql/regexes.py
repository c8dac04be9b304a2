"""Regular expressions as Loki has them: RE2's, read by RE2 itself, of which Go's regexp is the twin."""

import re
from functools import lru_cache
from typing import Any

import re2

from logops.errors import LogopsError

NAMED_GROUP = re.compile(r"(?<!\\)(?:\\\\)*\(\?P?<(\w+)>")
# A single byte, which Go's regexp does not have.
SINGLE_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")


# Go's regexp, too, takes programs of that size; RE2's own limit is 8 MiB.
LARGEST = 1 << 28


PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


class RegexError(LogopsError, ValueError):
    """Why, in RE2's words."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """RE2's, in which `.` takes a line's end as in Loki's matchers. Raises RegexError."""
    if SINGLE_BYTE.search(pattern):
        raise RegexError(r"\C is not known")
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = LARGEST
    try:
        found = re2.compile(pattern.encode("utf-8", "surrogateescape"), options)
    except re2.error as error:
        told = error.args[0] if error.args else ""
        raise RegexError(told.decode() if isinstance(told, bytes) else str(told)) from None
    # Of any letters in RE2.
    if wrong := next((name for name in found.groupindex if not name.isascii()), None):
        raise RegexError(f"invalid named capture: {wrong if isinstance(wrong, str) else wrong.decode()}")
    return found


def escaped(text: str) -> str:
    """The regular expression that this text alone matches."""
    return PUNCTUATION.sub(r"\\\1", text)


def matches_empty(pattern: str) -> bool:
    return compiled(pattern).fullmatch(b"") is not None


def groups(pattern: str) -> list[str]:
    """The names of its named groups, each as often as it stands there."""
    found = set(compiled(pattern).groupindex)
    return [name for name in NAMED_GROUP.findall(pattern) if name in found or name.encode() in found]
