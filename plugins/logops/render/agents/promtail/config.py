"""Render the configuration of a Promtail process."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from logops.environment.agents import Agent
from logops.environment.base import SecretRef
from logops.environment.model import Environment
from logops.environment.sources import EventHubSource
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.promtail.inputs import SECRET, job_input, secret_text
from logops.render.agents.promtail.stages import pipeline_stages
from logops.render.files import to_yaml, yaml_text

CANARY_LABELS = {"job": "loki-canary", "stream": "stdout"}
"""Labels of loki-canary's lines, by which it queries them."""


@dataclass(frozen=True)
class CanaryLines:
    """The file to which a cluster's canary prints its lines, and the tenant that gets them."""

    cluster: str
    tenant: str
    file: PurePath


@dataclass(frozen=True)
class PromtailProcess:
    """A Promtail process. It ships to one cluster.

    Promtail sends every line to every client. Therefore an agent with sources for two clusters runs as two processes,
    which keeps the lines of the clusters apart.
    """

    agent: str
    cluster: str
    sources: tuple[str, ...]
    http_port: int
    positions: PurePath
    """File with the position up to which each file is read."""
    canary: CanaryLines | None = None


def promtail_config(environment: Environment, process: PromtailProcess, addresses: AgentAddresses) -> str:
    """Return the configuration of a process: a client, and a scrape job for each source."""
    agent = environment.agents[process.agent]
    config = {
        "server": {
            "http_listen_address": addresses.listen,
            "http_listen_port": process.http_port,
            # Nobody uses gRPC, and Promtail cannot turn it off. By default it listens on all interfaces.
            "grpc_listen_address": "127.0.0.1",
            "grpc_listen_port": 0,
            "log_level": "warn",
            # /ready must report that Promtail runs, also if the files of a source do not exist yet.
            "health_check_target": False,
        },
        "positions": {"filename": str(process.positions), "sync_period": "1s"},
        "clients": [_client(agent, addresses.write_urls[process.cluster])],
        **_limits(agent),
        "target_config": {"sync_period": "1s"},
    }
    jobs = [_source_job(environment, name, addresses) for name in process.sources]
    if process.canary:
        jobs.append(_canary_job(process.canary))
    text = to_yaml(environment.name, config) + "".join(["\nscrape_configs:\n", *jobs])
    return _with_variables(text) if secrets_of(environment, process) else text


def secrets_of(environment: Environment, process: PromtailProcess) -> tuple[SecretRef, ...]:
    """Return the secrets that a process reads from its environment variables.

    If there are any, Promtail must run with `-config.expand-env=true`.
    """
    agent = environment.agents[process.agent]
    sources = [environment.sources[name] for name in process.sources]
    return (
        *([agent.basic_auth.password] if agent.basic_auth else []),
        *([agent.bearer_token] if agent.bearer_token else []),
        *(source.connection_string for source in sources if isinstance(source, EventHubSource)),
    )


def _client(agent: Agent, write_url: str) -> dict[str, Any]:
    client: dict[str, Any] = {"url": f"{write_url}/loki/api/v1/push"}
    if agent.basic_auth:
        password = secret_text(agent.basic_auth.password)
        client["basic_auth"] = {"username": agent.basic_auth.username, "password": password}
    if agent.bearer_token:
        client["authorization"] = {"type": "Bearer", "credentials": secret_text(agent.bearer_token)}
    if agent.tls:
        client["tls_config"] = agent.tls.model_dump(exclude_none=True)
    if agent.labels:
        client["external_labels"] = dict(agent.labels)
    return {
        **client,
        "batchwait": agent.batch_wait.go,
        "batchsize": agent.batch_size.value,
        "timeout": agent.timeout.go,
        "backoff_config": {
            "min_period": agent.backoff_min.go,
            "max_period": agent.backoff_max.go,
            "max_retries": agent.backoff_retries,
        },
    }


def _limits(agent: Agent) -> dict[str, Any]:
    if agent.max_line_size is None:
        return {}
    return {"limits_config": {"max_line_size": f"{agent.max_line_size.value}B", "max_line_size_truncate": True}}


def _source_job(environment: Environment, name: str, addresses: AgentAddresses) -> str:
    source = environment.sources[name]
    owner = f", owned by {source.owner}" if source.owner else ""
    job = {
        "job_name": name,
        **job_input(name, source, addresses),
        "pipeline_stages": pipeline_stages(source),
    }
    return _job_text(f"Source {name} ({source.kind}){owner}.", job)


def _canary_job(canary: CanaryLines) -> str:
    job = {
        "job_name": f"canary-{canary.cluster}",
        "static_configs": [{"targets": ["localhost"], "labels": {**CANARY_LABELS, "__path__": str(canary.file)}}],
        "pipeline_stages": [
            {"labeldrop": ["filename"]},
            # The canary searches each line at its own time. After an outage, the time at which the agent read it is
            # another one, and the canary would report lines as missing that are stored.
            {"regex": {"expression": r"^(?P<time>\d+)"}},
            {"timestamp": {"source": "time", "format": "UnixNs"}},
            {"tenant": {"value": canary.tenant}},
        ],
    }
    return _job_text(f"Lines of loki-canary, which checks that cluster {canary.cluster} serves what it gets.", job)


def _job_text(comment: str, job: dict[str, Any]) -> str:
    return textwrap.indent(f"# {comment}\n{yaml_text([job])}", "  ")


def _with_variables(text: str) -> str:
    """Return the text with its secrets as variables, for `-config.expand-env`.

    Promtail removes a dollar sign or backslash before another one, also in expressions (drone/envsubst, parse/scan.go).
    """
    escaped = re.sub(r"[$\\]", r"\g<0>\g<0>", text)
    return re.sub(re.escape(SECRET).replace("NAME", r"(\w+)"), r"'${\1}'", escaped)
