"""The tree of a LogQL query: immutable and typed. Each node has its position in the text.

Two trees are equal if they mean the same; positions and the spelling of literals do not count. The names are those
of LogQL's documentation and of Loki's pkg/logql/syntax/ast.go.
"""

from dataclasses import dataclass, field

Span = tuple[int, int]
NOWHERE: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in arithmetic, a parameter or a label filter. `text`: its original spelling."""

    value: float
    text: str = field(default="", compare=False)
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DurationValue:
    nanoseconds: int
    text: str = field(default="", compare=False)
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Bytes:
    count: int
    text: str = field(default="", compare=False)
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Matcher:
    """`name="value"`, with `=`, `!=`, `=~` or `!~`: on a stream's label, or as a label filter."""

    name: str
    op: str
    value: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Selector:
    """`{job="nginx"}`: selects streams."""

    matchers: tuple[Matcher, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Needle:
    """The argument of a line filter: a text, a regular expression, a pattern, or an address range in `ip()`."""

    text: str
    ip: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LineFilter:
    """`|= "a" or "b"`, with `|=`, `!=`, `|~`, `!~`, `|>` or `!>`."""

    op: str
    needles: tuple[Needle, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Extraction:
    """`label="expression"` in json and logfmt."""

    label: str
    expression: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Json:
    fields: tuple[Extraction, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Logfmt:
    fields: tuple[Extraction, ...] = ()
    strict: bool = False
    keep_empty: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    pattern: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Regexp:
    pattern: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unpack:
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`duration > 1s`: compares a label with a number, a duration or a size."""

    name: str
    op: str
    value: Number | DurationValue | Bytes
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IpMatch:
    """`addr = ip("10.0.0.0/8")`, or with `!=`."""

    name: str
    op: str
    pattern: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Both:
    """Two conditions that must both hold, joined by `and`, a comma or a blank."""

    left: "Condition"
    right: "Condition"
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Either:
    left: "Condition"
    right: "Condition"
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Condition = Matcher | Comparison | IpMatch | Both | Either


@dataclass(frozen=True, slots=True)
class LabelFilter:
    condition: Condition
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LineFormat:
    template: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LabelAssignment:
    """`new=old`, which renames, or `new="{{.template}}"`."""

    name: str
    value: str
    renames: bool
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LabelFormat:
    labels: tuple[LabelAssignment, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Decolorize:
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Drop:
    """Drop labels, or only if they match."""

    labels: tuple[str | Matcher, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Keep:
    labels: tuple[str | Matcher, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Parser = Json | Logfmt | Pattern | Regexp | Unpack
Stage = LineFilter | Parser | LabelFilter | LineFormat | LabelFormat | Decolorize | Drop | Keep


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A query that returns lines."""

    selector: Selector
    stages: tuple[Stage, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unwrap:
    """`| unwrap duration(took) | took < 5`: the label whose value is the sample."""

    label: str
    conversion: str = ""
    filters: tuple[Condition, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LogRange:
    """`{job="nginx"} | json | unwrap bytes [5m] offset 1h`."""

    query: LogQuery
    range: DurationValue
    unwrap: Unwrap | None = None
    offset: DurationValue | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Grouping:
    labels: tuple[str, ...]
    without: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RangeAggregation:
    """`rate(...)`, `quantile_over_time(0.99, ...) by (path)`."""

    op: str
    range: LogRange
    parameter: Number | None = None
    grouping: Grouping | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class VectorAggregation:
    """`sum by (status) (...)`, `topk(10, ...)`."""

    op: str
    inner: "Metric"
    parameter: Number | None = None
    grouping: Grouping | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Matching:
    """Which labels match between both sides, and whether many match one: `on (pod) group_left (node)`."""

    on: bool
    labels: tuple[str, ...]
    group: str = ""
    include: tuple[str, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`a / on (pod) b`."""

    op: str
    left: "Metric | Variants"
    right: "Metric | Variants"
    returns_bool: bool = False
    matching: Matching | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Vector:
    """`vector(1)`: a number as a series without labels."""

    value: Number
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LabelReplace:
    inner: "Metric"
    to: str
    replacement: str
    source: str
    regex: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Metric = RangeAggregation | VectorAggregation | Binary | Number | Vector | LabelReplace


@dataclass(frozen=True, slots=True)
class Variants:
    """`variants(a, b) of (range)`: several samples of the same lines. Loki's next major version removes it."""

    metrics: tuple[Metric, ...]
    range: LogRange
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Query = LogQuery | Metric | Variants
