"""Migrate a file with Promtail's configuration: sources, an agent, Alloy's configuration, and notes."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import yaml
from pydantic import ValidationError

from logops.doctor.deployment import Location
from logops.doctor.promtail.agent import MigratedAgent, migrate_agent
from logops.doctor.promtail.configuration import ACCEPTED, Configuration, Job, find_configurations
from logops.doctor.promtail.inputs import INPUTS
from logops.doctor.promtail.pods import pod_source
from logops.doctor.promtail.stages import read_stages
from logops.doctor.promtail.value import Ledger, Note, NoteKind
from logops.doctor.reading.offsets import offset_of
from logops.doctor.reading.safe_yaml import DocumentError
from logops.environment import Environment
from logops.environment.explain import problems_of
from logops.environment.pipeline_problems import find_pipeline_problems
from logops.environment.sources import SyslogSource
from logops.number_text import count_text
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.alloy import alloy_config

MAX_STAGES = 1_000
"""Stages of a job. A file with more was not written by a person."""

AGENT = "nodes"
"""Name of the agent in the output."""

_NO_URL = "http://loki-gateway"
_SYSLOG_PORT = 1514


@dataclass(frozen=True)
class Migration:
    """A migrated configuration.

    sources, agents   as an environment file has them
    alloy             Alloy's configuration; "" if there is no source, or one of them is not valid yet
    notes             what differs and what is missing, in the order of the file
    """

    sources: Mapping[str, Mapping[str, Any]]
    agents: Mapping[str, Mapping[str, Any]]
    alloy: str
    notes: tuple[Note, ...]

    @property
    def yaml(self) -> str:
        """Return the text for an environment file."""
        data = {"sources": self.sources, "agents": self.agents}
        return yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=110, allow_unicode=True)

    @property
    def is_complete(self) -> bool:
        """Return whether everything was carried over."""
        return not any(note.kind is NoteKind.LOST for note in self.notes)


def migrate_promtail(text: str, file: str, cluster: str, tenant: str) -> Migration:
    """Return the sources and the agent of a configuration of Promtail.

    cluster   the cluster that stores the lines
    tenant    the tenant of lines for which the configuration names none

    Raises DocumentError if the text cannot be read, or has no scrape jobs.
    """
    ledger = Ledger()
    configurations = find_configurations(text, file, ledger)
    sources: dict[str, dict[str, Any]] = {}
    agents: list[MigratedAgent] = []
    for configuration in configurations:
        _refuse_size(configuration, text)
        agents.append(migrate_agent(configuration.config, configuration.clients, configuration.address))
        place = {"cluster": cluster, "tenant": agents[-1].tenant or tenant}
        for position, job in enumerate(configuration.jobs):
            _add_sources(sources, job, position, place)
        configuration.note_unused()
    if not any(configuration.jobs for configuration in configurations):
        raise DocumentError(file, "it has no scrape_configs, or they are empty", ACCEPTED)
    for configuration, other in zip(configurations[1:], agents[1:], strict=True):
        if (other.keys, other.write_url) != (agents[0].keys, agents[0].write_url):
            ledger.note_lost(
                configuration.config.location,
                "its clients and limits: the sources of all configurations have one agent, with those of the first",
            )
    agent = agents[0]
    alloy = _alloy(sources, agent, cluster, ledger, Location(file))
    declared = {AGENT: {"kind": "alloy", "sources": list(sources), **agent.keys}} if sources else {}
    return Migration(sources, declared, alloy, _in_order(ledger, text))


class _Lines:
    """The lines of the values in a file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def of(self, location: Location) -> int:
        return bisect_right(self._starts, offset_of(self._text, location.path, location.document))


def _in_order(ledger: Ledger, text: str) -> tuple[Note, ...]:
    """Return the notes with their lines, in the order of kinds and lines."""
    lines, kinds = _Lines(text), list(NoteKind)
    notes = (replace(note, line=_line(note, lines)) for note in ledger.notes)
    return tuple(sorted(notes, key=lambda note: (kinds.index(note.kind), note.line or 0)))


def _line(note: Note, lines: _Lines) -> int | None:
    # The lines of an embedded text start below its key.
    return None if note.location.path.startswith("(") else lines.of(note.location) + (note.line or 0)


def _refuse_size(configuration: Configuration, text: str) -> None:
    for job in configuration.jobs:
        if len(job.stages) > MAX_STAGES:
            location = job.value.at("pipeline_stages").location
            line = _Lines(text).of(location)
            count = count_text(len(job.stages), "stage")
            raise DocumentError(location.file, f"{location.path} has {count}", f"at most {MAX_STAGES:,}", line)


def _add_sources(sources: dict[str, dict[str, Any]], job: Job, position: int, place: Mapping[str, str]) -> None:
    """Add a source for each input of a job, and for each set of labels of its files."""
    job_name = job.value.at("job_name").text() or f"job-{position + 1}"
    inputs = list(_inputs(job))
    if not inputs:
        job.value.lost("no source was made of this job")
    for keys in inputs:
        name = _unique_name(job_name, sources)
        sources[name] = _source(keys, job, job_name, place)


