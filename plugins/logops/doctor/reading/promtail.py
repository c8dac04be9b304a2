"""Read Promtail's configuration, or the values of its Helm chart, as an agent."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from logops.doctor.deployment import Agent, HelmValues, Location, Pipeline, PushTarget, UnreadablePart
from logops.doctor.keys.known import known_keys
from logops.doctor.promtail.templates import parse_template
from logops.doctor.promtail.value import Ledger, Value
from logops.doctor.reading.document_part import DocumentPart
from logops.doctor.reading.promtail_paths import unmatched_paths
from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.untyped import as_list, as_mapping
from logops.doctor.variables import variables_in

_CHART_PODS = "/var/log/pods/*/*.log"
_KUBERNETES = "kubernetes_sd_configs"
PROMTAIL_VALUES = frozenset({"snippets", "clients", "lokiAddress", "scrapeConfigs", "file"})
"""Keys below `config` in the values of Promtail's chart."""
_PROMETHEUS_JOB_KEYS = {key for key in known_keys("promtail")["scrape_configs"] if key.endswith("_sd_configs")} | {
    "job_name",
    "relabel_configs",
    "static_configs",
}
"""Keys of a scrape job that Prometheus has too, so they do not identify a Promtail configuration."""


def is_promtail_config(document: Mapping[str, Any]) -> bool:
    """Return whether a mapping is a configuration of Promtail, and not of Prometheus, judged by its keys."""
    jobs = as_list(document.get("scrape_configs"))
    promtail_keys = {"clients", "client", "positions"} & document.keys()
    return bool(jobs and promtail_keys) or {"clients", "positions"} <= document.keys() or any(map(_is_log_job, jobs))


def read_promtail_config(config: Mapping[str, Any], name: str, location: Location) -> Agent:
    """Return the agent of a Promtail configuration. Whether it expands variables is unknown."""
    jobs = [(job, location.at("scrape_configs", i)) for i, job in enumerate(as_list(config.get("scrape_configs")))]
    clients = [(client, location.at("clients", i)) for i, client in enumerate(as_list(config.get("clients")))]
    positions = as_mapping(config.get("positions")).get("filename")
    return _agent(
        name,
        location,
        clients,
        jobs,
        position_files=((str(positions), location.at("positions", "filename")),) if positions else (),
        config_blocks=(("", config, location),),
    )


def read_promtail_values(document: Mapping[str, Any], name: str, at_top: Location) -> Iterator[DocumentPart]:
    """Yield the agent of the chart's values.

    No chart reads `config.scrapeConfigs`, but users write it: its jobs are checked like the others.
    """
    values = HelmValues(at_top, document)
    config = as_mapping(document.get("config"))
    if isinstance(config.get("file"), str) and "{{" not in config["file"]:
        promtail_config = as_mapping(next(iter(parse(config["file"], at_top.file)), None))
        yield read_promtail_config(promtail_config, name, values.at("config", "file"))
        return
    client_list = as_list(config.get("clients"))
    clients = [(client, values.at("config", "clients", i)) for i, client in enumerate(client_list)]
    snippets = as_mapping(config.get("snippets"))
    blocks: list[tuple[str, Any, Location]] = [("clients", config.get("clients"), values.at("config", "clients"))]
    jobs: list[tuple[Any, Location]] = []
    at_snippets = values.at("config", "snippets")
    for job_list, location in (
        (config.get("scrapeConfigs"), values.at("config", "scrapeConfigs")),
        (
            _parse_jobs(snippets.get("extraScrapeConfigs"), at_snippets.at("extraScrapeConfigs")),
            at_snippets.at("extraScrapeConfigs"),
        ),
        (_parse_jobs(snippets.get("scrapeConfigs"), at_snippets.at("scrapeConfigs")), at_snippets.at("scrapeConfigs")),
    ):
        jobs += [(job, location.at(i)) for i, job in enumerate(as_list(job_list))]
        blocks.append(("scrape_configs", job_list, location))
    pod_pipeline = Pipeline(
        values.at("config", "snippets", "pipelineStages"), _stages(snippets.get("pipelineStages")), pods=True
    )
    replaces_pod_job = "scrapeConfigs" in snippets or any(_KUBERNETES in as_mapping(job) for job, _ in jobs)
    expands = any("config.expand-env" in str(argument) for argument in as_list(document.get("extraArgs")))
    yield _agent(
        name,
        values.at("config"),
        clients,
        jobs,
        pipelines=(pod_pipeline,) if pod_pipeline.stages else (),
        tailed_globs=() if replaces_pod_job else ((_CHART_PODS, values.at("config")),),
        unexpanded_variables=() if expands else tuple(variables_in(config, values.at("config"))),
        config_blocks=tuple(block for block in blocks if block[1] is not None),
        values=values,
    )


