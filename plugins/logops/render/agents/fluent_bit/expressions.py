"""Translate RE2's regular expressions for Fluent Bit, which uses Onigmo with Ruby's syntax.

Onigmo's syntax: doc/RE in https://github.com/k-takata/Onigmo. RE2's syntax: https://github.com/google/re2/wiki/Syntax.
"""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<class>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])
    | (?P<group>\(\?P<)
    | (?P<flags>\(\?(?P<letters>[a-zA-Z-]+)(?P<end>[:)]))
    | \\(?P<escape>.)
    | (?P<anchor>[$^])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class UntranslatableError(ValueError):
    """A part of an expression that Fluent Bit does not have."""


def onigmo(expression: str) -> str:
    r"""Return an expression of RE2 between slashes, as Fluent Bit reads it.

    Raises UntranslatableError for the flags m and U, and for \Q and \C.

    >>> onigmo(r"^(?P<level>\w+) ")
    '/\\A(?<level>\\w+) /'
    """
    return f"/{''.join(map(_translated, _TOKEN.finditer(expression)))}/"


def other_lines(first_line: str) -> str:
    """Return an expression that matches each line that `first_line` does not match."""
    return rf"/\A(?!.*(?:{onigmo(first_line)[1:-1]}))/"


def _translated(token: re.Match[str]) -> str:
    if token["class"]:
        return "".join(_class(token["class"]))
    if token["group"]:
        return "(?<"
    if token["flags"]:
        return _flags(token["letters"], token["end"])
    if token["escape"]:
        if token["escape"] in "QC":
            raise UntranslatableError(f"\\{token['escape']}")
        return token[0]
    # In Ruby's syntax, ^ and $ match at every line of an entry.
    return {"^": r"\A", "$": r"\z"}.get(token[0], token[0])


def _class(text: str) -> Iterator[str]:
    """Yield a character class in which [ and && have no special meaning."""
    inner = re.compile(r"\[:\^?\w+:\]|\\.|&&|.", re.DOTALL)
    yield "["
    for token in inner.findall(text[1:-1]):
        yield {"[": r"\[", "&&": r"&\&"}.get(token, token)
    yield "]"


def _flags(letters: str, end: str) -> str:
    for letter in letters:
        if letter in "mU":
            raise UntranslatableError(f"(?{letter})")
    # "." matches a line break: flag s in RE2, flag m in Ruby's syntax.
    return f"(?{letters.replace('s', 'm')}{end}"
