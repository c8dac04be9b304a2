"""An environment as files for this machine, stage by stage. Pure: the same input gives the same bytes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from logops.environment.agents import SyslogSource
from logops.environment.cluster import Canary, Component
from logops.environment.model import Environment
from logops.render.addresses import key_of, local_addresses
from logops.render.files import Files, to_yaml, workload_file, workload_text
from logops.render.loki import loki_config
from logops.render.overrides import overrides
from logops.render.promtail import CANARY_LABELS, promtail_config
from logops.render.rules import rule_texts
from logops.render.storage import account_state
from logops.render.supervisor import Program, supervisor_conf
from logops.render.topology import (
    HOST,
    AgentProcess,
    LokiProcess,
    PlacementError,
    Topology,
    local_topology,
)
from logops.rules.read import Rules
from logops.stages import STAGES, Stage

Commands = Mapping[str, tuple[str, ...]]
"""How to start each program: `{"loki": ("/path/to/loki",), "azurite": ("node", "main.js"), ...}`."""


def render_local(environment: Environment, state: Path, commands: Commands, rules: Rules) -> dict[Stage, Files]:
    """Every stage's files, by their names below the live folder.

    `processes/STAGE` is not read by any program: it lists what must run, and with what (`NAME DIGEST`).
    """
    place = local_topology(environment, state)
    texts = {stage: _texts(place, stage, rules) for stage in STAGES}
    programs = local_programs(place, commands, texts)
    _refuse_equal_names(program.name for stage in STAGES for program in programs[stage])
    return {
        stage: Files(
            {**texts[stage], **_process_files(place, stage, programs[stage])} if programs[stage] else texts[stage]
        )
        for stage in STAGES
    }


def local_programs(
    place: Topology, commands: Commands, texts: Mapping[Stage, Mapping[str, str]]
) -> dict[Stage, tuple[Program, ...]]:
    """What each stage runs, in the order in which it is started."""
    return {
        "storage": (_azurite(place, commands), *_prometheus(place, commands)),
        "loki": tuple(_loki(place, commands, process, texts["loki"]) for process in _start_order(place)),
        "agents": (
            *(
                _promtail(place, commands, process, texts["agents"][f"agents/{process.name}.yaml"])
                for process in place.agents
            ),
            *(
                _canary(place, commands, name, cluster.canary)
                for name, cluster in place.environment.clusters.items()
                if cluster.canary
            ),
        ),
        "tenants": (),
        "rules": (),
    }


def _texts(place: Topology, stage: Stage, rules: Rules) -> dict[str, str]:
    environment = place.environment
    match stage:
        case "storage":
            return {
                f"storage/{name}.yaml": to_yaml(environment.name, account_state(environment, name))
                for name in environment.storage_accounts
            }
        case "loki":
            return {
                f"loki/{name}.yaml": to_yaml(
                    environment.name,
                    loki_config(cluster, local_addresses(place, name), f"{environment.name}-{name}"),
                )
                for name, cluster in environment.clusters.items()
            }
        case "agents":
            return {
                f"agents/{process.name}.yaml": to_yaml(environment.name, promtail_config(place, process))
                for process in place.agents
            }
        case "tenants":
            return {
                f"tenants/{name}.yaml": to_yaml(environment.name, overrides(cluster))
                for name, cluster in environment.clusters.items()
            }
        case "rules":
            return rule_texts(environment, rules)


def _process_files(place: Topology, stage: Stage, programs: tuple[Program, ...]) -> dict[str, str]:
    return {
        f"supervisor/{stage}.conf": supervisor_conf(programs, str(place.state / "logs"), str(place.state / "data")),
        workload_file(stage): workload_text({program.name: program.digest for program in programs}),
    }


def _refuse_equal_names(names: Iterable[str]) -> None:
    equal = [name for name, count in Counter(names).items() if count > 1]
    if equal:
        raise PlacementError(f"two processes would be called {equal[0]}: rename the agent or the cluster")


def _azurite(place: Topology, commands: Commands) -> Program:
    keys = {name: key_of(place.environment, name).variable for name in place.environment.storage_accounts}
    accounts = ";".join(
        f"{place.environment.storage_accounts[name].account_name}:%(ENV_{variable})s" for name, variable in keys.items()
    )
    return Program(
        "azurite",
        "azurite",
        (
            *commands["azurite"],
            "--blobHost", HOST,
            "--blobPort", str(place.azurite_port),
            "--location", str(place.data("azurite")),
            "--skipApiVersionCheck",
            "--disableTelemetry",
            "--silent",
        ),
        (place.azurite_port,),
        environment={**_without_secrets(place.environment), "AZURITE_ACCOUNTS": accounts},
        stop_seconds=10,
    )  # fmt: skip


def _prometheus(place: Topology, commands: Commands) -> Iterator[Program]:
    """Keeps what rulers record, unless every cluster names another that does. It scrapes nothing."""
    if all(cluster.ruler.prometheus_url for cluster in place.environment.clusters.values()):
        return
    yield Program(
        "prometheus",
        "prometheus",
        (
            *commands["prometheus"],
            "--config.file=/dev/null",
            f"--web.listen-address={HOST}:{place.prometheus_port}",
            "--web.enable-remote-write-receiver",
            f"--storage.tsdb.path={place.data('prometheus')}",
            "--log.level=warn",
        ),
        (place.prometheus_port,),
        environment=_without_secrets(place.environment),
    )


def _start_order(place: Topology) -> tuple[LokiProcess, ...]:
    """Ingesters first: everything else asks the ring for them. Then the scheduler: queriers and frontends dial it."""
    rank: dict[Component, int] = {"ingester": 0, "query-scheduler": 1}
    return tuple(sorted(place.loki, key=lambda process: (rank.get(process.component, 2), process.http_port)))


def _loki(place: Topology, commands: Commands, process: LokiProcess, texts: Mapping[str, str]) -> Program:
    file = f"loki/{process.cluster}.yaml"
    key = key_of(place.environment, place.environment.clusters[process.cluster].storage_account).variable
    memory = process.workload.resources.limits.memory
    return Program(
        process.name,
        "loki",
        (
            *commands["loki"],
            f"-config.file={place.live(file)}",
            "-config.expand-env=true",
            f"-target={process.component}",
            f"-server.http-listen-port={process.http_port}",
            f"-server.grpc-listen-port={process.grpc_port}",
            f"-memberlist.bind-port={process.gossip_port}",
            f"-memberlist.advertise-port={process.gossip_port}",
            f"-memberlist.nodename={process.name}",
            # A push that reaches a stopping distributor is never answered (pkg/distributor/distributor.go: its workers
            # end before its server). Whoever sent it tries again once it is cut off, and half a minute is long to wait.
            "-server.graceful-shutdown-timeout=5s",
            # When all are stopped, the last one has nobody left to tell that it leaves, and would wait 20 s for that.
            "-memberlist.leave-timeout=3s",
        ),
        (process.http_port, process.grpc_port, process.gossip_port),
        process.cluster,
        process.component,
        reads=(texts[file],),
        environment={
            **_without_secrets(place.environment, but=key),
            "LOGOPS_DATA": str(place.data(process.name)),
            **({"GOMEMLIMIT": f"{memory.value}B"} if memory else {}),
        },
        stop_seconds=_stop_seconds(process.component),
    )


def _stop_seconds(component: Component) -> int:
    """How long a process may take to end by itself."""
    if component in ("ingester", "all"):
        # It writes all it holds to the object store first.
        return 120
    # A scheduler never ends while an idle frontend holds a stream open: its gRPC server waits for that without limit
    # (pkg/scheduler/scheduler.go, FrontendLoop). It holds nothing, and what it dispatches is asked for again.
    return 2 if component == "query-scheduler" else 30


def _promtail(place: Topology, commands: Commands, process: AgentProcess, text: str) -> Program:
    syslogs = [s for s in process.sources if isinstance(place.environment.sources[s], SyslogSource)]
    return Program(
        process.name,
        "promtail",
        (*commands["promtail"], f"-config.file={place.live(f'agents/{process.name}.yaml')}"),
        (process.http_port, *map(place.syslog_port, syslogs)),
        process.cluster,
        reads=(text,),
        environment=_without_secrets(place.environment),
    )


def _canary(place: Topology, commands: Commands, cluster: str, canary: Canary) -> Program:
    """It prints its lines, an agent ships them, and it looks for them in Loki: the whole way is tested."""
    return Program(
        f"canary-{cluster}",
        "loki-canary",
        (
            *commands["loki-canary"],
            f"-addr={place.read_url(cluster).removeprefix('http://')}",
            f"-tenant-id={canary.tenant}",
            f"-interval={canary.interval.go}",
            f"-port={place.canary_port(cluster)}",
            "-labelname=job",
            f"-labelvalue={CANARY_LABELS['job']}",
            f"-streamvalue={CANARY_LABELS['stream']}",
        ),
        (place.canary_port(cluster),),
        cluster,
        environment=_without_secrets(place.environment),
        # It takes ten seconds to end by itself, and has nothing to save.
        stop_seconds=2,
        lines=str(place.canary_lines(cluster)),
    )


def _without_secrets(environment: Environment, but: str = "") -> dict[str, str]:
    """Blanks the accounts' keys that are not a process's own: children inherit supervisord's variables."""
    keys = sorted(key_of(environment, name).variable for name in environment.storage_accounts)
    return {key: "" for key in keys if key != but}
