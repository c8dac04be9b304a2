"""Explain a query without an answer: a label value that Loki does not have is usually mistyped."""

import re
from collections.abc import Collection, Mapping

from logops.clients.loki import LokiClient
from logops.logql.tree import Matcher, Query, Selector
from logops.logql.walk import all_of
from logops.suggestions import did_you_mean

_SHOWN = 10
"""Values of a label in a message."""


def explain_empty(client: LokiClient, tenant: str, query: Query, start_ns: int, end_ns: int) -> list[str]:
    """Return one line for each label of the query whose value Loki does not have in this time. Raises LokiError."""
    labels = sorted({matcher.name for matcher in _exact_matchers(query)})
    return unmatched(query, {label: client.label_values(tenant, label, start_ns, end_ns) for label in labels})


def unmatched(query: Query, values: Mapping[str, Collection[str]]) -> list[str]:
    """Return one line for each label of the query whose value is not among the values that Loki has.

    values   what Loki has, by label
    """
    lines: dict[str, None] = {}
    for matcher in _exact_matchers(query):
        known = values[matcher.name]
        query_values = matcher.value.split("|") if matcher.op == "=~" else [matcher.value]
        if not set(query_values) & set(known):
            lines[_line(matcher, query_values, known)] = None
    return list(lines)


def _line(matcher: Matcher, query_values: list[str], known: Collection[str]) -> str:
    no_lines = f"{matcher.name}={matcher.value}: 0 lines in this time."
    if not known:
        return f"{no_lines} No line has the label {matcher.name}."
    if suggestion := did_you_mean(query_values[0], known):
        return no_lines + suggestion
    shown = sorted(known)[:_SHOWN]
    more = f", and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"{no_lines} Loki has: {', '.join(shown)}{more}."


def _exact_matchers(query: Query) -> list[Matcher]:
    """Return the matchers of the selectors that name a value, or several: `a`, `a|b`."""
    return [
        matcher
        for selector in all_of(query, Selector)
        for matcher in selector.matchers
        if matcher.op == "=" or (matcher.op == "=~" and all(map(_is_plain, matcher.value.split("|"))))
    ]


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"[\w-]+", text) is not None
