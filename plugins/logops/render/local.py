"""Render an environment to the files of the local platform, stage by stage.

Pure: the same input gives the same bytes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from logops.environment.cluster import Canary, Component, Data
from logops.environment.model import Environment
from logops.environment.sources import EventHubSource, PodSource, SyslogSource
from logops.render.addresses import key_of, local_addresses
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.promtail import CANARY_LABELS, CanaryLines, PromtailProcess, promtail_config
from logops.render.alertmanager import alertmanager_config, alertmanagers, login_settings, own_alertmanagers
from logops.render.common import loki_texts, storage_texts, tenant_texts
from logops.render.files import Files, to_yaml, workload_file, workload_text
from logops.render.prometheus import Target, prometheus_config, prometheus_rule_texts, targets_text
from logops.render.rules import rule_texts
from logops.render.supervisor import SupervisedProgram, supervisor_conf
from logops.render.topology import (
    HOST,
    AgentProcess,
    LokiProcess,
    PlacementError,
    Topology,
    local_topology,
)
from logops.rules.prometheus import PrometheusRules
from logops.rules.read import Rules
from logops.stages import STAGES, Stage

_SCRAPED: tuple[Stage, ...] = ("storage", "loki", "agents")
"""The stages with processes that Prometheus scrapes."""
Commands = Mapping[str, tuple[str, ...]]
"""The command of each program: `{"loki": ("/path/to/loki",), "azurite": ("node", "main.js"), ...}`."""


def render_local(
    environment: Environment, state: Path, commands: Commands, rules: Rules, prometheus_rules: PrometheusRules
) -> dict[Stage, Files]:
    """Return the files of every stage, named by their paths below the live folder.

    No program reads the file `processes/STAGE`: it lists the stage's processes, one `NAME DIGEST` per line.
    """
    topology = local_topology(environment, state)
    texts = {stage: _texts(topology, stage, rules, prometheus_rules) for stage in STAGES}
    programs = local_programs(topology, commands, texts)
    _refuse_duplicate_names(program.name for stage in STAGES for program in programs[stage])
    return {
        stage: Files(
            {**texts[stage], **_process_files(topology, stage, programs[stage])} if programs[stage] else texts[stage]
        )
        for stage in STAGES
    }


def local_programs(
    topology: Topology, commands: Commands, texts: Mapping[Stage, Mapping[str, str]]
) -> dict[Stage, tuple[SupervisedProgram, ...]]:
    """Return the programs of each stage, in the order in which they are started."""
    return {
        "storage": (
            _azurite(topology, commands),
            *_prometheuses(topology, commands, texts["storage"]),
            *_alertmanagers(topology, commands, texts["storage"]),
            *_metrics(topology, commands),
        ),
        "loki": tuple(_loki(topology, commands, process, texts["loki"]) for process in _start_order(topology)),
        "agents": (
            *(
                _promtail(topology, commands, process, texts["agents"][f"agents/{process.name}.yaml"])
                for process in topology.agents
            ),
            *(
                _canary(topology, commands, name, cluster.canary)
                for name, cluster in topology.environment.clusters.items()
                if cluster.canary
            ),
        ),
        "tenants": (),
        "rules": (),
    }


def _texts(topology: Topology, stage: Stage, rules: Rules, prometheus_rules: PrometheusRules) -> dict[str, str]:
    environment = topology.environment
    match stage:
        case "storage":
            return {
                **storage_texts(environment),
                **_alertmanager_texts(topology),
                **_prometheus_texts(topology, prometheus_rules),
                **_target_texts(topology, stage, _storage_targets(topology)),
            }
        case "loki":
            return {
                **loki_texts(environment, partial(local_addresses, topology)),
                **_target_texts(topology, stage, _loki_targets(topology)),
            }
        case "agents":
            texts = {f"agents/{process.name}.yaml": _promtail_text(topology, process) for process in topology.agents}
            return {**texts, **_target_texts(topology, stage, _agent_targets(topology))}
        case "tenants":
            return tenant_texts(environment)
        case "rules":
            return rule_texts(environment, rules)


def _process_files(topology: Topology, stage: Stage, programs: tuple[SupervisedProgram, ...]) -> dict[str, str]:
    return {
        f"supervisor/{stage}.conf": supervisor_conf(
            programs, str(topology.state / "logs"), str(topology.state / "data")
        ),
        workload_file(stage): workload_text({program.name: program.digest for program in programs}),
    }


def _refuse_duplicate_names(names: Iterable[str]) -> None:
    duplicates = [name for name, count in Counter(names).items() if count > 1]
    if duplicates:
        raise PlacementError(f"two processes have the name {duplicates[0]}: rename the agent or the cluster")


def _azurite(topology: Topology, commands: Commands) -> SupervisedProgram:
    keys = {name: key_of(topology.environment, name).variable for name in topology.environment.storage_accounts}
    accounts = ";".join(
        f"{topology.environment.storage_accounts[name].account_name}:%(ENV_{variable})s"
        for name, variable in keys.items()
    )
    return SupervisedProgram(
        "azurite",
        "azurite",
        (
            *commands["azurite"],
            "--blobHost", HOST,
            "--blobPort", str(topology.azurite_port),
            "--location", str(topology.data("azurite")),
            "--skipApiVersionCheck",
            "--disableTelemetry",
            "--silent",
        ),
        (topology.azurite_port,),
        environment={**_without_secrets(topology.environment), "AZURITE_ACCOUNTS": accounts},
        stop_seconds=10,
    )  # fmt: skip


def _prometheuses(topology: Topology, commands: Commands, texts: Mapping[str, str]) -> Iterator[SupervisedProgram]:
    """Yield a Prometheus for each audience: for recorded series, for metrics of all processes, and for alerts on them.

    There is none if every cluster of the audience names another one.
    """
    rules = tuple(texts[file] for file in _prometheus_rule_files(texts))
    for audience in topology.own_prometheuses:
        name, file = _prometheus_name(audience), _prometheus_file(audience)
        port = topology.prometheus_port(audience)
        yield SupervisedProgram(
            name,
            "prometheus",
            (
                *commands["prometheus"],
                f"--config.file={topology.live(file)}",
                f"--web.listen-address={_address(port)}",
                "--web.enable-remote-write-receiver",
                f"--storage.tsdb.path={topology.data(name)}",
                "--log.level=warn",
            ),
            (port,),
            reads=(texts[file], *rules),
            environment=_without_secrets(topology.environment),
        )


def _prometheus_texts(topology: Topology, rules: PrometheusRules) -> dict[str, str]:
    if not topology.own_prometheuses:
        return {}
    rule_texts = {
        f"storage/prometheus/rules/{name}": text
        for name, text in prometheus_rule_texts(topology.environment, rules).items()
    }
    configurations = {
        _prometheus_file(audience): to_yaml(
            topology.environment.name,
            prometheus_config(
                [topology.live(file) for file in _prometheus_rule_files(rule_texts)],
                [topology.live(_targets_file(stage, audience)) for stage in _SCRAPED],
                topology.alertmanager_urls(audience),
                login_settings(alertmanagers(topology.environment)[audience], str(topology.receiver_secrets)),
            ),
        )
        for audience in topology.own_prometheuses
    }
    return {**rule_texts, **configurations}


def _prometheus_rule_files(texts: Mapping[str, str]) -> list[str]:
    return sorted(name for name in texts if name.startswith("storage/prometheus/rules/"))


def _prometheus_file(audience: Data) -> str:
    return f"storage/prometheus/{audience}.yaml"


def _prometheus_name(audience: Data) -> str:
    return "prometheus" if audience == "standard" else f"prometheus-{audience}"


def _target_texts(topology: Topology, stage: Stage, targets: Iterable[Target]) -> dict[str, str]:
    """Return the files of a stage's targets. Prometheus reads them again when they change, and is not restarted."""
    listed = list(targets)
    return {
        _targets_file(stage, audience): targets_text(
            topology.environment, [target for target in listed if target.audience == audience]
        )
        for audience in topology.own_prometheuses
    }


