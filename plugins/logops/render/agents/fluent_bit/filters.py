"""Render the filters of a source's pipeline, and the parsers that they need."""

import math
import re
from collections.abc import Iterator
from typing import Any

from logops.environment.pipeline import DropRule, RateLimit
from logops.environment.sources import JournalSource, PodSource, Source, SyslogSource
from logops.pipelines import stages as pipeline
from logops.render.agents.fluent_bit.expressions import onigmo
from logops.render.agents.fluent_bit.inputs import tag_of
from logops.render.agents.fluent_bit.record import CHOSEN_TENANT, LINE, accessor, kept_keys, key_of
from logops.render.agents.fluent_bit.timestamps import syslog_layout, time_filter, time_parsers


def filters_of(name: str, source: Source) -> list[dict[str, Any]]:
    """Return the filters of a source, in order."""
    filters = [*_joining(name, source), *_kubernetes(name, source), *_syslog(name, source), _naming(source)]
    for stage in pipeline.stages_of(source):
        filters += _filter(name, source, stage)
    filters.append({"name": "record_modifier", "allowlist_key": [LINE, *kept_keys(source)]})
    return [{"name": settings.pop("name"), "match": tag_of(name, source), **settings} for settings in filters]


def _joining(name: str, source: Source) -> Iterator[dict[str, Any]]:
    """Yield the filter that joins the lines of an entry. Without a container format, the input joins them."""
    if source.container and source.parse.multiline_first_line:
        yield {
            "name": "multiline",
            "multiline.key_content": "log",
            "multiline.parser": f"{name}.entries",
            "flush_ms": int(source.parse.multiline_max_wait.value),
            "emitter_storage.type": "filesystem",
        }


def _kubernetes(name: str, source: Source) -> Iterator[dict[str, Any]]:
    if isinstance(source, PodSource):
        yield {
            "name": "kubernetes",
            "kube_tag_prefix": f"{name}.var.log.containers.",
            "labels": True,
            "annotations": False,
            # A pod must not be able to leave its lines out.
            "k8s-logging.parser": False,
            "k8s-logging.exclude": False,
        }


def _syslog(name: str, source: Source) -> Iterator[dict[str, Any]]:
    """Yield the filters that read the time of a header, and drop messages without a text, as other agents do."""
    if isinstance(source, SyslogSource):
        yield time_filter(f"{name}.header", ("time",), syslog_layout(source))
        yield {"name": "grep", "alias": f"{name}-empty-messages", "regex": "message /./m"}


def _naming(source: Source) -> dict[str, Any]:
    """Return the filter that gives the line its key."""
    line = {JournalSource: "MESSAGE", SyslogSource: "message"}.get(type(source), "log")
    return {"name": "modify", "rename": f"{line} {LINE}"}


def _filter(name: str, source: Source, stage: pipeline.Stage) -> Iterator[dict[str, Any]]:
    match stage:
        case pipeline.Drop(rule=rule):
            yield _drop(name, source, rule)
        case pipeline.ParseJson() | pipeline.ParseLogfmt() | pipeline.ParseRegex():
            yield {
                "name": "parser",
                "key_name": LINE,
                "parser": f"{name}.line",
                "preserve_key": True,
                "reserve_data": True,
            }
        case pipeline.SetTimestamp(timestamp=timestamp):
            yield time_filter(name, key_of(source, timestamp.field), timestamp.layout)
        case pipeline.Limit(limit=limit):
            yield _throttle(limit)
        case pipeline.ReplaceLine(field=field):
            (key,) = key_of(source, field)
            yield {"name": "modify", "condition": f"key_exists {key}", "hard_copy": f"{key} {LINE}"}
        case pipeline.SetTenant(tenant_from=tenant_from) if tenant_from:
            (key,) = key_of(source, tenant_from.field)
            allowed = "|".join(map(re.escape, tenant_from.allowed))
            yield {
                "name": "modify",
                "condition": f"key_value_matches {key} \\A({allowed})\\z",
                "copy": f"{key} {CHOSEN_TENANT}",
            }
            yield {"name": "modify", "add": f"{CHOSEN_TENANT} {source.tenant}"}


_SMALLEST_RATE = 1.1
_SMALLEST_WINDOW = 2
"""Fluent Bit replaces a rate of up to 1 by 1,000, and a window of 1 by 5 (5.1.1, filter_throttle/throttle.c)."""


def _throttle(limit: RateLimit) -> dict[str, Any]:
    """Return the filter that lets `rate` lines per interval pass, on average over the intervals of a window."""
    interval_s = 1 if limit.lines_per_second >= _SMALLEST_RATE else math.ceil(_SMALLEST_RATE / limit.lines_per_second)
    rate = limit.lines_per_second * interval_s
    window = max(_SMALLEST_WINDOW, math.floor(limit.burst / rate))
    return {"name": "throttle", "rate": f"{rate:g}", "window": window, "interval": f"{interval_s}s"}


def _drop(name: str, source: Source, rule: DropRule) -> dict[str, Any]:
    key = LINE if rule.field is None else accessor(key_of(source, rule.field))
    expression = rf"/\A{re.escape(rule.value)}\z/" if rule.value is not None else onigmo(rule.expression or "")
    return {"name": "grep", "alias": f"{name}-{rule.name}", "exclude": f"{key} {expression}"}


def filter_parsers(name: str, source: Source) -> list[dict[str, Any]]:
    """Return the parsers that the filters of a source use: for its lines and its timestamps."""
    parse = source.parse
    parsers: list[dict[str, Any]] = []
    if isinstance(source, SyslogSource):
        parsers += time_parsers(f"{name}.header", syslog_layout(source))
    if parse.format in ("json", "logfmt", "regex"):
        expression = {"regex": onigmo(parse.expression)} if parse.expression else {}
        parsers.append({"name": f"{name}.line", "format": parse.format, **expression})
    if parse.timestamp:
        parsers += time_parsers(name, parse.timestamp.layout)
    return parsers
