"""Rules about samples: what fails on one bad line, divides by nothing, or looks past lines."""

from collections.abc import Iterator
from dataclasses import replace

from logops.logql import literals
from logops.logql.advice import Context, Found
from logops.logql.tree import (
    Binary,
    Duration,
    LogRange,
    Matcher,
    Number,
    Query,
    RangeAggregation,
    Unwrap,
    Vector,
    VectorAggregation,
)
from logops.logql.walk import all_of, instead
from logops.logql.words import COUNTING_RANGE_OPS

# Of values all above 0 these are above 0, and of values none below 0 none below 0.
KEEP_SIGN = frozenset(["sum", "avg", "min", "max", "topk", "bottomk", "approx_topk", "sort", "sort_desc"])


def unwrap_errors(query: Query, _: Context) -> Iterator[Found]:
    for unwrap in all_of(query, Unwrap):
        if not any(matcher.name == "__error__" for matcher in all_of(unwrap.filters, Matcher)):
            guarded = replace(unwrap, filters=(Matcher("__error__", "=", ""), *unwrap.filters))
            yield (
                unwrap.span,
                f'one line whose {unwrap.label} is no number fails the whole query. | __error__="" leaves such lines '
                "out.",
                instead(query, unwrap, guarded),
            )


def division_by_zero(query: Query, _: Context) -> Iterator[Found]:
    for found in all_of(query, Binary):
        if found.op not in ("/", "%"):
            continue
        if is_zero(found.right):
            yield found.span, "it divides by 0: every answer is NaN or infinite.", None
        elif any(all_of(found.right, RangeAggregation)) and not above_zero(found.right):
            op = ">" if not_below_zero(found.right) else "!="
            guarded = replace(found, right=Binary(op, found.right, Number(0.0)))
            yield (
                found.span,
                "what it divides by can be 0, and the answer is then NaN, which no alert compares with anything: "
                f"{op} 0 leaves such points out.",
                instead(query, found, guarded),
            )


def is_zero(query: Query) -> bool:
    found = query.value if isinstance(query, Vector) else query
    return isinstance(found, Number) and found.value == 0


def above_zero(query: Query) -> bool:
    """Whether every value of it surely is."""
    match query:
        case Number():
            return query.value > 0
        case Vector():
            return query.value.value > 0
        case VectorAggregation():
            return query.op == "count" or (query.op in KEEP_SIGN and above_zero(query.inner))
        case Binary(op=">" | ">=" | "==" | "!=" as op, left=left, right=Number() as least) if not query.returns_bool:
            above = (op == ">" and least.value >= 0) or (op in (">=", "==") and least.value > 0)
            return above or above_zero(left) or (op == "!=" and least.value == 0 and not_below_zero(left))
        case Binary(op="+", left=left, right=right):
            one, other = above_zero(left), above_zero(right)
            return (one and (other or not_below_zero(right))) or (other and not_below_zero(left))
        case Binary(op="*" | "or", left=left, right=right):
            return above_zero(left) and above_zero(right)
        case Binary(op="and", left=left, right=right):
            # `x and x > 0` is those of x above 0.
            return above_zero(left) or (isinstance(right, Binary) and right.left == left and above_zero(right))
        case Binary(op="unless", left=left):
            return above_zero(left)
    return False


def not_below_zero(query: Query) -> bool:
    match query:
        case Number():
            return query.value >= 0
        case Vector():
            return query.value.value >= 0
        case RangeAggregation():
            return query.range.unwrap is None and query.op in COUNTING_RANGE_OPS
        case VectorAggregation():
            return query.op in ("count", "stddev", "stdvar") or (query.op in KEEP_SIGN and not_below_zero(query.inner))
        case Binary(op="+" | "*" | "/" | "or", left=left, right=right):
            return not_below_zero(left) and not_below_zero(right)
        case Binary(op=">" | ">=" | "<" | "<=" | "==" | "!=", left=left):
            return query.returns_bool or not_below_zero(left) or above_zero(query)
        case Binary(op="and" | "unless", left=left):
            return not_below_zero(left)
    return False


def range_below_step(query: Query, context: Context) -> Iterator[Found]:
    if context.step_ns is None:
        return
    for found in all_of(query, LogRange):
        if found.range.nanoseconds < context.step_ns:
            step = Duration(context.step_ns)
            yield (
                found.range.span,
                f"a range of {literals.write_duration(found.range.nanoseconds)} every "
                f"{literals.write_duration(context.step_ns)} leaves lines between two points uncounted.",
                instead(query, found.range, step),
            )