def _targets_file(stage: Stage, audience: Data) -> str:
    return f"{stage}/targets/{audience}.json"


def _storage_targets(topology: Topology) -> Iterator[Target]:
    for audience in topology.own_prometheuses:
        name, port = _prometheus_name(audience), topology.prometheus_port(audience)
        yield Target(name, "prometheus", _address(port), audience)
        path = "/metrics" if audience == "standard" else f"/metrics/{audience}"
        yield Target("metrics", "logops", _address(topology.metrics_port), audience, path=path)
    for audience in own_alertmanagers(topology.environment):
        port = topology.alertmanager_port(audience)
        yield Target(f"alertmanager-{audience}", "alertmanager", _address(port), audience)


def _loki_targets(topology: Topology) -> Iterator[Target]:
    for process in topology.loki:
        audience = topology.environment.clusters[process.cluster].data
        yield Target(process.name, process.component, _address(process.http_port), audience, process.cluster)


def _agent_targets(topology: Topology) -> Iterator[Target]:
    clusters = topology.environment.clusters
    for process in topology.agents:
        audience = clusters[process.cluster].data
        yield Target(process.name, "promtail", _address(process.http_port), audience, process.cluster)
    for name, cluster in clusters.items():
        if cluster.canary:
            yield Target(f"canary-{name}", "loki-canary", _address(topology.canary_port(name)), cluster.data, name)


