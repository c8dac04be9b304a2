"""Translate the scrape jobs of a Promtail configuration into sources of an environment."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.untyped import as_list, as_mapping
from logops.environment.label_names import is_identity
from logops.environment.sources import Source


@dataclass(frozen=True)
class MigratedSources:
    """Sources as an environment file has them, and what could not be carried over, each with its path."""

    sources: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...]


@dataclass
class _Parse:
    """The key `parse` of a source, while stages are read. `renamed`: field -> key of JSON or logfmt."""

    keys: dict[str, Any] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    tenant: str | None = None

    def add(self, key: str, value: Any) -> None:
        self.keys.setdefault(key, []).append(value)


def migrate_promtail(text: str, file: str, cluster: str, tenant: str) -> MigratedSources:
    """Return the sources of a Promtail configuration.

    cluster, tenant   where the lines are stored, if no stage says the tenant

    Raises DocumentError if the text is not YAML, or has no scrape jobs.
    """
    document = as_mapping(next(iter(parse(text, file)), None))
    jobs = as_list(document.get("scrape_configs"))
    if not jobs:
        raise DocumentError(file, "it has no scrape_configs", "a configuration of Promtail")
    sources: dict[str, Mapping[str, Any]] = {}
    notes: list[str] = []
    for position, job in enumerate(map(as_mapping, jobs)):
        path = f"scrape_configs[{position}]"
        name = str(job.get("job_name", f"job-{position + 1}")).lower().replace("_", "-")
        source = _source(job, path, {"cluster": cluster, "tenant": tenant}, notes)
        if source is None:
            continue
        try:
            TypeAdapter(Source).validate_python(source)
        except ValidationError as error:
            first = error.errors()[0]
            notes.append(f"{path}: the source {name} needs a change at {first['loc'][-1]}: {first['msg']}")
        sources[name] = source
    return MigratedSources(sources, tuple(notes))


def _source(job: Mapping[str, Any], path: str, place: dict[str, str], notes: list[str]) -> dict[str, Any] | None:
    kind = next((kind for kind in _INPUTS if kind in job), None)
    if kind is None:
        notes.append(f"{path}: an environment has no source for the inputs of this job")
        return None
    source = {**_INPUTS[kind](job, path, notes), **place}
    if "relabel_configs" in job:
        notes.append(f"{path}.relabel_configs: not carried over: sources of kind {source['kind']} have fixed labels")
    read = _Parse()
    for index, stage in enumerate(as_list(job.get("pipeline_stages"))):
        for stage_name, settings in as_mapping(stage).items():
            notes += _add_stage(read, stage_name, settings, f"{path}.pipeline_stages[{index}].{stage_name}")
    if read.tenant:
        source["tenant"] = read.tenant
    if any(name != key for name, key in read.renamed.items()):
        read.keys["fields"] = read.renamed
    return {**source, "parse": read.keys} if read.keys else source


def _files(job: Mapping[str, Any], path: str, notes: list[str]) -> dict[str, Any]:
    statics = [as_mapping(as_mapping(static).get("labels")) for static in as_list(job["static_configs"])]
    labels = {name: value for static in statics for name, value in static.items() if not str(name).startswith("__")}
    if any({name: static.get(name) for name in labels} != labels for static in statics):
        notes.append(f"{path}.static_configs: the files have different labels: write one source for each")
    return {
        "kind": "file",
        "paths": [static["__path__"] for static in statics if "__path__" in static],
        "labels": dict(labels) or {"job": str(job.get("job_name", "files"))},
    }


def _journal(job: Mapping[str, Any], path: str, notes: list[str]) -> dict[str, Any]:
    journal = as_mapping(job["journal"])
    if "matches" in journal:
        notes.append(f"{path}.journal.matches: not carried over: use units")
    kept = {key: journal[key] for key in ("path", "max_age") if key in journal}
    return {"kind": "journal", **kept, "labels": dict(as_mapping(journal.get("labels")))}


def _syslog(job: Mapping[str, Any], path: str, notes: list[str]) -> dict[str, Any]:
    syslog = as_mapping(job["syslog"])
    port = str(syslog.get("listen_address", "")).rpartition(":")[2]
    if syslog.get("label_structured_data"):
        notes.append(f"{path}.syslog.label_structured_data: not carried over: it makes labels that no rule keeps")
    return {
        "kind": "syslog",
        **({"port": int(port)} if port.isdigit() else {}),
        "protocol": syslog.get("listen_protocol", "tcp"),
        "labels": dict(as_mapping(syslog.get("labels"))),
    }


def _pods(job: Mapping[str, Any], path: str, notes: list[str]) -> dict[str, Any]:
    return {"kind": "pods", "labels": {"job": str(job.get("job_name", "pods"))}}


def _event_hub(job: Mapping[str, Any], path: str, notes: list[str]) -> dict[str, Any]:
    hub = as_mapping(job["azure_event_hubs"])
    hubs = as_list(hub.get("event_hubs")) or [hub.get("event_hub_name", "")]
    notes.append(f"{path}.azure_event_hubs.connection_string: name the secret: it is not copied")
    return {
        "kind": "event-hub",
        "namespace": str(hub.get("fully_qualified_namespace", "NAMESPACE.servicebus.windows.net")).partition(":")[0],
        "event_hub": hubs[0],
        "connection_string": {"env": "EVENT_HUB_CONNECTION_STRING"},
        "labels": dict(as_mapping(hub.get("labels"))),
    }


_INPUTS: Mapping[str, Callable[[Mapping[str, Any], str, list[str]], dict[str, Any]]] = {
    "static_configs": _files,
    "journal": _journal,
    "syslog": _syslog,
    "kubernetes_sd_configs": _pods,
    "azure_event_hubs": _event_hub,
}


def _add_stage(read: _Parse, name: str, settings: Any, path: str) -> Iterator[str]:
    """Add a stage to what was read. Yield what could not be carried over."""
    if name in _SIMPLE:
        add, known = _SIMPLE[name]
        add(read, as_mapping(settings))
        for key in as_mapping(settings).keys() - known:
            yield f"{path}.{key}: not carried over: an environment has no such key"
    elif name in ("labels", "structured_metadata"):
        yield from _names(read, name, as_mapping(settings), path)
    elif name == "drop":
        yield from _drop(read, as_mapping(settings), path)
    elif name == "tenant" and "value" in as_mapping(settings):
        read.tenant = str(settings["value"])
    elif name == "tenant":
        yield f"{path}: not carried over: write tenant_from with the allowed tenants"
    else:
        yield f"{path}: not carried over: an environment has no such stage"


def _names(read: _Parse, kind: str, names: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, source in names.items():
        if source in read.renamed:
            read.renamed[name] = read.renamed[source]
        elif source not in (None, "", name):
            yield f"{path}.{name}: the field must have the name {name}: rename {source} where it is parsed"
        if kind == "labels" and is_identity(name):
            yield f"{path}.{name}: it is structured metadata now: as a label, each value would be a stream"
            read.add("structured_metadata", name)
        else:
            read.add(kind, name)


def _drop(read: _Parse, settings: Mapping[str, Any], path: str) -> Iterator[str]:
    names = {"source": "field", "value": "value", "expression": "expression", "older_than": "older_than"}
    rule = {ours: settings[theirs] for theirs, ours in names.items() if theirs in settings}
    if "longer_than" in settings:
        yield f"{path}.longer_than: not carried over: write the size with its unit, for example 8KiB"
    if not rule or not isinstance(rule.get("field", ""), str):
        yield f"{path}: not carried over: write a drop rule with one field"
        return
    reason = str(settings.get("drop_counter_reason", f"drop-{len(read.keys.get('drop', [])) + 1}"))
    read.add("drop", {"name": reason.lower().replace("_", "-"), **rule})


def _format(name: str, keys: str) -> Callable[[_Parse, Mapping[str, Any]], None]:
    def add(read: _Parse, settings: Mapping[str, Any]) -> None:
        read.keys["format"] = name
        read.renamed |= {field: key or field for field, key in as_mapping(settings.get(keys)).items()}

    return add


def _container(name: str) -> Callable[[_Parse, Mapping[str, Any]], None]:
    return lambda read, settings: read.keys.__setitem__("container_format", name)


def _regex(read: _Parse, settings: Mapping[str, Any]) -> None:
    read.keys |= {"format": "regex", "expression": settings.get("expression", "")}


def _multiline(read: _Parse, settings: Mapping[str, Any]) -> None:
    names = {"firstline": "first_line", "max_lines": "max_lines", "max_wait_time": "max_wait"}
    read.keys |= {f"multiline_{ours}": settings[theirs] for theirs, ours in names.items() if theirs in settings}


def _timestamp(read: _Parse, settings: Mapping[str, Any]) -> None:
    names = {"source": "field", "format": "layout", "location": "location"}
    read.keys["timestamp"] = {ours: settings[theirs] for theirs, ours in names.items() if theirs in settings}


def _output(read: _Parse, settings: Mapping[str, Any]) -> None:
    read.keys["output"] = settings.get("source")


_SIMPLE: Mapping[str, tuple[Callable[[_Parse, Mapping[str, Any]], None], frozenset[str]]] = {
    "cri": (_container("cri"), frozenset()),
    "docker": (_container("docker"), frozenset()),
    "json": (_format("json", "expressions"), frozenset({"expressions"})),
    "logfmt": (_format("logfmt", "mapping"), frozenset({"mapping"})),
    "regex": (_regex, frozenset({"expression"})),
    "multiline": (_multiline, frozenset({"firstline", "max_lines", "max_wait_time"})),
    "timestamp": (_timestamp, frozenset({"source", "format", "location"})),
    "output": (_output, frozenset({"source"})),
}
"""Stages that can be carried over with these keys."""
