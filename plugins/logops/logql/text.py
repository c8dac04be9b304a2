"""Write a tree as LogQL, on one line or over several."""

from collections.abc import Iterable

from logops.logql import literals
from logops.logql.tree import (
    Binary,
    Both,
    Bytes,
    Comparison,
    Condition,
    Decolorize,
    Drop,
    DurationValue,
    Either,
    Extraction,
    Grouping,
    IpMatch,
    Json,
    Keep,
    LabelAssignment,
    LabelFilter,
    LabelFormat,
    LabelReplace,
    LineFilter,
    LineFormat,
    Logfmt,
    LogQuery,
    LogRange,
    Matcher,
    Matching,
    Metric,
    Needle,
    Number,
    Parser,
    Pattern,
    Query,
    RangeAggregation,
    Regexp,
    Selector,
    Stage,
    Unpack,
    Unwrap,
    Variants,
    Vector,
    VectorAggregation,
)
from logops.logql.words import PRECEDENCE

WIDTH = 100
INDENT = "  "


def one_line(query: Query) -> str:
    """Write on one line. Parsing it gives the same tree."""
    match query:
        case LogQuery():
            return joined(selector(query.selector), *map(stage, query.stages))
        case _:
            return metric(query)


def pretty(query: Query, width: int = WIDTH) -> str:
    """Write over several lines if one line would be longer than `width`."""
    return "\n".join(lines(query, width))


def lines(query: Query, width: int) -> list[str]:
    short = one_line(query)
    if len(short) <= width:
        return [short]
    inner = width - len(INDENT)
    match query:
        case LogQuery():
            return [selector(query.selector), *indented(map(stage, query.stages))]
        case RangeAggregation():
            parameter = [f"{number(query.parameter)},"] if query.parameter else []
            return [f"{query.op}(", *indented(parameter), *indented(range_lines(query.range)), f"){by(query.grouping)}"]
        case VectorAggregation():
            parameter = [f"{number(query.parameter)},"] if query.parameter else []
            return [
                f"{query.op}{by(query.grouping)}{' ' if query.grouping else ''}(",
                *indented(parameter),
                *indented(lines(query.inner, inner)),
                ")",
            ]
        case Binary():
            left = side_lines(query.left, width, looser(query, query.left, left=True))
            right = side_lines(query.right, width, looser(query, query.right, left=False))
            return [*left, f"{operator(query)} {right[0]}", *right[1:]]
        case LabelReplace():
            texts = ", ".join(map(literals.quote, (query.to, query.replacement, query.source, query.regex)))
            return ["label_replace(", *indented([*with_comma(lines(query.inner, inner)), texts]), ")"]
        case Variants():
            metrics = [with_comma(lines(metric, inner)) for metric in query.metrics]
            metrics[-1] = lines(query.metrics[-1], inner)
            return [
                "variants(",
                *indented(line for metric in metrics for line in metric),
                ") of (",
                *indented(range_lines(query.range)),
                ")",
            ]
        case _:
            return [short]


def with_comma(text: list[str]) -> list[str]:
    return [*text[:-1], f"{text[-1]},"]


def side_lines(query: Metric | Variants, width: int, bracketed: bool) -> list[str]:
    if not bracketed:
        return lines(query, width)
    return ["(", *indented(lines(query, width - len(INDENT))), ")"]


def range_lines(range_: LogRange) -> list[str]:
    """Return the selector, then one stage per line, with the range after the last."""
    stages = [*map(stage, range_.query.stages), *([unwrap(range_.unwrap)] if range_.unwrap else [])]
    text = [selector(range_.query.selector), *indented(stages)]
    text[-1] += f" {span_of(range_)}"
    return text


def indented(text: Iterable[str]) -> list[str]:
    return [INDENT + line for line in text]


def joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def metric(query: Metric | Variants) -> str:
    match query:
        case RangeAggregation():
            parameter = f"{number(query.parameter)}, " if query.parameter else ""
            return f"{query.op}({parameter}{log_range(query.range)}){by(query.grouping)}"
        case VectorAggregation():
            parameter = f"{number(query.parameter)}, " if query.parameter else ""
            grouping = f"{by(query.grouping)} " if query.grouping else ""
            return f"{query.op}{grouping}({parameter}{metric(query.inner)})"
        case Binary():
            left, right = metric(query.left), metric(query.right)
            if looser(query, query.left, left=True):
                left = f"({left})"
            if looser(query, query.right, left=False):
                right = f"({right})"
            return f"{left} {operator(query)} {right}"
        case Number():
            return number(query)
        case Vector():
            return f"vector({number(query.value)})"
        case LabelReplace():
            texts = ", ".join(map(literals.quote, (query.to, query.replacement, query.source, query.regex)))
            return f"label_replace({metric(query.inner)}, {texts})"
        case Variants():
            return f"variants({', '.join(map(metric, query.metrics))}) of ({log_range(query.range)})"


