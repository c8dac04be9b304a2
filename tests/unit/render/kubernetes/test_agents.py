"""The Helm releases of agents."""

from typing import Any

import pytest
import yaml

from logops.render.kubernetes import releases, secret_sources
from tests.support.environments import environment, rendered_on_kubernetes

FILES = rendered_on_kubernetes(environment("production"))["agents"]


def values(agent: str, *changes: tuple[str, Any]) -> dict[str, Any]:
    files = rendered_on_kubernetes(environment("production", *changes))["agents"] if changes else FILES
    return {release.name: yaml.safe_load(release.values) for release in releases(files)}[agent]  # type: ignore[no-any-return]


def mounts(alloy: dict[str, Any]) -> dict[str, str]:
    """Return where each volume of the node is mounted, by its path on the node."""
    hosts = {volume["name"]: volume["hostPath"]["path"] for volume in alloy["controller"]["volumes"]["extra"]}
    return {hosts[mount["name"]]: mount["mountPath"] for mount in alloy["alloy"]["mounts"]["extra"]}


def test_agent_on_every_node_tolerates_every_taint() -> None:
    controller = values("alloy-nodes")["controller"]

    assert (controller["type"], controller["tolerations"]) == ("daemonset", [{"operator": "Exists"}])


def test_agent_that_receives_lines_is_a_deployment_with_the_ports_of_its_sources() -> None:
    receivers = values("alloy-receivers")

    assert (receivers["controller"]["type"], receivers["controller"]["tolerations"]) == ("deployment", [])
    assert receivers["alloy"]["extraPorts"] == [
        {"name": "syslog-1514", "port": 1514, "targetPort": 1514, "protocol": "TCP"}
    ]


def test_agent_reads_the_folders_of_its_sources_and_keeps_its_state_on_the_node() -> None:
    assert mounts(values("alloy-nodes")) == {
        "/var/lib/logops/nodes": "/var/lib/logops",
        "/app/logs": "/app/logs",
        "/etc/machine-id": "/etc/machine-id",
        "/var/log": "/var/log",
    }


def test_agent_of_docker_reads_the_folder_that_pod_logs_link_to() -> None:
    parse = {"format": "docker"}

    assert "/var/lib/docker/containers" in mounts(values("alloy-nodes", ("sources.pods.parse", parse)))


def test_agent_reads_its_certificates_from_the_node() -> None:
    tls = {"ca_file": "/etc/ssl/logs/ca.pem"}

    assert "/etc/ssl/logs/ca.pem" in mounts(values("alloy-nodes", ("agents.nodes.tls", tls)))


def test_agent_gets_every_secret_that_it_reads_from_one_object() -> None:
    secrets = {source.name: [*source.values] for source in secret_sources(FILES)}

    assert secrets["alloy-receivers"] == ["LOGOPS_CONNECTION_LOKI_AGENTS", "LOGOPS_CONNECTION_EVENT_HUB"]
    assert values("alloy-receivers")["alloy"]["envFrom"] == [{"secretRef": {"name": "alloy-receivers"}}]


def test_configuration_of_the_release_is_that_of_the_agent() -> None:
    content = values("alloy-nodes")["alloy"]["configMap"]["content"].replace("{{`{{`}}", "{{")

    assert [line.strip() for line in content.splitlines()] == [
        line.strip() for line in FILES["agents/nodes.alloy"].splitlines()
    ]


@pytest.mark.parametrize("agent", ["alloy", "promtail", "fluent-bit"])
def test_template_braces_of_a_pipeline_reach_every_agent_unchanged(agent: str) -> None:
    source = {"kind": "syslog", "port": 1514, "cluster": "main", "tenant": "platform", "labels": {"job": "{{ x }}"}}
    declared = {"kind": agent, "sources": ["s"], "resources": {"limits": {"memory": "64MiB"}}}
    changes = (("sources", {"s": source}), ("agents", {"a": declared}))
    files = rendered_on_kubernetes(environment("production", *changes))["agents"]
    (release,) = releases(files)

    assert "{{`{{`}} x }}" in release.values
    assert "64Mi" in release.values


def test_agent_that_redacts_secrets_reads_the_rules_and_restarts_when_they_change() -> None:
    nodes = values("alloy-nodes", ("agents.nodes.redact_secrets", True))
    volumes = {volume["name"]: volume for volume in nodes["controller"]["volumes"]["extra"]}

    assert nodes["alloy"]["stabilityLevel"] == "public-preview"
    assert volumes["secret-rules"]["configMap"]["name"] == "logops-secret-rules"
    assert "checksum/secret-rules" in nodes["controller"]["podAnnotations"]


def test_promtail_has_a_release_for_each_cluster() -> None:
    files = rendered_on_kubernetes(
        environment("production", ("agents.nodes.kind", "promtail"), ("agents.receivers", None))
    )["agents"]

    assert [release.name for release in releases(files)] == ["promtail-nodes-main", "promtail-nodes-security"]


def test_mirror_of_images_is_used_by_every_chart() -> None:
    mirror = ("platform.image_registry", "mirror.example.com")
    loki = rendered_on_kubernetes(environment("production", mirror))["loki"]

    assert values("alloy-nodes", mirror)["global"] == {"image": {"registry": "mirror.example.com"}}
    assert all(
        yaml.safe_load(release.values)["global"] == {"imageRegistry": "mirror.example.com"}
        for release in releases(loki)
    )


def test_agent_of_security_logs_only_is_scraped_by_the_prometheus_of_security() -> None:
    security = values("alloy-nodes", ("agents.nodes.sources", ["audit"]))

    assert security["serviceMonitor"]["additionalLabels"] == {"logops-audience": "security"}
    assert values("alloy-nodes")["serviceMonitor"]["additionalLabels"] == {"logops-audience": "standard"}


@pytest.mark.parametrize(
    ("placement", "volumes", "mounts"),
    [
        ("every-node", "daemonSetVolumes", "daemonSetVolumeMounts"),
        ("deployment", "extraVolumes", "extraVolumeMounts"),
    ],
)
def test_fluent_bit_mounts_its_folders_under_the_keys_of_its_kind(placement: str, volumes: str, mounts: str) -> None:
    agent = {"kind": "fluent-bit", "placement": placement, "sources": ["journal"]}
    found = values("fluent-bit-a", ("agents", {"a": agent}))

    assert {volume["name"] for volume in found[volumes]} == {mount["name"] for mount in found[mounts]} != set()
    assert len({"daemonSetVolumes", "extraVolumes"} & found.keys()) == 1


def test_lists_of_rights_of_alloy_are_not_empty_because_the_chart_cannot_write_an_empty_one() -> None:
    rbac = values("alloy-nodes")["rbac"]

    assert rbac["rules"]
    assert rbac["clusterRules"]
    assert {name for rule in (*rbac["rules"], *rbac["clusterRules"]) for name in rule["resources"]} == {"pods"}
