"""Promtail's configuration, and the values of its Helm chart, as an agent."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from logops.doctor.deployment import Agent, Pipeline, Place, Push, Values
from logops.doctor.keys.known import known
from logops.doctor.reading.parts import Part, elements, mapping
from logops.doctor.reading.text import DocumentError, parse

_VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*[^}]*\}")
_CHART_PODS = "/var/log/pods/*/*.log"
_KUBERNETES = "kubernetes_sd_configs"
_PROMETHEUS_JOB = {key for key in known("promtail")["scrape_configs"] if key.endswith("_sd_configs")} | {
    "job_name",
    "relabel_configs",
    "static_configs",
}
"""Keys of a job that Prometheus has too."""


def is_promtail_config(document: Mapping[str, Any]) -> bool:
    """Whether a mapping's keys are those of Promtail's configuration; Prometheus has scrape_configs too."""
    jobs = elements(document.get("scrape_configs"))
    own = {"clients", "client", "positions"} & document.keys()
    return bool(jobs and own) or {"clients", "positions"} <= document.keys() or any(map(_is_log_job, jobs))


def read_promtail_config(config: Mapping[str, Any], name: str, place: Place) -> Agent:
    """An agent of Promtail's own configuration. Whether its variables are expanded is not known."""
    jobs = [(job, place.at("scrape_configs", i)) for i, job in enumerate(elements(config.get("scrape_configs")))]
    clients = [(client, place.at("clients", i)) for i, client in enumerate(elements(config.get("clients")))]
    positions = mapping(config.get("positions")).get("filename")
    return _agent(
        name,
        place,
        clients,
        jobs,
        positions=((str(positions), place.at("positions", "filename")),) if positions else (),
        blocks=(("", config, place),),
    )


def read_promtail_values(document: Mapping[str, Any], name: str, file: str) -> Iterator[Part]:
    """An agent of the chart's values; `config.scrapeConfigs`, which no chart reads, is taken for what is meant."""
    values = Values(Place(file), document)
    config = mapping(document.get("config"))
    if isinstance(config.get("file"), str) and "{{" not in config["file"]:
        whole = mapping(next(iter(parse(config["file"], file)), None))
        yield read_promtail_config(whole, name, values.at("config", "file"))
        return
    clients = [(client, values.at("config", "clients", i)) for i, client in enumerate(elements(config.get("clients")))]
    snippets = mapping(config.get("snippets"))
    blocks: list[tuple[str, Any, Place]] = [("clients", config.get("clients"), values.at("config", "clients"))]
    jobs: list[tuple[Any, Place]] = []
    for written, place in (
        (config.get("scrapeConfigs"), values.at("config", "scrapeConfigs")),
        (_list(snippets.get("extraScrapeConfigs"), file), values.at("config", "snippets", "extraScrapeConfigs")),
        (_list(snippets.get("scrapeConfigs"), file), values.at("config", "snippets", "scrapeConfigs")),
    ):
        jobs += [(job, place.at(i)) for i, job in enumerate(elements(written))]
        blocks.append(("scrape_configs", written, place))
    stages = Pipeline(
        values.at("config", "snippets", "pipelineStages"), _stages(snippets.get("pipelineStages")), pods=True
    )
    own_pods = "scrapeConfigs" in snippets or any(_KUBERNETES in mapping(job) for job, _ in jobs)
    expands = any("config.expand-env" in str(argument) for argument in elements(document.get("extraArgs")))
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
    place: Place,
    clients: list[tuple[Any, Place]],
    jobs: list[tuple[Any, Place]],
    *,
    pipelines: tuple[Pipeline, ...] = (),
    reads: tuple[tuple[str, Place], ...] = (),
    **known: Any,
) -> Agent:
    pipelines += tuple(
        Pipeline(where.at("pipeline_stages"), stages, _KUBERNETES in mapping(job))
        for job, where in jobs
        if (stages := _stages(mapping(job).get("pipeline_stages")))
    )
    tenants = [where.at("tenant_id") for client, where in clients if mapping(client).get("tenant_id")]
    tenants += [
        where.at("headers") for client, where in clients if "X-Scope-OrgID" in mapping(mapping(client).get("headers"))
    ]
    tenants += [p.place.at(i, "tenant") for p in pipelines for i, stage in enumerate(p.stages) if "tenant" in stage]
    return Agent(
        name,
        "promtail",
        place,
        labels=tuple(label for p in pipelines for label in _stage_labels(p)) + tuple(_relabelled(jobs, paths=False)),
        tenants=tuple(tenants),
        pushes=tuple(push for client, where in clients if (push := _push(mapping(client).get("url"), where.at("url")))),
        reads=reads + tuple(_relabelled(jobs, paths=True)) + tuple(_static_paths(jobs)),
        pipelines=pipelines,
        drops=tuple(drop for p in pipelines for drop in _drops(p)),
        **known,
    )


def _stage_labels(pipeline: Pipeline) -> Iterator[tuple[str, Place]]:
    for index, stage in enumerate(pipeline.stages):
        for label, source in mapping(stage.get("labels")).items():
            place = pipeline.place.at(index, "labels", str(label))
            yield str(label), place
            if isinstance(source, str) and source not in ("", label):
                yield source, place


def _drops(pipeline: Pipeline) -> Iterator[tuple[str, Place]]:
    """Expressions matched against the whole line; those with a source look at one field."""
    for index, stage in enumerate(pipeline.stages):
        drop = mapping(stage.get("drop"))
        if isinstance(drop.get("expression"), str) and not drop.get("source"):
            yield drop["expression"], pipeline.place.at(index, "drop", "expression")


def _relabelled(jobs: list[tuple[Any, Place]], *, paths: bool) -> Iterator[tuple[str, Place]]:
    """Labels that relabelling makes, or the globs of the files that it finds."""
    for job, place in jobs:
        for index, rule in enumerate(elements(mapping(job).get("relabel_configs"))):
            where, target = place.at("relabel_configs", index), str(mapping(rule).get("target_label", ""))
            if paths and target == "__path__":
                yield str(mapping(rule).get("replacement", "")), where.at("replacement")
            elif not paths and target and not target.startswith("__"):
                yield target, where.at("target_label")


def _static_paths(jobs: list[tuple[Any, Place]]) -> Iterator[tuple[str, Place]]:
    for job, place in jobs:
        for index, static in enumerate(elements(mapping(job).get("static_configs"))):
            path = mapping(mapping(static).get("labels")).get("__path__")
            if path:
                yield str(path), place.at("static_configs", index, "labels", "__path__")


def _stages(value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(mapping(stage) for stage in elements(value))


def _is_log_job(job: Any) -> bool:
    return bool(mapping(job).keys() & (known("promtail")["scrape_configs"].keys() - _PROMETHEUS_JOB))


def _list(value: Any, file: str) -> list[Any] | None:
    """Scrape jobs from a snippet's text; None where it is a template, which Helm alone can read."""
    if not isinstance(value, str):
        return None
    try:
        return elements(next(iter(parse(value, file)), None))
    except DocumentError:
        return None


def _push(url: Any, place: Place) -> Push | None:
    try:
        parts = urlsplit(str(url))
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return Push(place, parts.hostname, port) if parts.hostname else None


def _variables(value: Any, place: Place) -> Iterator[tuple[str, Place]]:
    if isinstance(value, str):
        yield from ((match[0], place) for match in _VARIABLE.finditer(value))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _variables(inner, place.at(str(key)))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _variables(element, place.at(index))
