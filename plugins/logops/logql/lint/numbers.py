"""Rules about samples: errors on a bad line, divisions by zero, and lines that are not counted."""

import operator
from collections.abc import Iterator
from dataclasses import replace

from logops.logql import literals
from logops.logql.lint.advice import Context, Found
from logops.logql.lint.lines import forgets_labels, grouped_by, needless_parser, needs_label, required
from logops.logql.tree import (
    Binary,
    Comparison,
    Condition,
    Drop,
    DurationValue,
    Json,
    LabelFilter,
    LabelFormat,
    LabelReplace,
    Logfmt,
    LogQuery,
    LogRange,
    Matcher,
    Number,
    Query,
    RangeAggregation,
    Stage,
    Unpack,
    Unwrap,
    Vector,
    VectorAggregation,
)
from logops.logql.walk import all_of, instead
from logops.logql.words import COMPARISON_OPS, COUNTING_RANGE_OPS

# If all values are above 0, so are these; if none is negative, neither are these.
KEEP_SIGN = frozenset(["sum", "avg", "min", "max", "topk", "bottomk", "approx_topk", "sort", "sort_desc"])

COMPARISONS = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


NO_ERROR = Matcher("__error__", "=", "")


def line_errors(query: Query, context: Context) -> Iterator[Found]:
    """Unwrapped samples are covered by `unwrap_errors`, whose guard comes last."""
    for counted in all_of(query, RangeAggregation):
        lines = counted.range.query
        fails = next((stage for stage in lines.stages if can_fail(stage)), None)
        if fails is None or counted.range.unwrap or counted.op == "absent_over_time":
            continue
        if guarded(lines) or errors_are_left(query, lines) or needless_parser(query, lines, context):
            continue
        asks = any(matcher.name == "__error__" for matcher in all_of(lines.stages, Matcher))
        better = replace(lines, stages=(*lines.stages, LabelFilter(NO_ERROR)))
        yield Found(
            fails.span,
            f'one line {trouble(fails)} ends the whole query. | __error__="" behind it leaves such lines out.',
            None if asks else instead(query, lines, better),
        )


def can_fail(stage: Stage) -> bool:
    if isinstance(stage, LabelFilter):
        return any(all_of(stage, Comparison))
    return isinstance(stage, (Json, Unpack)) or (isinstance(stage, Logfmt) and stage.strict)


def trouble(stage: Stage) -> str:
    if isinstance(stage, LabelFilter):
        return f"whose {next(all_of(stage, Comparison)).name} is not a number"
    return f"that is no {'logfmt' if isinstance(stage, Logfmt) else 'JSON'}"


def guarded(lines: LogQuery) -> bool:
    """Whether errors are removed, or ignored, after every stage that can fail."""
    for stage in reversed(lines.stages):
        if isinstance(stage, LabelFilter) and leaves_errors_out(stage.condition):
            return True
        if isinstance(stage, Drop) and "__error__" in stage.labels:
            return True
        if can_fail(stage):
            return False
    return False


def leaves_errors_out(condition: Condition) -> bool:
    return any(
        isinstance(matcher, Matcher)
        and matcher.name == "__error__"
        and (matcher.op, matcher.value) in (("=", ""), ("!~", ".+"))
        for matcher in required(condition)
    )


def errors_are_left(query: Query, lines: LogQuery) -> bool:
    """Whether Loki meets no error, because it parses only the labels that a sum needs, or whether errors are requested.

    It parses up to the last needed label: nothing if none is needed, and a line that fails earlier lacks one (Hints
    in pkg/logql/log/parser_hints.go).
    """
    if not forgets_labels(query, lines):
        return False
    filters = [stage for stage in lines.stages if isinstance(stage, LabelFilter)]
    matchers = list(all_of(tuple(filters), Matcher))
    if any(matcher.name == "__error__" for matcher in matchers):
        return True
    if any(isinstance(stage, LabelFormat) or any(all_of(stage, Comparison)) for stage in lines.stages):
        return False
    of_stream = {matcher.name for matcher in lines.selector.matchers}
    needed = {condition.name for stage in filters for condition in required(stage.condition) if needs_label(condition)}
    return {matcher.name for matcher in matchers} | grouped_by(query) <= needed - of_stream


def unwrap_errors(query: Query, _: Context) -> Iterator[Found]:
    for unwrap in all_of(query, Unwrap):
        if not any(map(leaves_errors_out, unwrap.filters)):
            guarded = replace(unwrap, filters=(NO_ERROR, *unwrap.filters))
            yield Found(
                unwrap.span,
                f"one line whose {unwrap.label} is not a number fails the whole query. "
                '| __error__="" leaves such lines out.',
                instead(query, unwrap, guarded),
            )


