"""Render the stages of a pipeline as Promtail's pipeline stages."""

import json
import re
from collections.abc import Iterator
from typing import Any

from logops.environment.pipeline import DropRule, RateLimit, SamplingRule
from logops.environment.sources import Source
from logops.pipelines import stages as pipeline
from logops.pipelines.stages import stages_of

_CHOSEN_TENANT = "chosen_tenant"
"""Field with the tenant that a line names, if it is allowed. No other field has this name: users do not see it."""


def pipeline_stages(source: Source) -> list[dict[str, Any]]:
    """Return the pipeline stages of a source, in order."""
    return [rendered for stage in stages_of(source) for rendered in (*_reading(stage), *_sending(stage, source))]


def _reading(stage: pipeline.Stage) -> Iterator[dict[str, Any]]:
    """Yield a stage that makes lines and fields of what was read."""
    match stage:
        case pipeline.UnwrapCri():
            yield {"cri": {}}
        case pipeline.UnwrapDocker():
            yield {"docker": {}}
        case pipeline.JoinLines(first_line=first_line, max_lines=max_lines, max_wait=max_wait):
            yield {"multiline": {"firstline": first_line, "max_lines": max_lines, "max_wait_time": max_wait.go}}
        case pipeline.ParseJson(fields=paths):
            yield {"json": {"expressions": {field: jmespath(path) for field, path in paths.items()}}}
        case pipeline.ParseLogfmt(fields=keys):
            yield {"logfmt": {"mapping": dict(keys)}}
        case pipeline.ParseRegex(expression=expression):
            yield {"regex": {"expression": expression}}


def _sending(stage: pipeline.Stage, source: Source) -> Iterator[dict[str, Any]]:
    """Yield a stage that decides whether and how a line is sent."""
    match stage:
        case pipeline.Drop(rule=rule):
            yield {"drop": _drop(rule)}
        case pipeline.SetLabels(fields=fields):
            yield {"labels": dict.fromkeys(fields)}
        case pipeline.SetMetadata(fields=fields):
            yield {"structured_metadata": dict.fromkeys(fields)}
        case pipeline.SetTimestamp(timestamp=timestamp):
            location = {"location": timestamp.location} if timestamp.location else {}
            yield {"timestamp": {"source": timestamp.field, "format": timestamp.layout, **location}}
        case pipeline.Sample(rule=rule):
            yield _sample(rule, source)
        case pipeline.Limit(limit=limit):
            yield {"limit": _limit(limit)}
        case pipeline.ReplaceLine(field=field):
            yield {"output": {"source": field}}
        case pipeline.SetTenant():
            yield from _tenant(stage)


def jmespath(path: tuple[str, ...]) -> str:
    """Return a path of keys as a JMESPath expression.

    >>> jmespath(("http", "status-code"))
    'http."status-code"'
    """
    return ".".join(key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) else json.dumps(key) for key in path)


def _drop(rule: DropRule) -> dict[str, Any]:
    conditions = {
        "source": rule.field,
        "value": rule.value,
        "expression": rule.expression,
        "older_than": rule.older_than.go if rule.older_than else None,
        "longer_than": f"{rule.longer_than.value}B" if rule.longer_than else None,
    }
    return {
        **{key: value for key, value in conditions.items() if value is not None},
        "drop_counter_reason": rule.name,
    }


def _sample(rule: SamplingRule, source: Source) -> dict[str, Any]:
    sampling = {"sampling": {"rate": rule.keep, "drop_counter_reason": rule.name}}
    if not rule.labels and rule.expression is None:
        return sampling
    # A selector needs a label. Every line of the source has its fixed labels.
    matchers = rule.labels or dict(list(source.labels.items())[:1])
    selector = ", ".join(f"{label}={_quoted(value)}" for label, value in matchers.items())
    line = f" |~ {_quoted(rule.expression)}" if rule.expression is not None else ""
    return {"match": {"selector": f"{{{selector}}}{line}", "stages": [sampling]}}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _limit(limit: RateLimit) -> dict[str, Any]:
    by_label = {"by_label_name": limit.by_label} if limit.by_label else {}
    return {"rate": limit.lines_per_second, "burst": limit.burst, "drop": True, **by_label}


def _tenant(stage: pipeline.SetTenant) -> Iterator[dict[str, Any]]:
    yield {"tenant": {"value": stage.tenant}}
    if stage.tenant_from:
        # The field exists only if its value is allowed. Without the field, the stage `tenant` changes nothing.
        allowed = "|".join(map(re.escape, stage.tenant_from.allowed))
        yield {
            "regex": {"source": stage.tenant_from.field, "expression": rf"^(?P<{_CHOSEN_TENANT}>{allowed})$"},
        }
        yield {"tenant": {"source": _CHOSEN_TENANT}}
