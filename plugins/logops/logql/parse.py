"""Parse LogQL: everything that Loki 3.7 accepts, and nothing else.

A recursive descent parser for Loki's grammar (pkg/logql/syntax/syntax.y). What Loki checks while and after it builds
its tree (ast.go, parser.go) is checked at the same place. Differences: an expression may nest 100 levels and join
100 parts, because both make the tree deep; and a few regular expressions (docs/decisions, 0009).
"""

from collections.abc import Callable

from logops.logql import literals, patterns, regexes
from logops.logql.errors import LogQLError
from logops.logql.tokens import BYTES, DURATION, END, FLAG, NAME, NUMBER, RANGE, STRING, tokens_of
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
from logops.logql.words import (
    COMPARISON_OPS,
    CONVERSIONS,
    COUNTING_RANGE_OPS,
    FUNCTIONS,
    GROUPED_RANGE_OPS,
    KEYWORDS,
    LINE_FILTER_OPS,
    LOGICAL_OPS,
    MATCH_OPS,
    PRECEDENCE,
    RANGE_OPS,
    RANKING_OPS,
    SORT_OPS,
    UNWRAPPED_RANGE_OPS,
    VECTOR_OPS,
)
from logops.suggestions import CERTAIN, did_you_mean

MAX_BYTES = 131_072
MAX_DEPTH = 100
MAX_JOINS = 100
# How tightly `or` and `and` bind in a label filter. A comma or a blank takes everything after it, as in Loki's grammar.
LOOSE, IN_OR, IN_AND = 0, 1, 2


def parse(query: str) -> Query:
    """Return the tree of a query. Raises LogQLError."""
    try:
        size = len(query.encode())
    except UnicodeEncodeError as error:
        raise LogQLError("a byte that is no UTF-8", query, error.start) from None
    if size >= MAX_BYTES:
        raise LogQLError(f"longer than Loki takes: {MAX_BYTES:,} bytes", query, 0)
    reader = Reader(query)
    query_tree = reader.expression(0)
    if reader.kind != END:
        raise reader.unexpected(reader.what_may_follow(query_tree))
    return query_tree


def is_query(text: str) -> bool:
    """Whether a text is a query that Loki accepts."""
    try:
        parse(text)
    except LogQLError:
        return False
    return True


def parse_selector(query: str) -> Selector:
    """Parse `{...}` with nothing after it. Raises LogQLError."""
    query_tree = parse(query)
    if not isinstance(query_tree, LogQuery) or query_tree.stages:
        raise LogQLError("expected a stream selector alone", query, 0)
    return query_tree.selector


