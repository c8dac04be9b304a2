"""Render the configuration of the agents of an environment on Kubernetes."""

from collections.abc import Iterator
from pathlib import PurePath

from logops.environment.model import Environment
from logops.environment.sources import SyslogSource
from logops.render.addresses import kubernetes_write_url
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.alloy import alloy_config
from logops.render.agents.fluent_bit import fluent_bit_config
from logops.render.agents.promtail import PromtailProcess, promtail_config
from logops.render.topology import PlacementError

_PROMTAIL_PORT = 3101
SECRET_RULES = PurePath("/etc/logops/secrets/rules.toml")
STATE = PurePath("/var/lib/logops")
"""Folder on the node. It outlives the pod: an agent that starts again continues at its last position."""


def kubernetes_agent_texts(environment: Environment, secret_rules: str = "") -> dict[str, str]:
    """Return the configuration of each agent. Promtail has a file for each cluster.

    secret_rules   text of the rules file for agents that redact secrets. They read it at /etc/logops/secrets

    Raises PlacementError if a syslog source has no port, UnsupportedByFluentBitError for a key that Fluent Bit cannot
    carry out.
    """
    texts = dict(_texts(environment))
    if any(agent.redact_secrets for agent in environment.agents.values()):
        texts[f"agents/secrets/{SECRET_RULES.name}"] = secret_rules
    return texts


def _texts(environment: Environment) -> Iterator[tuple[str, str]]:
    for name, agent in environment.agents.items():
        addresses = _addresses(environment, name)
        match agent.kind:
            case "alloy":
                yield f"agents/{name}.alloy", alloy_config(environment, name, addresses)
            case "fluent-bit":
                yield f"agents/{name}.yaml", fluent_bit_config(environment, name, addresses, STATE / name)
            case "promtail":
                for process in _promtail_processes(environment, name):
                    text = promtail_config(environment, process, addresses)
                    yield f"agents/{name}-{process.cluster}.yaml", text


def _addresses(environment: Environment, agent_name: str) -> AgentAddresses:
    ports = {}
    for name in environment.agents[agent_name].sources:
        source = environment.sources[name]
        if isinstance(source, SyslogSource):
            if source.port is None:
                raise PlacementError(
                    f"sources.{name}.port: agent {agent_name} needs a port on Kubernetes, and none is set. "
                    "Set port, for example 1514"
                )
            ports[name] = source.port
    return AgentAddresses(
        listen="0.0.0.0",
        write_urls={cluster: kubernetes_write_url(environment, cluster) for cluster in environment.clusters},
        syslog_ports=ports,
        relative_to=PurePath("/"),
        secret_rules=SECRET_RULES,
    )


def _promtail_processes(environment: Environment, agent_name: str) -> Iterator[PromtailProcess]:
    sources = environment.agents[agent_name].sources
    for cluster in dict.fromkeys(environment.sources[name].cluster for name in sources):
        of_cluster = tuple(name for name in sources if environment.sources[name].cluster == cluster)
        positions = STATE / agent_name / f"{cluster}.yaml"
        yield PromtailProcess(agent_name, cluster, of_cluster, _PROMTAIL_PORT, positions)
