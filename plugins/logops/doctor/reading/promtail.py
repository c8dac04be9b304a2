"""Promtail's configuration, and the values of its Helm chart, as an agent."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from logops.doctor.deployment import Agent, HelmValues, Location, Pipeline, PushTarget
from logops.doctor.keys.known import known_keys
from logops.doctor.reading.document_part import DocumentPart
from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.untyped import as_list, as_mapping

_VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*[^}]*\}")
_CHART_PODS = "/var/log/pods/*/*.log"
_KUBERNETES = "kubernetes_sd_configs"
_PROMETHEUS_JOB = {key for key in known_keys("promtail")["scrape_configs"] if key.endswith("_sd_configs")} | {
    "job_name",
    "relabel_configs",
    "static_configs",
}
"""Keys of a job that Prometheus has too."""


def is_promtail_config(document: Mapping[str, Any]) -> bool:
    """Whether a mapping's keys are those of Promtail's configuration; Prometheus has scrape_configs too."""
    jobs = as_list(document.get("scrape_configs"))
    own = {"clients", "client", "positions"} & document.keys()
    return bool(jobs and own) or {"clients", "positions"} <= document.keys() or any(map(_is_log_job, jobs))


def read_promtail_config(config: Mapping[str, Any], name: str, location: Location) -> Agent:
    """An agent of Promtail's own configuration. Whether its variables are expanded is not known."""
    jobs = [(job, location.at("scrape_configs", i)) for i, job in enumerate(as_list(config.get("scrape_configs")))]
    clients = [(client, location.at("clients", i)) for i, client in enumerate(as_list(config.get("clients")))]
    positions = as_mapping(config.get("positions")).get("filename")
    return _agent(
        name,
        location,
        clients,
        jobs,
        positions=((str(positions), location.at("positions", "filename")),) if positions else (),
        blocks=(("", config, location),),
    )


def read_promtail_values(document: Mapping[str, Any], name: str, file: str) -> Iterator[DocumentPart]:
    """An agent of the chart's values; `config.scrapeConfigs`, which no chart reads, is taken for what is meant."""
    values = HelmValues(Location(file), document)
    config = as_mapping(document.get("config"))
    if isinstance(config.get("file"), str) and "{{" not in config["file"]:
        whole = as_mapping(next(iter(parse(config["file"], file)), None))
        yield read_promtail_config(whole, name, values.at("config", "file"))
        return
    clients = [(client, values.at("config", "clients", i)) for i, client in enumerate(as_list(config.get("clients")))]
    snippets = as_mapping(config.get("snippets"))
    blocks: list[tuple[str, Any, Location]] = [("clients", config.get("clients"), values.at("config", "clients"))]
    jobs: list[tuple[Any, Location]] = []
    for written, location in (
        (config.get("scrapeConfigs"), values.at("config", "scrapeConfigs")),
        (_list(snippets.get("extraScrapeConfigs"), file), values.at("config", "snippets", "extraScrapeConfigs")),
        (_list(snippets.get("scrapeConfigs"), file), values.at("config", "snippets", "scrapeConfigs")),
    ):
        jobs += [(job, location.at(i)) for i, job in enumerate(as_list(written))]
        blocks.append(("scrape_configs", written, location))
    stages = Pipeline(
        values.at("config", "snippets", "pipelineStages"), _stages(snippets.get("pipelineStages")), pods=True
    )
    own_pods = "scrapeConfigs" in snippets or any(_KUBERNETES in as_mapping(job) for job, _ in jobs)
    expands = any("config.expand-env" in str(argument) for argument in as_list(document.get("extraArgs")))
    yield _agent(
        name,
        values.at("config"),
        clients,
        jobs,
        pipelines=(stages,) if stages.stages else (),
        reads=() if own_pods else ((_CHART_PODS, values.at("config")),),
        literals=() if expands else tuple(_variables(config, values.at("config"))),
        blocks=tuple(block for block in blocks if block[1] is not None),
        values=values,
    )


