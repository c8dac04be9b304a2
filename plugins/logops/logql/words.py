"""The words of LogQL."""

RANGE_OPS = frozenset(
    [
        "rate",
        "rate_counter",
        "count_over_time",
        "bytes_rate",
        "bytes_over_time",
        "avg_over_time",
        "sum_over_time",
        "min_over_time",
        "max_over_time",
        "stdvar_over_time",
        "stddev_over_time",
        "quantile_over_time",
        "first_over_time",
        "last_over_time",
        "absent_over_time",
    ]
)
VECTOR_OPS = frozenset(
    ["sum", "avg", "max", "min", "count", "stddev", "stdvar", "bottomk", "topk", "sort", "sort_desc", "approx_topk"]
)
RANKING_OPS = frozenset(["bottomk", "topk", "approx_topk"])
SORT_OPS = frozenset(["sort", "sort_desc"])
CONVERSIONS = frozenset(["bytes", "duration", "duration_seconds"])

GROUPED_RANGE_OPS = frozenset(
    [
        "avg_over_time",
        "stddev_over_time",
        "stdvar_over_time",
        "quantile_over_time",
        "max_over_time",
        "min_over_time",
        "first_over_time",
        "last_over_time",
    ]
)
UNWRAPPED_RANGE_OPS = GROUPED_RANGE_OPS | {"sum_over_time", "rate", "rate_counter", "absent_over_time"}
COUNTING_RANGE_OPS = frozenset(["bytes_over_time", "bytes_rate", "count_over_time", "rate", "absent_over_time"])

# Functions only if a parenthesis or a grouping follows; otherwise names like any other.
FUNCTIONS = RANGE_OPS | VECTOR_OPS | CONVERSIONS | {"vector", "label_replace", "ip"}
# Keywords everywhere: a label with such a name cannot be written.
KEYWORDS = frozenset(
    [
        "by",
        "without",
        "bool",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "or",
        "and",
        "unless",
        "unwrap",
        "offset",
        "json",
        "regexp",
        "logfmt",
        "unpack",
        "pattern",
        "label_format",
        "line_format",
        "decolorize",
        "drop",
        "keep",
        "variants",
        "of",
    ]
)

MATCH_OPS = frozenset(("=", "!=", "=~", "!~"))
LINE_FILTER_OPS = frozenset(("|=", "!=", "|~", "!~", "|>", "!>"))
COMPARISON_OPS = frozenset(("==", "!=", ">", ">=", "<", "<="))
LOGICAL_OPS = frozenset(("or", "and", "unless"))
PRECEDENCE = {
    "or": 1, "and": 2, "unless": 2,
    "==": 3, "!=": 3, ">": 3, ">=": 3, "<": 3, "<=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6,
}  # fmt: skip
