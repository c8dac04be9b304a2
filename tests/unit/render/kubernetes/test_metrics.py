"""The server of logops' own metrics on Kubernetes."""

from typing import Any

import yaml

from tests.support.environments import environment, rendered_on_kubernetes

SERVER = ("platform.metrics", {"image": "registry.example.com/logops:1", "workload_identity_client_id": "the-id"})


def objects(*changes: tuple[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    files = rendered_on_kubernetes(environment("production", *changes))["storage"]
    manifests = [yaml.safe_load(text) for name, text in files.items() if "/manifests/logops-metrics" in name]
    return {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}


def test_environment_that_asks_for_no_server_gets_none() -> None:
    assert objects() == {}


def test_server_has_a_page_for_the_prometheus_of_each_audience() -> None:
    found = objects(SERVER)
    monitors = {name: monitor for (kind, name), monitor in found.items() if kind == "ServiceMonitor"}

    assert {name: monitor["spec"]["endpoints"][0]["path"] for name, monitor in monitors.items()} == {
        "logops-metrics": "/metrics",
        "logops-metrics-security": "/metrics/security",
    }
    assert {name: monitor["metadata"]["labels"]["logops-audience"] for name, monitor in monitors.items()} == {
        "logops-metrics": "standard",
        "logops-metrics-security": "security",
    }


def test_service_and_monitors_select_the_pod() -> None:
    found = objects(SERVER)
    template = found["Deployment", "logops-metrics"]["spec"]["template"]
    pod, service = template["metadata"]["labels"], found["Service", "logops-metrics"]

    assert service["spec"]["selector"].items() <= pod.items()
    for name in ("logops-metrics", "logops-metrics-security"):
        selector = found["ServiceMonitor", name]["spec"]["selector"]["matchLabels"]
        assert selector.items() <= service["metadata"]["labels"].items()
    assert found["NetworkPolicy", "logops-metrics"]["spec"]["podSelector"]["matchLabels"].items() <= pod.items()


def test_pod_has_an_identity_for_the_results_and_no_other_right() -> None:
    found = objects(SERVER)
    pod = found["Deployment", "logops-metrics"]["spec"]["template"]
    account = found["ServiceAccount", "logops-metrics"]

    assert account["metadata"]["annotations"] == {"azure.workload.identity/client-id": "the-id"}
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_server_without_the_prometheus_operator_has_no_monitors() -> None:
    kinds = {kind for kind, _ in objects(SERVER, ("platform.prometheus_operator", False))}
    assert kinds == {"Deployment", "NetworkPolicy", "Service", "ServiceAccount"}


def test_server_without_network_policies_has_none() -> None:
    platform = {"kind": "kubernetes", "network": None, "metrics": SERVER[1]}
    assert ("NetworkPolicy", "logops-metrics") not in objects(("platform", platform))
