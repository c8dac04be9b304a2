"""The processes of a local environment and their ports."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from logops.environment.cluster import AUDIENCES, Component, Data, Workload
from logops.environment.model import Environment, LocalPlatform
from logops.environment.sources import SyslogSource
from logops.errors import LogopsError
from logops.render.alertmanager import alertmanagers

HOST = "127.0.0.1"
PORTS = 100
_FIRST_AGENT_PORT = 1
_FIRST_SYSLOG_PORT = 6
_FIRST_ALERTMANAGER_PORT = 8
_FIRST_LOKI_PORT = 10
_SECURITY_PROMETHEUS_PORT = 4
_METRICS_PORT = 5
_PORTS_A_LOKI = 3
_UNSUPPORTED_CHARACTER = re.compile(r"""["'%$*?\[\]{}\\\x00-\x1f]|\s[;#]""")
"""Characters that supervisord, Loki or Promtail do not accept in a path."""


class PlacementError(LogopsError):
    """The platform cannot run the environment."""

    needs_a_person = True


@dataclass(frozen=True)
class LokiProcess:
    """A Loki process of a cluster. It has three ports: HTTP, gRPC and gossip."""

    cluster: str
    component: Component
    index: int
    http_port: int
    workload: Workload

    @property
    def name(self) -> str:
        return f"{self.cluster}-{self.component}-{self.index}"

    @property
    def grpc_port(self) -> int:
        return self.http_port + 1

    @property
    def gossip_port(self) -> int:
        return self.http_port + 2

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http_port}"

    @property
    def grpc(self) -> str:
        return f"{HOST}:{self.grpc_port}"

    @property
    def gossip(self) -> str:
        return f"{HOST}:{self.gossip_port}"


@dataclass(frozen=True)
class AgentProcess:
    """A process of an agent for one cluster. An agent that ships to two clusters has two processes."""

    agent: str
    cluster: str
    sources: tuple[str, ...]
    http_port: int

    @property
    def name(self) -> str:
        return f"{self.agent}-{self.cluster}"


@dataclass(frozen=True)
class Topology:
    """The processes, ports on 127.0.0.1 and files below `state` of a local environment."""

    environment: Environment
    state: Path
    base_port: int
    loki: tuple[LokiProcess, ...]
    agents: tuple[AgentProcess, ...]

    def of(self, cluster: str, *components: Component) -> tuple[LokiProcess, ...]:
        """Return a cluster's processes of these components. Default: all. A process `all` serves every component."""
        matching = {*components, "all"}
        return tuple(p for p in self.loki if p.cluster == cluster and (not components or p.component in matching))

    def read_url(self, cluster: str) -> str:
        """Return the URL for queries."""
        return self.of(cluster, "query-frontend")[0].url

    def write_url(self, cluster: str) -> str:
        """Return the URL for pushes."""
        return self.of(cluster, "distributor")[0].url

    def agent_urls(self, cluster: str) -> dict[str, str]:
        """Return the URL of each agent and canary of a cluster, by process name. Their metrics are there."""
        urls = {agent.name: f"http://{HOST}:{agent.http_port}" for agent in self.agents if agent.cluster == cluster}
        if self.environment.clusters[cluster].canary:
            urls[f"canary-{cluster}"] = f"http://{HOST}:{self.canary_port(cluster)}"
        return urls

    @property
    def azurite_port(self) -> int:
        return self.base_port

    def syslog_port(self, source: str) -> int:
        declared = self.environment.sources[source]
        if isinstance(declared, SyslogSource) and declared.port:
            return declared.port
        return self.base_port + _FIRST_SYSLOG_PORT + _syslog_sources(self.environment).index(source)

    def ruler_url(self, cluster: str) -> str:
        """Return the URL of a ruler, which stores and evaluates the cluster's rules."""
        return self.of(cluster, "ruler")[0].url

    def prometheus_url(self, cluster: str) -> str:
        """Return the URL of the Prometheus that stores the cluster's recorded series."""
        declared = self.environment.clusters[cluster]
        return declared.ruler.prometheus_url or f"http://{HOST}:{self.prometheus_port(declared.data)}"

    @property
    def own_prometheuses(self) -> tuple[Data, ...]:
        """Return the audiences for which the local platform runs a Prometheus: not all their clusters name another."""
        clusters = self.environment.clusters.values()
        without = {cluster.data for cluster in clusters if not cluster.ruler.prometheus_url}
        return tuple(audience for audience in AUDIENCES if audience in without)

    def prometheus_port(self, audience: Data) -> int:
        if audience == "security":
            return self.base_port + _SECURITY_PROMETHEUS_PORT
        # Just below the ports of the canaries, which are at the end of the range.
        return self.base_port + PORTS - 1 - len(self.environment.clusters)

    @property
    def metrics_port(self) -> int:
        """Return the port of the metrics of logops."""
        return self.base_port + _METRICS_PORT

    def alertmanager_urls(self, audience: Data) -> tuple[str, ...]:
        """Return the URLs of an audience's Alertmanagers; none if the environment has no such audience."""
        declared = alertmanagers(self.environment)
        if audience not in declared:
            return ()
        return declared[audience].urls or (f"http://{HOST}:{self.alertmanager_port(audience)}",)

    def alertmanager_port(self, audience: Data) -> int:
        return self.base_port + _FIRST_ALERTMANAGER_PORT + AUDIENCES.index(audience)

    def canary_port(self, cluster: str) -> int:
        return self.base_port + PORTS - 1 - list(self.environment.clusters).index(cluster)

    def canary_lines(self, cluster: str) -> Path:
        """Return the file to which a cluster's canary prints its lines. An agent ships it."""
        return self.data(f"canary-{cluster}") / "lines.log"

    def blob_endpoint(self, account: str) -> str:
        """Return the URL of an account on Azurite, without a trailing slash."""
        name = self.environment.storage_accounts[account].account_name
        return f"http://{HOST}:{self.azurite_port}/{name}"

    def data(self, process: str) -> Path:
        """Return the folder that replaces a process's volume."""
        return self.state / "data" / process

    def live(self, file: str) -> Path:
        """Return the path of a rendered file after it is applied."""
        return self.state / "live" / file

    @property
    def environment_file(self) -> Path:
        """The environment as it was last rolled out, for processes that read results."""
        return self.state / "environment.yaml"

    @property
    def receiver_secrets(self) -> Path:
        """The folder with the secrets of Alertmanager's receivers."""
        return self.state / "receiver-secrets"