def division_by_zero(query: Query, _: Context) -> Iterator[Found]:
    for division in all_of(query, Binary):
        if division.op not in ("/", "%"):
            continue
        if is_zero(division.right):
            yield Found(division.span, "it divides by 0: every answer is NaN or infinite.", None)
        elif any(all_of(division.right, RangeAggregation)) and not (
            above_zero(division.right) or leaves_zero(division.right)
        ):
            op = ">" if not_below_zero(division.right) else "!="
            guarded = replace(division, right=Binary(op, division.right, Number(0.0)))
            yield Found(
                division.span,
                "what it divides by can be 0, and the answer is then NaN, which no alert compares with anything: "
                f"{op} 0 leaves such points out.",
                instead(query, division, guarded),
            )


def is_zero(query: Query) -> bool:
    value = query.value if isinstance(query, Vector) else query
    return isinstance(value, Number) and value.value == 0


def leaves_zero(query: Query) -> bool:
    """Whether it is a comparison that 0 does not pass."""
    match query:
        case Binary(op=op, right=Number() as number, returns_bool=False) if op in COMPARISONS:
            return not COMPARISONS[op](0, number.value)
        case Binary(op=op, left=Number() as number, returns_bool=False) if op in COMPARISONS:
            return not COMPARISONS[op](number.value, 0)
    return False


def above_zero(query: Query) -> bool:
    """Whether every value is certainly above 0."""
    match query:
        case Number():
            return query.value > 0
        case Vector():
            return query.value.value > 0
        case RangeAggregation():
            # Without lines, these have no point; the bytes of empty lines are 0.
            counts = query.op in ("rate", "count_over_time") and query.range.unwrap is None
            return counts or query.op == "absent_over_time"
        case VectorAggregation():
            return query.op == "count" or (query.op in KEEP_SIGN and above_zero(query.inner))
        case LabelReplace():
            return above_zero(query.inner)
        case Binary():
            return joined_above_zero(query)
    return False


def joined_above_zero(query: Binary) -> bool:
    left, right = query.left, query.right
    match query.op:
        case "+":
            left_above, other = above_zero(left), above_zero(right)
            return (left_above and (other or not_below_zero(right))) or (other and not_below_zero(left))
        case "*" | "/" | "or":
            return above_zero(left) and above_zero(right)
        case "and":
            # `x and x > 0` keeps the values of x above 0.
            compared = isinstance(right, Binary) and right.op in COMPARISON_OPS and right.left == left
            return above_zero(left) or (compared and not query.matching and above_zero(right))
        case "unless":
            return above_zero(left)
        case op if op in COMPARISON_OPS and not query.returns_bool:
            above = isinstance(right, Number) and only_above_zero(left, op, right.value)
            return above or above_zero(passed_on(query))
    return False


def passed_on(comparison: Binary) -> Query:
    """Return the side whose values are the answer: the series, or the left of two series."""
    return comparison.right if isinstance(comparison.left, Number) else comparison.left


def only_above_zero(query: Query, op: str, number: float) -> bool:
    """Whether only values above 0 pass the comparison."""
    if op == "!=":
        return number == 0 and not_below_zero(query)
    return (op == ">" and number >= 0) or (op in (">=", "==") and number > 0)


def not_below_zero(query: Query) -> bool:
    match query:
        case Number():
            return query.value >= 0
        case Vector():
            return query.value.value >= 0
        case RangeAggregation():
            return query.range.unwrap is None and query.op in COUNTING_RANGE_OPS
        case LabelReplace():
            return not_below_zero(query.inner)
        case VectorAggregation():
            return query.op in ("count", "stddev", "stdvar") or (query.op in KEEP_SIGN and not_below_zero(query.inner))
        case Binary(op="+" | "*" | "/" | "or", left=left, right=right):
            return not_below_zero(left) and not_below_zero(right)
        case Binary(op=op) if op in COMPARISON_OPS:
            return query.returns_bool or not_below_zero(passed_on(query)) or above_zero(query)
        case Binary(op="and" | "unless", left=left):
            return not_below_zero(left)
    return False


def range_below_step(query: Query, context: Context) -> Iterator[Found]:
    if context.step_ns is None:
        return
    for log_range in all_of(query, LogRange):
        if log_range.range.nanoseconds < context.step_ns:
            step = DurationValue(context.step_ns)
            yield Found(
                log_range.range.span,
                f"a range of {literals.write_duration(log_range.range.nanoseconds)} every "
                f"{literals.write_duration(context.step_ns)} leaves lines between two points uncounted.",
                instead(query, log_range.range, step),
            )
