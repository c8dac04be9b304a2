"""Translate the stage `match`: stages for lines with certain labels, or with a certain text."""

from dataclasses import dataclass
from typing import Any

from logops.doctor.promtail.pipeline import MigratedPipeline, Use
from logops.doctor.promtail.value import Value
from logops.logql.errors import LogQLError
from logops.logql.parse import parse
from logops.logql.regexes import escaped
from logops.logql.tree import LineFilter, LogQuery, Matcher


@dataclass(frozen=True)
class _Selection:
    """The lines that a selector chooses.

    applies   false if the fixed labels of the source exclude its lines
    matchers  matchers about labels that are not fixed
    filters   filters about the text of the line
    """

    applies: bool
    matchers: tuple[Matcher, ...]
    filters: tuple[LineFilter, ...]


def read_match(pipeline: MigratedPipeline, settings: Value) -> list[Value]:
    """Return the stages below a match that chooses every line of the source. Carry other matches over, or note them."""
    selector = settings.at("selector")
    try:
        query = parse(str(selector.data or ""))
    except LogQLError as error:
        selector.lost(f"this selector cannot be read: {error}")
        return []
    if not isinstance(query, LogQuery) or not all(isinstance(stage, LineFilter) for stage in query.stages):
        settings.lost("the selector has other parts than labels and line filters")
        return []
    selection = _selection(query, pipeline.labels)
    settings.at("pipeline_name").use()  # It is only in metrics of Promtail.
    if not selection.applies:
        settings.changed("the source never has these labels, so this stage never ran for it. It was left out")
        return []
    if settings.at("action").data == "drop":
        _drop(pipeline, settings, selection)
        return []
    settings.at("action").use_if("keep", "")
    stages = settings.at("stages").elements()
    if not selection.matchers and not selection.filters:
        selector.use()
        return stages
    if not _samples(pipeline, settings, selection, stages):
        settings.lost(
            f"only lines with {selector.data} have these stages. A source has one pipeline for all its lines: write a "
            "source for these lines if they have files of their own"
        )
    return []


def _selection(query: LogQuery, labels: dict[str, str]) -> _Selection:
    open_matchers, applies = [], True
    for matcher in query.selector.matchers:
        if matcher.name in labels:
            applies = applies and _matches(matcher, labels[matcher.name])
        else:
            open_matchers.append(matcher)
    filters = tuple(stage for stage in query.stages if isinstance(stage, LineFilter))
    return _Selection(applies, tuple(open_matchers), filters)


def _matches(matcher: Matcher, value: str) -> bool:
    import re2

    equal = value == matcher.value if matcher.op in ("=", "!=") else bool(re2.fullmatch(matcher.value, value))
    return equal is not matcher.op.startswith("!")


def _line_expression(filters: tuple[LineFilter, ...]) -> str | None:
    """Return the expression of one filter that keeps lines; None for other filters."""
    if len(filters) != 1 or len(filters[0].needles) != 1 or filters[0].needles[0].ip:
        return None
    text = filters[0].needles[0].text
    return {"|=": escaped(text), "|~": text}.get(filters[0].op)


def _drop(pipeline: MigratedPipeline, settings: Value, selection: _Selection) -> None:
    expression = _line_expression(selection.filters)
    rule: dict[str, str] = {}
    if expression and not selection.matchers:
        rule = {"expression": expression}
    elif len(selection.matchers) == 1 and not selection.filters:
        (matcher,) = selection.matchers
        if matcher.op == "=" and matcher.value:
            rule = {"field": matcher.name, "value": matcher.value}
        elif matcher.op == "=~":
            rule = {"field": matcher.name, "expression": f"^(?:{matcher.value})$"}
    if not rule:
        settings.lost(
            "a drop rule has one condition about a label, or one about the line: lines are sent that Promtail drops"
        )
        return
    name = pipeline.rule_name(settings.at("drop_counter_reason"), "drop")
    for key in ("selector", "action"):
        settings.at(key).use()
    pipeline.add("drop", {"name": name, **rule})
    if "field" in rule:
        pipeline.uses.append(Use("drop", rule["field"], settings))
    pipeline.stages.append(("drop-field" if "field" in rule else "drop", settings))


def _samples(pipeline: MigratedPipeline, settings: Value, selection: _Selection, stages: list[Value]) -> bool:
    """Carry over a match whose only stage is sampling. Return whether it was."""
    expression = _line_expression(selection.filters)
    rate = stages[0].at("sampling", "rate").data if len(stages) == 1 else None
    known = not selection.filters or expression
    if not known or any(matcher.op != "=" for matcher in selection.matchers):
        return False
    if not isinstance(rate, int | float) or not 0 < rate < 1 or stages[0].names() != ["sampling"]:
        return False
    rule: dict[str, Any] = {
        "name": pipeline.rule_name(stages[0].at("sampling", "drop_counter_reason"), "sample"),
        "keep": rate,
    }
    if selection.matchers:
        rule["labels"] = {matcher.name: matcher.value for matcher in selection.matchers}
    if expression:
        rule["expression"] = expression
    settings.at("selector").use()
    stages[0].at("sampling", "rate").use()
    pipeline.add("sample", rule)
    pipeline.stages.append(("sampling", stages[0]))
    return True
