"""Find what makes a query slow, wrong or fragile, why, and a better query.

Each rule looks at one thing, and reports nothing if it has no better query or advice.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from logops.logql.build import checked
from logops.logql.errors import LogQLError
from logops.logql.lint import labels, lines, numbers
from logops.logql.lint.advice import QUERY_ALONE, Advice, Context, Found, Severity
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
        for finding in islice(rule.look(query, context), MOST_OF_A_RULE):
            rewrite = written(finding.better) if finding.better is not None else ""
            certain = rule.severity == "slow" and finding.certain and rewrite != ""
            advice.append(Advice(rule.name, rule.severity, finding.why, finding.span, rewrite, certain))
    return sorted(advice, key=lambda entry: entry.span)


def written(better: Query) -> str:
    """Return the text of a query; empty if it cannot be written, as when a line filter would follow a drop."""
    try:
        return one_line(checked(better))
    except LogQLError:
        return ""


def refused_when_run(query: Query, _: Context) -> Iterator[Found]:
    for span, why in refusals(query):
        end = "" if why.endswith("?") else "."
        yield Found(span, f"Loki refuses this as it runs the query: {why}{end}", None)


@dataclass(frozen=True)
class LintRule:
    name: str
    severity: Severity
    look: Callable[[Query, Context], Iterable[Found]]
    meaning: str
    """One sentence, for tools that explain a rule."""


RULES = (
    LintRule("refused-when-run", "error", refused_when_run, "Loki accepts the query, and refuses it when it runs."),
    LintRule(
        "unknown-label",
        "fragile",
        labels.unknown_label,
        "No source of the environment has the label.",
    ),
    LintRule(
        "label-in-selector",
        "slow",
        lines.label_in_selector,
        "A label of the stream is filtered after the lines are read.",
    ),
    LintRule(
        "filter-before-parser",
        "slow",
        lines.filter_before_parser,
        "Every line is parsed, although a line filter could drop most lines before.",
    ),
    LintRule(
        "filter-after-parser",
        "slow",
        lines.filter_after_parser,
        "A line filter stands after a label filter, so that Loki cannot apply it first.",
    ),
    LintRule(
        "metadata-would-do",
        "slow",
        lines.metadata_would_do,
        "A parser extracts a label that is structured metadata already.",
    ),
    LintRule("unused-parser", "slow", lines.unused_parser, "A parser extracts labels that nothing uses."),
    LintRule("regex-for-text", "slow", lines.regex_for_text, "A regular expression searches for plain text."),
    LintRule(
        "any-text-around",
        "slow",
        lines.any_text_around,
        "A line filter starts or ends with `.*`.",
    ),
    LintRule("selects-all", "slow", lines.selects_all, "A selector matches almost every stream of the tenant."),
    LintRule(
        "address-as-text",
        "fragile",
        lines.address_as_text,
        "`ip()` beside another text is plain text.",
    ),
    LintRule("line-errors", "fragile", numbers.line_errors, "One line that does not parse fails the query."),
    LintRule(
        "unwrap-errors", "fragile", numbers.unwrap_errors, "One line whose label is not a number fails the query."
    ),
    LintRule("division-by-zero", "fragile", numbers.division_by_zero, "The divisor can be 0."),
    LintRule(
        "range-below-step",
        "fragile",
        numbers.range_below_step,
        "The range is shorter than the step, so that some lines are not counted.",
    ),
)