def _address(port: int) -> str:
    return f"{HOST}:{port}"


def _alertmanagers(topology: Topology, commands: Commands, texts: Mapping[str, str]) -> Iterator[SupervisedProgram]:
    """Yield an Alertmanager for each audience, unless the environment names another one."""
    for audience in own_alertmanagers(topology.environment):
        name, file = f"alertmanager-{audience}", _alertmanager_file(audience)
        port = topology.alertmanager_port(audience)
        yield SupervisedProgram(
            name,
            "alertmanager",
            (
                *commands["alertmanager"],
                f"--config.file={topology.live(file)}",
                f"--storage.path={topology.data(name)}",
                f"--web.listen-address={HOST}:{port}",
                # It is alone: it looks for no other replica.
                "--cluster.listen-address=",
                "--log.level=warn",
            ),
            (port,),
            reads=(texts[file],),
            environment=_without_secrets(topology.environment),
        )


def _metrics(topology: Topology, commands: Commands) -> Iterator[SupervisedProgram]:
    """Yield the process that counts findings for Prometheus. It reads the environment file every minute."""
    if topology.own_prometheuses:
        port = topology.metrics_port
        yield SupervisedProgram(
            "metrics",
            "logops",
            (*commands["logops"], "metrics", str(topology.environment_file), "--serve", str(port)),
            (port,),
            environment=_without_secrets(topology.environment),
            stop_seconds=5,
        )


def _alertmanager_texts(topology: Topology) -> dict[str, str]:
    return {
        _alertmanager_file(audience): to_yaml(
            topology.environment.name, alertmanager_config(declared, str(topology.receiver_secrets))
        )
        for audience, declared in own_alertmanagers(topology.environment).items()
    }


def _alertmanager_file(audience: Data) -> str:
    return f"storage/alertmanager/{audience}.yaml"


def _start_order(topology: Topology) -> tuple[LokiProcess, ...]:
    """Return ingesters first, because all others look them up in the ring, then the scheduler, then the others."""
    rank: dict[Component, int] = {"ingester": 0, "query-scheduler": 1}
    return tuple(sorted(topology.loki, key=lambda process: (rank.get(process.component, 2), process.http_port)))


def _loki(topology: Topology, commands: Commands, process: LokiProcess, texts: Mapping[str, str]) -> SupervisedProgram:
    file = f"loki/{process.cluster}.yaml"
    key = key_of(topology.environment, topology.environment.clusters[process.cluster].storage_account).variable
    memory = process.workload.resources.limits.memory
    return SupervisedProgram(
        process.name,
        "loki",
        (
            *commands["loki"],
            f"-config.file={topology.live(file)}",
            "-config.expand-env=true",
            f"-target={process.component}",
            f"-server.http-listen-port={process.http_port}",
            f"-server.grpc-listen-port={process.grpc_port}",
            f"-memberlist.bind-port={process.gossip_port}",
            f"-memberlist.advertise-port={process.gossip_port}",
            f"-memberlist.nodename={process.name}",
            # A stopping distributor never answers a push: its workers stop before its server
            # (pkg/distributor/distributor.go). The client retries when the connection is closed, so close it soon.
            "-server.graceful-shutdown-timeout=5s",
            # When all processes stop, the last one cannot tell any other that it leaves, and would wait 20 s.
            "-memberlist.leave-timeout=3s",
        ),
        (process.http_port, process.grpc_port, process.gossip_port),
        process.cluster,
        process.component,
        reads=(texts[file],),
        environment={
            **_without_secrets(topology.environment, except_key=key),
            "LOGOPS_DATA": str(topology.data(process.name)),
            **({"GOMEMLIMIT": f"{memory.value}B"} if memory else {}),
        },
        stop_seconds=_stop_seconds(process.component),
    )


