"""Render the Helm releases of agents: on every node, or as a deployment that receives lines."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from logops.environment.agents import Agent
from logops.environment.base import SecretRef
from logops.environment.kubernetes import Chart, KubernetesPlatform
from logops.environment.model import Environment
from logops.environment.sources import EventHubSource, FileSource, JournalSource, PodSource, SyslogSource
from logops.render.agents.kubernetes import SECRET_RULES, STATE, kubernetes_agent_texts
from logops.render.files import digest_of, to_yaml
from logops.render.kubernetes.manifest import manifest
from logops.render.kubernetes.monitors import agent_monitor
from logops.render.kubernetes.network import agent_policy
from logops.render.kubernetes.platform import kubernetes_platform
from logops.render.kubernetes.release import Release
from logops.render.kubernetes.secret import SecretSource
from logops.render.kubernetes.values import BaseValues, literal, overlay, resources

_RULES_OBJECT = "logops-secret-rules"
_FLUENT_BIT_FILE = "logops.yaml"
_MACHINE_ID = "/etc/machine-id"


@dataclass(frozen=True)
class _Pods:
    """What the pods of an agent need. Each chart has other keys for it."""

    configuration: str
    env_from: list[dict[str, Any]]
    volumes: list[dict[str, Any]]
    mounts: list[dict[str, Any]]
    ports: Mapping[str, tuple[int, str]]
    """Number and protocol of each port on which the agent receives lines, by the name of the port."""


def agent_texts(environment: Environment, secret_rules: str, base: BaseValues) -> dict[str, str]:
    """Return the configuration of each agent, its releases, and what its pods need.

    secret_rules   text of the rules file for agents that redact secrets

    Raises as `kubernetes_agent_texts` does.
    """
    configurations = kubernetes_agent_texts(environment, secret_rules)
    texts = dict(configurations)
    for name, agent in environment.agents.items():
        secrets = _secrets(environment, agent)
        for release_name, cluster, file in _releases(environment, name, agent):
            values = _values(environment, name, configurations[file], cluster, release_name, secret_rules)
            chart = _chart(kubernetes_platform(environment), agent)
            release = Release(
                release_name,
                kubernetes_platform(environment).namespace,
                chart.source,
                chart.version,
                chart.digest,
                to_yaml(environment.name, overlay(base[agent.kind], values)),
            )
            texts |= release.texts(environment.name, "agents")
            ports = _syslog_ports(environment, agent).values()
            texts |= agent_policy(environment, release_name, agent, cluster, ports)
            if secrets:
                source = SecretSource(release_name, release.namespace, secrets)
                texts |= source.texts(environment.name, "agents")
    if any(agent.redact_secrets for agent in environment.agents.values()):
        texts[f"agents/manifests/{_RULES_OBJECT}.yaml"] = to_yaml(
            environment.name,
            manifest(
                "v1",
                "ConfigMap",
                _RULES_OBJECT,
                kubernetes_platform(environment).namespace,
                {"data": {SECRET_RULES.name: secret_rules}},
            ),
        )
    return texts


def _releases(environment: Environment, name: str, agent: Agent) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each release, the cluster that it ships to, and its file; several clusters: an empty name.

    Promtail has a process for each cluster.
    """
    clusters = [*dict.fromkeys(environment.sources[source].cluster for source in agent.sources)]
    if agent.kind == "promtail":
        yield from ((f"promtail-{name}-{cluster}", cluster, f"agents/{name}-{cluster}.yaml") for cluster in clusters)
    else:
        suffix = "alloy" if agent.kind == "alloy" else "yaml"
        yield f"{agent.kind}-{name}", clusters[0] if len(clusters) == 1 else "", f"agents/{name}.{suffix}"


def _chart(platform: KubernetesPlatform, agent: Agent) -> Chart:
    charts = {
        "alloy": platform.charts.alloy,
        "promtail": platform.charts.promtail,
        "fluent-bit": platform.charts.fluent_bit,
    }
    return charts[agent.kind]