class Reader:
    """The position in the tokens, with one method per rule of the grammar."""

    __slots__ = (
        "at",
        "condition_depth",
        "depth",
        "ends",
        "in_variants",
        "joins",
        "kind",
        "kinds",
        "query",
        "starts",
        "texts",
    )

    def __init__(self, query: str) -> None:
        self.query = query
        self.kinds, self.texts, self.starts, self.ends = tokens_of(query)
        self.at = 0
        self.depth = self.condition_depth = 0
        self.joins = 0
        self.in_variants = False
        self.kind = self.kinds[0]

    def next(self) -> str:
        """Skip a token and return its text."""
        at = self.at
        self.at = at + 1
        self.kind = self.kinds[at + 1]
        return self.texts[at]

    def take(self, kind: str, expected: str) -> str:
        if self.kind != kind:
            raise self.unexpected(expected)
        at = self.at
        self.at = at + 1
        self.kind = self.kinds[at + 1]
        return self.texts[at]

    def took(self, kind: str) -> bool:
        if self.kind != kind:
            return False
        self.at += 1
        self.kind = self.kinds[self.at]
        return True

    def since(self, start: int) -> tuple[int, int]:
        """Return the span from a token's start to the end of the last read token."""
        return (start, self.ends[self.at - 1])

    def wrong(self, reason: str, at: int | None = None) -> LogQLError:
        return LogQLError(reason, self.query, self.starts[self.at] if at is None else at)

    def unexpected(self, expected: str) -> LogQLError:
        kind, start, end = self.kind, self.starts[self.at], self.ends[self.at]
        actual = "the end" if kind == END else self.query[start:end]
        if kind in KEYWORDS and expected.startswith("a label"):
            actual += ", which LogQL keeps for itself"
        elif kind in FUNCTIONS and expected.startswith("a label"):
            actual += ", which before a parenthesis is a function"
        elif kind == NAME and not expected.startswith("a label") and (hint := self.suggestion()):
            actual += f".{hint}"
        return self.wrong(f"expected {expected}, found {actual}")

    def suggestion(self) -> str:
        """Return a sentence with the word of LogQL that the next name may mean; empty if no word is like it."""
        name, following = self.texts[self.at], self.texts[self.at + 1]
        if name.lower() in FUNCTIONS:
            # It is read as a name, because neither a parenthesis nor a grouping follows: `sum bye (x) (...)`.
            hint = did_you_mean(following, ("by", "without"), CERTAIN) if self.kinds[self.at + 1] == NAME else ""
            return hint and f" It is followed by {following}.{hint}"
        return did_you_mean(name, FUNCTIONS | KEYWORDS, CERTAIN)

    def what_may_follow(self, query: Query) -> str:
        if isinstance(query, LogQuery):
            return "a line filter, | and a stage, or the end"
        return "an operator or the end"

    # expr, metricExpr, binOpExpr

    def expression(self, tightness: int) -> Query:
        start = self.starts[self.at]
        left = self.operand()
        while (precedence := PRECEDENCE.get(self.kind, 0)) > tightness:
            at = self.starts[self.at]
            self.join()
            op = self.next().lower()
            returns_bool = self.took("bool")
            matching = self.matching()
            # `^` binds to the right.
            right = self.expression(precedence - 1 if op == "^" else precedence)
            left = self.binary(op, left, right, returns_bool, matching, at, start)
        return left

    def binary(
        self,
        op: str,
        left: Query,
        right: Query,
        returns_bool: bool,
        matching: Matching | None,
        at: int,
        start: int,
    ) -> Binary:
        if isinstance(left, LogQuery) or isinstance(right, LogQuery):
            raise self.wrong(f"{op} joins numbers: one side of it answers with lines, not with numbers", at)
        if op in LOGICAL_OPS and (is_literal(left) or is_literal(right)):
            raise self.wrong(f"{op} joins series: a number is none", at)
        return Binary(op, left, right, returns_bool, matching, self.since(start))

    def matching(self) -> Matching | None:
        kind = self.kind
        if kind != "on" and kind != "ignoring":
            return None
        start = self.starts[self.at]
        self.next()
        labels = self.labels("( and the labels that join both sides")
        group = ""
        include: tuple[str, ...] = ()
        if self.kind in ("group_left", "group_right"):
            group = self.next().lower()
            if self.kind == "(":
                include = self.labels("(")
        return Matching(kind == "on", labels, group, include, self.since(start))

    def labels(self, expected: str) -> tuple[str, ...]:
        self.take("(", expected)
        if self.took(")"):
            return ()
        names = [self.take(NAME, "a label or )")]
        while self.took(","):
            names.append(self.take(NAME, "a label"))
        self.take(")", "a comma or )")
        return tuple(names)

    def operand(self) -> Query:
        kind = self.kind
        if kind == "{":
            return self.log_query()
        if kind in VECTOR_OPS:
            return self.vector_aggregation()
        if kind in RANGE_OPS:
            return self.range_aggregation()
        if kind == "(":
            return self.parenthesised()
        if kind == NUMBER or kind == "-" or kind == "+":
            return self.literal()
        if kind == "label_replace":
            return self.label_replace()
        if kind == "vector":
            return self.vector()
        if kind == "variants":
            return self.variants()
        raise self.unexpected("a stream selector like {job=...}, or a function like rate(...)")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.wrong(f"nested deeper than {MAX_DEPTH}")

    def join(self) -> None:
        """Count another operator, or condition of a label filter."""
        self.joins += 1
        if self.joins > MAX_JOINS:
            raise self.wrong(f"more than {MAX_JOINS} operators and conditions")

    def parenthesised(self) -> Query:
        self.deeper()
        self.next()
        start = self.starts[self.at]
        expression = self.expression(0)
        if isinstance(expression, Variants):
            raise self.wrong("variants(...) stands alone, not in parentheses", start)
        self.take(
            ")", f") or {self.what_may_follow(expression).removesuffix(' or the end').removesuffix(', or the end')}"
        )
        self.depth -= 1
        return expression

    def metric(self) -> Metric:
        """Parse the argument of a function over numbers."""
        self.deeper()
        start = self.starts[self.at]
        expression = self.expression(0)
        if isinstance(expression, (LogQuery, Variants)):
            raise self.wrong("expected numbers, found lines: count them, as in rate({...}[5m])", start)
        self.depth -= 1
        return expression

    # literalExpr, vectorExpr

    def literal(self) -> Number:
        start = self.starts[self.at]
        sign = self.next() if self.kind in ("-", "+") else ""
        text = self.take(NUMBER, "a number")
        value = literals.number(text)
        if value is None:
            raise self.wrong(f"{text} is not a number that Loki reads", start)
        return Number(-value if sign == "-" else value, sign.replace("+", "") + text, self.since(start))

    def vector(self) -> Vector:
        start = self.starts[self.at]
        self.next()
        self.take("(", "( and a number")
        if self.kind != NUMBER:
            raise self.unexpected("a number")
        value = self.literal()
        self.take(")", ")")
        return Vector(value, self.since(start))

    # labelReplaceExpr, variantsExpr

    def label_replace(self) -> LabelReplace:
        start = self.starts[self.at]
        self.next()
        self.take("(", "(")
        inner = self.metric()
        texts = []
        for what in ("the label to set", "its replacement", "the label to read", "a regular expression"):
            self.take(",", f"a comma and {what}")
            at = self.starts[self.at]
            texts.append(self.take(STRING, f"{what}, a string"))
        to, replacement, source, regex = texts
        self.regex(f"^(?:{regex})$", at)
        self.take(")", ")")
        return LabelReplace(inner, to, replacement, source, regex, self.since(start))

    def variants(self) -> Variants:
        start = self.starts[self.at]
        self.next()
        self.take("(", "(")
        # Loki does not look at the selectors of these.
        self.in_variants = True
        metrics = [self.metric()]
        while self.took(","):
            metrics.append(self.metric())
        self.in_variants = False
        self.take(")", "a comma or )")
        self.take("of", "of (...)")
        self.take("(", "(")
        log_range = self.log_range()
        self.take(")", ")")
        return Variants(tuple(metrics), log_range, self.since(start))

    # rangeAggregationExpr, vectorAggregationExpr

    def range_aggregation(self) -> RangeAggregation:
        start = self.starts[self.at]
        op = self.kind
        self.next()
        self.take("(", "(")
        parameter = self.parameter()
        if parameter is not None and op != "quantile_over_time":
            raise self.wrong(f"{op} takes no number", parameter.span[0])
        if parameter is None and op == "quantile_over_time":
            raise self.unexpected("the quantile and a comma, as in quantile_over_time(0.99, ...)")
        log_range = self.log_range()
        self.take(")", ")")
        at = self.starts[self.at]
        grouping = self.grouping()
        if grouping is not None and op not in GROUPED_RANGE_OPS:
            raise self.wrong(f"{op} does not group: sum by (...) ({op}(...)) does", at)
        if log_range.unwrap is not None and op not in UNWRAPPED_RANGE_OPS:
            raise self.wrong(f"{op} counts lines: it takes no unwrap", log_range.unwrap.span[0])
        if log_range.unwrap is None and op not in COUNTING_RANGE_OPS:
            raise self.wrong(f"{op} needs numbers: | unwrap and a label, before the range", log_range.range.span[0])
        return RangeAggregation(op, log_range, parameter, grouping, self.since(start))

    def parameter(self) -> Number | None:
        if self.kind != NUMBER:
            return None
        literal = self.literal()
        self.take(",", "a comma")
        return literal

    def vector_aggregation(self) -> VectorAggregation:
        start = self.starts[self.at]
        op = self.kind
        self.next()
        at = self.starts[self.at]
        grouping = self.grouping()
        self.take("(", "( or by (...)" if grouping is None else "(")
        parameter = None
        if self.kind == NUMBER and self.kinds[self.at + 1] == ",":
            parameter = self.rank(op)
        elif op in RANKING_OPS:
            raise self.unexpected(f"how many and a comma, as in {op}(10, ...)")
        inner = self.metric()
        self.take(")", "an operator or )")
        if grouping is None:
            at = self.starts[self.at]
            grouping = self.grouping()
        if grouping is not None and (op == "approx_topk" or (op in SORT_OPS and grouping.labels)):
            raise self.wrong(f"{op} does not group", at)
        return VectorAggregation(op, inner, parameter, grouping, self.since(start))

    def rank(self, op: str) -> Number:
        start, text = self.starts[self.at], self.next()
        if op not in RANKING_OPS:
            raise self.wrong(f"{op} takes no number", start)
        count = literals.whole(text) if text.isascii() and text.isdigit() else 0
        if not 0 < count < 2**63:
            raise self.wrong(f"{op} takes a whole number above 0, found {text}", start)
        span = self.since(start)
        self.next()
        return Number(float(count), text, span)

    def grouping(self) -> Grouping | None:
        kind = self.kind
        if kind != "by" and kind != "without":
            return None
        start = self.starts[self.at]
        self.next()
        return Grouping(self.labels("( and labels"), kind == "without", self.since(start))

    # logRangeExpr, unwrapExpr, offsetExpr

    def log_range(self) -> LogRange:
        start = self.starts[self.at]
        if self.kind == "(":
            return self.parenthesised_range(start)
        return self.ranged(self.log_query(), self.unwrap(), start)

    def parenthesised_range(self, start: int) -> LogRange:
        """Parse `(range)`, or `(lines) range`."""
        self.deeper()
        self.next()
        if self.kind == "(":
            log_range = self.log_range()
        else:
            lines = self.log_query()
            unwrap = self.unwrap()
            if self.took(")"):
                self.depth -= 1
                return self.ranged(lines, unwrap, start, bracketed=True)
            log_range = self.ranged(lines, unwrap, start)
        self.take(")", ")")
        self.depth -= 1
        return log_range

    def ranged(self, lines: LogQuery, unwrap: Unwrap | None, start: int, bracketed: bool = False) -> LogRange:
        """Parse from the range on. Stages may follow it if there were none before."""
        duration = self.range("| and a stage, or a range like [5m]")
        offset = self.offset()
        if not lines.stages and unwrap is None:
            stages = () if bracketed else self.stages()
            if stages:
                lines = LogQuery(lines.selector, stages, self.since(start))
            unwrap = self.unwrap()
        return LogRange(lines, duration, unwrap, offset, self.since(start))

    def range(self, expected: str) -> DurationValue:
        start = self.starts[self.at]
        text = self.take(RANGE, expected)
        nanoseconds = literals.range_duration(text)
        if nanoseconds is None:
            raise self.wrong(f"[{text}] is no range like [5m] or [1h30m]", start)
        return DurationValue(nanoseconds, text, self.since(start))

    def offset(self) -> DurationValue | None:
        if not self.took("offset"):
            return None
        return self.duration("a duration like 1h")

    def duration(self, expected: str) -> DurationValue:
        start = self.starts[self.at]
        text = self.take(DURATION, expected)
        nanoseconds = literals.duration(text)
        assert nanoseconds is not None
        return DurationValue(nanoseconds, text, self.since(start))

    def unwrap(self) -> Unwrap | None:
        if self.kind != "|" or self.kinds[self.at + 1] != "unwrap":
            return None
        start = self.starts[self.at]
        self.next()
        self.next()
        conversion = ""
        if self.kind in CONVERSIONS:
            conversion = self.next().lower()
            self.take("(", "(")
            label = self.take(NAME, "a label")
            self.take(")", ")")
        else:
            label = self.take(NAME, "a label, or bytes(...), duration(...), duration_seconds(...)")
            if self.kind == "(":
                raise self.wrong(f"{label} is no conversion of unwrap.{did_you_mean(label, CONVERSIONS, CERTAIN)}")
        filters: list[Condition] = []
        while self.took("|"):
            filters.append(self.condition(LOOSE))
        return Unwrap(label, conversion, tuple(filters), self.since(start))

    # logExpr, selector, matcher

    def log_query(self) -> LogQuery:
        start = self.starts[self.at]
        selector = self.selector()
        stages = self.stages()
        return LogQuery(selector, stages, self.since(start))

    def selector(self) -> Selector:
        start = self.starts[self.at]
        self.take("{", "a stream selector like {job=...}")
        if self.kind == "}":
            raise self.wrong("a selector needs at least one label, as in {job=...}")
        matchers = [self.matcher()]
        while self.took(","):
            matchers.append(self.matcher())
        self.take("}", "a comma or }")
        if not self.in_variants and not any(selects(matcher) for matcher in matchers):
            raise self.wrong(
                "every matcher of this selector also takes streams without the label: one must refuse them",
                start,
            )
        return Selector(tuple(matchers), self.since(start))

    def matcher(self) -> Matcher:
        start = self.starts[self.at]
        name = self.take(NAME, "a label")
        if self.kind not in MATCH_OPS:
            raise self.unexpected("one of =, !=, =~, !~")
        op = self.next()
        at = self.starts[self.at]
        value = self.take(STRING, "a string in double quotes or backticks")
        if op == "=~" or op == "!~":
            self.regex(value, at)
        return Matcher(name, op, value, self.since(start))

    def regex(self, pattern: str, at: int) -> None:
        try:
            regexes.compiled(pattern)
        except regexes.RegexError as error:
            raise self.wrong(f"{literals.quote(pattern)} is no regular expression: {error}", at) from None

    # pipelineExpr

    def stages(self) -> tuple[Stage, ...]:
        stages: list[Stage] = []
        while True:
            kind = self.kind
            if kind == "|":
                if self.kinds[self.at + 1] == "unwrap":
                    break
                stages.append(self.stage())
            elif kind in LINE_FILTER_OPS:
                stages.append(self.line_filter())
            else:
                break
        return tuple(stages)

    def line_filter(self) -> LineFilter:
        start = self.starts[self.at]
        op = self.next()
        needles = [self.needle()]
        while self.took("or"):
            needles.append(self.needle())
        return LineFilter(op, tuple(needles), self.since(start))

    def needle(self) -> Needle:
        start = self.starts[self.at]
        if self.kind == "ip":
            return Needle(self.ip(), True, self.since(start))
        return Needle(self.take(STRING, "a string in double quotes or backticks"), False, self.since(start))

    def ip(self) -> str:
        self.next()
        self.take("(", "(")
        text = self.take(STRING, "an address, a range or a network, in quotes")
        self.take(")", ")")
        return text

    def stage(self) -> Stage:
        start = self.starts[self.at]
        self.next()
        kind = self.kind
        read = STAGES.get(kind)
        if read is not None:
            self.next()
            return read(self, start)
        if kind == NAME or kind == "(":
            condition = self.condition(LOOSE)
            return LabelFilter(condition, self.since(start))
        raise self.unexpected("a parser, a label filter or a format")

    def json(self, start: int) -> Json:
        return Json(self.extractions(), self.since(start))

    def logfmt(self, start: int) -> Logfmt:
        flags = set()
        while self.kind == FLAG:
            flags.add(self.next())
        fields = self.extractions()
        return Logfmt(fields, "--strict" in flags, "--keep-empty" in flags, self.since(start))

    def extractions(self) -> tuple[Extraction, ...]:
        if self.kind != NAME:
            return ()
        extractions = [self.extraction()]
        while self.took(","):
            extractions.append(self.extraction())
        return tuple(extractions)

    def extraction(self) -> Extraction:
        start = self.starts[self.at]
        label = self.take(NAME, "a label")
        expression = self.take(STRING, "an expression in quotes") if self.took("=") else label
        return Extraction(label, expression, self.since(start))

    def unpack(self, start: int) -> Unpack:
        return Unpack(self.since(start))

    def decolorize(self, start: int) -> Decolorize:
        return Decolorize(self.since(start))

    def pattern(self, start: int) -> Pattern:
        at = self.starts[self.at]
        pattern = self.take(STRING, 'a pattern in quotes, as in "<ip> - <_>"')
        if wrong := patterns.wrong_with_parser(pattern):
            raise self.wrong(f"{literals.quote(pattern)} is no pattern: {wrong}", at)
        return Pattern(pattern, self.since(start))

    def regexp(self, start: int) -> Regexp:
        at = self.starts[self.at]
        pattern = self.take(STRING, "a regular expression in quotes")
        self.regex(pattern, at)
        names = regexes.groups(pattern)
        if not names:
            raise self.wrong(f"{literals.quote(pattern)} captures nothing: a group like (?P<name>...)", at)
        if len(set(names)) < len(names):
            raise self.wrong(f"two groups of {literals.quote(pattern)} have the same name", at)
        return Regexp(pattern, self.since(start))

    def line_format(self, start: int) -> LineFormat:
        return LineFormat(self.take(STRING, "a template in quotes"), self.since(start))

    def label_format(self, start: int) -> LabelFormat:
        assignments = [self.assignment()]
        while self.took(","):
            assignments.append(self.assignment())
        return LabelFormat(tuple(assignments), self.since(start))

    def assignment(self) -> LabelAssignment:
        start = self.starts[self.at]
        name = self.take(NAME, "a label")
        self.take("=", "=")
        if self.kind != NAME and self.kind != STRING:
            raise self.unexpected("a label to rename, or a template in quotes")
        renames = self.kind == NAME
        return LabelAssignment(name, self.next(), renames, self.since(start))

    def drop(self, start: int) -> Drop:
        return Drop(self.named(), self.since(start))

    def keep(self, start: int) -> Keep:
        return Keep(self.named(), self.since(start))

    def named(self) -> tuple[str | Matcher, ...]:
        names = [self.name_or_matcher()]
        while self.took(","):
            names.append(self.name_or_matcher())
        return tuple(names)

    def name_or_matcher(self) -> str | Matcher:
        if self.kind == NAME and self.kinds[self.at + 1] not in MATCH_OPS:
            return self.next()
        # A line filter may follow a name: `| drop a != "b"` is read as a matcher, as in Loki.
        return self.matcher()

    # labelFilter

    def condition(self, inside: int) -> Condition:
        start = self.starts[self.at]
        left = self.one_condition()
        while True:
            kind = self.kind
            if kind == NAME or kind == "(" or kind == ",":
                self.join()
                if kind == ",":
                    self.next()
                left = Both(left, self.condition(LOOSE), self.since(start))
            elif kind == "and" and inside < IN_AND:
                self.join()
                self.next()
                left = Both(left, self.condition(IN_AND), self.since(start))
            elif kind == "or" and inside < IN_OR:
                self.join()
                self.next()
                left = Either(left, self.condition(IN_OR), self.since(start))
            else:
                return left

    def one_condition(self) -> Condition:
        start = self.starts[self.at]
        if self.kind == "(":
            # It has its own depth: when written, each `and` or `or` may need parentheses.
            outer, self.depth = self.depth, self.condition_depth
            self.deeper()
            self.condition_depth = self.depth
            self.next()
            condition = self.condition(LOOSE)
            self.take(")", "and, or, or )")
            self.condition_depth -= 1
            self.depth = outer
            return condition
        name = self.take(NAME, "a label")
        op, kind = self.kind, self.kinds[self.at + 1]
        if kind == STRING:
            self.at -= 1
            self.kind = NAME
            return self.matcher()
        if op not in COMPARISON_OPS and op != "=":
            error = self.unexpected("one of =, !=, =~, !~, ==, >, >=, <, <=")
            hint = did_you_mean(name, (*STAGES, "unwrap"), CERTAIN) if self.kinds[self.at - 2] == "|" else ""
            raise self.wrong(f"{error.reason}, after {name}.{hint}") if hint else error
        self.next()
        if kind == "ip":
            return self.ip_match(name, op, start)
        return Comparison(name, "==" if op == "=" else op, self.measure(), self.since(start))

    def ip_match(self, name: str, op: str, start: int) -> IpMatch:
        if op not in ("=", "!="):
            raise self.wrong("an address is compared with = or !=")
        return IpMatch(name, op, self.ip(), self.since(start))

    def measure(self) -> Number | DurationValue | Bytes:
        start = self.starts[self.at]
        kind = self.kind
        if kind == DURATION:
            return self.duration("")
        if kind == BYTES:
            text = self.next()
            count = literals.size(text)
            assert count is not None
            return Bytes(count, text, self.since(start))
        sign = self.next() if kind in ("-", "+") else ""
        text = self.take(NUMBER, "a string, a number, a duration like 1s, or a size like 10KB")
        # Loki reads a number that it cannot read here, like 0x1F, as 0.
        value = literals.number(text) or 0.0
        # After a blank it would not be a number.
        spelling = "" if text[:2] in ("0b", "0B") else sign.replace("+", "") + text
        return Number(-value if sign == "-" else value, spelling, self.since(start))


STAGES: dict[str, Callable[[Reader, int], Stage]] = {
    "json": Reader.json,
    "logfmt": Reader.logfmt,
    "unpack": Reader.unpack,
    "decolorize": Reader.decolorize,
    "pattern": Reader.pattern,
    "regexp": Reader.regexp,
    "line_format": Reader.line_format,
    "label_format": Reader.label_format,
    "drop": Reader.drop,
    "keep": Reader.keep,
}


def is_literal(query: Query) -> bool:
    """Whether Loki computes it to a number before it runs."""
    return isinstance(query, Number) or (
        isinstance(query, Binary) and is_literal(query.left) and is_literal(query.right)
    )


def selects(matcher: Matcher) -> bool:
    """Whether it excludes streams without the label."""
    if matcher.op == "=":
        return matcher.value != ""
    if matcher.op == "!=":
        return matcher.value == ""
    return regexes.matches_empty(matcher.value) == (matcher.op == "!~")
