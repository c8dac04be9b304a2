"""Decide whether a line is sent, and to which tenant."""

from collections.abc import Iterable

from logops.environment.pipeline import DropRule, RateLimit, SamplingRule
from logops.pipelines.line import RATE_LIMIT, Dropped, Line
from logops.pipelines.stages import SetTenant
from logops.pipelines.step import Step
from logops.pipelines.text import matches, to_bytes


class Drops(Step):
    """Drop the lines that match a rule."""

    def __init__(self, rule: DropRule) -> None:
        self._rule = rule

    def take(self, line: Line) -> Iterable[Line | Dropped]:
        return (line.drop(self._rule.name),) if is_dropped(line, self._rule) else (line,)


def is_dropped(line: Line, rule: DropRule) -> bool:
    """Return whether all conditions of a rule are true for a line."""
    if rule.longer_than and len(to_bytes(line.text)) <= rule.longer_than.value:
        return False
    if rule.older_than and line.timestamp_ns >= line.read_ns - rule.older_than.value * 1_000_000:
        return False
    if rule.field is None:
        return rule.expression is None or matches(rule.expression, line.text)
    if line.fields.get(rule.field, "") is None:
        # JSON's null, or a key that the object does not have.
        return False
    text = line.value(rule.field) or ""
    return text == rule.value if rule.value is not None else matches(rule.expression or "", text)


class Samples(Step):
    """Note that only a part of such lines is sent. Which part depends on chance."""

    def __init__(self, rule: SamplingRule) -> None:
        self._rule = rule

    def take(self, line: Line) -> Iterable[Line]:
        rule = self._rule
        has_labels = all(line.labels.get(label, "") == value for label, value in rule.labels.items())
        if has_labels and (rule.expression is None or matches(rule.expression, line.text)):
            line.sampled_by = (*line.sampled_by, rule.name)
        return (line,)


class Limits(Step):
    """Drop the lines above the rate limit: a bucket of tokens, full at the start, for each value of the label."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._buckets: dict[str, tuple[float, int]] = {}

    def take(self, line: Line) -> Iterable[Line | Dropped]:
        limit = self._limit
        if limit.by_label is not None and limit.by_label not in line.labels:
            return (line,)
        key = line.labels[limit.by_label] if limit.by_label is not None else ""
        tokens, last_ns = self._buckets.get(key, (float(limit.burst), line.read_ns))
        elapsed_s = (line.read_ns - last_ns) / 1e9
        tokens = min(float(limit.burst), tokens + elapsed_s * limit.lines_per_second)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - allowed, line.read_ns)
        return (line,) if allowed else (line.drop(RATE_LIMIT),)


class Tenants(Step):
    """Choose the tenant: that of the field if it is allowed, else that of the source."""

    def __init__(self, stage: SetTenant) -> None:
        self._stage = stage

    def take(self, line: Line) -> Iterable[Line]:
        named = self._stage.tenant_from and line.value(self._stage.tenant_from.field)
        allowed = self._stage.tenant_from.allowed if self._stage.tenant_from else ()
        line.tenant = named if named and named in allowed else self._stage.tenant
        return (line,)