def _secrets(environment: Environment, agent: Agent) -> dict[str, SecretRef]:
    """Return the secrets that an agent reads, by the variable in which it reads them."""
    secrets = [agent.basic_auth.password if agent.basic_auth else None, agent.bearer_token]
    for name in agent.sources:
        source = environment.sources[name]
        secrets += [source.connection_string] if isinstance(source, EventHubSource) else []
    if agent.archive:
        secrets += [agent.archive.sas_token, environment.storage_accounts[agent.archive.storage_account].account_key]
    return {secret.variable: secret for secret in secrets if secret}


def _values(
    environment: Environment, name: str, text: str, cluster: str, release: str, secret_rules: str
) -> dict[str, Any]:
    agent = environment.agents[name]
    of_kind: dict[str, Callable[[Agent, _Pods, str | None], dict[str, Any]]] = {
        "alloy": _alloy,
        "promtail": _promtail,
        "fluent-bit": _fluent_bit,
    }
    volumes, mounts = _volumes(environment, name)
    pods = _Pods(
        configuration=_as_block(literal(text)),
        env_from=[{"secretRef": {"name": release}}] if _secrets(environment, agent) else [],
        volumes=volumes,
        mounts=mounts,
        ports=_syslog_ports(environment, agent),
    )
    values = of_kind[agent.kind](agent, pods, kubernetes_platform(environment).image_registry)
    checksum = {"checksum/secret-rules": digest_of(secret_rules)} if agent.redact_secrets else {}
    return overlay(
        overlay(values, {"controller": {"podAnnotations": checksum}} if checksum else {}),
        {"serviceMonitor": agent_monitor(environment, agent, cluster)},
    )


def _as_block(text: str) -> str:
    """Return a configuration with spaces at the start of lines: YAML writes a text with tabs on one line.

    Only Alloy's indentation has tabs there. A string with a tab is quoted, on one line.
    """
    return re.sub(r"^\t+", lambda tabs: "  " * len(tabs[0]), text, flags=re.MULTILINE)


def _alloy(agent: Agent, pods: _Pods, registry: str | None) -> dict[str, Any]:
    return {
        **({"global": {"image": {"registry": registry}}} if registry else {}),
        "alloy": {
            "configMap": {"content": pods.configuration},
            "storagePath": str(STATE),
            # `loki.secretfilter` is a preview.
            **({"stabilityLevel": "public-preview"} if agent.redact_secrets else {}),
            "mounts": {"extra": pods.mounts},
            "envFrom": pods.env_from,
            "extraPorts": [
                {"name": name, "port": port, "targetPort": port, "protocol": protocol}
                for name, (port, protocol) in pods.ports.items()
            ],
            "resources": resources(agent.resources),
        },
        "controller": {
            "type": "daemonset" if agent.placement == "every-node" else "deployment",
            "tolerations": _tolerations(agent),
            "volumes": {"extra": pods.volumes},
        },
    }


def _promtail(agent: Agent, pods: _Pods, registry: str | None) -> dict[str, Any]:
    every_node = agent.placement == "every-node"
    return {
        **({"global": {"imageRegistry": registry}} if registry else {}),
        "daemonset": {"enabled": every_node},
        "deployment": {"enabled": not every_node},
        "config": {"file": pods.configuration},
        "extraEnvFrom": pods.env_from,
        "extraVolumes": pods.volumes,
        "extraVolumeMounts": pods.mounts,
        "extraPorts": {
            name: {
                "name": name,
                "containerPort": port,
                "protocol": protocol,
                "service": {"port": port},
            }
            for name, (port, protocol) in pods.ports.items()
        },
        "resources": resources(agent.resources),
        "tolerations": _tolerations(agent),
    }


