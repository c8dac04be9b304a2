"""Which processes a local environment is made of, and at which addresses they answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from logops.environment.agents import SyslogSource
from logops.environment.cluster import Component, Workload
from logops.environment.model import Environment, LocalPlatform

Stage = Literal["storage", "loki", "agents", "tenants"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""In the order in which a rollout applies them."""

HOST = "127.0.0.1"
PORTS = 100
_FIRST_AGENT_PORT = 1
_FIRST_SYSLOG_PORT = 6
_FIRST_LOKI_PORT = 10
_PORTS_A_LOKI = 3


class DoesNotFit(Exception):
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


def topology(environment: Environment, state: Path) -> Topology:
    """Ports for every process, in an order in which one more replica moves no other.

    Raises DoesNotFit for an environment that is not local, or has more processes than ports.
    """
    if not isinstance(environment.platform, LocalPlatform):
        raise DoesNotFit(f"environment {environment.name!r} is for {environment.platform.kind}, not for this machine")
    base = environment.platform.base_port
    wanted = sorted(_workloads(environment), key=lambda entry: entry[0])
    room = (PORTS - _FIRST_LOKI_PORT - len(environment.clusters)) // _PORTS_A_LOKI
    if len(wanted) > room:
        raise DoesNotFit(
            f"environment {environment.name!r} asks for {len(wanted)} Loki processes; "
            f"{PORTS} ports have room for {room}: lower some replicas"
        )
    processes = tuple(
        LokiProcess(cluster, component, index, base + _FIRST_LOKI_PORT + _PORTS_A_LOKI * position, workload)
        for position, ((index, _, _), cluster, component, workload) in enumerate(wanted)
    )
    agents = tuple(_agents(environment, base + _FIRST_AGENT_PORT))
    syslogs = _syslog_sources(environment)
    if len(agents) > _FIRST_SYSLOG_PORT - _FIRST_AGENT_PORT or len(syslogs) > _FIRST_LOKI_PORT - _FIRST_SYSLOG_PORT:
        raise DoesNotFit(
            f"environment {environment.name!r} asks for {len(agents)} agent processes and {len(syslogs)} syslog ports; "
            f"the local platform has room for 5 and 4"
        )
    return Topology(environment, state, base, processes, agents)


def _workloads(environment: Environment) -> Iterator[tuple[tuple[int, int, int], str, Component, Workload]]:
    order = get_args(Component)
    for cluster_number, (name, cluster) in enumerate(environment.clusters.items()):
        for component, workload in cluster.components.items():
            if component == "gateway":
                continue
            for index in range(workload.replicas):
                yield (index, cluster_number, order.index(component)), name, component, workload


def _agents(environment: Environment, first_port: int) -> Iterator[AgentProcess]:
    port = first_port
    for name, agent in environment.agents.items():
        if agent.kind != "promtail":
            raise DoesNotFit(f"agents.{name}: {agent.kind} is not run on this machine; promtail is")
        for cluster in environment.clusters:
            sources = tuple(source for source in agent.sources if environment.sources[source].cluster == cluster)
            if sources:
                yield AgentProcess(name, cluster, sources, port)
                port += 1


def _syslog_sources(environment: Environment) -> list[str]:
    return [name for name, source in environment.sources.items() if isinstance(source, SyslogSource)]
