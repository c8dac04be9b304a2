"""Render the stages of a pipeline as blocks of `loki.process`."""

import json
import re
from functools import singledispatch

from logops.environment.sources import Source
from logops.environment.units import Size
from logops.pipelines import stages as pipeline
from logops.render.agents.alloy.syntax import Block, Value, size_text

_CHOSEN_TENANT = "chosen_tenant"
"""Field with the tenant that a line names, if it is allowed. No other field has this name: users do not see it."""


@singledispatch
def stage_blocks(stage: pipeline.Stage, source: Source) -> list[Block]:
    """Return the blocks of a stage of a source's pipeline."""
    raise TypeError(f"Alloy's renderer does not know the stage {type(stage).__name__}")


def truncate_block(size: Size) -> Block:
    """Return the stage that cuts long lines, and counts them."""
    return Block("stage.truncate", inner=(Block("rule", attributes={"limit": size_text(size)}),))


def _stage(name: str, **attributes: Value) -> Block:
    return Block(f"stage.{name}", attributes=attributes)


@stage_blocks.register
def _(stage: pipeline.UnwrapCri, source: Source) -> list[Block]:
    return [_stage("cri")]


@stage_blocks.register
def _(stage: pipeline.UnwrapDocker, source: Source) -> list[Block]:
    return [_stage("docker")]


@stage_blocks.register
def _(stage: pipeline.JoinLines, source: Source) -> list[Block]:
    return [_stage("multiline", firstline=stage.first_line, max_lines=stage.max_lines, max_wait_time=stage.max_wait.go)]


@stage_blocks.register
def _(stage: pipeline.Drop, source: Source) -> list[Block]:
    rule = stage.rule
    attributes: dict[str, Value] = {}
    if rule.field is not None:
        attributes["source"] = rule.field
    if rule.value:
        attributes["value"] = rule.value
    elif rule.value == "":
        # The stage takes an empty value for no value.
        attributes["expression"] = "^$"
    if rule.expression is not None:
        attributes["expression"] = rule.expression
    if rule.older_than is not None:
        attributes["older_than"] = rule.older_than.go
    if rule.longer_than is not None:
        attributes["longer_than"] = size_text(rule.longer_than)
    return [_stage("drop", **attributes, drop_counter_reason=rule.name)]


@stage_blocks.register
def _(stage: pipeline.ParseJson, source: Source) -> list[Block]:
    return [_stage("json", expressions={field: _jmespath(path) for field, path in stage.fields.items()})]


def _jmespath(path: tuple[str, ...]) -> str:
    """Return a path of keys as a JMESPath expression. A key with other characters than letters is quoted."""
    return ".".join(key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) else json.dumps(key) for key in path)


@stage_blocks.register
def _(stage: pipeline.ParseLogfmt, source: Source) -> list[Block]:
    return [_stage("logfmt", mapping=stage.fields)]


@stage_blocks.register
def _(stage: pipeline.ParseRegex, source: Source) -> list[Block]:
    return [_stage("regex", expression=stage.expression)]


@stage_blocks.register
def _(stage: pipeline.SetLabels, source: Source) -> list[Block]:
    return [_stage("labels", values={field: field for field in stage.fields})]


@stage_blocks.register
def _(stage: pipeline.SetMetadata, source: Source) -> list[Block]:
    return [_stage("structured_metadata", values={field: field for field in stage.fields})]


@stage_blocks.register
def _(stage: pipeline.SetTimestamp, source: Source) -> list[Block]:
    timestamp = stage.timestamp
    location: dict[str, Value] = {"location": timestamp.location} if timestamp.location else {}
    # By default Alloy adds 1 ns to a repeated timestamp. A line that is sent twice would then be stored twice.
    once: dict[str, Value] = {"action_on_duplicate_timestamp": "keep"}
    return [_stage("timestamp", source=timestamp.field, format=timestamp.layout, **location, **once)]


@stage_blocks.register
def _(stage: pipeline.Sample, source: Source) -> list[Block]:
    rule = stage.rule
    sampling = _stage("sampling", rate=rule.keep, drop_counter_reason=rule.name)
    if not rule.labels and rule.expression is None:
        return [sampling]
    # A selector needs a label. Every line of the source has its fixed labels.
    matchers = rule.labels or dict(list(source.labels.items())[:1])
    selector = ", ".join(f"{label}={_quoted(value)}" for label, value in matchers.items())
    line = f" |~ {_quoted(rule.expression)}" if rule.expression is not None else ""
    return [Block("stage.match", attributes={"selector": f"{{{selector}}}{line}"}, inner=(sampling,))]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@stage_blocks.register
def _(stage: pipeline.Limit, source: Source) -> list[Block]:
    limit = stage.limit
    by_label: dict[str, Value] = {"by_label_name": limit.by_label} if limit.by_label else {}
    return [_stage("limit", rate=limit.lines_per_second, burst=limit.burst, drop=True, **by_label)]


@stage_blocks.register
def _(stage: pipeline.ReplaceLine, source: Source) -> list[Block]:
    return [_stage("output", source=stage.field)]


@stage_blocks.register
def _(stage: pipeline.SetTenant, source: Source) -> list[Block]:
    fixed = _stage("tenant", value=stage.tenant)
    if stage.tenant_from is None:
        return [fixed]
    # The field exists only if its value is allowed. Without the field, the stage `tenant` changes nothing.
    allowed = "|".join(map(re.escape, stage.tenant_from.allowed))
    return [
        fixed,
        _stage("regex", source=stage.tenant_from.field, expression=f"^(?P<{_CHOSEN_TENANT}>{allowed})$"),
        _stage("tenant", source=_CHOSEN_TENANT),
    ]
