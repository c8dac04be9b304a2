"""Find queries that Loki accepts and refuses when it runs them, because it creates the stages only then.

With the header `X-Loki-Response-Encoding-Flags: categorize-labels`, Loki does not refuse them: it answers with no
lines.
"""

import re
from collections.abc import Iterator

from logops.logql import expressions, literals, patterns, regexes, templates
from logops.logql.addresses import is_address
from logops.logql.tree import IpMatch, Json, LabelFormat, LineFilter, LineFormat, Logfmt, Matcher, Query, Span
from logops.logql.walk import nodes

PLAIN_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def refusals(query: Query) -> Iterator[tuple[Span, str]]:
    """Yield position and reason."""
    for node in nodes(query):
        match node:
            case Matcher() if not PLAIN_NAME.fullmatch(node.name):
                yield node.span, f"it passes the label {node.name} on in quotes, and does not read it so"
            case LineFilter():
                yield from _line_filter(node)
            case IpMatch():
                if not is_address(node.pattern):
                    yield node.span, _no_address(node.pattern)
            case Json() | Logfmt():
                yield from _extractions(node)
            case LabelFormat():
                yield from _label_format(node)
            case LineFormat():
                if wrong := templates.wrong_with(node.template):
                    yield node.span, wrong


def _line_filter(line_filter: LineFilter) -> Iterator[tuple[Span, str]]:
    # With `or` in a filter for text, Loki treats ip("...") as text.
    text_only = len(line_filter.needles) > 1 and line_filter.op in ("|=", "|~", "|>")
    for needle in line_filter.needles:
        if needle.ip and not text_only:
            if line_filter.op not in ("|=", "!="):
                yield needle.span, "ip() goes with |= and != only"
            elif not is_address(needle.text):
                yield needle.span, _no_address(needle.text)
        elif line_filter.op in ("|~", "!~"):
            try:
                regexes.compiled(needle.text)
            except regexes.RegexError as error:
                yield needle.span, f"{literals.quote(needle.text)} is no regular expression: {error}"
        elif line_filter.op in ("|>", "!>") and (wrong := patterns.wrong_with_filter(needle.text)):
            yield needle.span, f"{literals.quote(needle.text)} is no pattern of a line filter: {wrong}"


def _extractions(parser: Json | Logfmt) -> Iterator[tuple[Span, str]]:
    wrong_with = expressions.wrong_with_json if isinstance(parser, Json) else expressions.wrong_with_logfmt
    for field in parser.fields:
        if not PLAIN_NAME.fullmatch(field.label):
            yield field.span, f"no label can be extracted as {field.label}"
        elif wrong := wrong_with(field.expression):
            yield field.span, f"{literals.quote(field.expression)} is no expression: {wrong}"


def _label_format(stage: LabelFormat) -> Iterator[tuple[Span, str]]:
    names: set[str] = set()
    for label in stage.labels:
        if label.name == "__error__":
            yield label.span, "__error__ cannot be formatted"
        if label.name in names:
            yield label.span, f"{label.name} is set twice in one label_format"
        names.add(label.name)
        if not label.renames and (wrong := templates.wrong_with(label.value)):
            yield label.span, wrong


def _no_address(text: str) -> str:
    return f"{literals.quote(text)} is no address, range (a-b) or network (a/bits)"
