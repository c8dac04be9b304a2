"""The input and output of the linter's rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from logops.logql import regexes
from logops.logql.tree import Matcher, Query, Selector, Span

Severity = Literal["error", "slow", "fragile"]
"""error: Loki refuses it. slow: a cheaper query gives the same answer. fragile: it fails or is wrong on some lines."""

OF_LOKI = frozenset({"detected_level", "service_name"})
"""Labels that Loki itself adds (`discover_log_levels`, `discover_service_name`)."""


@dataclass(frozen=True)
class Source:
    """The labels of the streams of one source."""

    fixed: Mapping[str, str] = field(default_factory=dict)
    """Labels with the same value on all its streams."""
    varying: frozenset[str] = frozenset()
    """Labels that all its streams have, with different values."""
    metadata: frozenset[str] = frozenset()
    open: bool = False
    """Whether its streams may have other labels, too."""

    def may_feed(self, selector: Selector) -> bool:
        return all(
            matcher.name in self.varying
            or (self.open and matcher.name not in self.fixed)
            or matches(matcher, self.fixed.get(matcher.name, ""))
            for matcher in selector.matchers
            if matcher.name not in OF_LOKI
        )


def matches(matcher: Matcher, value: str) -> bool:
    """Whether a label's value matches; empty if the stream has no such label."""
    if matcher.op in ("=", "!="):
        return (value == matcher.value) == (matcher.op == "=")
    return bool(regexes.compiled(matcher.value).fullmatch(value.encode())) == (matcher.op == "=~")


@dataclass(frozen=True)
class Context:
    """Facts beside the query that rules may use."""

    step_ns: int | None = None
    """Time between two points of the answer."""
    metadata: frozenset[str] = frozenset()
    """Labels in structured metadata: they need no parser."""
    labels: frozenset[str] | None = None
    """All labels of the streams; None: unknown, any label may be one."""
    everywhere: frozenset[str] = frozenset()
    """Labels that every stream has."""
    sources: tuple[Source, ...] = ()
    """The sources of the lines. `of` returns what holds for a selector."""

    def of(self, selector: Selector) -> "Context":
        """Return what is known of the lines that a selector matches."""
        if not self.sources:
            return self
        feeding = [source for source in self.sources if source.may_feed(selector)]
        if not feeding:
            return replace(self, labels=None)
        declared = [frozenset(source.fixed) | source.varying for source in feeding]
        return replace(
            self,
            metadata=self.metadata | frozenset.intersection(*(source.metadata for source in feeding)),
            labels=None if any(source.open for source in feeding) else frozenset.union(*declared),
            everywhere=frozenset.intersection(*declared),
        )


QUERY_ALONE = Context()


@dataclass(frozen=True)
class Advice:
    """`rewrite` is the whole better query; empty if only its author can know it.

    A rewrite of a slow query returns the same lines and numbers. A rewrite of a fragile query returns an answer
    where the query fails, or removes what was wrong.
    """

    rule: str
    severity: Severity
    why: str
    span: Span
    rewrite: str = ""
    certain: bool = False
    """Whether `rewrite` gives the same lines, labels and numbers, so that a program may apply it."""


class Found(NamedTuple):
    """A finding of a rule."""

    span: Span
    why: str
    better: Query | None
    """The better query; None if only its author can know it."""
    certain: bool = True
    """Whether the better query gives the same lines, labels and numbers for all logs, not only for logs as declared."""
