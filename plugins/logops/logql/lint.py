"""Find what makes a query slow, wrong or fragile, why, and a better query.

Each rule looks at one thing, and reports nothing if it has no better query or advice.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from logops.logql import lint_lines, lint_numbers
from logops.logql.advice import QUERY_ALONE, Advice, Context, Found, Severity
from logops.logql.build import checked
from logops.logql.errors import LogQLError
from logops.logql.refused import refusals
from logops.logql.text import one_line
from logops.logql.tree import Query

# Each contains a rewrite of the whole query: for long queries the time would grow quadratically.
MOST_OF_A_RULE = 20

__all__ = ["RULES", "Advice", "Context", "LintRule", "lint"]


def lint(query: Query, context: Context = QUERY_ALONE) -> list[Advice]:
    """Return the advice in the order of the text, limited per rule."""
    advice: list[Advice] = []
    for rule in RULES:
        for span, why, better in islice(rule.look(query, context), MOST_OF_A_RULE):
            advice.append(Advice(rule.name, rule.severity, why, span, written(better) if better is not None else ""))
    return sorted(advice, key=lambda entry: entry.span)


def written(better: Query) -> str:
    """Return the text of a query; empty if it cannot be written, as when a line filter would follow a drop."""
    try:
        return one_line(checked(better))
    except LogQLError:
        return ""


def refused_when_run(query: Query, _: Context) -> Iterator[Found]:
    for span, why in refusals(query):
        yield span, f"Loki refuses this as it runs the query: {why}.", None


@dataclass(frozen=True)
class LintRule:
    name: str
    severity: Severity
    look: Callable[[Query, Context], Iterable[Found]]


RULES = (
    LintRule("refused-when-run", "error", refused_when_run),
    LintRule("label-in-selector", "slow", lint_lines.label_in_selector),
    LintRule("filter-before-parser", "slow", lint_lines.filter_before_parser),
    LintRule("filter-after-parser", "slow", lint_lines.filter_after_parser),
    LintRule("metadata-would-do", "slow", lint_lines.metadata_would_do),
    LintRule("unused-parser", "slow", lint_lines.unused_parser),
    LintRule("regex-for-text", "slow", lint_lines.regex_for_text),
    LintRule("any-text-around", "slow", lint_lines.any_text_around),
    LintRule("selects-all", "slow", lint_lines.selects_all),
    LintRule("address-as-text", "fragile", lint_lines.address_as_text),
    LintRule("line-errors", "fragile", lint_numbers.line_errors),
    LintRule("unwrap-errors", "fragile", lint_numbers.unwrap_errors),
    LintRule("division-by-zero", "fragile", lint_numbers.division_by_zero),
    LintRule("range-below-step", "fragile", lint_numbers.range_below_step),
)
