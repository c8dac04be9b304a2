"""What Loki accepts as a query and refuses as it runs it: its stages are only made then."""

import ipaddress
import re
from collections.abc import Iterator

from logops.logql import literals, patterns, regexes
from logops.logql.tree import IpMatch, LabelFormat, LineFilter, LineFormat, Query, Span
from logops.logql.walk import nodes

SINGLE_ACTION = re.compile(r"\{\{((?:[^{}\"`]|\"(?:[^\"\\]|\\.)*\"|`[^`]*`)*)\}\}")


def refusals(query: Query) -> Iterator[tuple[Span, str]]:
    """Where, and why."""
    for found in nodes(query):
        match found:
            case LineFilter():
                yield from _line_filter(found)
            case IpMatch():
                if wrong := _wrong_with_ip(found.pattern):
                    yield found.span, wrong
            case LabelFormat():
                yield from _label_format(found)
            case LineFormat():
                if wrong := _wrong_with_template(found.template):
                    yield found.span, wrong


def _line_filter(found: LineFilter) -> Iterator[tuple[Span, str]]:
    for needle in found.needles:
        if needle.ip:
            # Beside others in one filter Loki takes ip("...") for its text.
            if len(found.needles) == 1 and found.op not in ("|=", "!="):
                yield needle.span, "ip() goes with |= and != only"
            elif wrong := _wrong_with_ip(needle.text):
                yield needle.span, wrong
        elif found.op in ("|~", "!~"):
            try:
                regexes.compiled(needle.text)
            except regexes.NotARegex as error:
                yield needle.span, f"{literals.quote(needle.text)} is no regular expression: {error}"
        elif found.op in ("|>", "!>") and (wrong := patterns.wrong_with_filter(needle.text)):
            yield needle.span, f"{literals.quote(needle.text)} is no pattern of a line filter: {wrong}"


def _label_format(found: LabelFormat) -> Iterator[tuple[Span, str]]:
    names: set[str] = set()
    for label in found.labels:
        if label.name == "__error__":
            yield label.span, "__error__ cannot be formatted"
        if label.name in names:
            yield label.span, f"{label.name} is set twice in one label_format"
        names.add(label.name)
        if not label.renames and (wrong := _wrong_with_template(label.value)):
            yield label.span, wrong


def _wrong_with_ip(text: str) -> str | None:
    try:
        if "-" in text:
            first, last = map(ipaddress.ip_address, text.split("-"))
            if first.version == last.version and int(first) <= int(last):
                return None
        elif "/" in text:
            ipaddress.ip_network(text, strict=False)
            return None
        else:
            ipaddress.ip_address(text)
            return None
    except ValueError:
        pass
    return f"{literals.quote(text)} is no address, range (a-b) or network (a/bits)"


def _wrong_with_template(template: str) -> str | None:
    """Of Go's templates only that every action is closed."""
    left = SINGLE_ACTION.sub("", template)
    return "a {{ in the template has no }}" if "{{" in left else None