def _fluent_bit(agent: Agent, pods: _Pods, registry: str | None) -> dict[str, Any]:
    # On every node, the chart mounts the node's folders unless `daemonSetVolumes` has others, and fails if it has none.
    volumes = "daemonSetVolumes" if agent.placement == "every-node" else "extraVolumes"
    return {
        **({"image": {"repository": f"{registry}/fluent/fluent-bit"}} if registry else {}),
        "kind": "DaemonSet" if agent.placement == "every-node" else "Deployment",
        "config": {"extraFiles": {_FLUENT_BIT_FILE: pods.configuration}},
        "args": ["--workdir=/fluent-bit/etc", f"--config=/fluent-bit/etc/conf/{_FLUENT_BIT_FILE}"],
        "envFrom": pods.env_from,
        volumes: pods.volumes,
        volumes.removesuffix("s") + "Mounts": pods.mounts,
        "extraPorts": [
            {"name": name, "port": port, "containerPort": port, "protocol": protocol}
            for name, (port, protocol) in pods.ports.items()
        ],
        "resources": resources(agent.resources),
        "tolerations": _tolerations(agent),
    }


def _tolerations(agent: Agent) -> list[dict[str, str]]:
    """Return tolerations of every taint, for agents that must run on every node."""
    return [{"operator": "Exists"}] if agent.placement == "every-node" else []


def _syslog_ports(environment: Environment, agent: Agent) -> dict[str, tuple[int, str]]:
    """Return the port and protocol of each syslog source, by the name of the port (15 letters at most)."""
    ports = {}
    for name in agent.sources:
        source = environment.sources[name]
        if isinstance(source, SyslogSource) and source.port:
            ports[f"syslog-{source.port}"] = (source.port, source.protocol.upper())
    return ports


def _volumes(environment: Environment, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the volumes and mounts of an agent: what it reads on the node, and its state."""
    agent = environment.agents[name]
    every_node = agent.placement == "every-node"
    folder = {"hostPath": {"path": f"{STATE}/{name}", "type": "DirectoryOrCreate"}} if every_node else {"emptyDir": {}}
    volumes: list[dict[str, Any]] = [{"name": "state", **folder}]
    # Fluent Bit and Promtail write below a folder with the agent's name; Alloy writes to the folder itself.
    mounts: list[dict[str, Any]] = [
        {"name": "state", "mountPath": str(STATE) if agent.kind == "alloy" else f"{STATE}/{name}"}
    ]
    for number, path in enumerate(_read_on_node(environment, agent)):
        volumes.append({"name": f"node-{number}", "hostPath": {"path": path}})
        mounts.append({"name": f"node-{number}", "mountPath": path, "readOnly": True})
    if agent.redact_secrets:
        volumes.append({"name": "secret-rules", "configMap": {"name": _RULES_OBJECT}})
        mounts.append({"name": "secret-rules", "mountPath": str(SECRET_RULES.parent), "readOnly": True})
    return volumes, mounts


def _read_on_node(environment: Environment, agent: Agent) -> list[str]:
    """Return the folders and files on the node that an agent reads, without those inside of another one."""
    paths: set[str] = set()
    if agent.tls:
        paths |= {file for file in (agent.tls.ca_file, agent.tls.cert_file, agent.tls.key_file) if file}
    for name in agent.sources:
        match environment.sources[name]:
            case FileSource() as source:
                paths |= {_fixed_folder(path) for path in source.paths}
            case PodSource() as source:
                # Files of pods are links into the folder of the container runtime.
                docker = {"/var/lib/docker/containers"} if source.container == "docker" else set()
                paths |= {"/var/log", *docker}
            case JournalSource() as source:
                paths |= {source.path, _MACHINE_ID}
            case SyslogSource(tls=tls) if tls:
                paths |= {file for file in (tls.cert_file, tls.key_file, tls.client_ca_file) if file}
            case _:
                pass
    return sorted(path for path in paths if not any(_is_inside(path, other) for other in paths))


def _fixed_folder(glob: str) -> str:
    """Return the deepest folder of a glob that has no wildcard.

    >>> _fixed_folder("/var/log/*/app.log"), _fixed_folder("app/logs/*.log")
    ('/var/log', '/app/logs')
    """
    folder = PurePosixPath("/") / glob
    parts = [*folder.parent.parts]
    fixed = next((index for index, part in enumerate(parts) if any(letter in part for letter in "*?[{")), len(parts))
    return str(PurePosixPath(*parts[:fixed]))


def _is_inside(path: str, folder: str) -> bool:
    return path != folder and PurePosixPath(path).is_relative_to(folder)