def local_topology(environment: Environment, state: Path) -> Topology:
    """Return the processes of a local environment with their ports.

    If a component gets more or fewer replicas, the other processes keep their ports.

    Raises PlacementError if the environment is not local, has more processes than ports, or if the path of `state` has
    characters that the programs do not accept.
    """
    if not isinstance(environment.platform, LocalPlatform):
        raise PlacementError(
            f"environment {environment.name!r} is for platform {environment.platform.kind}, not for the local"
            " platform. Choose an environment with platform.kind: local"
        )
    if unsupported := _UNSUPPORTED_CHARACTER.search(str(state)):
        raise PlacementError(
            f"state folder {state}: its path has {unsupported[0]!r}, which configuration files do not accept."
            " Choose another folder"
        )
    base = environment.platform.base_port
    agents = tuple(_agents(environment, base + _FIRST_AGENT_PORT))
    syslogs = _syslog_sources(environment)
    agent_ports = _SECURITY_PROMETHEUS_PORT - _FIRST_AGENT_PORT
    syslog_ports = _FIRST_ALERTMANAGER_PORT - _FIRST_SYSLOG_PORT
    if len(agents) > agent_ports or len(syslogs) > syslog_ports:
        raise PlacementError(
            f"environment {environment.name!r} needs {len(agents)} agent processes and {len(syslogs)} syslog ports,"
            f" but the local platform has only {agent_ports} and {syslog_ports}. Remove agents or syslog sources"
        )
    return Topology(environment, state, base, tuple(_loki(environment, base + _FIRST_LOKI_PORT)), agents)


def _loki(environment: Environment, first_port: int) -> Iterator[LokiProcess]:
    """Yield the first replica of each component of each cluster, then all second replicas, and so on.

    The ports of a missing replica stay free, so that the other processes keep their ports.
    """
    order = get_args(Component)
    workloads = [
        (name, component, cluster.components[component])
        for name, cluster in environment.clusters.items()
        for component in sorted(cluster.components, key=order.index)
        if component != "gateway"
    ]
    # Each cluster has a canary, and the standard Prometheus is below them.
    capacity = (PORTS - _FIRST_LOKI_PORT - len(environment.clusters) - 1) // _PORTS_A_LOKI
    for index in range(max(workload.replicas for _, _, workload in workloads)):
        for position, (name, component, workload) in enumerate(workloads, start=index * len(workloads)):
            if index >= workload.replicas:
                continue
            if position >= capacity:
                raise PlacementError(
                    f"clusters.{name}.components.{component}.replicas: {workload.replicas}, but "
                    f"the {PORTS} ports are enough for only {index}. Lower the number of replicas"
                )
            yield LokiProcess(name, component, index, first_port + _PORTS_A_LOKI * position, workload)


def _agents(environment: Environment, first_port: int) -> Iterator[AgentProcess]:
    port = first_port
    for name, agent in environment.agents.items():
        if agent.kind != "promtail":
            raise PlacementError(f"agents.{name}: the local platform cannot run {agent.kind}, only promtail")
        for cluster in environment.clusters:
            sources = tuple(source for source in agent.sources if environment.sources[source].cluster == cluster)
            if sources:
                yield AgentProcess(name, cluster, sources, port)
                port += 1


def _syslog_sources(environment: Environment) -> list[str]:
    return [name for name, source in environment.sources.items() if isinstance(source, SyslogSource)]
