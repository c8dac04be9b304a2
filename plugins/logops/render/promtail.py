"""Render Promtail's configuration (3.6, its last version). Tests check it with `promtail -check-syntax`."""

from collections.abc import Mapping
from typing import Any

from logops.environment.agents import Agent
from logops.environment.pipeline import Parse
from logops.environment.sources import FileSource, JournalSource, Source, SyslogSource
from logops.render.topology import HOST, AgentProcess, PlacementError, Topology

CANARY_LABELS = {"job": "loki-canary", "stream": "stdout"}
"""Labels of loki-canary's lines, by which it queries them."""


def promtail_config(topology: Topology, process: AgentProcess) -> dict[str, Any]:
    """Return a configuration with one client and a scrape job for each source that ships to the client's cluster.

    Promtail sends every line to every client. Therefore an agent with sources for two clusters runs as two processes,
    which keeps the lines of the clusters apart.

    Raises PlacementError for a source that the local platform does not support (pods, Event Hubs).
    """
    agent = topology.environment.agents[process.agent]
    jobs = {name: topology.environment.sources[name] for name in process.sources}
    return {
        "server": {
            "http_listen_address": HOST,
            "http_listen_port": process.http_port,
            # Nobody uses gRPC, and Promtail cannot turn it off. By default it listens on all interfaces.
            "grpc_listen_address": HOST,
            "grpc_listen_port": 0,
            "log_level": "warn",
            # /ready must report that Promtail runs, also if the files of a source do not exist yet.
            "health_check_target": False,
        },
        "positions": {"filename": str(topology.data(process.name) / "positions.yaml"), "sync_period": "1s"},
        "clients": [_client(agent, topology.write_url(process.cluster))],
        "scrape_configs": [
            *(_job(topology, name, source) for name, source in jobs.items()),
            *_canary_job(topology, process),
        ],
        "target_config": {"sync_period": "1s"},
    }


def _client(agent: Agent, write_url: str) -> dict[str, Any]:
    return {
        "url": f"{write_url}/loki/api/v1/push",
        "batchwait": agent.batch_wait.go,
        "batchsize": agent.batch_size.value,
        "backoff_config": {
            "min_period": agent.backoff_min.go,
            "max_period": agent.backoff_max.go,
            "max_retries": agent.backoff_retries,
        },
    }


def _job(topology: Topology, name: str, source: Source) -> dict[str, Any]:
    job: dict[str, Any] = {"job_name": name}
    match source:
        case FileSource():
            job["static_configs"] = [
                {"targets": ["localhost"], "labels": {**source.labels, "__path__": str(topology.state / path)}}
                for path in source.paths
            ]
        case SyslogSource():
            job["syslog"] = {
                "listen_address": f"{HOST}:{topology.syslog_port(name)}",
                "listen_protocol": "tcp",
                "use_incoming_timestamp": True,
                "label_structured_data": False,
                "labels": dict(source.labels),
            }
            job["relabel_configs"] = _relabel({"__syslog_message_hostname": "host", "__syslog_message_app_name": "app"})
        case JournalSource():
            job["journal"] = {"path": source.path, "labels": dict(source.labels)}
            job["relabel_configs"] = _relabel({"__journal__systemd_unit": "unit", "__journal__hostname": "host"})
        case _:
            raise PlacementError(
                f"sources.{name}: the local platform cannot collect {source.kind} sources, only Kubernetes can"
            )
    return {**job, "pipeline_stages": [*_stages(source.parse), {"tenant": {"value": source.tenant}}]}


def _canary_job(topology: Topology, process: AgentProcess) -> list[dict[str, Any]]:
    """Return the job for the canary's lines if this is the first agent process of the cluster."""
    canary = topology.environment.clusters[process.cluster].canary
    first = next(agent_process for agent_process in topology.agents if agent_process.cluster == process.cluster)
    if canary is None or process != first:
        return []
    labels = {**CANARY_LABELS, "__path__": str(topology.canary_lines(process.cluster))}
    return [
        {
            "job_name": f"canary-{process.cluster}",
            "static_configs": [{"targets": ["localhost"], "labels": labels}],
            "pipeline_stages": [{"labeldrop": ["filename"]}, {"tenant": {"value": canary.tenant}}],
        }
    ]


def _relabel(names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"source_labels": [source], "target_label": target} for source, target in names.items()]


def _stages(parse: Parse) -> list[dict[str, Any]]:
    """Return the pipeline stages. The order matters: lines are joined, then dropped, then parsed."""
    stages: list[dict[str, Any]] = []
    if parse.format in ("cri", "docker"):
        stages.append({parse.format: {}})
    if parse.multiline_first_line:
        stages.append({"multiline": {"firstline": parse.multiline_first_line, "max_wait_time": "3s"}})
    stages += [{"drop": {"expression": rule.expression, "drop_counter_reason": rule.name}} for rule in parse.drop]
    if parse.format == "json":
        fields = [*parse.labels, *parse.structured_metadata, *([parse.timestamp.field] if parse.timestamp else [])]
        stages.append({"json": {"expressions": {field: field for field in sorted(set(fields))}}})
    if parse.format == "regex":
        stages.append({"regex": {"expression": parse.expression}})
    if parse.labels:
        stages.append({"labels": {label: None for label in parse.labels}})
    if parse.structured_metadata:
        stages.append({"structured_metadata": {field: None for field in parse.structured_metadata}})
    if parse.timestamp:
        stages.append({"timestamp": {"source": parse.timestamp.field, "format": parse.timestamp.layout}})
    return stages
