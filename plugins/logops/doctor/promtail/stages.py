"""Translate the pipeline stages of a job into the pipeline of a source.

Stages and their keys: clients/pkg/logentry/stages in Loki's repository, release 3.6.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from logops.doctor.promtail.match import read_match
from logops.doctor.promtail.order import note_order
from logops.doctor.promtail.pipeline import MigratedPipeline, Use
from logops.doctor.promtail.quantity import duration, label_problem, plain_text, size
from logops.doctor.promtail.relabel import regex_problem
from logops.doctor.promtail.value import Value
from logops.doctor.rules.agents import bare_words
from logops.doctor.untyped import as_list, as_mapping
from logops.environment.go_time import is_layout
from logops.environment.label_names import is_identity
from logops.logql.regexes import NAMED_GROUP
from logops.suggestions import did_you_mean

_PATH = re.compile(r'(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)+")(?:\.(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)+"))*')
"""JMESPath expressions that are paths of keys."""
_ANY_WORD = re.compile(r"\(\?P?<(\w+)>(?:\[\^[^]]*\]|\\S|\\w|\.)[+*]\??\)")
"""A named group that takes any word."""

_NO_SUCH_STAGE: Mapping[str, str] = {
    "decolorize": "an environment cannot remove colours: switch them off where the lines are written",
    "eventlogmessage": "it is for Windows, whose events an environment does not read",
    "geoip": "an environment looks up no addresses",
    "labelallow": "an environment names the labels that lines get: check the labels of the source",
    "metrics": "agents make no metrics of lines. Write a recording rule in include/logql/rules",
    "pack": "an environment keeps labels, or makes them structured metadata",
    "replace": "an environment does not change lines. For secrets: redact_secrets of an agent of kind alloy",
    "template": "an environment does not change fields. Do it in the query, or where the lines are written",
}


def read_stages(
    stages: list[Value], labels: dict[str, str], input_labels: Collection[str], *, pods: bool
) -> MigratedPipeline:
    """Return the pipeline of a source. Notes say what differs.

    labels         fixed labels of the source
    input_labels   labels that its kind of input gives to lines
    """
    pipeline = MigratedPipeline(labels, pods)
    _read(pipeline, stages)
    _rename_fields(pipeline)
    pipeline.forget_unknown(input_labels)
    note_order(pipeline.stages)
    _match_joined_lines(pipeline)
    return pipeline


def _match_joined_lines(pipeline: MigratedPipeline) -> None:
    """Let `.` match line ends, if an expression saw single lines before, and gets joined lines now."""
    names = [name for name, _ in pipeline.stages]
    if "regex" not in names or "multiline" not in names[names.index("regex") :]:
        return
    pipeline.keys["expression"] = f"(?s){pipeline.keys['expression']}"
    dict(pipeline.stages)["regex"].at("expression").changed(
        "(?s) was added: lines are joined before they are parsed, and without it `.` does not match their line ends"
    )


def _read(pipeline: MigratedPipeline, stages: list[Value]) -> None:
    for stage in stages:
        if not as_mapping(stage.data):
            stage.lost("a stage is a mapping with one key")
        for name, settings in stage.fields():
            _read_stage(pipeline, name, settings)
            carried = {*pipeline.fields, *NAMED_GROUP.findall(pipeline.keys.get("expression", ""))}
            pipeline.lost_fields |= _made_fields(name, settings) - carried
            settings.note_unused()


def _made_fields(name: str, settings: Value) -> set[str]:
    """Return the fields that a stage makes, or changes."""
    match name:
        case "json":
            return set(settings.at("expressions").names())
        case "logfmt":
            return set(settings.at("mapping").names())
        case "regex" | "replace" | "template":
            expression = str(settings.at("expression").data or "")
            return {*NAMED_GROUP.findall(expression), str(settings.at("source").data or "")} - {""}
        case "match":
            stages = (stage.fields() for stage in settings.at("stages").elements())
            return {made for fields in stages for inner, value in fields for made in _made_fields(inner, value)}
    return set()


def _read_stage(pipeline: MigratedPipeline, name: str, settings: Value) -> None:
    if name == "match":
        if nested := read_match(pipeline, settings):
            _read(pipeline, nested)
    elif name in _STAGES:
        if name not in ("labels", "structured_metadata", "static_labels", "labeldrop"):
            settings.use_if(None, {})
        if _STAGES[name](pipeline, settings):
            pipeline.stages.append((name, settings))
    elif name in _NO_SUCH_STAGE:
        settings.lost(_NO_SUCH_STAGE[name])
    else:
        known = {*_STAGES, *_NO_SUCH_STAGE, "match"}
        settings.lost(f"Promtail has no stage {name!r}.{did_you_mean(name, known)}".removesuffix("."))


def _container(name: str) -> Callable[[MigratedPipeline, Value], bool]:
    def read(pipeline: MigratedPipeline, settings: Value) -> bool:
        settings.at("max_partial_lines").use_if(0, 100)
        settings.at("max_partial_line_size").use_if(0)
        settings.at("max_partial_line_size_truncate").use_if(False)
        if not as_mapping(settings.data):
            settings.use()
        if pipeline.pods and name == "docker":
            settings.changed(
                "cri instead of docker: since Kubernetes 1.24 the lines of pods have the CRI format. With docker, the "
                "prefix of each line stays in it. On nodes with Docker, set parse.container_format: docker"
            )
        elif pipeline.pods:
            pipeline.keys.pop("container_format", None)
        elif pipeline.keys.setdefault("container_format", name) != name:
            settings.lost(f"the source has the container format {pipeline.keys['container_format']} already")
            return False
        return True

    return read


def _json(pipeline: MigratedPipeline, settings: Value) -> bool:
    settings.at("drop_malformed").use_if(False)
    if not _parses_line(pipeline, settings, "json"):
        return False
    for name, expression in settings.at("expressions").fields():
        path = str(expression.data or name)
        if label_problem(name):
            expression.lost(f"a field of an environment cannot have the name {name}: use letters, digits, underscores")
        elif not _PATH.fullmatch(path):
            expression.lost(f"{path} is not a path of keys: an environment has no other JMESPath expressions")
        else:
            expression.use()
            pipeline.fields[name] = path
    return True


def _logfmt(pipeline: MigratedPipeline, settings: Value) -> bool:
    if not _parses_line(pipeline, settings, "logfmt"):
        return False
    for name, key in settings.at("mapping").fields():
        if label_problem(name):
            key.lost(f"a field of an environment cannot have the name {name}: use letters, digits, underscores")
        else:
            pipeline.fields[name] = str(key.use() or name)
    return True


def _regex(pipeline: MigratedPipeline, settings: Value) -> bool:
    expression = settings.at("expression")
    if problem := regex_problem(str(expression.data or "")):
        expression.lost(problem)
        return False
    if pipeline.keys.get("format") == "regex":
        settings.lost("the lines are parsed by an expression already: an environment parses a line once")
        return False
    if not _parses_line(pipeline, settings, "regex"):
        return False
    pipeline.keys["expression"] = str(expression.use() or "")
    settings.at("labels_from_groups").use_if(False)
    return True


def _parses_line(pipeline: MigratedPipeline, settings: Value, form: str) -> bool:
    """Return whether a parser reads the whole line, and is the first one of the source."""
    source = settings.at("source")
    if source.data:
        settings.lost(f"it parses the field {source.data}: an environment parses the whole line, once")
        return False
    source.use()
    if pipeline.keys.setdefault("format", form) != form:
        settings.lost(f"the lines are parsed as {pipeline.keys['format']} already: an environment parses a line once")
        return False
    return True


def _multiline(pipeline: MigratedPipeline, settings: Value) -> bool:
    first_line = settings.at("firstline")
    if problem := regex_problem(str(first_line.data or "")):
        first_line.lost(problem)
        return False
    pipeline.keys["multiline_first_line"] = str(first_line.use() or "")
    lines = settings.at("max_lines")
    if isinstance(lines.data, int) and lines.data >= 2:
        pipeline.keys["multiline_max_lines"] = lines.use()
    if wait := duration(settings.at("max_wait_time")):
        pipeline.keys["multiline_max_wait"] = wait
    return True


def _labels(pipeline: MigratedPipeline, settings: Value) -> bool:
    return _names(pipeline, settings, "labels")


def _structured_metadata(pipeline: MigratedPipeline, settings: Value) -> bool:
    return _names(pipeline, settings, "structured_metadata")


def _names(pipeline: MigratedPipeline, settings: Value, kind: str) -> bool:
    for name, source in settings.fields():
        if problem := label_problem(name):
            source.lost(problem)
            continue
        if not _has_field(pipeline, name, source):
            continue
        if kind == "labels" and is_identity(name):
            source.changed("structured metadata instead of a label: each value would be a stream")
            pipeline.add("structured_metadata", name)
            pipeline.uses.append(Use("structured_metadata", name, source))
        elif kind == "structured_metadata" and name == "pod" and pipeline.pods:
            source.use()  # A source of pods does it itself.
        else:
            source.use()
            _note_any_word(pipeline, name, source)
            pipeline.add(kind, name)
            pipeline.uses.append(Use(kind, name, source))
            if kind == "structured_metadata":
                pipeline.labels.pop(name, None)
    return True


def _has_field(pipeline: MigratedPipeline, name: str, source: Value) -> bool:
    """Give a field the name of its label. Return whether that is possible."""
    from_field = str(source.data or name)
    renamed: dict[str, str] = pipeline.keys.setdefault("renamed", {})
    if from_field == name and name not in renamed:
        return True
    form, fields = pipeline.keys.get("format"), pipeline.fields
    if form == "json" and from_field in fields and fields.get(name, fields[from_field]) == fields[from_field]:
        fields[name] = fields[from_field]
        return True
    # A group has one name, and Promtail's stage logfmt gives a key to one field only.
    names = list(fields) if form == "logfmt" else NAMED_GROUP.findall(pipeline.keys.get("expression", ""))
    is_label = any(use.field == from_field and use.key in ("labels", "structured_metadata") for use in pipeline.uses)
    if from_field in names and name not in names and not is_label and renamed.setdefault(from_field, name) == name:
        return True
    source.lost(f"the field {from_field} cannot have the name {name}: rename it where it is parsed")
    return False


def _note_any_word(pipeline: MigratedPipeline, name: str, source: Value) -> None:
    if name in {match[1] for match in _ANY_WORD.finditer(pipeline.keys.get("expression", ""))}:
        source.todo(
            f"check the expression: {name} can be any word, so a line of another format (as JSON) gets a part of its "
            f"text as label {name}"
        )


def _rename_fields(pipeline: MigratedPipeline) -> None:
    """Give fields the names of their labels, everywhere."""
    renamed: dict[str, str] = pipeline.keys.pop("renamed", {})
    for old, new in renamed.items():
        if old in pipeline.fields:
            pipeline.fields = {new if name == old else name: key for name, key in pipeline.fields.items()}
        if expression := pipeline.keys.get("expression"):
            pipeline.keys["expression"] = re.sub(rf"\(\?P?<{re.escape(old)}>", f"(?P<{new}>", expression)
        for rule in (*pipeline.keys.get("drop", []), pipeline.keys.get("timestamp", {})):
            if rule.get("field") == old:
                rule["field"] = new
        if pipeline.keys.get("output") == old:
            pipeline.keys["output"] = new
        for use in pipeline.uses:
            if use.field == old:
                use.field = new


def _static_labels(pipeline: MigratedPipeline, settings: Value) -> bool:
    for name, value in settings.fields():
        text = plain_text(value)
        if problem := label_problem(name):
            value.lost(problem)
        elif text:
            pipeline.labels[name] = text
        else:
            value.use()
    return False


def _labeldrop(pipeline: MigratedPipeline, settings: Value) -> bool:
    for element in settings.elements():
        name = str(element.data)
        dropped = pipeline.labels.pop(name, None) is not None
        if name in pipeline.keys.get("labels", []):
            pipeline.keys["labels"].remove(name)
            dropped = True
        if dropped or (pipeline.pods and name == "pod"):
            element.use()
        else:
            element.lost(f"the label {name} stays: the source has it by its kind")
    return False


def _timestamp(pipeline: MigratedPipeline, settings: Value) -> bool:
    layout, location = settings.at("format"), settings.at("location")
    settings.at("action_on_failure").use_if("fudge")
    if settings.at("action_on_failure").data == "skip":
        settings.at("action_on_failure").lost(
            "a line without a readable timestamp gets that of the line before, plus 1 ns (before: the time of reading)"
        )
    if not is_layout(str(layout.data)):
        layout.lost(f"{layout.data} is not a layout of Go's time package, so the timestamp is the time of reading")
        return False
    timestamp = {"field": settings.at("source").text(), "layout": layout.text()}
    if location.data:
        from zoneinfo import available_timezones

        if location.data in available_timezones():
            timestamp["location"] = location.text()
        else:
            location.lost(f"{location.data} is not a time zone")
    pipeline.keys["timestamp"] = timestamp
    pipeline.uses.append(Use("timestamp", str(timestamp["field"]), settings))
    return True


def _output(pipeline: MigratedPipeline, settings: Value) -> bool:
    pipeline.keys["output"] = settings.at("source").text()
    pipeline.uses.append(Use("output", str(pipeline.keys["output"]), settings))
    return True


def _tenant(pipeline: MigratedPipeline, settings: Value) -> bool:
    value = settings.at("value")
    if value.data:
        pipeline.tenant = plain_text(value)
        return True
    for key in ("source", "label"):
        if name := settings.at(key).data:
            settings.at(key).todo(
                f"write tenant_from with the allowed tenants: {{field: {name}, allowed: [...]}}. Otherwise whoever "
                "writes a line chooses its tenant"
            )
    return False


def _drop(pipeline: MigratedPipeline, settings: Value) -> bool:
    source = settings.at("source")
    fields = as_list(source.data) or ([source.data] if source.data else [])
    if len(fields) > 1:
        settings.lost("a drop rule compares one field: write a rule for each, or compare the line")
        return False
    settings.at("separator").use()  # It separates several fields.
    rule: dict[str, Any] = {"field": str(fields[0])} if fields else {}
    source.use()
    if not (_add_text_condition(rule, settings) and _add_size_conditions(rule, settings)):
        return False
    if not rule:
        settings.lost("the rule has no condition")
        return False
    if fields:
        pipeline.uses.append(Use("drop", rule["field"], settings))
    pipeline.add("drop", {"name": pipeline.rule_name(settings.at("drop_counter_reason"), "drop"), **rule})
    return True


def _add_text_condition(rule: dict[str, Any], settings: Value) -> bool:
    """Add the condition about the line, or about a field. Return whether it can be carried over."""
    expression, value, field = settings.at("expression"), settings.at("value"), rule.get("field")
    if expression:
        if problem := regex_problem(str(expression.data)):
            settings.lost(problem)
            return False
        rule["expression"] = str(expression.use())
        if not field and (words := bare_words(rule["expression"])):
            expression.todo(
                f"check the expression: it drops every line with {', '.join(words)}, also inside longer words, as in "
                '"healthcheck failed". `logops agents test` shows it'
            )
    elif value:
        rule["value"] = value.text()
    elif field:
        rule["expression"] = ".+"
        settings.at("source").changed(
            f"the rule drops lines in which {field} is not empty (before: lines that have the field)"
        )
    return True


def _add_size_conditions(rule: dict[str, Any], settings: Value) -> bool:
    """Add the conditions about age and length. Return whether they can be carried over."""
    for key, parsed in (("older_than", duration), ("longer_than", size)):
        if condition := settings.at(key):
            rule[key] = parsed(condition)
            if rule[key] is None:
                settings.lost("without this condition the rule would drop other lines")
                return False
    return True


def _sampling(pipeline: MigratedPipeline, settings: Value) -> bool:
    rate = settings.at("rate")
    if rate.data == 1:
        rate.use()
        return False
    if not isinstance(rate.data, int | float) or not 0 < rate.data < 1:
        rate.lost("a sampling rule keeps a part of the lines, as 0.1. To drop all, write a drop rule")
        return False
    name = pipeline.rule_name(settings.at("drop_counter_reason"), "sample")
    pipeline.add("sample", {"name": name, "keep": rate.use()})
    return True


def _limit(pipeline: MigratedPipeline, settings: Value) -> bool:
    rate, burst = settings.at("rate"), settings.at("burst")
    if not settings.at("drop").data:
        settings.lost("Promtail waits above this rate, and loses nothing. A source can only drop lines above a rate")
        return False
    if not (isinstance(rate.data, int | float) and isinstance(burst.data, int) and rate.data > 0 and burst.data > 0):
        settings.lost("rate and burst must be larger than 0")
        return False
    if "rate_limit" in pipeline.keys:
        settings.lost("the source has a rate limit already")
        return False
    settings.at("drop").use()
    limit = {"lines_per_second": rate.use(), "burst": burst.use()}
    if by_label := settings.at("by_label_name").text():
        limit["by_label"] = by_label
        settings.at("max_distinct_labels").use_if(0, 10_000)
    else:
        settings.at("max_distinct_labels").use()
    pipeline.keys["rate_limit"] = limit
    return True


_STAGES: Mapping[str, Callable[[MigratedPipeline, Value], bool]] = {
    "cri": _container("cri"),
    "docker": _container("docker"),
    "drop": _drop,
    "json": _json,
    "labeldrop": _labeldrop,
    "labels": _labels,
    "limit": _limit,
    "logfmt": _logfmt,
    "multiline": _multiline,
    "output": _output,
    "regex": _regex,
    "sampling": _sampling,
    "static_labels": _static_labels,
    "structured_metadata": _structured_metadata,
    "tenant": _tenant,
    "timestamp": _timestamp,
}
"""Stages that can be carried over. A function returns whether the stage has a place in the order of stages."""