def _agent(
    name: str,
    location: Location,
    clients: list[tuple[Any, Location]],
    jobs: list[tuple[Any, Location]],
    *,
    pipelines: tuple[Pipeline, ...] = (),
    reads: tuple[tuple[str, Location], ...] = (),
    **known: Any,
) -> Agent:
    pipelines += tuple(
        Pipeline(where.at("pipeline_stages"), stages, _KUBERNETES in as_mapping(job))
        for job, where in jobs
        if (stages := _stages(as_mapping(job).get("pipeline_stages")))
    )
    tenants = [where.at("tenant_id") for client, where in clients if as_mapping(client).get("tenant_id")]
    tenants += [
        where.at("headers")
        for client, where in clients
        if "X-Scope-OrgID" in as_mapping(as_mapping(client).get("headers"))
    ]
    tenants += [p.location.at(i, "tenant") for p in pipelines for i, stage in enumerate(p.stages) if "tenant" in stage]
    return Agent(
        name,
        "promtail",
        location,
        labels=tuple(label for p in pipelines for label in _stage_labels(p)) + tuple(_relabelled(jobs, paths=False)),
        tenants=tuple(tenants),
        pushes=tuple(
            push for client, where in clients if (push := _push(as_mapping(client).get("url"), where.at("url")))
        ),
        reads=reads + tuple(_relabelled(jobs, paths=True)) + tuple(_static_paths(jobs)),
        pipelines=pipelines,
        drops=tuple(drop for p in pipelines for drop in _drops(p)),
        **known,
    )


def _stage_labels(pipeline: Pipeline) -> Iterator[tuple[str, Location]]:
    for index, stage in enumerate(pipeline.stages):
        for label, source in as_mapping(stage.get("labels")).items():
            location = pipeline.location.at(index, "labels", str(label))
            yield str(label), location
            if isinstance(source, str) and source not in ("", label):
                yield source, location


def _drops(pipeline: Pipeline) -> Iterator[tuple[str, Location]]:
    """Expressions matched against the whole line; those with a source look at one field."""
    for index, stage in enumerate(pipeline.stages):
        drop = as_mapping(stage.get("drop"))
        if isinstance(drop.get("expression"), str) and not drop.get("source"):
            yield drop["expression"], pipeline.location.at(index, "drop", "expression")


def _relabelled(jobs: list[tuple[Any, Location]], *, paths: bool) -> Iterator[tuple[str, Location]]:
    """Labels that relabelling makes, or the globs of the files that it finds."""
    for job, location in jobs:
        for index, rule in enumerate(as_list(as_mapping(job).get("relabel_configs"))):
            where, target = location.at("relabel_configs", index), str(as_mapping(rule).get("target_label", ""))
            if paths and target == "__path__":
                yield str(as_mapping(rule).get("replacement", "")), where.at("replacement")
            elif not paths and target and not target.startswith("__"):
                yield target, where.at("target_label")


def _static_paths(jobs: list[tuple[Any, Location]]) -> Iterator[tuple[str, Location]]:
    for job, location in jobs:
        for index, static in enumerate(as_list(as_mapping(job).get("static_configs"))):
            path = as_mapping(as_mapping(static).get("labels")).get("__path__")
            if path:
                yield str(path), location.at("static_configs", index, "labels", "__path__")


def _stages(value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(as_mapping(stage) for stage in as_list(value))


def _is_log_job(job: Any) -> bool:
    return bool(as_mapping(job).keys() & (known_keys("promtail")["scrape_configs"].keys() - _PROMETHEUS_JOB))


def _list(value: Any, file: str) -> list[Any] | None:
    """Scrape jobs from a snippet's text; None where it is a template, which Helm alone can read."""
    if not isinstance(value, str):
        return None
    try:
        return as_list(next(iter(parse(value, file)), None))
    except DocumentError:
        return None


def _push(url: Any, location: Location) -> PushTarget | None:
    try:
        parts = urlsplit(str(url))
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return PushTarget(location, parts.hostname, port) if parts.hostname else None


def _variables(value: Any, location: Location) -> Iterator[tuple[str, Location]]:
    if isinstance(value, str):
        yield from ((match[0], location) for match in _VARIABLE.finditer(value))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _variables(inner, location.at(str(key)))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _variables(element, location.at(index))
