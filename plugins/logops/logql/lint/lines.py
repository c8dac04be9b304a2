"""Rules about lines that are read, searched or parsed in vain."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from logops.logql import literals, patterns, regexes
from logops.logql.lint.advice import OF_LOKI, Context, Found
from logops.logql.tree import (
    Both,
    Comparison,
    Condition,
    Decolorize,
    Drop,
    Either,
    Grouping,
    IpMatch,
    Json,
    Keep,
    LabelAssignment,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineFormat,
    Logfmt,
    LogQuery,
    Matcher,
    Needle,
    Pattern,
    Query,
    RangeAggregation,
    Regexp,
    Selector,
    Stage,
    Unpack,
    VectorAggregation,
)
from logops.logql.walk import all_of, instead

PARSERS = (Json, Logfmt, Pattern, Regexp, Unpack)
CHANGES_LINE = (LineFormat, Decolorize, Unpack)
PLAIN = re.compile(r"(?:[^\\.+*?()|\[\]{}^$]|\\[\\.+*?()|\[\]{}^$/-])+")
# Characters that no writer of JSON or logfmt escapes: such a value appears in the line unchanged.
PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.:@ -]+")
FLAGS = re.compile(r"(?:\(\?[imsU]+\))?")
ANY_TEXT = r"(?:\.\*\??|\(\.\*\??\)(?![*+?{]))+"
# `.*` with the anchor before it, the searched text, `.*` with the anchor after it.
ANY_TEXT_AROUND = re.compile(rf"((?:\^?{ANY_TEXT})?)(.*?)((?:(?<!\\){ANY_TEXT}\$?)?)", re.DOTALL)
GREEDY_AROUND = re.compile(r"(?:\.\*|\(\.\*\))*(.*?)(?:(?<!\\)(?:\.\*|\(\.\*\))+)?", re.DOTALL)
# An escape, a class, or any other character.
REGEX_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|.", re.DOTALL)
MOST_VALUES = re.compile(r"(?:\(\?[imsU]+\))?(?:\^|\((?:\?:)?)*\.(?:[+*]\??|\.\*)(?:\)|\$)*")
UNLESS_OF_SEVERAL_LINES = ", unless line ends stand in it, at which `.*` stops"
MAX_WORDS = 8


def label_in_selector(query: Query, context: Context) -> Iterator[Found]:
    for lines in all_of(query, LogQuery):
        of_stream = context.of(lines.selector).everywhere
        for at, stage in enumerate(lines.stages):
            if isinstance(stage, (LabelFormat, Drop, Keep)):
                break
            if not isinstance(stage, LabelFilter):
                continue
            for matcher in required(stage.condition):
                if isinstance(matcher, Matcher) and matcher.name in of_stream:
                    remaining = without_condition(stage.condition, matcher)
                    stages = (
                        *lines.stages[:at],
                        *([LabelFilter(remaining)] if remaining else []),
                        *lines.stages[at + 1 :],
                    )
                    selector = replace(lines.selector, matchers=(*lines.selector.matchers, matcher))
                    yield Found(
                        matcher.span,
                        f"{matcher.name} is a label of the stream: "
                        "in the selector it keeps other streams from being read.",
                        instead(query, lines, replace(lines, selector=selector, stages=stages)),
                        certain=False,
                    )


def without_condition(condition: Condition, gone: Condition) -> Condition | None:
    if condition is gone:
        return None
    if not isinstance(condition, Both):
        return condition
    left, right = without_condition(condition.left, gone), without_condition(condition.right, gone)
    return Both(left, right) if left and right else left or right


def filter_before_parser(query: Query, context: Context) -> Iterator[Found]:
    for lines in all_of(query, LogQuery):
        stages = searched_first(lines.stages)
        at = next((at for at, stage in enumerate(stages) if isinstance(stage, PARSERS)), None)
        if at is None or coloured(stages[:at]) or any(narrows(stage) for stage in stages[:at]):
            continue
        known = context.of(lines.selector)
        of_stream = {matcher.name for matcher in lines.selector.matchers} | known.metadata | OF_LOKI
        conditions = [
            condition
            for condition in wanted_of_parser(lines, at)
            if condition.name not in of_stream | (known.labels or set())
        ]
        if not conditions:
            continue
        words = next((texts for condition in conditions if (texts := words_of(condition))), [])
        line_filter = f"|= {' or '.join(map(literals.quote, words))}"
        if not words:
            better, how = None, "A line filter before the parser, for a text that all wanted lines have,"
        elif known.labels is None:
            better, how = (
                None,
                f"If {conditions[0].name} is read from the line and no label of the stream, {line_filter}",
            )
        else:
            needles = tuple(map(Needle, words))
            stages = (*lines.stages[:at], LineFilter("|=", needles), *lines.stages[at:])
            better, how = instead(query, lines, replace(lines, stages=stages)), f"Before the parser {line_filter}"
        yield Found(
            lines.stages[at].span,
            f"every line is parsed, and then most are dropped. {how} finds them for a fraction of the time.",
            better,
            certain=False,
        )


def narrows(stage: object) -> bool:
    return isinstance(stage, LabelFilter) or (
        isinstance(stage, LineFilter) and any(needle.text for needle in stage.needles)
    )


def filter_after_parser(query: Query, _: Context) -> Iterator[Found]:
    """Loki moves line filters to the front itself, but not past a label filter (MultiStageExpr.reorderStages in
    pkg/logql/syntax/ast.go)."""
    for lines in all_of(query, LogQuery):
        by_loki = searched_first(lines.stages, (*CHANGES_LINE, LabelFilter))
        stages = searched_first(lines.stages)
        late = next((new for old, new in zip(by_loki, stages, strict=True) if new is not old), None)
        if late is not None:
            yield Found(
                late.span,
                "what does not pass this is parsed for nothing: a label filter before it keeps Loki from looking here "
                "first.",
                instead(query, lines, replace(lines, stages=stages)),
            )


def searched_first(stages: tuple[Stage, ...], stop: tuple[type, ...] = CHANGES_LINE) -> tuple[Stage, ...]:
    """Move each line filter before the parsers after which the line is unchanged."""
    moved: list[Stage] = []
    parser: int | None = None
    for at, stage in enumerate(stages):
        if parser is not None and isinstance(stage, LineFilter) and narrows(stage):
            moved.insert(parser, stage)
            parser += 1
            continue
        moved.append(stage)
        if isinstance(stage, stop):
            parser = None
        elif parser is None and isinstance(stage, PARSERS) and not coloured(stages[:at]):
            parser = len(moved) - 1
    return tuple(moved)


def coloured(stages: tuple[Stage, ...]) -> bool:
    """Whether a line filter after these stages would see the line with its colours: Loki moves it before `decolorize`,
    unless another stage prevents that."""
    for stage in reversed(stages):
        if isinstance(stage, (LabelFilter, LineFormat, Unpack)):
            return False
        if isinstance(stage, Decolorize):
            return True
    return False


def wanted_of_parser(lines: LogQuery, at: int) -> list[Matcher | Comparison | IpMatch]:
    """Return the conditions that no line without the label passes, and that check text in the line."""
    conditions: list[Matcher | Comparison | IpMatch] = []
    parsers: list[Stage] = []
    set_before = {assignment.name for assignment in all_of(lines.stages[:at], LabelAssignment)}
    for stage in lines.stages[at:]:
        if isinstance(stage, (LineFormat, LabelFormat, Decolorize)):
            break
        if isinstance(stage, PARSERS):
            parsers.append(stage)
        if isinstance(stage, LabelFilter):
            conditions += (
                condition
                for condition in required(stage.condition)
                if not condition.name.startswith("__")
                and condition.name not in set_before
                and any(makes(parser, condition.name) for parser in parsers)
                and needs_label(condition)
            )
    # First those that name text in the line.
    return sorted(conditions, key=lambda condition: not words_of(condition))


def makes(parser: Stage, label: str) -> bool:
    """Whether a parser may create a label: json, logfmt and unpack create any label of the line, unless fields are
    named."""
    if isinstance(parser, (Json, Logfmt)) and parser.fields:
        made = {field.label for field in parser.fields}
    elif isinstance(parser, Pattern):
        made = set(patterns.captures(parser.pattern))
    elif isinstance(parser, Regexp):
        made = set(regexes.groups(parser.pattern))
    else:
        return True
    # Loki's names for parsed labels that the stream already has.
    return label in made or label.removesuffix("_extracted") in made


def required(condition: Condition) -> Iterator[Matcher | Comparison | IpMatch]:
    """Yield the conditions that must always hold."""
    if isinstance(condition, Both):
        yield from required(condition.left)
        yield from required(condition.right)
    elif not isinstance(condition, Either):
        yield condition


def needs_label(condition: Matcher | Comparison | IpMatch) -> bool:
    if not isinstance(condition, Matcher):
        return True
    if condition.op == "=~":
        return not regexes.matches_empty(condition.value)
    return condition.op == "=" and condition.value != ""


def words_of(condition: Matcher | Comparison | IpMatch) -> list[str]:
    """Return texts: if the label was parsed from the line, the line contains one of them. Empty if that is not certain.

    A compared number gives no text: if a line does not parse, Loki lets it pass every comparison except those of text.
    """
    if not isinstance(condition, Matcher):
        return []
    words = [condition.value] if condition.op == "=" else plain_words(condition.value)
    return words if all(PLAIN_VALUE.fullmatch(word) for word in words) else []


def metadata_would_do(query: Query, context: Context) -> Iterator[Found]:
    for lines in all_of(query, LogQuery):
        parser = needless_parser(query, lines, context)
        used = labels_used(query, lines) - context.of(lines.selector).everywhere
        if parser is None or not used:
            continue
        also = "; without it the lines come without its other labels" if query is lines else ""
        yield Found(
            parser.span,
            f"{', '.join(sorted(used))} comes with each line as structured metadata: no parser is needed for it{also}.",
            without_stage(query, lines, parser),
            certain=False,
        )


def unused_parser(query: Query, context: Context) -> Iterator[Found]:
    for lines in all_of(query, LogQuery):
        parser = needless_parser(query, lines, context)
        if parser is not None and labels_used(query, lines) <= context.of(lines.selector).everywhere:
            yield Found(
                parser.span,
                "no label of this parser is used: it only costs time, on every line.",
                without_stage(query, lines, parser),
                certain=not labels_used(query, lines),
            )


def needless_parser(query: Query, lines: LogQuery, context: Context) -> Json | Logfmt | Pattern | Regexp | None:
    """Return a parser without which the answer is the same; for lines, except for their parsed labels."""
    known = context.of(lines.selector)
    used = labels_used(query, lines) - known.everywhere
    if not (used <= known.metadata and forgets_labels(query, lines)) or (query is lines and not used):
        return None
    return lone_parser(lines)


def lone_parser(lines: LogQuery) -> Json | Logfmt | Pattern | Regexp | None:
    """Return the only parser; None if more than the named labels depends on it.

    unpack changes the line. A template, drop and keep can use any label. A parse error is visible, and passes
    comparisons with numbers.
    """
    parsers = [stage for stage in lines.stages if isinstance(stage, PARSERS)]
    depends = any(isinstance(stage, (LineFormat, LabelFormat, Drop, Keep)) for stage in lines.stages) or any(
        condition.name.startswith("__") if isinstance(condition, Matcher) else True
        for stage in lines.stages
        for kind in (Matcher, Comparison, IpMatch)
        for condition in all_of(stage, kind)
    )
    if len(parsers) != 1 or depends or isinstance(parsers[0], Unpack):
        return None
    return parsers[0]


def forgets_labels(query: Query, lines: LogQuery) -> bool:
    """Whether parsed labels are not part of the answer, except named ones: lines, or a sum."""
    if query is lines:
        return True
    return any(
        outer.op == "sum"
        and not (outer.grouping and outer.grouping.without)
        and isinstance(outer.inner, RangeAggregation)
        and outer.inner.range.query is lines
        and outer.inner.range.unwrap is None
        for outer in all_of(query, VectorAggregation)
    )


def labels_used(query: Query, lines: LogQuery) -> set[str]:
    """Return the names of labels that a parser may create, without those of the selector."""
    matched = {matcher.name for stage in lines.stages for matcher in all_of(stage, Matcher)}
    used = (matched | grouped_by(query)) - {matcher.name for matcher in lines.selector.matchers}
    parsers = [stage for stage in lines.stages if isinstance(stage, PARSERS)]
    return {name for name in used if any(makes(parser, name) for parser in parsers)}


def grouped_by(query: Query) -> set[str]:
    return {label for grouping in all_of(query, Grouping) for label in grouping.labels}


def without_stage(query: Query, lines: LogQuery, gone: object) -> Query:
    return instead(query, lines, replace(lines, stages=tuple(stage for stage in lines.stages if stage is not gone)))


def regex_for_text(query: Query, _: Context) -> Iterator[Found]:
    for line_filter in all_of(query, LineFilter):
        if plain := as_text(line_filter):
            yield Found(
                line_filter.span,
                "this regular expression is plain text, which is searched for several times faster.",
                instead(query, line_filter, plain),
            )
    for matcher in all_of(query, Matcher):
        if matcher.op in ("=~", "!~") and PLAIN.fullmatch(matcher.value):
            op = "=" if matcher.op == "=~" else "!="
            plain_matcher = replace(matcher, op=op, value=unescaped(matcher.value))
            yield Found(matcher.span, "this regular expression is one value.", instead(query, matcher, plain_matcher))


def as_text(line_filter: LineFilter) -> LineFilter | None:
    """Return a line filter without regular expressions; None if one is more than text."""
    if line_filter.op not in ("|~", "!~") or any(needle.ip for needle in line_filter.needles):
        return None
    words = [plain_words(needle.text) for needle in line_filter.needles]
    if not all(words):
        return None
    needles = tuple(Needle(word) for group in words for word in group)
    return replace(line_filter, op="|=" if line_filter.op == "|~" else "!=", needles=needles)


def plain_words(regex: str) -> list[str]:
    """Return the texts that a regular expression matches anywhere in the line; none if it is more than alternatives of
    text."""
    words: list[str] = []
    for branch in branches(regex):
        around = GREEDY_AROUND.fullmatch(branch)
        core = around[1] if around else branch
        if core.startswith("(") and core.endswith(")") and core.count("(") == 1:
            core = core[1:-1].removeprefix("?:")
        of_branch = [unescaped(core)] if PLAIN.fullmatch(core) else plain_words(core) if core != regex else []
        if not of_branch:
            return []
        words += of_branch
    return words if len(words) <= MAX_WORDS else []


def branches(regex: str) -> list[str]:
    """Return the alternatives of a regular expression."""
    alternatives, depth = [""], 0
    for token in REGEX_TOKEN.findall(regex):
        depth += (token == "(") - (token == ")")
        if token == "|" and depth == 0:
            alternatives.append("")
        else:
            alternatives[-1] += token
    return alternatives


def unescaped(regex: str) -> str:
    return re.sub(r"\\(.)", r"\1", regex)


def any_text_around(query: Query, _: Context) -> Iterator[Found]:
    for lines in all_of(query, LogQuery):
        for stage in lines.stages:
            if isinstance(stage, LineFilter) and stage.op == "|~" and (passing := passing_all(stage)):
                same = any(regex.same for regex in passing)
                unless = "" if same else UNLESS_OF_SEVERAL_LINES
                yield Found(stage.span, f"every line passes this{unless}.", without_stage(query, lines, stage), same)
    for line_filter in all_of(query, LineFilter):
        if line_filter.op not in ("|~", "!~") or passing_all(line_filter) or as_text(line_filter):
            continue
        bare = [without_any_text(needle.text) for needle in line_filter.needles]
        needles = tuple(
            replace(needle, text=regex.regex) for needle, regex in zip(line_filter.needles, bare, strict=True)
        )
        if needles != line_filter.needles:
            better = replace(line_filter, needles=needles)
            same = all(regex.same for regex in bare)
            unless = "" if same else UNLESS_OF_SEVERAL_LINES
            yield Found(
                line_filter.span,
                "a line filter finds its text anywhere in the line: `.*` at an end only makes it look further"
                f"{unless}.",
                instead(query, line_filter, as_text(better) or better),
                same,
            )


@dataclass(frozen=True)
class Bare:
    """A regular expression without `.*` around it; empty if it matches everything.

    `same`: it matches the same in a line with line ends in it, which `.` and the anchors do not cross.
    """

    regex: str
    same: bool = True


def passing_all(line_filter: LineFilter) -> list[Bare]:
    bare = [without_any_text(needle.text) for needle in line_filter.needles if not needle.ip]
    return [bare_regex for bare_regex in bare if not bare_regex.regex]


def without_any_text(regex: str) -> Bare:
    flag_match = FLAGS.match(regex)
    flags = flag_match[0] if flag_match else ""
    remaining = regex.removeprefix(flags)
    bare = [branch_without_any_text(branch, flags) for branch in branches(remaining)]
    core = "|".join(branch.regex for branch in bare)
    if core == remaining or "\\Q" in regex or (len(bare) > 1 and not all(branch.regex for branch in bare)):
        return Bare(regex)
    needed = core and ("i" in flags or not plain_words(core))
    return Bare(f"{flags if needed else ''}{core}", same=all(branch.same for branch in bare))


def branch_without_any_text(branch: str, flags: str) -> Bare:
    match = ANY_TEXT_AROUND.fullmatch(branch)
    if not match:
        return Bare(branch)
    before, core, after = match.groups()
    if before and core == "$":
        core, after = "", "$"
    if not (before or after):
        return Bare(branch)
    anchors = (before.startswith("^"), after.endswith("$"))
    apart = (any(anchors) if core else all(anchors)) and not {"s", "m"} & set(flags)
    return Bare(core, same=not apart)


def selects_all(query: Query, _: Context) -> Iterator[Found]:
    for selector in all_of(query, Selector):
        if all(takes_most(matcher) for matcher in selector.matchers):
            name = next(
                (matcher.name for matcher in selector.matchers if matcher.op == "=~"), selector.matchers[0].name
            )
            yield Found(
                selector.span,
                "this reads every stream that has a label, but some: all of the tenant, as a rule. Name values, as in "
                f'{{{name}="..."}}.',
                None,
            )


def takes_most(matcher: Matcher) -> bool:
    return matcher.op in ("!=", "!~") or (matcher.op == "=~" and MOST_VALUES.fullmatch(matcher.value) is not None)


def address_as_text(query: Query, _: Context) -> Iterator[Found]:
    for line_filter in all_of(query, LineFilter):
        if line_filter.op != "|=" or len(line_filter.needles) == 1:
            continue
        for needle in line_filter.needles:
            if needle.ip:
                yield Found(
                    needle.span,
                    f"beside others Loki looks for the text {literals.quote(needle.text)}, and for no address: "
                    f"a line filter of its own does, |= ip({literals.quote(needle.text)}).",
                    None,
                )