def _inputs(job: Job) -> Iterator[dict[str, Any]]:
    for key, sources_of in INPUTS.items():
        if key in job.value:
            yield from sources_of(job.value)
    if "kubernetes_sd_configs" in job.value:
        source = pod_source(job.value, job.value.at("kubernetes_sd_configs"), job.relabel_configs)
        if source:
            yield source
    for key in job.value.names():
        if key in _NO_SUCH_INPUT or (key.endswith("_sd_configs") and key != "kubernetes_sd_configs"):
            job.value.at(key).lost("an environment has no source with this input")


_NO_SUCH_INPUT = frozenset({"cloudflare", "gcplog", "gelf", "heroku_drain", "kafka", "loki_push_api", "windows_events"})


def _source(keys: dict[str, Any], job: Job, job_name: str, place: Mapping[str, str]) -> dict[str, Any]:
    kind, labels = keys["kind"], keys.pop("labels")
    drops = keys.pop("drop", [])
    pipeline = read_stages(job.stages, labels, _input_labels(kind, keys), pods=kind == "pods")
    if drops:
        pipeline.keys["drop"] = [*drops, *pipeline.keys.get("drop", [])]
    if not labels:
        labels["job"] = job_name
        job.value.ledger.note_changed(
            job.value.location, f"lines get the label job={job_name}: each source has a fixed label"
        )
    parse = pipeline.parsed()
    return {
        **keys,
        **place,
        **({"tenant": pipeline.tenant} if pipeline.tenant else {}),
        "labels": labels,
        **({"parse": parse} if parse else {}),
    }


def _input_labels(kind: str, keys: Mapping[str, Any]) -> tuple[str, ...]:
    return {
        "file": ("filename",),
        "journal": ("host", "unit"),
        "syslog": ("app", "host"),
        "pods": ("container", "filename", "namespace", "pod", *keys.get("pod_labels", ())),
    }.get(kind, ())


def _unique_name(job_name: str, sources: Mapping[str, Any]) -> str:
    """Return a name that an environment accepts, and no source has.

    >>> _unique_name("Shop_API/v2", {}), _unique_name("app", {"app": {}})
    ('shop-api-v2', 'app-2')
    """
    name = re.sub(r"[^a-z0-9]+", "-", job_name.lower()).strip("-")[:36].rstrip("-")
    if not name[:1].isalpha():
        name = f"job-{name}".rstrip("-")
    number = 2
    unique = name
    while unique in sources:
        unique, number = f"{name}-{number}", number + 1
    return unique


def _alloy(
    sources: Mapping[str, Mapping[str, Any]], agent: MigratedAgent, cluster: str, ledger: Ledger, top: Location
) -> str:
    """Return Alloy's configuration; "", with a note, if the sources need a change first."""
    if not sources:
        return ""
    data = environment_data(sources, agent.keys, cluster)
    try:
        environment = Environment.model_validate_json(json.dumps(data))
    except ValidationError as error:
        for problem in problems_of(error, data):
            if problem.path.startswith("clusters."):
                continue  # The placeholder's tenants are those of the sources.
            ledger.note_todo(top, f"change this value of the source: {problem}")
        return ""
    for problem in find_pipeline_problems(environment):
        ledger.note_todo(top, f"change this value of the source: {problem}")
    addresses = AgentAddresses(
        listen="0.0.0.0",
        write_urls={cluster: agent.write_url or _NO_URL},
        syslog_ports={
            name: source.port or _SYSLOG_PORT
            for name, source in environment.sources.items()
            if isinstance(source, SyslogSource)
        },
        relative_to=PurePath("/"),
        secret_rules=PurePath("/etc/logops/secrets/rules.toml"),
    )
    _, _, body = alloy_config(environment, AGENT, addresses).partition("\n")
    return f"// Migrated from {Path(top.file).name} by `logops agents migrate`.\n{body}"


def environment_data(
    sources: Mapping[str, Mapping[str, Any]], agent: Mapping[str, Any], cluster: str, kind: str = "alloy"
) -> dict[str, Any]:
    """Return an environment with these sources and one agent, for a renderer. Its cluster is a placeholder."""
    tenants = {str(source["tenant"]) for source in sources.values()}
    account = {"account_name": "placeholder", "account_key": {"env": "KEY"}, "containers": ["chunks", "ruler"]}
    return {
        "name": "migrated",
        "platform": {"kind": "kubernetes"},
        "results": "results",
        "storage_accounts": {"main": account},
        "clusters": {
            cluster: {
                "mode": "single",
                "storage_account": "main",
                "containers": {"chunks": "chunks", "ruler": "ruler"},
                "components": {"all": {"replicas": 3}},
                "schema_periods": [{"from": "2024-01-01", "index_prefix": "index_"}],
                "tenants": {tenant: {} for tenant in tenants},
            }
        },
        "sources": sources,
        "agents": {AGENT: {"kind": kind, "sources": list(sources), **agent}},
    }
