"""Checks of a quality run that could not be made, each reason once. Pure."""

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from logops.findings import Finding, Subject
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.number_text import count_text
from logops.quality.context import Context, agent_processes
from logops.quality.measured import NotMeasured

_Item = TypeVar("_Item")
_REQUEST = re.compile(r".*? at https?://\S+?(?: as tenant \S+?)?: ")
"""The start of a message about a request: what was done, and where."""
_SIZE = re.compile(r"\d[\d.,]* (?:[KMGTP]i)?B\b")
"""Two queries over the budget differ only in their size."""
_NAMED = 3
"""Processes that a message names."""


def incomplete(context: Context) -> Iterator[Finding]:
    """Yield what could not be checked: a check that did not run is never a pass.

    A wrong password fails every query, so failures with the same answer are one finding.
    """
    for same in _grouped(((gap.cluster, answer(gap.reason)), gap) for gap in context.measured.not_measured):
        yield _not_measured(context, same)
    agents = agent_processes(context)
    silent = context.measured.silent_processes.items()
    for unread in _grouped((answer(reason), (name, reason)) for name, reason in silent if name not in agents):
        yield _not_read(context, unread)


def answer(reason: str) -> str:
    """Return the end of a reason, which is the same for all requests that failed alike.

    >>> answer("counting lines: running a query at http://loki:3100/api as tenant shop: Loki answered 401.")
    'Loki answered 401.'
    >>> answer("counting bytes: the query may read 2 GiB")
    'the query may read SIZE'
    """
    text, replaced = _REQUEST.subn("", reason, count=1)
    return _SIZE.sub("SIZE", text if replaced else reason.partition(": ")[2] or reason)


def _not_measured(context: Context, same: Sequence[NotMeasured]) -> Finding:
    first = same[0]
    tenants = {gap.tenant for gap in same}
    sources = dict.fromkeys(source for gap in same for source in gap.sources)
    is_everything = any(not gap.sources for gap in same)
    single = "" if is_everything or len(sources) > 1 else next(iter(sources))
    others = f" {count_text(len(same) - 1, 'more measurement')} failed for the same reason." if len(same) > 1 else ""
    reason = context.masked(first.reason)
    return Finding(
        CHECK_INCOMPLETE,
        Subject(context.environment.name, first.cluster, first.tenant if len(tenants) == 1 else "", source=single),
        f"{reason}{'' if reason.endswith(('.', '?')) else '.'}{others}",
        context.request.as_of,
        {} if is_everything or single else {"sources": ", ".join(sources)},
    )


def _not_read(context: Context, unread: Sequence[tuple[str, str]]) -> Finding:
    name, reason = unread[0]
    names = ", ".join(process for process, _ in unread[:_NAMED])
    more = f" and {len(unread) - _NAMED} more" if len(unread) > _NAMED else ""
    return Finding(
        CHECK_INCOMPLETE,
        Subject(context.environment.name, path=name if len(unread) == 1 else ""),
        f"Reading the counters of {names}{more}: {reason}",
        context.request.as_of,
    )


def _grouped(items: Iterable[tuple[Hashable, _Item]]) -> Iterator[list[_Item]]:
    """Yield the items of each key, in the order in which the keys appear."""
    groups: dict[Hashable, list[_Item]] = {}
    for key, item in items:
        groups.setdefault(key, []).append(item)
    yield from groups.values()