def _stop_seconds(component: Component) -> int:
    """Return how long a process may take to stop, in seconds."""
    if component in ("ingester", "all"):
        # It flushes its chunks to the object store first.
        return 120
    # A scheduler does not stop while an idle frontend has a stream open: its gRPC server waits without limit
    # (FrontendLoop in pkg/scheduler/scheduler.go). It can be killed: it stores nothing, and frontends retry queries.
    return 2 if component == "query-scheduler" else 30


def _promtail_text(topology: Topology, process: AgentProcess) -> str:
    environment = topology.environment
    _refuse_what_local_agents_cannot_do(environment, process)
    syslogs = [name for name in process.sources if isinstance(environment.sources[name], SyslogSource)]
    addresses = AgentAddresses(
        listen=HOST,
        write_urls={process.cluster: topology.write_url(process.cluster)},
        syslog_ports={name: topology.syslog_port(name) for name in syslogs},
        relative_to=topology.state,
        secret_rules=topology.live("agents/secrets.toml"),
    )
    canary = environment.clusters[process.cluster].canary
    ships_canary = process == next(agent for agent in topology.agents if agent.cluster == process.cluster)
    return promtail_config(
        environment,
        PromtailProcess(
            process.agent,
            process.cluster,
            process.sources,
            process.http_port,
            topology.data(process.name) / "positions.yaml",
            CanaryLines(process.cluster, canary.tenant, topology.canary_lines(process.cluster))
            if canary and ships_canary
            else None,
        ),
        addresses,
    )


def _refuse_what_local_agents_cannot_do(environment: Environment, process: AgentProcess) -> None:
    """Raise PlacementError for sources and logins that only an environment on Kubernetes has."""
    for name in process.sources:
        source = environment.sources[name]
        if isinstance(source, PodSource | EventHubSource):
            raise PlacementError(
                f"sources.{name}: the local platform cannot collect {source.kind} sources, only Kubernetes can"
            )
    agent = environment.agents[process.agent]
    for key, value in (("tls", agent.tls), ("basic_auth", agent.basic_auth), ("bearer_token", agent.bearer_token)):
        if value:
            raise PlacementError(
                f"agents.{process.agent}.{key}: Loki on the local platform has no TLS and no login. Remove {key}"
            )


def _promtail(topology: Topology, commands: Commands, process: AgentProcess, text: str) -> SupervisedProgram:
    syslogs = [s for s in process.sources if isinstance(topology.environment.sources[s], SyslogSource)]
    return SupervisedProgram(
        process.name,
        "promtail",
        (*commands["promtail"], f"-config.file={topology.live(f'agents/{process.name}.yaml')}"),
        (process.http_port, *map(topology.syslog_port, syslogs)),
        process.cluster,
        reads=(text,),
        environment=_without_secrets(topology.environment),
    )


def _canary(topology: Topology, commands: Commands, cluster: str, canary: Canary) -> SupervisedProgram:
    """Return the canary of a cluster. It prints lines, an agent ships them, and the canary queries them in Loki."""
    return SupervisedProgram(
        f"canary-{cluster}",
        "loki-canary",
        (
            *commands["loki-canary"],
            f"-addr={topology.read_url(cluster).removeprefix('http://')}",
            f"-tenant-id={canary.tenant}",
            f"-interval={canary.interval.go}",
            f"-port={topology.canary_port(cluster)}",
            "-labelname=job",
            f"-labelvalue={CANARY_LABELS['job']}",
            f"-streamvalue={CANARY_LABELS['stream']}",
        ),
        (topology.canary_port(cluster),),
        cluster,
        environment=_without_secrets(topology.environment),
        # It would take ten seconds to stop, and it has nothing to save.
        stop_seconds=2,
        lines=str(topology.canary_lines(cluster)),
    )


def _without_secrets(environment: Environment, except_key: str = "") -> dict[str, str]:
    """Return empty values for all account keys except one, because processes inherit the variables of supervisord."""
    keys = sorted(key_of(environment, name).variable for name in environment.storage_accounts)
    return {key: "" for key in keys if key != except_key}
