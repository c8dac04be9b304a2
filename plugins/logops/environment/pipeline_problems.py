"""Find mistakes in sources and agents that no single value shows: unknown fields, lines that would be stored twice."""

import json
from collections import Counter
from collections.abc import Collection, Iterator

from logops.environment.key_path import KeyPathError, key_path
from logops.environment.model import Environment
from logops.environment.problem import Problem
from logops.environment.sources import (
    EventHubSource,
    FileSource,
    JournalSource,
    PodSource,
    Source,
    SyslogSource,
)
from logops.suggestions import closest

CONTAINER_FIELDS = {"cri": ("time", "stream", "flags", "content"), "docker": ("output", "stream", "timestamp")}
"""Fields that the stages `cri` and `docker` of Promtail and Alloy make."""


def find_pipeline_problems(environment: Environment) -> Iterator[Problem]:
    """Yield a problem for each mistake in a pipeline, and for lines that would be stored twice."""
    for name, source in environment.sources.items():
        path = f"sources.{name}"
        yield from _unreadable_keys(path, source)
        yield from _unknown_fields(path, source)
        yield from _unknown_labels(path, source)
        yield from _labels_and_metadata(path, source)
        yield from _duplicate_rules(path, source)
    yield from _stored_twice(environment)
    yield from _unsupported(environment)


def known_fields(source: Source) -> tuple[str, ...] | None:
    """Return the fields that a line of a source has after parsing, sorted; None: every key of the line is a field."""
    # RE2 is loaded only for files that have expressions.
    from logops.logql.regexes import groups

    parse = source.parse
    if parse.format in ("json", "logfmt") and not parse.fields:
        return None
    parsed = groups(parse.expression) if parse.expression else parse.fields
    container = CONTAINER_FIELDS[source.container] if source.container else ()
    return tuple(sorted({*parsed, *container, *source.labels, *source.input_labels}))


def _unreadable_keys(path: str, source: Source) -> Iterator[Problem]:
    parse = source.parse
    if parse.format != "json":
        return
    keys = [(f"parse.fields.{name}", key) for name, key in parse.fields.items()] or list(_used_fields(source))
    for where, key in keys:
        try:
            key_path(key)
        except KeyPathError as error:
            yield Problem(f"{path}.{where}", json.dumps(key), str(error))


def _unknown_fields(path: str, source: Source) -> Iterator[Problem]:
    known = known_fields(source)
    if known is None:
        return
    for where, field in _used_fields(source):
        if field not in known:
            yield _unknown(f"{path}.{where}", field, known)


def _used_fields(source: Source) -> Iterator[tuple[str, str]]:
    parse = source.parse
    yield from ((f"parse.labels.{index}", field) for index, field in enumerate(parse.labels))
    yield from ((f"parse.structured_metadata.{index}", field) for index, field in enumerate(parse.structured_metadata))
    if parse.timestamp:
        yield "parse.timestamp.field", parse.timestamp.field
    if parse.output:
        yield "parse.output", parse.output
    yield from ((f"parse.drop.{index}.field", rule.field) for index, rule in enumerate(parse.drop) if rule.field)
    if source.tenant_from:
        yield "tenant_from.field", source.tenant_from.field


def _unknown_labels(path: str, source: Source) -> Iterator[Problem]:
    known = sorted({*source.labels, *source.varying_labels})
    for index, rule in enumerate(source.parse.sample):
        for label in rule.labels:
            if label not in known:
                yield _unknown(f"{path}.parse.sample.{index}.labels", label, known)
    limit = source.parse.rate_limit
    if limit and limit.by_label and limit.by_label not in known:
        yield _unknown(f"{path}.parse.rate_limit.by_label", limit.by_label, known)


def _labels_and_metadata(path: str, source: Source) -> Iterator[Problem]:
    # Promtail and Alloy remove a label that becomes structured metadata.
    for index, name in enumerate(source.parse.structured_metadata):
        if name in source.parse.labels or name in source.labels:
            yield Problem(
                f"{path}.parse.structured_metadata.{index}",
                f'"{name}" is a label as well',
                "a field is either a label (few values) or structured metadata (many values): remove it from one",
            )


def _duplicate_rules(path: str, source: Source) -> Iterator[Problem]:
    rules = [*(("drop", i, rule.name) for i, rule in enumerate(source.parse.drop))]
    rules += [("sample", i, rule.name) for i, rule in enumerate(source.parse.sample)]
    counts = Counter(name for _, _, name in rules)
    for kind, index, name in rules:
        if counts[name] > 1:
            yield Problem(
                f"{path}.parse.{kind}.{index}.name",
                f'"{name}" names {counts[name]} rules',
                "a name of its own: dropped lines are counted by name",
            )


def _stored_twice(environment: Environment) -> Iterator[Problem]:
    shipped_by: dict[str, str] = {}
    for name, agent in environment.agents.items():
        if agent.archive:
            continue
        first_sources: dict[tuple[object, ...], str] = {}
        for index, source_name in enumerate(agent.sources):
            path = f"agents.{name}.sources.{index}"
            if source_name in shipped_by:
                yield Problem(
                    path,
                    f'agent "{shipped_by[source_name]}" ships "{source_name}" as well',
                    "one agent for each source: otherwise every line is stored twice",
                )
            shipped_by.setdefault(source_name, name)
            source = environment.sources.get(source_name)
            if source is None:
                continue
            identity = _identity(source)
            if identity in first_sources and first_sources[identity] != source_name:
                other = first_sources[identity]
                yield Problem(
                    path,
                    f'"{source_name}" reads the same lines as "{other}" and gives them the same labels',
                    "another input or other labels: otherwise every line is stored twice",
                )
            first_sources.setdefault(identity, source_name)


def _identity(source: Source) -> tuple[object, ...]:
    """Return the input, labels, cluster and tenant of a source. No two sources may share them."""
    return (source.kind, _input(source), tuple(sorted(source.labels.items())), source.cluster, source.tenant)


def _input(source: Source) -> object:
    match source:
        case FileSource():
            return frozenset(source.paths)
        case SyslogSource():
            return (source.protocol, source.port) if source.port else object()
        case JournalSource():
            return source.path, frozenset(source.units)
        case PodSource():
            return frozenset(source.namespaces), frozenset(source.select.items())
        case EventHubSource():
            return source.namespace, source.event_hub, source.consumer_group


def _unsupported(environment: Environment) -> Iterator[Problem]:
    for name, agent in environment.agents.items():
        for source_name in agent.sources:
            source = environment.sources.get(source_name)
            if agent.kind == "promtail" and isinstance(source, FileSource | PodSource) and source.ignore_older:
                yield Problem(
                    f"sources.{source_name}.ignore_older",
                    f'agent "{name}" is Promtail, which reads every file that matches',
                    "remove ignore_older, or use an agent of kind alloy or fluent-bit",
                )


def _unknown(path: str, name: str, known: Collection[str]) -> Problem:
    similar = closest(name, known)
    return Problem(
        path,
        f'"{name}" is not known',
        f"{similar}?" if similar else f"one of: {', '.join(known) or 'no name is known'}",
    )
