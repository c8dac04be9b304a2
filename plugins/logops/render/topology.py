"""Which processes a local environment is made of, and at which addresses they answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from logops.environment.agents import SyslogSource
from logops.environment.cluster import Component, Workload
from logops.environment.model import Environment, LocalPlatform
from logops.errors import LogopsError

HOST = "127.0.0.1"
PORTS = 100
_FIRST_AGENT_PORT = 1
_FIRST_SYSLOG_PORT = 6
_FIRST_LOKI_PORT = 10
_PORTS_A_LOKI = 3
_UNFIT = re.compile(r"""["'%$*?\[\]{}\\\x00-\x1f]|\s[;#]""")
"""What supervisord, Loki or Promtail would not read as part of a path."""


class PlacementError(LogopsError):
    """The environment asks for something the local platform has no place for."""


@dataclass(frozen=True)
class LokiProcess:
    """One Loki process of a cluster, on three ports of its own."""

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
    """An agent's process for one cluster: what it ships for another cluster runs apart."""

    agent: str
    cluster: str
    sources: tuple[str, ...]
    http_port: int

    @property
    def name(self) -> str:
        return f"{self.agent}-{self.cluster}"


@dataclass(frozen=True)
class Topology:
    """Where everything of a local environment is: ports on 127.0.0.1, files below `state`."""

    environment: Environment
    state: Path
    base_port: int
    loki: tuple[LokiProcess, ...]
    agents: tuple[AgentProcess, ...]

    def of(self, cluster: str, *components: Component) -> tuple[LokiProcess, ...]:
        """A cluster's processes, of all components or of those named; `all` stands in for any of them."""
        wanted = {*components, "all"}
        return tuple(p for p in self.loki if p.cluster == cluster and (not components or p.component in wanted))

    def read_url(self, cluster: str) -> str:
        """Where queries go."""
        return self.of(cluster, "query-frontend")[0].url

    def write_url(self, cluster: str) -> str:
        """Where pushes go."""
        return self.of(cluster, "distributor")[0].url

    @property
    def azurite_port(self) -> int:
        return self.base_port

    def syslog_port(self, source: str) -> int:
        declared = self.environment.sources[source]
        if isinstance(declared, SyslogSource) and declared.port:
            return declared.port
        return self.base_port + _FIRST_SYSLOG_PORT + _syslog_sources(self.environment).index(source)

    def ruler_url(self, cluster: str) -> str:
        """Where a cluster's rules are kept and evaluated."""
        return self.of(cluster, "ruler")[0].url

    def prometheus_url(self, cluster: str) -> str:
        """Where a cluster's recorded series go."""
        given = self.environment.clusters[cluster].ruler.prometheus_url
        return given or f"http://{HOST}:{self.prometheus_port}"

    @property
    def prometheus_port(self) -> int:
        """Below the canaries'."""
        return self.base_port + PORTS - 1 - len(self.environment.clusters)

    def canary_port(self, cluster: str) -> int:
        return self.base_port + PORTS - 1 - list(self.environment.clusters).index(cluster)

    def canary_lines(self, cluster: str) -> Path:
        """What a cluster's canary prints, for an agent to ship."""
        return self.data(f"canary-{cluster}") / "lines.log"

    def blob_endpoint(self, account: str) -> str:
        """Azurite's address of an account, without a trailing slash."""
        name = self.environment.storage_accounts[account].account_name
        return f"http://{HOST}:{self.azurite_port}/{name}"

    def data(self, process: str) -> Path:
        """The folder that stands for a process's volume."""
        return self.state / "data" / process

    def live(self, file: str) -> Path:
        """Where a rendered file lies once it is applied."""
        return self.state / "live" / file


def local_topology(environment: Environment, state: Path) -> Topology:
    """Ports for every process. One replica more, or less, moves no other process.

    Raises PlacementError for an environment that is not local, or has more processes than ports, and for a folder that
    the programs could not be told of.
    """
    if not isinstance(environment.platform, LocalPlatform):
        raise PlacementError(
            f"environment {environment.name!r} is for {environment.platform.kind}, not for this machine"
        )
    if unfit := _UNFIT.search(str(state)):
        raise PlacementError(f"the folder {state} has {unfit[0]!r} in its name, which configuration files cannot hold")
    base = environment.platform.base_port
    agents = tuple(_agents(environment, base + _FIRST_AGENT_PORT))
    syslogs = _syslog_sources(environment)
    if len(agents) > _FIRST_SYSLOG_PORT - _FIRST_AGENT_PORT or len(syslogs) > _FIRST_LOKI_PORT - _FIRST_SYSLOG_PORT:
        raise PlacementError(
            f"environment {environment.name!r} asks for {len(agents)} agent processes and {len(syslogs)} syslog ports; "
            f"the local platform has room for 5 and 4"
        )
    return Topology(environment, state, base, tuple(_loki(environment, base + _FIRST_LOKI_PORT)), agents)


def _loki(environment: Environment, first_port: int) -> Iterator[LokiProcess]:
    """The first replica of each component of each cluster, then the second of each, and so on; a replica that is not
    wanted leaves its ports free, so that the others stay where they are."""
    order = get_args(Component)
    row = [
        (name, component, cluster.components[component])
        for name, cluster in environment.clusters.items()
        for component in sorted(cluster.components, key=order.index)
        if component != "gateway"
    ]
    # A canary each, and Prometheus.
    room = (PORTS - _FIRST_LOKI_PORT - len(environment.clusters) - 1) // _PORTS_A_LOKI
    for index in range(max(workload.replicas for _, _, workload in row)):
        for position, (name, component, workload) in enumerate(row, start=index * len(row)):
            if index >= workload.replicas:
                continue
            if position >= room:
                raise PlacementError(
                    f"clusters.{name}.components.{component}.replicas: {workload.replicas}; "
                    f"{PORTS} ports have room for {index} beside the other components: lower it"
                )
            yield LokiProcess(name, component, index, first_port + _PORTS_A_LOKI * position, workload)


def _agents(environment: Environment, first_port: int) -> Iterator[AgentProcess]:
    port = first_port
    for name, agent in environment.agents.items():
        if agent.kind != "promtail":
            raise PlacementError(f"agents.{name}: {agent.kind} is not run on this machine; promtail is")
        for cluster in environment.clusters:
            sources = tuple(source for source in agent.sources if environment.sources[source].cluster == cluster)
            if sources:
                yield AgentProcess(name, cluster, sources, port)
                port += 1


def _syslog_sources(environment: Environment) -> list[str]:
    return [name for name, source in environment.sources.items() if isinstance(source, SyslogSource)]
