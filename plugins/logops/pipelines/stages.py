"""The stages of a source's pipeline, in the order in which every agent carries them out.

The renderers and the model read the same list, so that they cannot disagree about the order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from logops.environment.key_path import key_path
from logops.environment.pipeline import DropRule, Parse, RateLimit, SamplingRule, Timestamp
from logops.environment.sources import PodSource, Source, TenantFrom
from logops.environment.units import Duration


@dataclass(frozen=True)
class UnwrapCri:
    """Take the line out of the CRI format, and join the parts of a long line."""


@dataclass(frozen=True)
class UnwrapDocker:
    """Take the line out of the format of Docker's json-file driver."""


@dataclass(frozen=True)
class JoinLines:
    """Join lines to the line that matches `first_line`."""

    first_line: str
    max_lines: int
    max_wait: Duration


@dataclass(frozen=True)
class Drop:
    """Drop lines that match a rule."""

    rule: DropRule


@dataclass(frozen=True)
class ParseJson:
    """Make fields from a JSON object. `fields`: name -> path of keys."""

    fields: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ParseLogfmt:
    """Make fields from key=value pairs. `fields`: name -> key."""

    fields: Mapping[str, str]


@dataclass(frozen=True)
class ParseRegex:
    """Make fields from the named groups of an expression."""

    expression: str


@dataclass(frozen=True)
class SetLabels:
    """Make labels from fields."""

    fields: tuple[str, ...]


@dataclass(frozen=True)
class SetMetadata:
    """Make structured metadata from fields, or from labels, which are then removed."""

    fields: tuple[str, ...]


@dataclass(frozen=True)
class SetTimestamp:
    """Take the timestamp of the line from a field."""

    timestamp: Timestamp


@dataclass(frozen=True)
class Sample:
    """Send only a part of the lines."""

    rule: SamplingRule


@dataclass(frozen=True)
class Limit:
    """Send at most `limit` lines per second."""

    limit: RateLimit


@dataclass(frozen=True)
class ReplaceLine:
    """Send a field instead of the line."""

    field: str


@dataclass(frozen=True)
class SetTenant:
    """Choose the tenant: a fixed one, or the value of a field if it is allowed."""

    tenant: str
    tenant_from: TenantFrom | None


Stage = (
    UnwrapCri
    | UnwrapDocker
    | JoinLines
    | Drop
    | ParseJson
    | ParseLogfmt
    | ParseRegex
    | SetLabels
    | SetMetadata
    | SetTimestamp
    | Sample
    | Limit
    | ReplaceLine
    | SetTenant
)


def stages_of(source: Source) -> tuple[Stage, ...]:
    """Return the stages of a source's pipeline, in order.

    >>> from logops.environment.sources import JournalSource
    >>> stages_of(JournalSource(kind="journal", cluster="main", tenant="platform", labels={"job": "journal"}))
    (SetTenant(tenant='platform', tenant_from=None),)
    """
    return tuple(_stages(source))


def _stages(source: Source) -> Iterator[Stage]:
    parse = source.parse
    if source.container:
        yield UnwrapCri() if source.container == "cri" else UnwrapDocker()
    if parse.multiline_first_line:
        yield JoinLines(parse.multiline_first_line, parse.multiline_max_lines, parse.multiline_max_wait)
    yield from (Drop(rule) for rule in parse.drop if not rule.field and not rule.older_than)
    yield from _parsers(source)
    yield from (Drop(rule) for rule in parse.drop if rule.field and not rule.older_than)
    if parse.labels:
        yield SetLabels(parse.labels)
    pod = ("pod",) if isinstance(source, PodSource) else ()
    if metadata := (*pod, *parse.structured_metadata):
        yield SetMetadata(metadata)
    if parse.timestamp:
        yield SetTimestamp(parse.timestamp)
    yield from (Drop(rule) for rule in parse.drop if rule.older_than)
    yield from map(Sample, parse.sample)
    if parse.rate_limit:
        yield Limit(parse.rate_limit)
    if parse.output:
        yield ReplaceLine(parse.output)
    yield SetTenant(source.tenant, source.tenant_from)


def _parsers(source: Source) -> Iterator[Stage]:
    parse = source.parse
    if parse.expression:
        yield ParseRegex(parse.expression)
    elif keys := _keys(parse, source.tenant_from):
        if parse.format == "json":
            yield ParseJson({name: key_path(key) for name, key in keys.items()})
        elif parse.format == "logfmt":
            yield ParseLogfmt(keys)


def _keys(parse: Parse, tenant_from: TenantFrom | None) -> dict[str, str]:
    """Return the key of each field, sorted by field. Without `fields`, each used field is a key."""
    if parse.fields:
        return dict(sorted(parse.fields.items()))
    return {name: name for name in sorted({*parse.used_fields, *([tenant_from.field] if tenant_from else [])})}