def read_shipper_values(document: Mapping[str, Any], location: Location) -> Iterator[DocumentPart]:
    """Yield the agents beside Loki in the values of a chart that installs both, such as loki-stack."""
    if isinstance(promtail := document.get("promtail"), Mapping) and promtail.get("enabled") is not False:
        yield from read_promtail_values(promtail, "promtail", location.at("promtail"))
    for name in ("fluent-bit", "filebeat", "logstash"):
        if as_mapping(document.get(name)).get("enabled") is True:
            yield UnreadablePart(location.at(name), f"values of {name}, which the doctor does not read")


def _agent(
    name: str,
    location: Location,
    clients: list[tuple[Any, Location]],
    jobs: list[tuple[Any, Location]],
    *,
    pipelines: tuple[Pipeline, ...] = (),
    tailed_globs: tuple[tuple[str, Location], ...] = (),
    **fields: Any,
) -> Agent:
    pipelines += tuple(
        Pipeline(
            job_location.at("pipeline_stages"),
            _stages(as_mapping(job).get("pipeline_stages")),
            _KUBERNETES in as_mapping(job),
        )
        for job, job_location in jobs
    )
    targets = [
        _push_target(as_mapping(client).get("url"), client_location.at("url")) for client, client_location in clients
    ]
    return Agent(
        name,
        "promtail",
        location,
        labels=tuple(label for p in pipelines for label in _stage_labels(p)) + tuple(_relabelled(jobs, paths=False)),
        tenants=tuple(_tenant_locations(clients, pipelines)),
        push_targets=tuple(target for target in targets if target),
        tailed_globs=tailed_globs + tuple(_relabelled(jobs, paths=True)) + tuple(_static_paths(jobs)),
        pipelines=pipelines,
        unmatched_paths=tuple(unmatched_paths(jobs)),
        drop_expressions=tuple(drop for pipeline in pipelines for drop in _drop_expressions(pipeline)),
        **fields,
    )


def _tenant_locations(clients: list[tuple[Any, Location]], pipelines: tuple[Pipeline, ...]) -> Iterator[Location]:
    for client, location in clients:
        if as_mapping(client).get("tenant_id"):
            yield location.at("tenant_id")
    for client, location in clients:
        if "X-Scope-OrgID" in as_mapping(as_mapping(client).get("headers")):
            yield location.at("headers")
    for pipeline in pipelines:
        for index, stage in enumerate(pipeline.stages):
            if "tenant" in stage:
                yield pipeline.location.at(index, "tenant")


def _stage_labels(pipeline: Pipeline) -> Iterator[tuple[str, Location]]:
    for index, stage in enumerate(pipeline.stages):
        for label, source in as_mapping(stage.get("labels")).items():
            location = pipeline.location.at(index, "labels", str(label))
            yield str(label), location
            if isinstance(source, str) and source not in ("", label):
                yield source, location


def _drop_expressions(pipeline: Pipeline) -> Iterator[tuple[str, Location]]:
    """Yield expressions that are matched against the complete line. An expression with a source checks one field."""
    for index, stage in enumerate(pipeline.stages):
        drop = as_mapping(stage.get("drop"))
        if isinstance(drop.get("expression"), str) and not drop.get("source"):
            yield drop["expression"], pipeline.location.at(index, "drop", "expression")


def _relabelled(jobs: list[tuple[Any, Location]], *, paths: bool) -> Iterator[tuple[str, Location]]:
    """Yield the labels that relabelling makes; if `paths`, the globs of files that it makes."""
    for job, job_location in jobs:
        for index, rule in enumerate(as_list(as_mapping(job).get("relabel_configs"))):
            location = job_location.at("relabel_configs", index)
            target = str(as_mapping(rule).get("target_label", ""))
            if paths and target == "__path__":
                yield str(as_mapping(rule).get("replacement", "")), location.at("replacement")
            elif not paths and target and not target.startswith("__"):
                yield target, location.at("target_label")


def _static_paths(jobs: list[tuple[Any, Location]]) -> Iterator[tuple[str, Location]]:
    for job, location in jobs:
        for index, static in enumerate(as_list(as_mapping(job).get("static_configs"))):
            path = as_mapping(as_mapping(static).get("labels")).get("__path__")
            if path:
                yield str(path), location.at("static_configs", index, "labels", "__path__")


def _stages(value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(as_mapping(stage) for stage in as_list(value))


def _is_log_job(job: Any) -> bool:
    return bool(as_mapping(job).keys() & (known_keys("promtail")["scrape_configs"].keys() - _PROMETHEUS_JOB_KEYS))


def _parse_jobs(value: Any, location: Location) -> list[Any] | None:
    """Return the scrape jobs in a snippet's text, without its templates; None if the text is not readable."""
    if not isinstance(value, str):
        return None
    ledger = Ledger()
    try:
        return as_list(parse_template(value, Value(value, location, ledger), ledger))
    except DocumentError:
        return None


def _push_target(url: Any, location: Location) -> PushTarget | None:
    try:
        parts = urlsplit(str(url))
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return PushTarget(location, parts.hostname, port) if parts.hostname else None
