"""What the linter's rules know, and what they say."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from logops.logql import regexes
from logops.logql.tree import Matcher, Query, Selector, Span

Severity = Literal["error", "slow", "fragile"]
"""error: Loki refuses it. slow: the same answer for less. fragile: it fails, or lies, on some lines."""

OF_LOKI = frozenset({"detected_level", "service_name"})
"""Labels that Loki itself adds (`discover_log_levels`, `discover_service_name`)."""


@dataclass(frozen=True)
class Source:
    """What lines of one origin have."""

    fixed: Mapping[str, str] = field(default_factory=dict)
    """Labels that are the same on all its streams."""
    varying: frozenset[str] = frozenset()
    """Labels that all its streams have, of any value."""
    metadata: frozenset[str] = frozenset()
    open: bool = False
    """Its streams may have other labels, too."""

    def may_feed(self, selector: Selector) -> bool:
        return all(
            matcher.name in self.varying
            or (self.open and matcher.name not in self.fixed)
            or matches(matcher, self.fixed.get(matcher.name, ""))
            for matcher in selector.matchers
            if matcher.name not in OF_LOKI
        )


def matches(matcher: Matcher, value: str) -> bool:
    """Whether a label's value fulfils it; empty where the stream has no such label."""
    if matcher.op in ("=", "!="):
        return (value == matcher.value) == (matcher.op == "=")
    return bool(regexes.compiled(matcher.value).fullmatch(value.encode())) == (matcher.op == "=~")


@dataclass(frozen=True)
class Context:
    """What is known besides the query."""

    step_ns: int | None = None
    """Between two points of the answer."""
    metadata: frozenset[str] = frozenset()
    """Labels that come as structured metadata: no parser is needed for them."""
    labels: frozenset[str] | None = None
    """The labels that streams have, all of them; None: not known, and any label may be one."""
    everywhere: frozenset[str] = frozenset()
    """The labels that every stream has."""
    sources: tuple[Source, ...] = ()
    """Of the lines, each with its own labels: what of them holds for a selector `of` tells."""

    def of(self, selector: Selector) -> "Context":
        """What is known of the lines that it selects."""
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
    """`rewrite`: the whole query as it would be better; empty where only its author can know.

    A rewrite of what is slow answers the same lines and numbers. One of what is fragile answers where the query fails,
    or leaves out what it lied about.
    """

    rule: str
    severity: Severity
    why: str
    span: Span
    rewrite: str = ""


Found = tuple[Span, str, Query | None]
"""Where, why, and what would be better."""
