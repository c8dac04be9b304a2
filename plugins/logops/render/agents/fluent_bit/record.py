"""The record that Fluent Bit makes of a line: which key holds what, and how a setting names it."""

from logops.environment.sources import JournalSource, PodSource, Source, SyslogSource
from logops.pipelines.stages import ParseJson, ParseLogfmt, stages_of

LINE = "_line"
"""Key with the line. No parser makes this key, so a field `log` of a JSON line cannot replace the line."""

CHOSEN_TENANT = "_tenant"
"""Key with the tenant of the line, if a field chooses it."""


def keys_of(source: Source) -> dict[str, tuple[str, ...]]:
    """Return the path of keys in the record of each field and label of a source."""
    parsed: dict[str, tuple[str, ...]] = {}
    for stage in stages_of(source):
        if isinstance(stage, ParseJson):
            parsed = dict(stage.fields)
        elif isinstance(stage, ParseLogfmt):
            parsed = {field: (key,) for field, key in stage.fields.items()}
    return {**_input_keys(source), **parsed}


def kept_keys(source: Source) -> list[str]:
    """Return the keys of the record that labels, structured metadata and the tenant need, sorted."""
    keys = {key_of(source, field)[0] for field in (*label_fields(source), *metadata_fields(source))}
    return sorted(keys | ({CHOSEN_TENANT} if source.tenant_from else set()))


def key_of(source: Source, field: str) -> tuple[str, ...]:
    """Return the path of keys of a field. A field that nothing renames has its own name."""
    return keys_of(source).get(field, (field,))


def label_fields(source: Source) -> tuple[str, ...]:
    """Return the fields that become labels."""
    return tuple(field for field in source.varying_labels if field not in source.parse.structured_metadata)


def metadata_fields(source: Source) -> tuple[str, ...]:
    """Return the fields that become structured metadata."""
    return (*(("pod",) if isinstance(source, PodSource) else ()), *source.parse.structured_metadata)


def _input_keys(source: Source) -> dict[str, tuple[str, ...]]:
    match source:
        case JournalSource():
            return {"unit": ("_SYSTEMD_UNIT",), "host": ("_HOSTNAME",)}
        case SyslogSource():
            return {"host": ("host",), "app": ("app",)}
        case PodSource():
            pod_labels = {ours: ("kubernetes", "labels", theirs) for ours, theirs in source.pod_labels.items()}
            return {
                "namespace": ("kubernetes", "namespace_name"),
                "pod": ("kubernetes", "pod_name"),
                "container": ("kubernetes", "container_name"),
                "filename": ("filename",),
                **pod_labels,
            }
        case _:
            return {"filename": ("filename",)}


def accessor(path: tuple[str, ...]) -> str:
    """Return a path of keys as Fluent Bit's record accessor.

    >>> accessor(("kubernetes", "labels", "app"))
    "$kubernetes['labels']['app']"
    """
    first, *others = path
    return f"${first}" + "".join(f"['{key}']" for key in others)