def looser(query: Binary, side: Metric | Variants, left: bool) -> bool:
    """Whether a side needs parentheses."""
    if not isinstance(side, Binary):
        return False
    own_precedence, its = PRECEDENCE[query.op], PRECEDENCE[side.op]
    # All operators bind to the left, except `^`.
    return its < own_precedence or (its == own_precedence and left == (query.op == "^"))


def operator(query: Binary) -> str:
    return joined(query.op, "bool" if query.returns_bool else "", matching(query.matching) if query.matching else "")


def matching(node: Matching) -> str:
    labels = f"{'on' if node.on else 'ignoring'} ({', '.join(node.labels)})"
    # Always with parentheses: otherwise those of the right side would be read as its labels.
    return joined(labels, f"{node.group} ({', '.join(node.include)})" if node.group else "")


def by(grouping: Grouping | None) -> str:
    if grouping is None:
        return ""
    return f" {'without' if grouping.without else 'by'} ({', '.join(grouping.labels)})"


def log_range(node: LogRange) -> str:
    return joined(one_line(node.query), unwrap(node.unwrap) if node.unwrap else "", span_of(node))


def span_of(node: LogRange) -> str:
    return joined(f"[{duration(node.range)}]", f"offset {duration(node.offset)}" if node.offset else "")


def unwrap(node: Unwrap) -> str:
    label = f"{node.conversion}({node.label})" if node.conversion else node.label
    return joined(f"| unwrap {label}", *(f"| {condition(label_filter)}" for label_filter in node.filters))


def selector(node: Selector) -> str:
    return "{" + ", ".join(map(matcher, node.matchers)) + "}"


def matcher(node: Matcher) -> str:
    return f"{equated(node.name, node.op)}{literals.quote(node.value)}"


def stage(node: Stage) -> str:
    match node:
        case LineFilter():
            return f"{node.op} {' or '.join(map(needle, node.needles))}"
        case LabelFilter():
            return f"| {condition(node.condition)}"
        case LineFormat():
            return f"| line_format {literals.quote(node.template)}"
        case LabelFormat():
            return f"| label_format {', '.join(map(assignment, node.labels))}"
        case Decolorize():
            return "| decolorize"
        case Drop():
            return f"| drop {named(node.labels)}"
        case Keep():
            return f"| keep {named(node.labels)}"
        case _:
            return parser(node)


def parser(node: Parser) -> str:
    match node:
        case Json():
            return joined("| json", extractions(node.fields))
        case Logfmt():
            flags = ("--strict" if node.strict else "", "--keep-empty" if node.keep_empty else "")
            return joined("| logfmt", *flags, extractions(node.fields))
        case Pattern():
            return f"| pattern {literals.quote(node.pattern)}"
        case Regexp():
            return f"| regexp {literals.quote(node.pattern)}"
        case Unpack():
            return "| unpack"


def needle(node: Needle) -> str:
    text = literals.quote(node.text)
    return f"ip({text})" if node.ip else text


def extractions(fields: tuple[Extraction, ...]) -> str:
    return ", ".join(
        field.label if field.label == field.expression else f"{equated(field.label)}{literals.quote(field.expression)}"
        for field in fields
    )


def assignment(node: LabelAssignment) -> str:
    return f"{equated(node.name)}{node.value if node.renames else literals.quote(node.value)}"


def equated(name: str, op: str = "=") -> str:
    """`!` is a name if no operator character follows it."""
    return f"{name} {op}" if name == "!" else f"{name}{op}"


def named(labels: tuple[str | Matcher, ...]) -> str:
    return ", ".join(label if isinstance(label, str) else matcher(label) for label in labels)


def condition(node: Condition) -> str:
    match node:
        case Matcher():
            return matcher(node)
        case Comparison():
            return f"{node.name} {node.op} {measure(node.value)}"
        case IpMatch():
            return f"{node.name} {node.op} ip({literals.quote(node.pattern)})"
        case Both():
            return f"{held(node.left, Either)} and {held(node.right, (Either, Both))}"
        case Either():
            return f"{held(node.left, ())} or {held(node.right, Either)}"


def held(node: Condition, looser: type | tuple[type, ...]) -> str:
    text = condition(node)
    return f"({text})" if isinstance(node, looser) else text


def measure(value: Number | DurationValue | Bytes) -> str:
    match value:
        case Number():
            return number(value)
        case DurationValue():
            return duration(value)
        case Bytes():
            return value.text or literals.write_size(value.count)


def number(value: Number) -> str:
    return value.text or literals.write_number(value.value)


def duration(value: DurationValue) -> str:
    return value.text or literals.write_duration(value.nanoseconds)
