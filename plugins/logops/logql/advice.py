"""What the linter's rules know, and what they say."""

from dataclasses import dataclass
from typing import Literal

from logops.logql.tree import Query, Span

Severity = Literal["error", "slow", "fragile"]
"""error: Loki refuses it. slow: the same answer for less. fragile: it fails, or lies, on some lines."""

OF_LOKI = frozenset({"detected_level", "service_name"})
"""Labels that Loki itself adds (`discover_log_levels`, `discover_service_name`)."""


@dataclass(frozen=True)
class Context:
    """What is known besides the query."""

    step_ns: int | None = None
    """Between two points of the answer."""
    metadata: frozenset[str] = frozenset()
    """Labels that come as structured metadata: no parser is needed for them."""
    labels: frozenset[str] | None = None
    """The labels that streams have, all of them; None: not known, and any label may be one."""


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
