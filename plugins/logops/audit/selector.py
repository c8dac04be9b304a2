r"""Stream selectors of retention rules: `{level="error", service=~"pay.*"}`.

Loki reads them with its LogQL parser (ParseMatchers in pkg/logql/syntax/parser.go) and matches as Prometheus does
(model/labels/matcher.go): a label that a stream does not have is empty, and a regular expression, RE2, must match the
whole value. Arrow brings RE2 along, so that the expressions mean here what they mean there, in linear time.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_LONGEST = 131_071
"""Characters: maxInputSize of Loki's parser, less one."""
_SPACE = r"(?:\s|#[^\n]*)*+"
_OPEN = re.compile(rf"{_SPACE}\{{{_SPACE}")
_COMMA = re.compile(rf",{_SPACE}")
_NAME = re.compile(rf"([^\W\d]\w*){_SPACE}")
_OPERATOR = re.compile(rf"(=~|!~|!=|=){_SPACE}")
_VALUE = re.compile(rf'("(?:[^"\\\n]|\\.)*"|`[^`]*`){_SPACE}')
_CLOSE = re.compile(rf"\}}{_SPACE}")


class SelectorInvalid(ValueError):
    """Not a stream selector that Loki takes; says where."""


@dataclass(frozen=True)
class Matcher:
    """One condition on one label. Raises SelectorInvalid."""

    name: str
    operator: str
    """=, !=, =~ or !~"""
    value: str

    def __post_init__(self) -> None:
        import pyarrow as pa

        if self.operator in ("=~", "!~"):
            try:
                # First as it is: what closes the group around it would do no harm inside it.
                _found(self.value, pa.array([""]))
                self.matches("")
            except pa.ArrowInvalid as error:
                raise SelectorInvalid(f"{self.name}{self.operator}{self.value!r}: {error}") from error

    def matches(self, value: str) -> bool:
        """Whether a label's value fulfils it; empty where the stream has no such label."""
        import pyarrow as pa

        return bool(self.matching(pa.array([value], pa.string()))[0])

    def matching(self, values: "pa.StringArray") -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Which of these values fulfil it. None of them is null."""
        import numpy as np
        import pyarrow.compute as pc

        plain = self.operator in ("=", "!=")
        alike = pc.equal(values, self.value) if plain else _found(f"^(?s:{self.value})$", values)
        # An empty array of Arrow has no buffer that numpy could take.
        found = np.asarray(alike.to_numpy(zero_copy_only=False), bool)
        return found if self.operator in ("=", "=~") else ~found


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """The matchers of a selector, all of which must hold.

    Raises SelectorInvalid, also where every matcher takes the empty value: Loki refuses to start with such a rule, as
    it could take every stream (validateMatchers in pkg/logql/syntax/parser.go).

    >>> parse_selector('{level="error", app=~"a|b"}')[1].matches("b")
    True
    """
    if len(text) > _LONGEST:
        raise SelectorInvalid(f"selector {text[:40]!r}...: {len(text):,} characters; Loki takes {_LONGEST:,}")
    _, at = _expect(_OPEN, text, 0, "{")
    found: list[Matcher] = []
    while not found or not text.startswith("}", at):
        if found:
            _, at = _expect(_COMMA, text, at, ", or }")
        name, at = _expect(_NAME, text, at, "a label's name")
        operator, at = _expect(_OPERATOR, text, at, "=, !=, =~ or !~")
        start = at
        quoted, at = _expect(_VALUE, text, at, "a value in quotes")
        found.append(_matcher(text, start, name, operator, quoted))
    _, at = _expect(_CLOSE, text, at, "}")
    if at < len(text):
        raise _wrong(text, at, "the end")
    if all(matcher.matches("") for matcher in found):
        raise SelectorInvalid(
            f"selector {text!r}: every matcher takes streams without the label; Loki wants one that does not, "
            'such as {app=~".+"}'
        )
    return tuple(found)


def _found(expression: str, values: "pa.StringArray") -> Any:
    import pyarrow.compute as pc

    return pc.match_substring_regex(values, pattern=expression)


def _matcher(text: str, at: int, name: str, operator: str, quoted: str) -> Matcher:
    try:
        return Matcher(name, operator, _unquoted(quoted))
    except SelectorInvalid as error:
        raise SelectorInvalid(f"selector {text!r}, at character {at + 1}: {error}") from error


def _expect(pattern: "re.Pattern[str]", text: str, at: int, what: str) -> tuple[str, int]:
    match = pattern.match(text, at)
    if match is None:
        raise _wrong(text, at, what)
    return match[pattern.groups], match.end()


def _wrong(text: str, at: int, what: str) -> SelectorInvalid:
    found = repr(text[at]) if at < len(text) else "the end"
    return SelectorInvalid(f"selector {text!r}: expected {what} at character {at + 1}, found {found}")


_NAMED = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}
_ESCAPE = re.compile(r"\\(?:(x[0-9a-fA-F]{2}|[0-3][0-7]{2})|(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|(.))")


def _unquoted(text: str) -> str:
    """As strutil.Unquote of Prometheus: `\\x` and octal escapes are bytes, `\\u` and `\\U` characters."""
    if text[0] == "`":
        return text[1:-1]
    parts, at = [], 1
    for escape in _ESCAPE.finditer(text, 1, len(text) - 1):
        parts += [text[at : escape.start()].encode(), _escaped(*escape.groups())]
        at = escape.end()
    return b"".join([*parts, text[at:-1].encode()]).decode(errors="replace")


def _escaped(byte: str | None, character: str | None, name: str | None) -> bytes:
    if byte:
        return bytes([int(byte[1:], 16) if byte[0] == "x" else int(byte, 8)])
    if character:
        number = int(character[1:], 16)
        if number > 0x10FFFF:
            raise SelectorInvalid(f"there is no character \\{character}")
        return chr(number).encode(errors="replace")
    if name not in _NAMED:
        raise SelectorInvalid(f"\\{name} is no escape in a quoted text; write a backslash as \\\\, or use backticks")
    return bytes([_NAMED[name]])
